package agent

import (
	"bytes"
	"io"
	"math/rand/v2"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
)

// fate is what becomes of a connection after a message.
type fate uint8

const (
	goesOn    fate = iota
	isClosed       // nobody knows where the next message begins
	swallowed      // what comes next is taken for the rest of the message
)

// onStream are the messages that are something else on a stream than in a datagram, because their head and its
// Content-Length alone tell where they end there.
var onStream = map[string]struct {
	answers []string
	fate    fate
	why     string
}{
	"clerr":   {nil, swallowed, "its body is longer than what came, and nothing can be said before it is whole"},
	"baddn":   {[]string{"400"}, swallowed, "no empty line ends its head: with the next request's fields it has two of each"},
	"ncl":     {[]string{"400"}, isClosed, "its length is below zero"},
	"mcl01":   {[]string{"400"}, isClosed, "its two lengths are two opinions about where it ends"},
	"inv2543": {[]string{"400"}, isClosed, "it has no length: RFC 2543 let the end of the connection tell"},
	"dblreq": {[]string{"400", "405"}, isClosed, "what a datagram has too much is the next message here, which has no Contact; " +
		"and the five bytes by which its body is too long are none"},
}

// streamed is one connection to an agent of its own.
type streamed struct {
	t       *testing.T
	a       *Agent
	conn    *rawConn
	invited atomic.Int32
	probes  int
}

func newStreamed(t *testing.T) *streamed {
	s := &streamed{t: t}
	s.a = newTestAgent(t, func(in *Incoming) { s.invited.Add(1); in.Refuse(480, "Temporarily Unavailable") }, tcpLoopback)
	s.conn = dialRaw(t, s.a)
	return s
}

// pieces writes b cut as next says: it returns the length of a piece.
func (s *streamed) pieces(b []byte, next func() int) {
	for len(b) > 0 {
		n := min(next(), len(b))
		if _, err := s.conn.Write(b[:n]); err != nil {
			return // it was closed on us, which the caller is about to see
		}
		b = b[n:]
	}
}

const probeID = "ordinary-request"

// probe is an ordinary request.
func (s *streamed) probe() []byte {
	s.probes++
	m := "OPTIONS sip:911@lab SIP/2.0\nVia: SIP/2.0/TCP 127.0.0.1:9;branch=z9hG4bKprobe" + strconv.Itoa(s.probes) +
		"\nFrom: <sip:a@lab>;tag=a\nTo: <sip:911@lab>\nCall-ID: " + probeID + "\nCSeq: 1 OPTIONS\nMax-Forwards: 70\nContent-Length: 0\n\n"
	return []byte(strings.ReplaceAll(m, "\n", "\r\n"))
}

// read returns the next message, "" at the end of the connection.
func (s *streamed) read() string {
	s.t.Helper()
	var m strings.Builder
	for {
		line, err := s.conn.r.ReadString('\n')
		if m.WriteString(line); line == "\r\n" {
			break
		}
		if err != nil {
			if m.Len() > 0 || strings.Contains(err.Error(), "timeout") {
				s.t.Fatalf("no message: %q, %v", m.String(), err)
			}
			return ""
		}
	}
	if n, _ := strconv.Atoi(header(m.String(), "Content-Length")); n > 0 {
		if _, err := io.CopyN(&m, s.conn.r, int64(n)); err != nil {
			s.t.Fatal(err)
		}
	}
	return m.String()
}

// answers reads final answers until there are n and the probe's, closes our side, and returns those and what came after
// them. n below zero waits for the end of the connection alone.
func (s *streamed) answers(n int) (all []string, probed bool) {
	s.t.Helper()
	open := n >= 0
	for {
		if open && probed && len(all) >= n {
			open = false
			s.hangUp()
		}
		m := s.read()
		switch {
		case m == "":
			return all, probed
		case status(m) == "100":
		case header(m, "Call-ID") == probeID:
			probed = true
		default:
			all = append(all, m)
		}
	}
}

// hangUp ends what we send; the connection stays open for what we are sent.
func (s *streamed) hangUp() { s.conn.Conn.(interface{ CloseWrite() error }).CloseWrite() }

// expected is how many answers a message that leaves the framing alone gets.
func (r torture) expected() int {
	if r.expect == "drop" || r.isResponse() {
		return 0
	}
	return 1
}

// cuts are the ways a message is cut into pieces.
var cuts = map[string]func() func() int{
	"whole":  func() func() int { return func() int { return 1 << 20 } },
	"bytes":  func() func() int { return func() int { return 1 } },
	"random": func() func() int { return randomCuts(4475) },
}

func randomCuts(seed uint64) func() int {
	r := rand.New(rand.NewPCG(seed, 0))
	return func() int { return 1 + r.IntN(90) }
}

func TestTortureMessagesAreAnsweredOverTCP(t *testing.T) {
	t.Parallel()
	for _, rfc := range []string{"rfc4475", "rfc5118"} {
		for _, row := range tortures(t, rfc) {
			for cut, next := range cuts {
				t.Run(rfc+"/"+row.file+"/"+cut, func(t *testing.T) {
					t.Parallel()
					tortureStream(t, row, next())
				})
			}
		}
	}
}

func tortureStream(t *testing.T, row torture, next func() int) {
	s := newStreamed(t)
	special, isSpecial := onStream[row.file]
	n := row.expected()
	s.pieces(row.message, next)
	if special.fate != isClosed {
		s.pieces(s.probe(), next)
	}
	if special.fate == swallowed {
		s.hangUp()
	}
	if special.fate != goesOn {
		n = -1
	}
	all, probed := s.answers(n)
	if probed != (special.fate == goesOn) {
		t.Errorf("the next request was answered: %v (%s)", probed, special.why)
	}
	var got []string
	for _, m := range all {
		got = append(got, status(m))
	}
	slices.Sort(got)
	one := strings.Join(got, " ")
	if isSpecial && !slices.Equal(got, special.answers) {
		t.Errorf("answered %v, want %v: %s", got, special.answers, special.why)
	}
	if !isSpecial && (len(got) > 1 || !fits(row.expect, one, s.invited.Load() > 0, row.isResponse())) {
		t.Errorf("section %s (%s): want %s, got %q\n%s", row.section, row.note, row.expect, one, all)
	}
	other := &streamed{t: t, a: s.a, conn: dialRaw(t, s.a)}
	other.pieces(other.probe(), next)
	if _, probed := other.answers(0); !probed {
		t.Error("the edge does not answer any more")
	}
}

// TestTortureMessagesBackToBackOverTCP sends everything that leaves the framing alone on one connection, in an order
// and in pieces of chance: each message must get the answer that it gets alone.
func TestTortureMessagesBackToBackOverTCP(t *testing.T) {
	t.Parallel()
	for _, rfc := range []string{"rfc4475", "rfc5118"} {
		for seed := range uint64(8) {
			t.Run(rfc+"/"+strconv.FormatUint(seed, 10), func(t *testing.T) {
				t.Parallel()
				tortureBatch(t, tortures(t, rfc), seed)
			})
		}
	}
}

var callIDLine = regexp.MustCompile(`(?mi)^(?:Call-ID|i)[ \t]*:[ \t]*([^\r\n]*)`)

func tortureBatch(t *testing.T, rows []torture, seed uint64) {
	rows = slices.DeleteFunc(rows, func(r torture) bool { return onStream[r.file].fate != goesOn })
	r := rand.New(rand.NewPCG(seed, 1))
	r.Shuffle(len(rows), func(i, j int) { rows[i], rows[j] = rows[j], rows[i] })
	s := newStreamed(t)
	var all bytes.Buffer
	want := make(map[string][]torture) // by Call-ID, which some share
	n := 0
	for _, row := range rows {
		all.Write(row.message)
		if row.expected() == 0 {
			continue
		}
		n++
		id := ""
		if m := callIDLine.FindSubmatch(row.message); m != nil {
			id = strings.TrimSpace(string(m[1]))
		}
		want[id] = append(want[id], row)
	}
	all.Write(s.probe())
	s.pieces(all.Bytes(), randomCuts(seed))
	answers, probed := s.answers(n)
	if !probed || len(answers) != n {
		t.Errorf("%d answers to %d requests, the last answered: %v", len(answers), n, probed)
	}
	for _, m := range answers {
		id := header(m, "Call-ID")
		fit := slices.IndexFunc(want[id], func(r torture) bool { return strings.Contains(r.expect, status(m)) })
		if fit < 0 { // "accept" is the wider word, and may belong to another message of this Call-ID
			fit = slices.IndexFunc(want[id], func(r torture) bool { return fits(r.expect, status(m), status(m) == "480", false) })
		}
		if fit < 0 {
			t.Errorf("nothing that is left asks for\n%s", m)
			continue
		}
		want[id] = slices.Delete(want[id], fit, fit+1)
	}
}
