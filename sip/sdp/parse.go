package sdp

// section is one part of a description: the session level or one m-line's.
type section struct{}

type line struct{}

// Parse reads a description. It takes CRLF or LF line ends and a last line
// without one, skips lines and attributes it does not know (RFC 8866 section
// 5.13), and puts up with missing o=, s=, t= and c= lines. The error wraps
// ErrTooLarge or ErrSyntax.
func Parse(b []byte) (*Session, error) { return nil, ErrSyntax }

// Audio returns the audio line that is relayed: the first with a port and plain
// RTP (RTP/AVP or RTP/AVPF). False means there is none; Unusable says why.
func (s *Session) Audio() (Media, bool) { return Media{}, false }

// Media returns every m-line in order.
func (s *Session) Media() []Media { return nil }

// Unusable returns a sentence for the caller that says why Audio finds nothing,
// empty if it does find a line.
func (s *Session) Unusable() string { return "" }
