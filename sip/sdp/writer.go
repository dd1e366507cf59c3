package sdp

import (
	"bytes"
	"math"
)

// Writer keeps the o= line of the descriptions sent on one leg: one session ID,
// and a version that grows only when the description differs from the last one
// sent (RFC 3264 section 8). It belongs to the goroutine that owns the leg.
type Writer struct {
	id, version uint64
	last        []byte
}

// NewWriter returns the Writer of a new leg. The id should be hard to guess and
// differ from leg to leg; its top bit is cleared, since peers may read it as a
// signed number (RFC 3264 section 5).
func NewWriter(id uint64) *Writer { return &Writer{id: id & math.MaxInt64, version: 1} }

// Rewrite is Session.Rewrite with the ID and Version of l filled in.
func (w *Writer) Rewrite(dst []byte, s *Session, l Local, role Role) []byte {
	n := len(dst)
	dst = s.Rewrite(dst, w.stamp(l), role)
	if w.changed(dst[n:]) {
		dst = s.Rewrite(dst[:n], w.stamp(l), role)
	}
	w.last = append(w.last[:0], dst[n:]...)
	return dst
}

// Offer is the function Offer with the ID and Version of l filled in.
func (w *Writer) Offer(l Local, formats []Format, dir Direction, ptime int) []byte {
	body := Offer(w.stamp(l), formats, dir, ptime)
	if w.changed(body) {
		body = Offer(w.stamp(l), formats, dir, ptime)
	}
	w.last = append(w.last[:0], body...)
	return body
}

// Answer is the function Answer with the ID and Version of l filled in.
func (w *Writer) Answer(offer *Session, l Local, supported []Format, dir Direction, ptime int) ([]byte, []Format, error) {
	body, chosen, err := Answer(offer, w.stamp(l), supported, dir, ptime)
	if err != nil {
		return nil, nil, err
	}
	if w.changed(body) {
		body, chosen, err = Answer(offer, w.stamp(l), supported, dir, ptime)
	}
	w.last = append(w.last[:0], body...)
	return body, chosen, err
}

func (w *Writer) stamp(l Local) Local {
	l.ID, l.Version = w.id, w.version
	return l
}

// changed moves to the next version if body, written with the version now in
// force, is not the last one sent.
func (w *Writer) changed(body []byte) bool {
	if w.last == nil || bytes.Equal(w.last, body) {
		return false
	}
	w.version++
	return true
}
