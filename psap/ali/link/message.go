package link

import (
	"bytes"
	"fmt"
	"strings"

	"callbox/psap/ali"
)

// The control characters of the protocol.
const (
	stx = 0x02
	etx = 0x03
	ack = 0x06
	cr  = '\r'
	nak = 0x15
)

// maxLine bounds a line of a client, without its end.
const maxLine = 32

// query asks for a number's record, for a position of the centre.
type query struct {
	number   string // E.164
	position string // two or three digits, "00" where none was given
}

// parse reads a query: a number, and behind it the position, if any. Ten digits are a number of North America, and two or
// three more follow them at once; behind a number with its plus sign, or with the 1 before its area code, the position
// stands after a space or comma.
func parse(line []byte) (query, error) {
	if bytes.ContainsFunc(line, func(c rune) bool { return c < ' ' || c > '~' }) {
		return query{}, fmt.Errorf("%.40q has other characters than a query", line)
	}
	number, position, apart := strings.Cut(strings.ReplaceAll(strings.TrimSpace(string(line)), ",", " "), " ")
	position = strings.TrimSpace(position)
	if !apart && (len(number) == 12 || len(number) == 13) && number[0] != '+' {
		number, position = number[:10], number[10:]
	}
	q := query{position: "00"}
	switch {
	case position != "" && (len(position) > 3 || strings.Trim(position, "0123456789") != ""):
		return query{}, fmt.Errorf("%.40q has no position behind its number: write up to three digits", line)
	case len(position) == 1:
		q.position = "0" + position
	case position != "":
		q.position = position
	}
	var err error
	q.number, err = ali.E164(number)
	return q, err
}

// answer returns the frame that answers a query: STX, 1 for a record or 9 for none, the position, CR, the lines of the
// record, ETX.
func (q query) answer(s ali.Screen, found bool) []byte {
	status, text := byte('9'), ali.NoRecord(q.number, "\r")
	if found {
		status, text = '1', s.Text("\r")
	}
	b := make([]byte, 0, len(text)+8)
	b = append(b, stx, status)
	b = append(b, q.position...)
	b = append(b, cr)
	b = append(b, text...)
	return append(b, etx)
}
