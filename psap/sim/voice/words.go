package voice

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// maxNumber bounds what is read as a number: twice the longest user part anyone reads.
const maxNumber = 64

var digitWords = [...]string{"zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"}

// Number returns a telephone number digit by digit, grouped as it is written: +1 415 555 0100. What is not a number is
// spelled.
func Number(number string) Words {
	number = strings.TrimSpace(number)
	number = number[:min(len(number), maxNumber)]
	digits, plus := strings.CutPrefix(number, "+")
	var groups []string
	switch {
	case strings.Trim(digits, "0123456789") != "":
		groups = []string{digits}
	case plus && len(digits) == 11 && digits[0] == '1':
		groups = []string{digits[:1], digits[1:4], digits[4:7], digits[7:]}
	default:
		for ; len(digits) > 4; digits = digits[3:] {
			groups = append(groups, digits[:3])
		}
		groups = append(groups, digits)
	}
	var w Words
	if plus {
		w = append(w, "plus")
	}
	for i, g := range groups {
		if i > 0 {
			w = append(w, Short)
		}
		w = w.spell(g)
	}
	return w.bounded()
}

// Text returns a sentence word by word. Numbers are read digit by digit, words of up to five capitals are spelled, and
// punctuation is a pause.
func Text(text string) Words {
	var w Words
	for token := range strings.FieldsSeq(fold(text)) {
		if len(w) >= maxWords {
			break
		}
		if token == "St." { // in a sentence it is part of a name
			w = append(w, "saint")
			continue
		}
		word := strings.TrimRight(token, `.!?,;:")`)
		w = w.word(strings.TrimLeft(word, `("`), true)
		switch end := token[len(word):]; {
		case strings.ContainsAny(end, ".!?"):
			w = w.pause(Long)
		case strings.ContainsAny(end, ",;:"):
			w = w.pause(Short)
		}
	}
	return w.bounded()
}

// word appends one word without spaces, which may have parts: "Saint-Denis", "12-14", "1/2". With acronyms, capitals
// are spelled.
func (w Words) word(token string, acronyms bool) Words {
	for token != "" {
		n := strings.IndexFunc(token, func(c rune) bool { return !plain(c) })
		if n < 0 {
			n = len(token)
		}
		if n > 0 {
			w = w.part(token[:n], acronyms)
			token = token[n:]
			continue
		}
		c, size := utf8.DecodeRuneInString(token)
		between := len(w) > 0 && len(token) > size
		switch name := symbolWords[c]; {
		case name == "" && c > unicode.MaxASCII && unicode.IsPrint(c):
			w = append(w, "unknown", "letter")
		case name != "" && (c != '-' || between && digitAround(w, token[size:])):
			w = append(w, name)
		}
		token = token[size:]
	}
	return w
}

// digitAround tells whether a hyphen stands between digits, where it is read out, rather than between words.
func digitAround(before Words, after string) bool {
	last := before[len(before)-1]
	for _, d := range digitWords {
		if last == d {
			return after[0] >= '0' && after[0] <= '9'
		}
	}
	return false
}

var symbolWords = map[rune]string{'+': "plus", '#': "number", '&': "and", '-': "dash", '/': "slash", '@': "at", '*': "star"}

// part appends a run of letters, digits and apostrophes.
func (w Words) part(text string, acronyms bool) Words {
	text = strings.ReplaceAll(text, "'", "")
	switch {
	case text == "":
		return w
	case strings.ContainsAny(text, "0123456789"):
		if words, ok := ordinal(text); ok {
			return append(w, words...)
		}
		return w.spell(text)
	case acronyms && len(text) > 1 && len(text) <= 5 && strings.ToUpper(text) == text:
		return w.spell(text)
	}
	return append(w, strings.ToLower(text))
}

// spell appends each digit and letter of text.
func (w Words) spell(text string) Words {
	for _, c := range fold(text) {
		switch {
		case c >= '0' && c <= '9':
			w = append(w, digitWords[c-'0'])
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z':
			w = append(w, strings.ToUpper(string(c)))
		case symbolWords[c] != "":
			w = append(w, symbolWords[c])
		case c > unicode.MaxASCII && unicode.IsPrint(c):
			w = append(w, "unknown", "letter")
		}
	}
	return w
}

// pause appends a pause, or makes the one at the end longer. Nothing begins with one.
func (w Words) pause(p string) Words {
	if len(w) == 0 {
		return w
	}
	switch last := &w[len(w)-1]; *last {
	case Short:
		*last = p
	case Long:
	default:
		w = append(w, p)
	}
	return w
}

func (w Words) bounded() Words { return w[:min(len(w), maxWords)] }

// Join returns the parts one after the other, with a pause between them. Empty parts are left out.
func Join(pause string, parts ...Words) Words {
	var w Words
	for _, p := range parts {
		if len(p) > 0 {
			w = append(w.pause(pause), p...)
		}
	}
	return w.bounded()
}

func plain(c rune) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '\''
}

// fold returns text with accents taken off its letters, since the clips and the alphabet have none.
func fold(text string) string {
	var b strings.Builder
	for _, c := range norm.NFKD.String(text) {
		switch {
		case unicode.Is(unicode.Mn, c):
		case c == 'ß':
			b.WriteString("ss")
		case c == 'ø', c == 'Ø':
			b.WriteByte('o')
		case c == 'æ', c == 'Æ':
			b.WriteString("ae")
		case c == 'œ', c == 'Œ':
			b.WriteString("oe")
		case c == 'ł', c == 'Ł':
			b.WriteByte('l')
		case c == 'đ', c == 'Đ', c == 'ð':
			b.WriteByte('d')
		case c == '’', c == '‘':
			b.WriteByte('\'')
		case c == '–', c == '—':
			b.WriteByte('-')
		default:
			b.WriteRune(c)
		}
	}
	return b.String()
}

var (
	firstOrdinals = [...]string{
		"zeroth", "first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth",
		"eleventh", "twelfth", "thirteenth", "fourteenth", "fifteenth", "sixteenth", "seventeenth", "eighteenth", "nineteenth",
	}
	tens        = [...]string{"", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"}
	tenOrdinals = [...]string{
		"", "", "twentieth", "thirtieth", "fortieth", "fiftieth", "sixtieth", "seventieth", "eightieth", "ninetieth",
	}
)

// ordinal reads "1st" to "999th", as streets and floors are called.
func ordinal(text string) (Words, bool) {
	digits := strings.TrimRight(strings.ToLower(text), "stndrh")
	if len(text)-len(digits) != 2 || len(digits) == 0 || len(digits) > 3 || digits[0] == '0' {
		return nil, false
	}
	n, err := strconv.Atoi(digits)
	if err != nil {
		return nil, false
	}
	var w Words
	if n >= 100 {
		w = append(w, digitWords[n/100], "hundred")
		n %= 100
	}
	switch {
	case n == 0:
		w[1] = "hundredth"
	case n < 20:
		w = append(w, firstOrdinals[n])
	case n%10 == 0:
		w = append(w, tenOrdinals[n/10])
	default:
		w = append(w, tens[n/10], firstOrdinals[n%10])
	}
	return w, true
}
