package doctor

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"
)

// Report is what Judge found, and of what.
type Report struct {
	OK            bool     `json:"ok"`
	ListenedMS    int64    `json:"listened_ms"`
	Calls         int      `json:"calls"`
	Registrations int      `json:"registrations"`
	Keepalives    int      `json:"keepalives"`
	Agents        []string `json:"user_agents"`
	Checks        []Check  `json:"checks"`
}

// NewReport judges what was seen.
func NewReport(w Wanted, s Seen) Report {
	r := Report{
		ListenedMS: s.For.Milliseconds(), Calls: len(s.Calls), Registrations: len(s.Registrations), Keepalives: len(s.Keepalives),
		Agents: []string{}, Checks: Judge(w, s),
	}
	known := map[string]bool{"": true}
	add := func(name string) {
		if name = show(name); !known[name] && len(r.Agents) < 5 {
			known[name] = true
			r.Agents = append(r.Agents, name)
		}
	}
	for _, c := range s.Calls {
		add(c.UserAgent)
	}
	for _, x := range s.Registrations {
		add(x.UserAgent)
	}
	for _, k := range s.Keepalives {
		add(k.UserAgent)
	}
	for i, c := range r.Checks { // what a stranger wrote stands in it
		r.Checks[i].Saw, r.Checks[i].Mend, r.Checks[i].Mend3CX = clean(c.Saw), clean(c.Mend), clean(c.Mend3CX)
	}
	r.OK = Healthy(r.Checks)
	return r
}

// maxLine bounds what a check says, of which a stranger may have written most.
const maxLine = 1000

// clean takes control characters out, and what is too long.
func clean(s string) string {
	if len(s) > maxLine {
		s = strings.ToValidUTF8(s[:maxLine], "") + "…"
	}
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r >= 0x80 && r < 0xa0 {
			return '�'
		}
		return r
	}, s)
}

// words are the states as the text report writes them: what is wrong catches the eye without colour.
var words = map[State]string{OK: "ok", Odd: "odd", Wrong: "WRONG", Unseen: "-"}

// Text writes the report for people.
func (r Report) Text(w io.Writer) error {
	var b strings.Builder
	from := ""
	if len(r.Agents) > 0 {
		from = " of " + strings.Join(r.Agents, ", ")
	}
	fmt.Fprintf(&b, "%s, %s, %s%s in %s\n\n", count(r.Calls, "call"), count(r.Registrations, "registration"),
		count(r.Keepalives, "keepalive"), from, (time.Duration(r.ListenedMS) * time.Millisecond).Round(time.Second))
	for _, c := range r.Checks {
		fmt.Fprintf(&b, "%-6s %s", words[c.State], c.Title)
		if c.Saw != "" {
			fmt.Fprintf(&b, ": %s", c.Saw)
		}
		b.WriteByte('\n')
		if c.Mend != "" {
			fmt.Fprintf(&b, "       mend: %s\n", c.Mend)
		}
		if c.Mend3CX != "" {
			fmt.Fprintf(&b, "       3CX:  %s\n", c.Mend3CX)
		}
	}
	b.WriteByte('\n')
	if r.OK {
		b.WriteString("Nothing is wrong with what was seen.\n")
	} else {
		b.WriteString("Mend what is WRONG, then run this again.\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// JSON writes the report for programs.
func (r Report) JSON(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(r)
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
