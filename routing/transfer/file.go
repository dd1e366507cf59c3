package transfer

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"callbox/routing/numbering"
)

// maxLines is how many numbers one file may have: what is known of each stays in memory to the end of the import.
const maxLines = 5_000_000

// file reads the lines of a file and reports what is wrong with them by themselves, without the store.
type file struct {
	scan      *scanner
	header    header
	rules     rules
	report    *Report
	seen      map[uint64]int32 // line of each number
	countries *numbering.Countries
	err       error // of the reader, or the end of patience: nothing of the file counts
}

func newFile(r io.Reader, o Options, report *Report) *file {
	return &file{
		scan: newScanner(r), rules: rules{guide: o.Guide, plan: o.Plan, mode: o.Addresses}, report: report,
		seen: make(map[uint64]int32), countries: numbering.NewCountries(),
	}
}

// goesOn tells whether there is more to read after err, and reports a line that is no CSV.
func (f *file) goesOn(err error) bool {
	var bad *badRecord
	switch {
	case err == nil:
		return true
	case errors.As(err, &bad):
		f.report.add(Problem{Line: bad.line, Position: bad.column, Message: bad.message, Mend: bad.mend})
		return true
	case !errors.Is(err, io.EOF):
		f.err = fmt.Errorf("read the file: %w", err)
	}
	return false
}

// next returns the next good line, false at the end. What is wrong with others is in the report.
func (f *file) next() (*entry, bool) {
	for {
		fields, err := f.scan.next()
		if !f.goesOn(err) {
			return nil, false
		}
		if err == nil && blank(fields) {
			continue
		}
		if f.report.Lines == maxLines {
			f.err = fmt.Errorf("%w: the file has more than %d numbers; import it in parts", ErrOptions, maxLines)
			return nil, false
		}
		f.report.Lines++
		if err == nil {
			if e := f.entry(fields); !e.bad {
				return e, true
			}
		}
		f.report.Bad++
	}
}

// blank tells whether a record has nothing but commas, as spreadsheets leave them behind.
func blank(fields []field) bool {
	for _, x := range fields {
		if strings.TrimSpace(x.text) != "" {
			return false
		}
	}
	return true
}

// entry makes sense of a record. Its problems are reported and leave it bad.
func (f *file) entry(fields []field) *entry {
	e := &entry{line: fields[0].line}
	n := len(fields)
	for n > f.header.width && strings.TrimSpace(fields[n-1].text) == "" {
		n--
	}
	if n != f.header.width {
		f.complain(e, Problem{
			Line: e.line, Message: fmt.Sprintf("has %d values, but the header has %d columns", n, f.header.width),
			Mend: "put values with a comma in quotes, and leave none out",
		})
		return e
	}
	for c := range columns {
		if f.header.has(c) {
			e.cells[c] = fields[f.header.at[c]]
			f.clean(e, c)
		}
	}
	f.number(e)
	f.rules.check(e, f)
	return e
}

// complain reports a problem of e and leaves it bad.
func (f *file) complain(e *entry, p Problem) {
	e.bad = true
	f.report.add(p)
}

// wrong reports a problem of one value of e.
func (f *file) wrong(e *entry, c column, message, mend string) {
	f.complain(e, e.cells[c].problem(c.String(), message, mend))
}

// problem returns a problem of the value.
func (x field) problem(column, message, mend string) Problem {
	return Problem{Line: x.line, Position: x.column, Column: column, Value: x.text, Message: message, Mend: mend}
}

// clean brings a value into the form the rest reads, and reports one that is no text.
func (f *file) clean(e *entry, c column) {
	x := &e.cells[c]
	switch {
	case !utf8.ValidString(x.text):
		f.wrong(e, c, "is not UTF-8", "save the file as CSV UTF-8")
		return
	case utf8.RuneCountInString(x.text) > about[c].longest:
		f.wrong(e, c, fmt.Sprintf("is longer than %d characters", about[c].longest), "shorten it")
		return
	}
	x.text = unguard(strings.TrimSpace(x.text))
	if strings.ContainsFunc(x.text, func(r rune) bool { return unicode.IsControl(r) && !(r == '\t' && c.text()) }) { // as the API
		f.wrong(e, c, "has a line break or control character", "write it on one line")
	}
}

// number finds out the number and its country, and whether the file has it already.
func (f *file) number(e *entry) {
	text := e.cells[phoneNumber].text
	if !numbering.Valid(text) {
		message, mend := notE164(text)
		f.wrong(e, phoneNumber, message, mend)
		return
	}
	e.number = text
	var ok bool
	if e.country, ok = f.countries.Of(text); !ok {
		f.wrong(e, phoneNumber, "begins with no country's calling code", "check the number")
		return
	}
	if p := f.rules.plan; p != nil && !p.Has(e.country) {
		f.wrong(e, phoneNumber, "is of "+e.country+", a country without emergency numbers here",
			"leave it out, or add "+e.country+" to countries and eccs of the directory")
		return
	}
	if !f.countries.Possible(text) {
		f.wrong(e, phoneNumber, "is no number of "+e.country+": too long or too short, or with an area code or exchange that cannot be", "check the number")
		return
	}
	key := digits(text)
	if line, twice := f.seen[key]; twice {
		f.wrong(e, phoneNumber, fmt.Sprintf("is in line %d already", line), "leave one of them out")
		return
	}
	f.seen[key] = int32(e.line)
}

// digits returns an E.164 number's digits as a number; there are fifteen at most.
func digits(e164 string) (n uint64) {
	for i := 1; i < len(e164); i++ {
		n = 10*n + uint64(e164[i]-'0')
	}
	return n
}

// notE164 says what is wrong with a phone number and what may have been meant.
func notE164(text string) (message, mend string) {
	const shape = `write "+", the country's calling code and the rest of the number, such as +14155550100`
	plain := strings.ReplaceAll(numbering.Number(text), " ", "")
	upper := strings.ToUpper(plain)
	switch {
	case text == "":
		return "is empty", shape
	case strings.Contains(upper, "E+") && strings.Trim(upper, "0123456789.,E+") == "":
		return "was rounded by a spreadsheet", "have the column formatted as text, and write the number anew"
	case numbering.Valid(plain):
		return "is not E.164", "write " + plain
	case strings.HasPrefix(plain, "00") && numbering.Valid("+"+plain[2:]):
		return "is not E.164", "write +" + plain[2:]
	case numbering.Valid("+"+plain) && len(plain) > 10:
		return "is not E.164", "write +" + plain
	}
	return "is not E.164", shape
}

// Check reports what is wrong with a file by itself: what a store has to say of it, numbers that are taken and addresses
// and trunks that are not there, is left out. err is of r alone.
func Check(r io.Reader, o Options) (Report, error) {
	report := Report{DryRun: true, Problems: []Problem{}}
	f := newFile(r, o, &report)
	if f.readHeader() {
		for more := true; more; {
			_, more = f.next()
		}
	}
	report.sort()
	return report, f.err
}

// Recognise tells whether a file that begins with these bytes is meant for Import: CSV whose header has phone_number.
func Recognise(begin []byte) bool {
	fields, err := newScanner(bytes.NewReader(begin)).next()
	if err != nil {
		return false
	}
	return slices.ContainsFunc(fields, func(x field) bool {
		return strings.EqualFold(strings.TrimSpace(x.text), phoneNumber.String())
	})
}
