package sdp

// Rewrite appends to dst the description as it goes to the other leg and returns
// the extended slice. The line that Audio returns gets our address and ports;
// every other m-line is kept in place with port 0. It allocates nothing but the
// growth of dst.
func (s *Session) Rewrite(dst []byte, l Local, role Role) []byte { return dst }

// Writer keeps the o= line of the descriptions sent on one leg: one session ID,
// and a version that grows only when the description differs from the last one
// sent (RFC 3264 section 8). It belongs to the goroutine that owns the leg.
type Writer struct {
	id, version uint64
	last        []byte
}

// NewWriter returns the Writer of a new leg. The id should be hard to guess and
// differ from leg to leg.
func NewWriter(id uint64) *Writer { return &Writer{id: id} }

// Rewrite is Session.Rewrite with the ID and Version of l filled in.
func (w *Writer) Rewrite(dst []byte, s *Session, l Local, role Role) []byte { return dst }

// Offer is the function Offer with the ID and Version of l filled in.
func (w *Writer) Offer(l Local, formats []Format, dir Direction, ptime int) []byte { return nil }

// Answer is the function Answer with the ID and Version of l filled in.
func (w *Writer) Answer(offer *Session, l Local, supported []Format, dir Direction, ptime int) ([]byte, []Format, error) {
	return nil, nil, ErrNoCodec
}
