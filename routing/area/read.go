package area

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"callbox/config/strict"
)

// GuideOptions says how to read a guide. The zero value is good for an MSAG of the US.
type GuideOptions struct {
	Country   string // of lines without a country; "US" when ""
	MaxRanges int    // more are refused; five million when 0
}

const (
	defaultMaxRanges = 5_000_000
	maxRecord        = 64 << 10 // bytes; a longer line is a quote that nobody closed
)

// ReadGuide reads street ranges from CSV, whose columns headings names; name only serves to say where a problem is. It
// reports every bad line, up to strict.MaxProblems, and returns a nil Guide if there is any.
func ReadGuide(name string, r io.Reader, o GuideOptions) (*Guide, strict.Problems) {
	if o.Country == "" {
		o.Country = "US"
	}
	if o.MaxRanges <= 0 {
		o.MaxRanges = defaultMaxRanges
	}
	rd := &reader{file: name, options: o, build: newBuilder(), places: map[placeText]bool{}, countries: map[string]string{}}
	rd.read(r)
	if len(rd.problems) == 0 {
		rd.overlaps(rd.build.finish())
	}
	if len(rd.problems) > 0 {
		rd.problems.Sort()
		return nil, rd.problems
	}
	return &Guide{tables: []*table{rd.build.t}, ignored: rd.ignored}, nil
}

// reader turns lines into ranges.
type reader struct {
	file     string
	options  GuideOptions
	build    *builder
	problems strict.Problems
	header   []string
	ignored  []string
	at       [columns]int // index of each column, -1 for none
	field    func(column) string
	places   map[placeText]bool // found good

	countries map[string]string // by state, for lines that give none
}

// wrong reports a problem in a column.
func (rd *reader) wrong(line int, heading, value, message, mend string) {
	switch {
	case len(rd.problems) < strict.MaxProblems:
		rd.problems = append(rd.problems, strict.Problem{
			File: rd.file, Line: line, Path: heading, Value: shown(value), Message: message, Mend: mend,
		})
	case len(rd.problems) == strict.MaxProblems:
		rd.problems = append(rd.problems, strict.Problem{
			File: rd.file, Line: line, Message: "too many problems, the others are not shown", Mend: "mend these first",
		})
	}
}

// full tells whether it is no use reading on.
func (rd *reader) full() bool { return len(rd.problems) > strict.MaxProblems }

// shown bounds what is repeated of a file or an address.
func shown(s string) string {
	const most = 60
	s = strings.ToValidUTF8(s, "?")
	if len(s) <= most {
		return s
	}
	cut := most
	for !utf8.RuneStart(s[cut]) {
		cut--
	}
	return s[:cut] + "…"
}

// bound fails a reader that has gone too far beyond where the current CSV record begins: a quote that is not closed
// would swallow the file.
type bound struct {
	r           io.Reader
	begin, read int64
}

var errLong = fmt.Errorf("the line is longer than %d bytes, or a quote is not closed", maxRecord)

func (b *bound) Read(p []byte) (int, error) {
	if b.read-b.begin > maxRecord {
		return 0, errLong
	}
	n, err := b.r.Read(p[:min(len(p), 4096)])
	b.read += int64(n)
	return n, err
}

func (rd *reader) read(r io.Reader) {
	head := bufio.NewReaderSize(r, 4096)
	if start, _ := head.Peek(3); bytes.Equal(start, []byte("\xef\xbb\xbf")) {
		_, _ = head.Discard(3) // they are in the buffer
	}
	b := &bound{r: head}
	c := csv.NewReader(b)
	c.Comment, c.FieldsPerRecord, c.ReuseRecord, c.Comma = '#', -1, true, comma(head)
	line := 1
	for !rd.full() {
		b.begin = c.InputOffset()
		fields, err := c.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		var wrong *csv.ParseError
		if errors.As(err, &wrong) {
			rd.wrong(wrong.Line, "", "", quoteProblem(wrong.Err), "put quotes around the whole field and write a quote within as two")
			continue
		}
		if err != nil {
			rd.wrong(line, "", "", err.Error(), "mend the file from the last line that was read on")
			return
		}
		line, _ = c.FieldPos(0)
		if rd.header == nil {
			if rd.readHeader(fields, line); len(rd.problems) > 0 {
				return // every line would be wrong
			}
			continue
		}
		if !rd.row(fields, line) {
			return
		}
	}
	switch {
	case len(rd.problems) > 0:
	case rd.header == nil:
		rd.wrong(1, "", "", "the file is empty", "write a first line that names the columns: "+ourColumns())
	case rd.build.len() == 0:
		rd.wrong(line, "", "", "the file has no ranges", "write one in each line after the names of the columns")
	}
}

// comma finds out what parts the columns: what the first line has most of.
func comma(head *bufio.Reader) rune {
	start, _ := head.Peek(4096)
	for len(start) > 0 {
		line, rest, _ := bytes.Cut(start, []byte("\n"))
		if text := bytes.TrimSpace(line); len(text) > 0 && text[0] != '#' {
			semicolons, tabs := bytes.Count(text, []byte(";")), bytes.Count(text, []byte("\t"))
			switch commas := bytes.Count(text, []byte(",")); {
			case semicolons > commas && semicolons >= tabs:
				return ';'
			case tabs > commas:
				return '\t'
			}
			return ','
		}
		start = rest
	}
	return ','
}

func quoteProblem(err error) string {
	if errors.Is(err, csv.ErrBareQuote) || errors.Is(err, csv.ErrQuote) {
		return "a quote stands where none can be"
	}
	return err.Error()
}

func ourColumns() string {
	var names []string
	for _, h := range headings {
		names = append(names, h[0])
	}
	return strings.Join(names, ",")
}

// row takes one line and tells whether to read on.
func (rd *reader) row(fields []string, line int) bool {
	if len(fields) != len(rd.header) {
		rd.wrong(line, "", "", fmt.Sprintf("has %d columns, the first line %d", len(fields), len(rd.header)),
			"write every column, empty where it says nothing, and quotes around a value with commas")
		return true
	}
	good := true
	for i, f := range fields {
		if len(f) > maxField || !utf8.ValidString(f) || strings.ContainsFunc(f, isControl) {
			rd.wrong(line, rd.header[i], f, fmt.Sprintf("is longer than %d bytes, not UTF-8 or has control characters", maxField),
				"save the file as UTF-8 and shorten the value")
			good = false
		}
	}
	if !good {
		return true
	}
	if rd.build.len() >= rd.options.MaxRanges {
		rd.wrong(line, "", "", fmt.Sprintf("more than %d ranges", rd.options.MaxRanges), "leave out places where no number is")
		return false
	}
	rd.field = func(c column) string {
		if i := rd.at[c]; i >= 0 {
			return strings.TrimSpace(fields[i])
		}
		return ""
	}
	before := len(rd.problems)
	place := rd.place(line)
	way := rd.street(line)
	s := rd.numbers(line)
	esn := rd.esn(line)
	if len(rd.problems) == before {
		rd.build.add(place, way, s, esn, line)
	}
	return true
}

func isControl(r rune) bool { return r < ' ' || r == 0x7f }

// placeText is where a line's street is.
type placeText struct{ country, state, community, codes string }

func (rd *reader) place(line int) placeText {
	p := placeText{Country(rd.field(colCountry)), rd.field(colState), rd.field(colCommunity), rd.field(colCodes)}
	if p.country == "" {
		p.country = rd.countryOf(p.state)
	}
	if rd.places[p] {
		return p
	}
	before := len(rd.problems)
	if len(p.country) != 2 || strings.Trim(p.country, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != "" {
		rd.wrong(line, rd.heading(colCountry), p.country, "is no country", "write a code of two letters, such as US")
	}
	if p.state == "" && (p.country == "US" || p.country == "CA") {
		rd.wrong(line, rd.heading(colState), "", "the state is missing", "write its code, such as CA; places of one name are many")
	}
	if cityKey(p.community) == "" {
		rd.wrong(line, rd.heading(colCommunity), p.community, "the community is missing", "write the place the street is in")
	}
	for code := range splitCodes(p.codes) {
		if c := PostalCode(code); c == "" || len(c) > 12 {
			rd.wrong(line, rd.heading(colCodes), code, "is no postal code", `write one, or several with | between: "94105|94107"`)
		}
	}
	if len(rd.problems) == before && len(rd.places) < 1<<20 {
		rd.places[placeText{strings.Clone(p.country), strings.Clone(p.state), strings.Clone(p.community), strings.Clone(p.codes)}] = true
	}
	return p
}

// countryOf returns the country of a line that gives none: Canada for its provinces, else that of the options.
func (rd *reader) countryOf(state string) string {
	country, ok := rd.countries[state]
	if !ok {
		country = Country(rd.options.Country)
		if country == "US" && isStateOf("CA", state) {
			country = "CA"
		}
		rd.countries[strings.Clone(state)] = country
	}
	return country
}

// splitCodes yields the postal codes of a field that may have several.
func splitCodes(s string) func(func(string) bool) {
	return strings.FieldsFuncSeq(s, func(r rune) bool { return r == '|' || r == ';' })
}

// wayText is a street in pieces, as a line gives it.
type wayText struct {
	before, name, kind, end string
	pieces                  bool // the file has a column for the kind, so the name is the name alone
}

// maxStreet bounds a street's name in bytes, as written and in plain letters, of which some signs make several: a table
// keeps lengths of names in one byte. An MSAG has 60 characters.
const maxStreet = 120

func (rd *reader) street(line int) wayText {
	w := wayText{rd.field(colBefore), rd.field(colName), rd.field(colKind), rd.field(colEnd), rd.at[colKind] >= 0}
	switch {
	case Word(w.name) == "":
		rd.wrong(line, rd.heading(colName), w.name, "the street is missing", "write its name")
	case len(w.before)+len(w.name)+len(w.kind)+len(w.end) > maxStreet:
		rd.wrong(line, rd.heading(colName), w.name, fmt.Sprintf("is longer than %d bytes", maxStreet), "abbreviate it")
	case w.plainLen() > maxStreet:
		rd.wrong(line, rd.heading(colName), w.name, fmt.Sprintf("is longer than %d bytes in plain letters", maxStreet), "abbreviate it")
	case strings.ContainsAny(w.before+w.name+w.kind+w.end, ",;#"):
		rd.wrong(line, rd.heading(colName), w.name, "has a comma, semicolon or #, which part a street from a unit", "leave it out")
	}
	return w
}

// plainLen returns how many bytes the street has in plain letters if those can be more than in the file, else 0.
func (w wayText) plainLen() int {
	text := w.before + " " + w.name + " " + w.kind + " " + w.end
	if !strings.ContainsFunc(text, func(r rune) bool { return r == '&' || r >= utf8.RuneSelf }) {
		return 0
	}
	return len(strings.Join(dialect{}.plain(text), " "))
}

// numbers reads the range of house numbers of a line.
func (rd *reader) numbers(line int) spanText {
	low, high := number(rd.field(colLow)), number(rd.field(colHigh))
	s := spanText{}
	switch strings.ToUpper(rd.field(colParity)) {
	case "O", "ODD":
		s.parity = odd
	case "E", "EVEN":
		s.parity = even
	case "", "B", "BOTH", "A", "ALL":
	default:
		rd.wrong(line, rd.heading(colParity), rd.field(colParity), "is no side of a street", "write odd, even or both (O, E, B)")
	}
	if low == "" && high == "" {
		s.parity = unnumbered
		return s
	}
	a, ok := readBound(low)
	if !ok {
		rd.wrong(line, rd.heading(colLow), low, "is no house number", "write one such as 1, 221B, 12 1/2 or 37-01; none in both for a street without numbers")
	}
	b, ok2 := readBound(high)
	if !ok2 {
		rd.wrong(line, rd.heading(colHigh), high, "is no house number", "write one; for a single house the same as the lowest")
	}
	if !ok || !ok2 {
		return s
	}
	s.low, s.high, s.prefix = a.rank, b.rank, a.prefix
	if b.rank == rank(b.number, plain) && a.rank != b.rank || a.rank == b.rank && a.rank == rank(a.number, plain) {
		s.high = rank(b.number, noSuffix) // 221 has room for 221B
	}
	switch {
	case a.prefix != b.prefix:
		rd.wrong(line, rd.heading(colHigh), high, "does not begin as "+quoted(low)+" does", "make two ranges of it")
	case s.low > s.high:
		rd.wrong(line, rd.heading(colHigh), high, "is lower than "+quoted(low), "swap them")
	case a.number == b.number && s.parity == odd && a.number%2 == 0, a.number == b.number && s.parity == even && a.number%2 == 1:
		rd.wrong(line, rd.heading(colParity), rd.field(colParity), "leaves no number of "+quoted(low), "write the other side, or both")
	}
	return s
}

// readBound reads a bound of a range: a house number that may have leading zeros.
func readBound(s string) (house, bool) {
	words := splitMarks(strings.Fields(s))
	switch len(words) {
	case 1:
		if h, ok := parseHouse(words[0]); ok || !strings.Contains(words[0], "/") {
			return h, ok
		}
	case 2:
		if h, ok := parseHouse(words[0]); ok {
			return h.withSuffix(words[1])
		}
	}
	return house{}, false
}

func (rd *reader) esn(line int) string {
	esn := ESN(rd.field(colESN))
	if esn == "" || len(esn) > 10 || strings.Trim(esn, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ") != "" {
		rd.wrong(line, rd.heading(colESN), rd.field(colESN), "is no ESN", "write the emergency service number, up to ten digits")
	}
	return esn
}

// overlaps reports ranges that lie over each other and disagree.
func (rd *reader) overlaps(found []overlap) {
	for _, o := range found {
		rd.wrong(o.line, rd.heading(colLow), "", fmt.Sprintf("%s %s lies over line %d, whose ESN is %s, not %s",
			o.street, o.numbers, o.other, o.otherESN, o.esn), "make the numbers or the ESN agree")
	}
}
