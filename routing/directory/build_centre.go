package directory

import (
	"errors"
	"slices"
	"strings"
	"time"

	"callbox/routing/area"
)

// Bounds and default of how long a centre may ring.
const (
	defaultRing  = 30 * time.Second
	shortestRing = time.Second
	longestRing  = 3 * time.Minute
)

// buildCentres takes PSAPs and ECCs, indexes what they serve and resolves their overflow lists.
func (b *builder) buildCentres() {
	b.n.byCentre, b.n.eccs = make(map[string]*PSAP), make(map[string]*PSAP)
	coverage := make([]area.Centre, 0, len(b.f.PSAPs))
	paths := make(map[string]string)
	for i, f := range b.f.PSAPs {
		path := at("psaps", i, "")
		if p := b.centre(path, f); p != nil {
			paths[p.ID] = path
			b.coverage(path, f)
			coverage = append(coverage, area.Centre{ID: p.ID, Serves: p.Serves})
			if f.Country != "" {
				b.bad(path+".country", "is for eccs", "write serves.country here")
			}
		}
	}
	for i, f := range b.f.ECCs {
		path := at("eccs", i, "")
		if p := b.centre(path, f); p != nil {
			paths[p.ID] = path
			b.ecc(path, f, p)
		}
	}
	index, conflicts := area.Build(coverage)
	b.n.areas, b.n.coverage = index, coverage
	b.n.number()
	for _, c := range conflicts {
		b.bad(paths[c.Second]+conflictPath(c), c.Error(), "leave it to one centre, and name the other as its overflow")
	}
	for _, p := range b.n.centres {
		b.overflow(paths[p.ID], p)
	}
	b.loops(paths)
}

// centre takes what PSAPs and ECCs have in common.
func (b *builder) centre(path string, f filePSAP) *PSAP {
	if strings.Trim(f.ID, "abcdefghijklmnopqrstuvwxyz0123456789-_.") != "" || len(f.ID) > 64 {
		b.bad(path+".id", "is not a centre's ID", "write up to 64 small letters, digits, hyphens, dots and underscores")
	}
	p := &PSAP{
		ID: f.ID, Name: f.Name, Format: f.Deliver, SRTP: f.SRTP, Capacity: f.Capacity, Serves: f.Serves, Overflow: f.Overflow,
		Probe:  f.Probe == nil || *f.Probe,
		Policy: AnswerPolicy(f.Answer),
	}
	if p.Name == "" {
		p.Name = p.ID
	}
	if f.URI == "" {
		b.bad(path, "centre has no uri", "write uri: sip:user@host:port, or sip:user@sim for a simulated centre")
	} else {
		p.URI = b.uri(path+".uri", f.URI)
	}
	p.NG = b.ng911(path, f)
	p.Ring = b.ring(path+".ring", f.Ring)
	b.centreUser(path+".callback", f.Callback, p)
	p.PANI = b.pani(path+".pani", f.PANI)
	if p.Capacity < 0 {
		b.bad(path+".capacity", "is negative", "write how many calls it takes at once, or 0 for no limit")
	}
	if !claim(b, b.n.byCentre, path+".id", f.ID, "centre") {
		return nil
	}
	b.n.byCentre[p.ID] = p
	b.n.centres = append(b.n.centres, p)
	return p
}

// centreUser takes what a centre proves with that it calls somebody back. A name is one centre's.
func (b *builder) centreUser(path string, f *fileUser, p *PSAP) {
	if f == nil {
		return
	}
	if f.User == "" {
		b.bad(path, "has no user", "add user and password")
	}
	b.user(path, *f)
	for _, other := range b.n.centres {
		if other.Callback != nil && other.Callback.Name == f.User {
			b.bad(path+".user", "is the user of "+other.ID+" already", "give each centre its own")
		}
	}
	hash := MakeHA1(f.User, f.Password)
	p.Callback = &CentreUser{Name: f.User, ha1: func() HA1 { return hash }}
}

// ring returns how long something may ring. Only a key that is not there means the default.
func (b *builder) ring(path string, d time.Duration) time.Duration {
	switch {
	case !b.doc.Has(path) || b.problems.At(path):
		return defaultRing
	case d < shortestRing || d > longestRing:
		b.bad(path, "is not a time a caller in need can wait", "write 1s to 3m")
	}
	return d
}

// coverage checks what a PSAP serves. Serving nothing is allowed: such a centre takes overflow only.
func (b *builder) coverage(path string, f filePSAP) {
	s := f.Serves
	path += ".serves"
	serves := len(s.ESNs)+len(s.PostalCodes)+len(s.Cities)+len(s.States) > 0 || s.WholeCountry
	switch {
	case serves && s.Country == "":
		b.bad(path, "has no country", "add country, the ISO code of the places")
	case s.Country != "" && !b.n.plan.Has(area.Country(s.Country)):
		b.bad(path+".country", "is a country without emergency numbers here", "write one of "+strings.Join(b.n.plan.Countries(), ", "))
	}
	for i, esn := range s.ESNs {
		if area.ESN(esn) == "" {
			b.bad(path+at(".esns", i, ""), "is not an ESN", "write the emergency service number of a zone, such as \"2101\"")
		}
	}
	for i, code := range s.PostalCodes {
		if area.PostalCode(code) == "" {
			b.bad(path+at(".postal_codes", i, ""), "is not a postal code", "write letters and digits")
		}
	}
	for i, c := range s.Cities {
		if area.Word(c.Name) == "" {
			b.bad(path+at(".cities", i, ""), "city has no name", "add name")
		}
	}
	for i, state := range s.States {
		if area.Word(state) == "" {
			b.bad(path+at(".states", i, ""), "is not a state", "write its code or name")
		}
	}
}

func conflictPath(c area.Conflict) string {
	switch c.Level {
	case area.ByESN:
		return at(".serves.esns", c.Index, "")
	case area.ByPostalCode:
		return at(".serves.postal_codes", c.Index, "")
	case area.ByCity:
		return at(".serves.cities", c.Index, ".name")
	case area.ByState:
		return at(".serves.states", c.Index, "")
	}
	return ".serves.whole_country"
}

func (b *builder) ecc(path string, f filePSAP, p *PSAP) {
	p.ECC, p.Country = true, area.Country(f.Country)
	if b.doc.Has(path + ".serves") {
		b.bad(path+".serves", "is for psaps", "write country alone: an ECC serves all of it")
	}
	if len(f.Overflow) > 0 {
		b.bad(path+".overflow", "is for psaps", "remove it: the ECC is the last resort")
	}
	if !b.n.plan.Has(p.Country) {
		b.bad(path+".country", "is a country without emergency numbers here", "write one of "+strings.Join(b.n.plan.Countries(), ", "))
		return
	}
	if first, taken := b.n.eccs[p.Country]; taken {
		b.bad(path+".country", "has the ECC "+first.ID+" already", "keep one for each country")
		return
	}
	b.n.eccs[p.Country] = p
}

// overflow resolves a centre's list.
func (b *builder) overflow(path string, p *PSAP) {
	for i, id := range p.Overflow {
		next, ok := b.n.byCentre[id]
		switch {
		case !ok:
			b.bad(path+at(".overflow", i, ""), "is not in psaps", known(b.n.byCentre, "psaps"))
		case next == p:
			b.bad(path+at(".overflow", i, ""), "overflows to itself", "name another centre")
		case slices.Contains(p.chain, next):
			b.bad(path+at(".overflow", i, ""), "is there twice", "name each centre once")
		default:
			p.chain = append(p.chain, next)
		}
	}
}

// loops reports overflow that comes back to where it started: real centres hand calls on themselves, and a pair that
// points at each other keeps a caller going round while the ECC is free. Each loop is reported once.
func (b *builder) loops(paths map[string]string) {
	done := make(map[*PSAP]bool)
	for _, start := range b.n.centres {
		loop, err := findLoop(start, nil, done)
		if err == nil {
			continue
		}
		last := loop[len(loop)-1]
		b.bad(paths[last.ID]+".overflow", err.Error(), "leave one of them out: the ECC follows in any case")
	}
}

// findLoop walks overflow depth first and returns the first loop it meets.
func findLoop(p *PSAP, trail []*PSAP, done map[*PSAP]bool) ([]*PSAP, error) {
	if i := slices.Index(trail, p); i >= 0 {
		loop := trail[i:]
		ids := make([]string, 0, len(loop)+1)
		for _, l := range loop {
			ids = append(ids, l.ID)
		}
		return loop, errors.New("overflow goes round in a loop: " + strings.Join(append(ids, p.ID), " -> "))
	}
	if done[p] {
		return nil, nil
	}
	trail = append(trail, p)
	for _, next := range p.chain {
		if loop, err := findLoop(next, trail, done); err != nil {
			done[p] = true
			return loop, err
		}
	}
	done[p] = true
	return nil, nil
}
