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

// The rules of a decision; their numbers are those people see. Those every decision has come first, in their order.
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
	rules    = iota
	ruleHook = iota // of the number that was dialled
	ruleLocation
	ruleLoST
	further = iota - 1 - rules // rules that most calls do not meet
)

var ruleNames = [...]string{
	"host", "access", "dialled_number", "emergency_calling", "caller", "unregistered_caller", "caller_country",
	"test_number", "service", "centre", "emergency_api", "location", "lost",
}

// walked are the rules in the order in which they are met.
var walked = [...]uint8{
	ruleHost, ruleAccess, ruleHook, ruleDialled, ruleEnabled, ruleCaller, ruleUnregistered, ruleCountry, ruleTest,
	ruleService, ruleLocation, ruleLoST, ruleCentre,
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

// Trace is what every rule of a decision saw. For a call that says nothing of where it is from it is a value of fixed
// size; the words are put together by Steps.
type Trace struct {
	notes   [rules]note
	more    *told              // what further rules saw, nil where none had a say
	source  netip.Addr         // these two are kept as they are: writing them out would allocate
	address *directory.Address // the caller's, where its centre was looked for

	// What rule 5 looked at.
	judged directory.IdentitySource // whose value the note has
	by     directory.IdentitySource // that holds the caller's number
	looked uint8                    // a bit for each source that holds none
	number numbering.E164           // the caller's, or what somebody's would be
}

// told is what further rules saw. Each may have several things to say.
type told struct {
	outcomes [further]outcome
	notes    [further][]note
	place    string // what a centre was looked for, where that is no address
	answer   []byte // what a hook answered
}

// note is one rule's outcome: a text with up to three values to fill in, and a second text with the same values.
type note struct {
	outcome    outcome
	text, more text
	a, b, c    string
}

// set notes a rule's outcome. A further rule's adds to what it said before.
func (t *Trace) set(rule uint8, n note) {
	if rule <= rules {
		t.notes[rule-1] = n
		return
	}
	if t.more == nil {
		t.more = &told{}
	}
	i := rule - rules - 1
	t.more.outcomes[i] = n.outcome
	t.more.notes[i] = append(t.more.notes[i], n)
}

// sentence renders what a rule saw in printable ASCII, for a header.
func (t *Trace) sentence(rule uint8) string { return t.saw(rule, true) }

// clear makes n what a further rule saw, and nothing else: where it had a say before, and with add also where not.
func (t *Trace) clear(rule uint8, n note, add bool) {
	i := rule - rules - 1
	if t.more != nil {
		add = add || t.more.notes[i] != nil
		t.more.notes[i] = nil
	}
	if add {
		t.set(rule, n)
	}
}

// last renders the last thing that a further rule saw in printable ASCII, for a header.
func (t *Trace) last(rule uint8) string {
	notes := t.more.notes[rule-rules-1]
	return t.render(&notes[len(notes)-1], true)
}

// saw renders what a rule saw.
func (t *Trace) saw(rule uint8, ascii bool) string {
	if rule <= rules {
		return t.render(&t.notes[rule-1], ascii)
	}
	var all []string
	for i := range t.more.notes[rule-rules-1] {
		all = append(all, t.render(&t.more.notes[rule-rules-1][i], ascii))
	}
	return strings.Join(all, "; ")
}

// Steps renders the trace, one step for every rule in the order they are met; rules that were not reached are skipped, and
// those from 11 on are there only where they had a say. Values from the request are cut and cleaned, so that a step is
// safe to print.
func (t *Trace) Steps() []call.Step {
	steps := make([]call.Step, 0, len(walked))
	for _, rule := range walked {
		out := skipped
		switch {
		case rule <= rules:
			out = t.notes[rule-1].outcome
		case t.more == nil || t.more.notes[rule-rules-1] == nil:
			continue
		default:
			out = t.more.outcomes[rule-rules-1]
		}
		steps = append(steps, call.Step{
			Rule: int(rule), Name: ruleNames[rule-1], Outcome: outcomeNames[out], Saw: t.saw(rule, false),
		})
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

// fill writes text with $1, $2 and $3 replaced by the note's values, $s by the source address, $a by the caller's, $b by a
// hook's answer, and $u and $w by longer values in the place of $1 and $3. Of rule 5, $h is the header field that was judged,
// $i the one with the caller's number, $n the number, and $l the fields that were looked at in vain.
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
			writeClean(b, n.a, longestValue, ascii)
		case '2':
			writeClean(b, n.b, longestValue, ascii)
		case '3':
			writeClean(b, n.c, longestValue, ascii)
		case 's':
			writeClean(b, t.source.String(), longestValue, ascii)
		case 'a':
			t.writePlace(b, ascii)
		case 'b':
			t.writeAnswer(b, ascii)
		case 'u':
			writeClean(b, n.a, longestURL, ascii)
		case 'w':
			writeClean(b, n.c, longestURL, ascii)
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

// writePlace writes what a centre was looked for.
func (t *Trace) writePlace(b *strings.Builder, ascii bool) {
	if t.more != nil && t.more.place != "" {
		writeClean(b, t.more.place, longestValue, ascii)
		return
	}
	writeClean(b, t.address.Line(), longestValue, ascii)
}

// Bounds of what of a value is shown, in bytes.
const (
	longestValue  = 80
	longestURL    = 240
	longestAnswer = 512
)

// writeClean writes s cut to a bound and without what could break out of a quoted string, a header or a terminal line:
// double quotes become single ones, backslashes and all that does not print "?", and with ascii all that is not ASCII.
func writeClean(b *strings.Builder, s string, longest int, ascii bool) {
	writePrinting(b, s, longest, func(r rune) rune {
		switch {
		case r == '"':
			return '\''
		case r == '\\', ascii && r > '~':
			return '?'
		}
		return r
	})
}

// writeAnswer writes what a hook answered. A line for people keeps its quotes, as it is JSON that somebody has to mend.
func (t *Trace) writeAnswer(b *strings.Builder, ascii bool) {
	if ascii {
		writeClean(b, string(t.more.answer), longestAnswer, true)
		return
	}
	writePrinting(b, string(t.more.answer), longestAnswer, func(r rune) rune { return r })
}

// writePrinting writes s cut to a bound, with "?" for what does not print and otherwise what safe makes of it.
func writePrinting(b *strings.Builder, s string, longest int, safe func(rune) rune) {
	shown := s[:min(len(s), longest)]
	for _, r := range shown {
		r = safe(r)
		if r == utf8.RuneError || !unicode.IsPrint(r) {
			r = '?'
		}
		b.WriteRune(r)
	}
	if len(shown) < len(s) {
		b.WriteString("...")
	}
}
