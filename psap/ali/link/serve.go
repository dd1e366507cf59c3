package link

import (
	"bufio"
	"errors"
	"net"
	"time"
)

// errLong ends a connection whose line has no end.
var errLong = errors.New("a line is longer than a query")

// serve answers a connection until it is closed, silent for too long or a nuisance.
func (s *Server) serve(c net.Conn) {
	r := bufio.NewReaderSize(c, 512)
	var last []byte // answer
	again, wrong := 0, 0
	for wrong < mostWrong {
		line, err := s.next(c, r)
		if errors.Is(err, errLong) {
			s.wrong.Add(1)
			_ = s.write(c, []byte{nak})
		}
		if err != nil {
			return
		}
		var out []byte
		switch {
		case len(line) == 1 && line[0] == nak:
			if again++; last == nil || again > mostAgain {
				continue
			}
			out = last
		case len(line) == 1 && line[0]|0x20 == 'h':
			s.beats.Add(1)
			out = []byte{ack}
		default:
			if out = s.find(line); out == nil {
				wrong++
				out = []byte{nak}
			} else {
				last, again, wrong = out, 0, 0
			}
		}
		if s.write(c, out) != nil {
			return
		}
	}
}

// find answers a query, nil for what is none.
func (s *Server) find(line []byte) []byte {
	q, err := parse(line)
	if err != nil {
		s.wrong.Add(1)
		s.o.Logger.Debug().Err(err).Msg("a line of the ALI link is no query")
		return nil
	}
	screen, ok := s.o.Records.Find(q.number)
	if ok {
		s.found.Add(1)
	} else {
		s.missed.Add(1)
	}
	return q.answer(screen, ok)
}

// next returns the next line that says something, without its end, or the one byte of a NAK. An ACK says nothing: it
// answers our answers.
func (s *Server) next(c net.Conn, r *bufio.Reader) ([]byte, error) {
	line := make([]byte, 0, maxLine)
	if err := c.SetReadDeadline(time.Now().Add(s.o.Idle)); err != nil {
		return nil, err
	}
	for {
		b, err := r.ReadByte()
		if err != nil {
			return nil, err
		}
		switch {
		case b == nak && len(line) == 0:
			return []byte{nak}, nil
		case b == ack && len(line) == 0 || b == 0:
			continue
		case b == cr || b == '\n':
			if len(line) > 0 {
				return line, nil
			}
			continue
		case len(line) == maxLine:
			return nil, errLong
		case len(line) == 0:
			if err := c.SetReadDeadline(time.Now().Add(lineTime)); err != nil {
				return nil, err
			}
		}
		line = append(line, b)
	}
}

func (s *Server) write(c net.Conn, b []byte) error {
	if err := c.SetWriteDeadline(time.Now().Add(writeTime)); err != nil {
		return err
	}
	_, err := c.Write(b)
	return err
}
