package sim

import (
	"context"
	"crypto/rand"
	"strings"

	"callbox/psap/sim/voice"
)

// Program gives one call what it hears, piece by piece. Next is called by one goroutine at a time, the first time when
// the call comes, and then whenever a piece begins to be played, so that the next is ready when it ends. It may block
// until ctx ends, which it does with the call. It returns false when nothing comes any more: the call is hung up.
type Program interface {
	Next(ctx context.Context) (Piece, bool)
}

// Piece is a part of a program: the digits are sent as the speech begins.
type Piece struct {
	Speech []voice.Speech
	Digits string // 0-9*#ABCD
}

// Program makes p the program of the next call to uri, which is good for one call and known to nobody else. The call is
// answered at once. done takes an unused uri back; it may be called at any time.
func (s *Server) Program(p Program) (uri string, done func()) {
	token := strings.ToLower(rand.Text())
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.programs == nil {
		s.programs = make(map[string]Program)
	}
	s.programs[token] = p
	return "sip:" + token + "@" + s.addr.String(), func() { s.takeProgram(token) }
}

// takeProgram returns the program that waits for a call to token, once.
func (s *Server) takeProgram(token string) (Program, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p, ok := s.programs[token]
	delete(s.programs, token)
	return p, ok
}

// performance is where a call is in its program. The fields without a comment belong to the session's goroutine.
type performance struct {
	program Program
	wanted  chan struct{} // asks for another piece; holds one
	pieces  []Piece       // that wait to be played
	last    bool          // no more will come
	idle    bool          // nothing is being played
}

func newPerformance(p Program) *performance {
	return &performance{program: p, wanted: make(chan struct{}, 1)}
}

// part is what a program gave.
type part struct {
	piece Piece
	more  bool
}

// perform asks for each piece and posts it. It runs beside the session.
func (c *session) perform(ctx context.Context) {
	for {
		piece, more := c.show.program.Next(ctx)
		c.post(message{part: &part{piece, more}})
		if !more {
			return
		}
		select {
		case <-c.show.wanted:
		case <-ctx.Done():
			return
		}
	}
}

// takePart takes a piece, or learns that no more will come.
func (c *session) takePart(p *part) {
	if p.more {
		c.show.pieces = append(c.show.pieces, p.piece)
	} else {
		c.show.last = true
	}
	if c.show.idle {
		c.playPart()
	}
}

// playPart plays the next piece, and hangs up after the last.
func (c *session) playPart() {
	w := c.show
	w.idle = len(w.pieces) == 0
	switch {
	case !w.idle:
		piece := w.pieces[0]
		w.pieces = w.pieces[1:]
		select {
		case w.wanted <- struct{}{}:
		default:
		}
		for _, d := range []byte(piece.Digits) {
			c.stream.SendDigit(d)
		}
		c.say(piece.Speech)
	case w.last:
		w.idle = false
		c.bye()
	}
}
