package routing

import (
	"net/netip"
	"strings"
	"unicode"
	"unicode/utf8"

	"callbox/routing/directory"
	"callbox/routing/numbering"
	"callbox/sip/call"
)

// The rules of a decision, in order; their numbers are those people see.
const (
	ruleHost uint8 = iota + 1
	ruleAccess
	ruleDialled
	ruleEnabled
	ruleCaller
	ruleUnregistered
	ruleCountry
	ruleTest
	ruleService
	ruleCentre
	rules = iota
)

var ruleNames = [...]string{
	"host", "access", "dialled_number", "emergency_calling", "caller", "unregistered_caller", "caller_country",
	"test_number", "service", "centre",
}

// outcome is what came of a rule.
type outcome uint8

const (
	skipped outcome = iota // not reached, or of no concern
	passed
	applied // the rule changed or settled something
	failed
)

var outcomeNames = [...]string{"skipped", "passed", "applied", "failed"}

// Trace is what every rule of a decision saw. It is a value of fixed size; the words are put together by Steps.
type Trace struct {
	notes   [rules]note
	source  netip.Addr         // these two are kept as they are: writing them out would allocate
	address *directory.Address // the caller's, where its centre was looked for

	// What rule 5 looked at.
	judged directory.IdentitySource // whose value the note has
	by     directory.IdentitySource // that holds the caller's number
	looked uint8                    // a bit for each source that holds none
	number numbering.E164           // the caller's, or what somebody's would be
}

// note is one rule's outcome: a text with up to three values to fill in, and a second text with the same values.
type note struct {
	outcome    outcome
	text, more text
	a, b, c    string
}

// set notes a rule's outcome.
func (t *Trace) set(rule uint8, n note) { t.notes[rule-1] = n }

// sentence renders what a rule saw in printable ASCII, for a header.
func (t *Trace) sentence(rule uint8) string { return t.render(&t.notes[rule-1], true) }

// Steps renders the trace, one step for every rule in order; rules that were not reached are skipped. Values from the
// request are cut and cleaned, so that a step is safe to print.
func (t *Trace) Steps() []call.Step {
	steps := make([]call.Step, rules)
	for i := range t.notes {
		n := &t.notes[i]
		steps[i] = call.Step{Rule: i + 1, Name: ruleNames[i], Outcome: outcomeNames[n.outcome], Saw: t.render(n, false)}
	}
	return steps
}

// render fills the values into a note's texts.
func (t *Trace) render(n *note, ascii bool) string {
	first, second := texts[n.text], ""
	if n.more != textNotReached {
		second = texts[n.more]
	}
	var b strings.Builder
	room := len(first) + len(second) + len(n.a) + len(n.b) + len(n.c) + len(t.number.Bytes())
	if t.looked != 0 && t.looked != 1<<directory.SourceFrom { // names of header fields
		room += longestValue
	}
	b.Grow(room)
	t.fill(&b, n, first, ascii)
	if second != "" && !strings.HasSuffix(first, " ") && second[0] != ';' {
		b.WriteString("; ")
	}
	t.fill(&b, n, second, ascii)
	return b.String()
}

// fill writes text with $1, $2 and $3 replaced by the note's values, $s by the source address and $a by the caller's; of
// rule 5, $h is the header field that was judged, $i the one with the caller's number, $n the number, and $l the fields
// that were looked at in vain.
func (t *Trace) fill(b *strings.Builder, n *note, text string, ascii bool) {
	for {
		i := strings.IndexByte(text, '$')
		if i < 0 || i+1 == len(text) {
			b.WriteString(text)
			return
		}
		b.WriteString(text[:i])
		switch text[i+1] {
		case '1':
			writeClean(b, n.a, ascii)
		case '2':
			writeClean(b, n.b, ascii)
		case '3':
			writeClean(b, n.c, ascii)
		case 's':
			writeClean(b, t.source.String(), ascii)
		case 'a':
			writeClean(b, t.address.Line(), ascii)
		case 'h':
			b.WriteString(t.judged.Header())
		case 'i':
			b.WriteString(t.by.Header())
		case 'n':
			b.Write(t.number.Bytes())
		case 'l':
			t.writeLooked(b)
		}
		text = text[i+2:]
	}
}

// writeLooked writes the header fields that were looked at in vain but for the one that was judged.
func (t *Trace) writeLooked(b *strings.Builder) {
	between := ""
	for s := directory.SourceFrom; s <= directory.SourceDiversion; s++ {
		if t.looked&(1<<s) != 0 && s != t.judged {
			b.WriteString(between)
			b.WriteString(s.Header())
			between = " or "
		}
	}
}

// longestValue bounds what of a value is shown, in bytes.
const longestValue = 80

// writeClean writes s cut to a bound and without what could break out of a quoted string, a header or a terminal line:
// quotes, backslashes and all that does not print become "?", and with ascii all that is not ASCII.
func writeClean(b *strings.Builder, s string, ascii bool) {
	shown := s[:min(len(s), longestValue)]
	for _, r := range shown {
		if r == '"' || r == '\\' || r == utf8.RuneError || !unicode.IsPrint(r) || ascii && r > '~' {
			r = '?'
		}
		b.WriteRune(r)
	}
	if len(shown) < len(s) {
		b.WriteString("...")
	}
}
