package strict

import (
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// Problem is one thing wrong with a configuration: where, what, and how to mend it. Line and Column count from 1; 0 is
// unknown (a problem of a whole file, or of an environment variable, whose name is then File).
type Problem struct {
	File         string
	Line, Column int
	Path         string // YAML path such as domains[2].acl[0]; "" is the document
	Value        string // the scalar found, "" for none; *** for a secret
	Message      string
	Mend         string
}

// String renders p on one line as `file:line: path: "value": message; mend`, leaving out what is unknown.
func (p Problem) String() string {
	var b strings.Builder
	if p.File != "" {
		b.WriteString(oneLine(p.File))
		if p.Line > 0 {
			b.WriteByte(':')
			b.WriteString(strconv.Itoa(p.Line))
		}
		b.WriteString(": ")
	}
	if p.Path != "" {
		b.WriteString(oneLine(p.Path))
		b.WriteString(": ")
	}
	if p.Value != "" {
		b.WriteString(strconv.Quote(p.Value))
		b.WriteString(": ")
	}
	b.WriteString(oneLine(p.Message))
	if p.Mend != "" {
		b.WriteString("; ")
		b.WriteString(oneLine(p.Mend))
	}
	return b.String()
}

// oneLine escapes what would break a line or play with a terminal: the keys of a hostile document stand in paths.
func oneLine(s string) string {
	const longest = 300
	if len(s) > longest {
		s = strings.ToValidUTF8(s[:longest], "") + "…"
	}
	if strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) }) {
		s = strings.Trim(strconv.Quote(s), `"`)
	}
	return s
}

// Problems is every problem found, by line. As an error it reads one problem a line. Nil or empty means that all is
// well; use Err where an error interface is wanted, so that none stays nil.
type Problems []Problem

// Error joins the problems by newlines.
func (ps Problems) Error() string {
	lines := make([]string, len(ps))
	for i, p := range ps {
		lines[i] = p.String()
	}
	return strings.Join(lines, "\n")
}

// Err returns ps as an error, and nil when there is no problem.
func (ps Problems) Err() error {
	if len(ps) == 0 {
		return nil
	}
	return ps
}

// Sort orders ps by file, line and column, keeping the order of problems of one place.
func (ps Problems) Sort() {
	slices.SortStableFunc(ps, func(a, b Problem) int {
		if c := strings.Compare(a.File, b.File); c != 0 {
			return c
		}
		if a.Line != b.Line {
			return a.Line - b.Line
		}
		return a.Column - b.Column
	})
}

// At tells whether any problem is of the value at path, of something within it, or of what path lies within, other than
// the whole document.
func (ps Problems) At(path string) bool {
	return slices.ContainsFunc(ps, func(p Problem) bool {
		return p.Path != "" && (within(p.Path, path) || within(path, p.Path))
	})
}

// within tells whether path is outer or a part of it.
func within(path, outer string) bool {
	rest, ok := strings.CutPrefix(path, outer)
	return ok && (rest == "" || rest[0] == '.' || rest[0] == '[')
}
