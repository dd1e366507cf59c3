package directory

import (
	"iter"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"callbox/routing/area"
	"callbox/routing/numbering"
)

// Responders are who comes to a place: the agencies of its emergency service number.
type Responders struct {
	Police string `yaml:"police"`
	Fire   string `yaml:"fire"`
	EMS    string `yaml:"ems"`
}

// Responders returns the agencies of an ESN, false where the directory names none.
func (n *Network) Responders(esn string) (Responders, bool) {
	r, ok := n.responders[area.ESN(esn)]
	return r, ok
}

// PANI is the numbers a centre may be shown in the place of a callback number (pseudo-ANI): one for each call, by which
// it asks for the call's ALI record.
type PANI struct {
	Numbers []NumberRange
	Always  bool // also for callers whom a callback would reach
}

// NumberRange is numbers in a row: E.164, both ends included.
type NumberRange struct{ First, Last string }

// Any tells whether there are numbers at all.
func (p PANI) Any() bool { return len(p.Numbers) > 0 }

// All yields the numbers in order.
func (p PANI) All() iter.Seq[string] {
	return func(yield func(string) bool) {
		for _, r := range p.Numbers {
			first, last := digits(r.First), digits(r.Last)
			for n := first; n <= last; n++ {
				if !yield("+" + strconv.FormatUint(n, 10)) {
					return
				}
			}
		}
	}
}

// digits is a number as an integer: E.164 has 15 digits at most, of which the first is not 0.
func digits(e164 string) uint64 {
	n, _ := strconv.ParseUint(strings.TrimPrefix(e164, "+"), 10, 64)
	return n
}

// mostPANI bounds the numbers of one centre: it does not take more calls at once.
const mostPANI = 1000

// longestAgency bounds the name of a responder.
const longestAgency = 64

// buildResponders takes who comes to the places of each ESN.
func (b *builder) buildResponders() {
	b.n.responders = make(map[string]Responders, len(b.f.ESNs))
	for i, f := range b.f.ESNs {
		esn := area.ESN(f.ESN)
		if esn == "" {
			b.bad(at("esns", i, ".esn"), "is not an ESN", "write the emergency service number of a zone, such as \"2101\"")
			continue
		}
		if !claim(b, b.n.responders, at("esns", i, ".esn"), esn, "ESN") {
			continue
		}
		r := Responders{Police: f.Police, Fire: f.Fire, EMS: f.EMS}
		for _, agency := range [...][2]string{{".police", r.Police}, {".fire", r.Fire}, {".ems", r.EMS}} {
			if utf8.RuneCountInString(agency[1]) > longestAgency || strings.ContainsFunc(agency[1], unicode.IsControl) {
				b.bad(at("esns", i, agency[0]), "is no name of an agency", "write up to 64 characters on one line")
			}
		}
		b.n.responders[esn] = r
	}
}

// pani takes the numbers of a centre: each one of E.164, or two with a hyphen between them. No number is two centres'.
func (b *builder) pani(path string, f *filePANI) PANI {
	if f == nil {
		return PANI{}
	}
	p := PANI{Always: f.Always}
	total := uint64(0)
	for i, text := range f.Numbers {
		where := at(path+".numbers", i, "")
		first, last, ranged := strings.Cut(text, "-")
		if first, last = strings.TrimSpace(first), strings.TrimSpace(last); !ranged {
			last = first
		}
		r := NumberRange{first, last}
		switch {
		case !numbering.Valid(first) || !numbering.Valid(last) || first[0] != '+' || last[0] != '+':
			b.bad(where, "is no number and no range of numbers", `write "+14155119001", or "+14155119001-+14155119010"`)
			continue
		case len(first) != len(last) || digits(first) > digits(last):
			b.bad(where, "is a range that does not go up", "write the lower number first, both with as many digits")
			continue
		case digits(last)-digits(first) >= mostPANI:
			total = mostPANI + 1
		}
		if other := b.overlap(r, p); other != "" {
			b.bad(where, "has numbers of "+other, "give each number to one centre, once")
		}
		total += digits(last) - digits(first) + 1
		p.Numbers = append(p.Numbers, r)
	}
	switch {
	case len(f.Numbers) == 0 && b.problems.At(path):
	case len(f.Numbers) == 0:
		b.bad(path, "has no numbers", "add numbers: [\"+14155119001-+14155119010\"], or remove the key")
	case total > mostPANI:
		b.bad(path+".numbers", "has more than "+strconv.Itoa(mostPANI)+" numbers", "write as many as the centre takes calls at once, and some that rest")
	}
	return p
}

// overlap returns whose numbers are in r already, "" for nobody's.
func (b *builder) overlap(r NumberRange, own PANI) string {
	meets := func(p PANI) bool {
		for _, o := range p.Numbers {
			if digits(r.First) <= digits(o.Last) && digits(o.First) <= digits(r.Last) {
				return true
			}
		}
		return false
	}
	if meets(own) {
		return "the same list"
	}
	for _, c := range b.n.centres {
		if meets(c.PANI) {
			return c.ID
		}
	}
	return ""
}
