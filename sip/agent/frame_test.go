package agent

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// frame feeds a framer in pieces of n bytes.
func frame(in string, n int) (msgs []string, pings int, err error) {
	var f framer
	for len(in) > 0 {
		k := copy(f.room(), in[:min(n, len(in))])
		f.took(k)
		in = in[k:]
		for {
			msg, ping, err := f.next()
			if err != nil {
				return msgs, pings, err
			}
			if ping {
				pings++
				continue
			}
			if msg == nil {
				break
			}
			msgs = append(msgs, string(msg))
		}
	}
	return msgs, pings, nil
}

func TestAStreamIsCutIntoMessages(t *testing.T) {
	t.Parallel()
	const (
		empty = "A sip:x SIP/2.0\r\nContent-Length: 0\r\n\r\n"
		body  = "B sip:x SIP/2.0\r\nl : 5\r\nX: y\r\n\r\n\r\n\r\n!"
	)
	for _, tc := range []struct {
		name, in string
		want     []string
		pings    int
		err      error
	}{
		{name: "one after the other", in: empty + body + empty, want: []string{empty, body, empty}},
		{name: "a keepalive before and between", in: "\r\n\r\n" + empty + "\r\n\r\n" + body, want: []string{empty, body}, pings: 2},
		{name: "one line end is no keepalive", in: "\r\n" + empty + "\r\n" + body, want: []string{empty, body}},
		{
			name: "a folded length", in: "A sip:x SIP/2.0\r\nContent-Length:\r\n 1\r\n\r\n!" + empty,
			want: []string{"A sip:x SIP/2.0\r\nContent-Length:\r\n 1\r\n\r\n!", empty},
		},
		{
			name: "a length in a folded value is none", in: "A sip:x SIP/2.0\r\nX: a\r\n\tl: 7\r\nl: 0\r\n\r\n" + empty,
			want: []string{"A sip:x SIP/2.0\r\nX: a\r\n\tl: 7\r\nl: 0\r\n\r\n", empty},
		},
		{name: "no length", in: "A sip:x SIP/2.0\r\n\r\n", err: errNoLength},
		{name: "a negative length", in: "A sip:x SIP/2.0\r\nl: -1\r\n\r\n", err: errLength},
		{name: "two lengths", in: "A sip:x SIP/2.0\r\nl: 1\r\nl: 2\r\n\r\n", err: errLength},
		{name: "a huge length", in: "A sip:x SIP/2.0\r\nl: 70000\r\n\r\n", err: errTooLarge},
		{name: "a head without end", in: strings.Repeat("a", 70000), err: errTooLarge},
	} {
		for _, n := range []int{1, 2, 3, 7, 1000, 1 << 20} {
			msgs, pings, err := frame(tc.in, n)
			if diff := cmp.Diff(tc.want, msgs); diff != "" || pings != tc.pings || !errors.Is(err, tc.err) {
				t.Errorf("%s, %d bytes at a time: %d pings, error %v\n%s", tc.name, n, pings, err, diff)
			}
		}
	}
}

func FuzzFramer(f *testing.F) {
	f.Add([]byte("A sip:x SIP/2.0\r\nContent-Length: 1\r\n\r\n!\r\n\r\n"), 3)
	f.Add([]byte("\r\n\r\nA sip:x SIP/2.0\r\nX: a\r\n b\r\nl:\r\n 0\r\n\r\n"), 1)
	f.Fuzz(func(t *testing.T, in []byte, n int) {
		if n < 1 {
			n = 1
		}
		whole, pings, err := frame(string(in), len(in)+1)
		pieces, pings2, err2 := frame(string(in), n)
		if !cmp.Equal(whole, pieces) || pings != pings2 || (err == nil) != (err2 == nil) {
			t.Errorf("in one piece %q, %d, %v; in pieces of %d %q, %d, %v", whole, pings, err, n, pieces, pings2, err2)
		}
		for _, m := range whole {
			if !bytes.Contains([]byte(m), []byte("\r\n\r\n")) {
				t.Errorf("%q is no message", m)
			}
		}
	})
}
