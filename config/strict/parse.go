package strict

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"gopkg.in/yaml.v3"
)

// parsed is a document as YAML, before its meaning.
type parsed struct {
	root     *yaml.Node // nil for an empty document
	problems Problems
	partial  bool // what has syntax errors was left out of root
}

// parse reads src. On syntax errors it returns what could be read beside them.
func parse(file string, src []byte) parsed {
	if len(src) > MaxBytes {
		return parsed{nil, Problems{{File: file, Message: fmt.Sprintf("is larger than %d MiB", MaxBytes>>20), Mend: "make it smaller"}}, true}
	}
	if p, bad := badCharacter(file, src); bad {
		return parsed{nil, Problems{p}, true}
	}
	var out parsed
	root, second, err := read(src)
	out.root = root
	if err != nil {
		r := recovery{file: file, budget: 4 << 20}
		out.root, second = r.recover(src, err)
		out.problems, out.partial = r.problems, true
	}
	if second > 0 {
		out.problems = append(out.problems, Problem{File: file, Line: second, Message: "a second document begins here",
			Mend: "keep one document in a file and remove the ---"})
	}
	return out
}

// badCharacter finds the first byte that no YAML text in UTF-8 may have. yaml.v3 gives no position for these.
func badCharacter(file string, src []byte) (Problem, bool) {
	at := func(i int, message, mend string) (Problem, bool) {
		line := 1 + bytes.Count(src[:i], []byte("\n"))
		column := 1 + utf8.RuneCount(src[bytes.LastIndexByte(src[:i], '\n')+1:i])
		return Problem{File: file, Line: line, Column: column, Message: message, Mend: mend}, true
	}
	for i := 0; i < len(src); {
		r, size := utf8.DecodeRune(src[i:])
		switch {
		case r == utf8.RuneError && size == 1:
			return at(i, "is not UTF-8 text", "save the file as UTF-8")
		case r < ' ' && r != '\t' && r != '\n' && r != '\r', r == 0x7f, 0x80 <= r && r <= 0x9f && r != 0x85:
			return at(i, fmt.Sprintf("has a control character (U+%04X)", r), "remove it")
		}
		i += size
	}
	return Problem{}, false
}

// read parses src by yaml.v3. second is the line where a second document begins, 0 for none. A broken second document
// counts as an error.
func read(src []byte) (root *yaml.Node, second int, err error) {
	defer func() { // yaml.v3 panics on some malformed input that it was not written for
		if r := recover(); r != nil {
			err = errors.New("yaml: cannot be read")
		}
	}()
	dec := yaml.NewDecoder(bytes.NewReader(src))
	var doc, more yaml.Node
	if err := dec.Decode(&doc); err != nil {
		if errors.Is(err, io.EOF) {
			return nil, 0, nil
		}
		return nil, 0, err
	}
	if len(doc.Content) > 0 {
		root = doc.Content[0]
	}
	switch err := dec.Decode(&more); {
	case errors.Is(err, io.EOF):
		return root, 0, nil
	case err != nil:
		return nil, 0, err
	}
	return root, max(more.Line, 1), nil
}

// recovery finds every section with a syntax error and reads the others. A section is a top-level key with all below
// it; in it the error is on the first line with which the text, read up to there, can no longer be made sense of.
type recovery struct {
	file     string
	budget   int // bytes that may still be parsed again
	problems Problems
}

// recover reads src, whose parsing failed with first, and leaves at least one problem in r.
func (r *recovery) recover(src []byte, first error) (root *yaml.Node, second int) {
	var good []byte
	line := 1
	for _, section := range sections(src) {
		lines := bytes.Count(section, []byte("\n"))
		text := append(good[:len(good):len(good)], section...)
		ok, err := r.try(text)
		if errors.Is(err, errBudget) || len(r.problems) == MaxProblems {
			break
		}
		if !ok {
			r.blame(good, section, line, err)
			text = append(good[:len(good):len(good)], bytes.Repeat([]byte("\n"), lines)...)
		}
		good, line = text, line+lines
	}
	if len(r.problems) == 0 { // wrong as a whole only, or too large to look closely
		n, message := message(first)
		r.problems = Problems{{File: r.file, Line: n, Message: message, Mend: "check the indentation, quotes and brackets around here"}}
	}
	root, second, err := read(good)
	if err != nil {
		return nil, 0
	}
	return root, second
}

var errBudget = errors.New("too much to parse again")

// try tells whether text is well-formed.
func (r *recovery) try(text []byte) (bool, error) {
	const each = 4096 // what setting up a parser costs, in bytes parsed
	if r.budget -= each + len(text); r.budget < 0 {
		return false, errBudget
	}
	_, _, err := read(text)
	return err == nil, err
}

// blame adds the problem of a section that begins on the given line and does not parse behind good.
func (r *recovery) blame(good, section []byte, line int, err error) {
	lines := bytes.SplitAfter(section, []byte("\n"))
	at, _ := message(err)
	for k := len(lines) - 1; k >= 0; k-- {
		text := append(good[:len(good):len(good)], bytes.Join(lines[:k], nil)...)
		ok, err := r.try(text)
		if errors.Is(err, errBudget) {
			break
		}
		if ok {
			at = line + k
			break
		}
	}
	at = min(max(at, line), line+len(lines)-1)
	_, message := message(err)
	r.problems = append(r.problems, Problem{File: r.file, Line: at, Message: message, Mend: syntaxMend(string(lines[at-line]))})
}

// sections cuts src before each line that begins a top-level key. A document in flow style is one section.
func sections(src []byte) [][]byte {
	var out [][]byte
	begin, pos := 0, 0
	for l := range bytes.Lines(src) {
		first := rune(l[0])
		if pos > 0 && !strings.ContainsRune(" \t\r\n#-]}", first) && (pos > begin) {
			out = append(out, src[begin:pos])
			begin = pos
		}
		if begin == pos && (first == '{' || first == '[') {
			break
		}
		pos += len(l)
	}
	return append(out, src[begin:])
}

var yamlMessage = regexp.MustCompile(`^yaml: (?:line (\d+): )?(.*)$`)

// message splits an error of yaml.v3 into its line, which may be off by one, and its text. The name of an unknown anchor
// is left out, as it may be a password that begins with an asterisk.
func message(err error) (line int, text string) {
	m := yamlMessage.FindStringSubmatch(err.Error())
	if m == nil {
		return 0, "is not YAML"
	}
	line, _ = strconv.Atoi(m[1])
	if strings.HasPrefix(m[2], "unknown anchor") {
		return line, "is not YAML: an alias refers to an anchor that is not there"
	}
	return line, "is not YAML: " + m[2]
}

var (
	bareIPv6   = regexp.MustCompile(`(\[[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*\]:\d+)`)
	bareSymbol = regexp.MustCompile("[:-] +[*&!%@`|>]")
)

// syntaxMend guesses from the line of a syntax error what its writer has to do. It does not quote from it, for secrets'
// sake, but for an address.
func syntaxMend(line string) string {
	indent := line[:len(line)-len(strings.TrimLeft(line, " \t"))]
	quotes := strings.Count(line, `"`)
	switch m := bareIPv6.FindString(line); {
	case strings.Contains(indent, "\t"):
		return "indent with spaces, not with tabs"
	case m != "":
		return `put the address in quotes: "` + m + `"`
	case quotes%2 == 1:
		return "close the quotes"
	case strings.Count(line, "[") != strings.Count(line, "]") || strings.Count(line, "{") != strings.Count(line, "}"):
		return "close the brackets"
	case bareSymbol.MatchString(line):
		return "put a value that begins with a special character in quotes"
	case strings.Count(line, ": ") > 1:
		return `put a value with ": " in it in quotes`
	}
	return "check the indentation of this line and the quotes before it"
}
