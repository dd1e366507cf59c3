package transfer

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// Bounds of a file, so that a hostile one costs a bounded amount of memory.
const (
	maxRecord = 16 << 10 // bytes of a line, the line breaks within its quotes included
	maxFields = 256      // values of a line
)

const (
	longRecord = "is longer than 16384 bytes"
	longMend   = "write a number a line, its values separated by commas"
	openQuote  = "opens a quote that is not closed"
	openMend   = "close it at the end of the value"
)

// field is one value of a record: its text without quotes, and where it begins in the file.
type field struct {
	text         string
	line, column int // column counts characters
}

// badRecord is the error of a record that is no CSV. The scanner goes on behind its first line, so that a quote that
// nothing closes spoils one line and not the rest of the file.
type badRecord struct {
	line, column  int
	message, mend string
}

func (e *badRecord) Error() string { return fmt.Sprintf("line %d: %s; %s", e.line, e.message, e.mend) }

// scanner reads the records of a CSV file (RFC 4180). encoding/csv is not up to it: it holds a line of any length in
// memory, and behind a stray quote it takes what is right for wrong.
type scanner struct {
	r      *bufio.Reader
	line   int // of what comes next
	fields []field
}

func newScanner(r io.Reader) *scanner {
	s := &scanner{r: bufio.NewReaderSize(r, 4*maxRecord), line: 1}
	if b, _ := s.r.Peek(3); bytes.Equal(b, []byte("\xef\xbb\xbf")) {
		_, _ = s.r.Discard(3)
	}
	return s
}

// next returns the values of the next record that is not empty, io.EOF behind the last one, *badRecord for one that
// cannot be read, and any other error of the reader. The values hold until the next call.
func (s *scanner) next() ([]field, error) {
	for {
		buf, err := s.r.Peek(maxRecord)
		if err != nil && !errors.Is(err, io.EOF) {
			return nil, err
		}
		if len(buf) == 0 {
			return nil, io.EOF
		}
		first := bytes.IndexByte(buf, '\n') + 1
		if first == 0 && err == nil {
			return nil, s.tooLong()
		}
		if first == 0 {
			first = len(buf)
		}
		if text := string(buf[:first]); text == "\n" || text == "\r\n" || text == "\r" {
			s.skip(first, 1)
			continue
		}
		whole := buf
		if err != nil {
			whole = bytes.TrimSuffix(buf, []byte("\r")) // of a line end that the end of the file cut
		}
		n, bad := s.split(whole, min(first, len(whole)))
		if n == len(buf) && err == nil && n > first { // what follows may belong to it
			bad = &badRecord{s.line, 1, longRecord, longMend}
		}
		if bad != nil {
			if bad.line > s.line { // it came so far by a quote of its first line, which is read without the others
				bad = &badRecord{s.line, 1, openQuote, openMend}
			}
			s.skip(first, 1)
			return nil, bad
		}
		if n == len(whole) {
			n = len(buf)
		}
		s.skip(n, bytes.Count(buf[:n], []byte("\n")))
		return s.fields, nil
	}
}

func (s *scanner) skip(bytes, lines int) {
	_, _ = s.r.Discard(bytes) // never fails: all of it has been peeked at
	s.line += lines
}

// tooLong leaves out a line that does not fit, however long it is.
func (s *scanner) tooLong() error {
	bad := &badRecord{s.line, 1, longRecord, longMend}
	for {
		_, err := s.r.ReadSlice('\n')
		if !errors.Is(err, bufio.ErrBufferFull) {
			s.line++
			return bad // an error of the reader comes again at the next look
		}
	}
}

// split takes the record that buf begins with apart and returns its length. first is the length of buf's first line.
func (s *scanner) split(buf []byte, first int) (int, *badRecord) {
	s.fields = s.fields[:0]
	if bytes.IndexByte(buf[:first], '"') < 0 {
		return first, s.splitBare(string(buf[:first]))
	}
	at := place{s.line, 1}
	for i := 0; ; {
		if len(s.fields) == maxFields {
			return 0, tooMany(s.line)
		}
		f := field{line: at.line, column: at.column}
		end, bad := 0, (*badRecord)(nil)
		if i < len(buf) && buf[i] == '"' {
			f.text, end, bad = quoted(buf, i, at)
		} else {
			f.text, end, bad = bare(buf, i, at)
		}
		if bad != nil {
			return 0, bad
		}
		s.fields = append(s.fields, f)
		at = at.after(buf[i:end])
		if end == len(buf) {
			return end, nil
		}
		if buf[end] == '\n' {
			return end + 1, nil
		}
		if buf[end] == '\r' {
			return end + 2, nil
		}
		i, at.column = end+1, at.column+1 // a comma
	}
}

// splitBare takes a line without quotes apart.
func (s *scanner) splitBare(line string) *badRecord {
	line, ended := strings.CutSuffix(line, "\n")
	if ended {
		line = strings.TrimSuffix(line, "\r")
	}
	for column := 1; ; {
		if len(s.fields) == maxFields {
			return tooMany(s.line)
		}
		text, rest, more := strings.Cut(line, ",")
		s.fields = append(s.fields, field{text, s.line, column})
		if !more {
			return nil
		}
		line, column = rest, column+utf8.RuneCountInString(text)+1
	}
}

func tooMany(line int) *badRecord {
	return &badRecord{line, 1, fmt.Sprintf("has more than %d values", maxFields), "write a number a line"}
}

// place is a position in the file.
type place struct{ line, column int }

// after returns the place behind text.
func (p place) after(text []byte) place {
	if i := bytes.LastIndexByte(text, '\n'); i >= 0 {
		return place{p.line + bytes.Count(text, []byte("\n")), 1 + utf8.RuneCount(text[i+1:])}
	}
	return place{p.line, p.column + utf8.RuneCount(text)}
}

// bare reads a value without quotes. It ends before the comma, the end of the line or of buf.
func bare(buf []byte, from int, at place) (string, int, *badRecord) {
	end := from + bytes.IndexAny(buf[from:], ",\n")
	if end < from {
		end = len(buf)
	}
	if end < len(buf) && buf[end] == '\n' && end > from && buf[end-1] == '\r' {
		end--
	}
	if q := bytes.IndexByte(buf[from:end], '"'); q >= 0 {
		at = at.after(buf[from : from+q])
		return "", 0, &badRecord{at.line, at.column, "has a quote within a value", `put the value in quotes and write a quote within it twice: "Suite ""B"""`}
	}
	return string(buf[from:end]), end, nil
}

// quoted reads a value in quotes, which may hold commas, line breaks and, written twice, quotes.
func quoted(buf []byte, from int, at place) (string, int, *badRecord) {
	twice := false
	for i := from + 1; i < len(buf); i++ {
		if buf[i] != '"' {
			continue
		}
		if i+1 < len(buf) && buf[i+1] == '"' {
			twice = true
			i++
			continue
		}
		text, end := string(buf[from+1:i]), i+1
		if twice {
			text = strings.ReplaceAll(text, `""`, `"`)
		}
		rest := buf[end:]
		if len(rest) == 0 || rest[0] == ',' || rest[0] == '\n' || bytes.HasPrefix(rest, []byte("\r\n")) {
			return text, end, nil
		}
		if strings.Contains(text, "\n") { // the quote that a later line opens
			break
		}
		at = at.after(buf[from:end])
		return "", 0, &badRecord{at.line, at.column, "goes on behind a closing quote", `write a quote within a value in quotes twice: "Suite ""B"""`}
	}
	return "", 0, &badRecord{at.line, at.column, openQuote, openMend}
}
