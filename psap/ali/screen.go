package ali

import (
	"fmt"
	"math"
	"strings"
	"time"

	"callbox/sip/location"
)

// Screen is the ALI record of a call as the screen of a legacy call centre has it. Every field may be empty. DESIGN.md
// has the columns of its text.
type Screen struct {
	Number          string    `json:"number,omitempty"` // callback number, E.164
	PANI            string    `json:"pani,omitempty"`   // the number the centre was shown in its place
	Class           Class     `json:"class_of_service"`
	At              time.Time `json:"at"` // when the centre was rung
	Company         string    `json:"company,omitempty"`
	Name            string    `json:"name,omitempty"`
	HouseNumber     string    `json:"house_number,omitempty"`
	HouseSuffix     string    `json:"house_suffix,omitempty"`
	PreDirectional  string    `json:"pre_directional,omitempty"`
	Street          string    `json:"street,omitempty"` // without directionals and suffix
	StreetSuffix    string    `json:"street_suffix,omitempty"`
	PostDirectional string    `json:"post_directional,omitempty"`
	Location        string    `json:"location,omitempty"` // floor, suite and whatever else helps to find the place
	Community       string    `json:"community,omitempty"`
	State           string    `json:"state,omitempty"`
	PostalCode      string    `json:"postal_code,omitempty"`
	Country         string    `json:"country,omitempty"` // ISO 3166 two letters
	ESN             string    `json:"esn,omitempty"`
	Police          string    `json:"police,omitempty"`
	Fire            string    `json:"fire,omitempty"`
	EMS             string    `json:"ems,omitempty"`
	Point           *Point    `json:"point,omitempty"`
	PSAP            string    `json:"psap,omitempty"` // ID of the centre that was rung last
	Call            string    `json:"call_id"`
	Calls           int       `json:"calls"` // live calls with this number, of which this is the newest; 0 once it has ended
}

// Point is where the caller is, in degrees of WGS84, with the radius in metres of the circle that holds the caller with
// the given confidence in per cent; both 0 where they are not known.
type Point struct {
	Lat         float64  `json:"latitude"`
	Lon         float64  `json:"longitude"`
	Altitude    *float64 `json:"altitude_m,omitempty"`
	Uncertainty float64  `json:"uncertainty_m,omitempty"`
	Confidence  int      `json:"confidence_percent,omitempty"`
}

// Confidence is that of a point with an uncertainty, in per cent (RFC 5491 section 5).
const Confidence = 95

// NewScreen returns the screen of an address: its street is taken apart where it is not yet, and floor, unit and whatever
// else helps to find the place become one.
func NewScreen(number string, c location.Civic) Screen {
	l := c.Lines()
	w := splitRoad(c)
	if l.Floor != "" && !strings.Contains(strings.ToLower(l.Floor), "fl") {
		l.Floor = "FL " + l.Floor
	}
	return Screen{
		Number: number, Name: location.Tidy(l.Name), HouseNumber: location.Tidy(c.HNP + c.HNO), HouseSuffix: location.Tidy(c.HNS),
		PreDirectional: w.before, Street: w.name, StreetSuffix: w.suffix, PostDirectional: w.behind,
		Location: joined(l.Floor, l.Unit, l.Hint), Community: location.Tidy(l.City), State: location.Tidy(l.State),
		PostalCode: location.Tidy(l.PostalCode), Country: l.Country,
	}
}

// The shape of the text.
const (
	Width = 32 // columns of a line
	Lines = 15
)

// Text returns the screen as Lines lines of Width columns in capital ASCII letters, each line ended by eol. What does not
// fit its columns is cut there.
func (s Screen) Text(eol string) string {
	b := board{eol: eol}
	b.line(at{1, 16, dialled(s.Number)}, at{17, 4, string(s.Class)}, at{22, 11, stamp(s.At)})
	b.line(at{1, 2, "P#"}, at{4, 16, dialled(s.PANI)}, at{24, 3, "CO="}, at{27, 5, s.Company})
	b.line(at{1, Width, s.Name})
	b.line(at{1, 10, s.HouseNumber}, at{11, 4, s.HouseSuffix}, at{16, 2, s.PreDirectional})
	if s.StreetSuffix == "" && s.PostDirectional == "" {
		b.line(at{1, Width, s.Street})
	} else {
		b.line(at{1, 24, s.Street}, at{26, 4, s.StreetSuffix}, at{31, 2, s.PostDirectional})
	}
	first, second := wrapped(plain(s.Location))
	b.line(at{1, Width, first})
	b.line(at{1, Width, second})
	b.line(at{1, 29, s.Community}, at{31, 2, s.State})
	b.line(at{1, 4, "ESN="}, at{5, 5, s.ESN}, at{11, 5, "PSAP="}, at{16, 17, s.PSAP})
	s.where(&b)
	b.line(at{1, 4, "LAW="}, at{5, 28, s.Police})
	b.line(at{1, 4, "FIR="}, at{5, 28, s.Fire})
	b.line(at{1, 4, "EMS="}, at{5, 28, s.EMS})
	b.line(at{1, Width, s.remark()})
	return b.String()
}

// where writes the two lines of coordinates.
func (s Screen) where(b *board) {
	p := s.Point
	if p == nil {
		p = &Point{Lat: math.NaN()}
	}
	lat, lon, confidence, uncertainty, altitude := "", "", "", "", ""
	if !math.IsNaN(p.Lat) {
		lat, lon = fmt.Sprintf("%+010.6f", p.Lat), fmt.Sprintf("%+011.6f", p.Lon)
	}
	if p.Uncertainty > 0 {
		uncertainty = fmt.Sprintf("%06.0f", math.Min(math.Ceil(p.Uncertainty), 999999))
	}
	if p.Confidence > 0 {
		confidence = fmt.Sprintf("%03d", min(p.Confidence, 100))
	}
	if p.Altitude != nil {
		altitude = fmt.Sprintf("%+06.0f", math.Max(math.Min(*p.Altitude, 99999), -99999))
	}
	b.line(at{1, 4, "LAT="}, at{5, 10, lat}, at{16, 4, "LON="}, at{20, 11, lon})
	b.line(at{1, 4, "CNF="}, at{5, 3, confidence}, at{9, 4, "UNC="}, at{13, 6, uncertainty}, at{20, 4, "ALT="}, at{24, 6, altitude})
}

// remark is what the last line says.
func (s Screen) remark() string {
	switch {
	case s.Calls > 1:
		return fmt.Sprintf("NEWEST OF %d CALLS, SAME NUMBER", s.Calls)
	case s.Calls == 0:
		return "CALL HAS ENDED"
	}
	return ""
}

// NoRecord returns the text, of one line, that answers for a number without a record.
func NoRecord(number, eol string) string {
	b := board{eol: eol}
	b.line(at{1, 16, dialled(number)}, at{17, 16, "NO RECORD FOUND"})
	return b.String()
}

// at is a field of a line: its first column, counted from 1, and its width.
type at struct {
	column, width int
	text          string
}

// board is a text under construction.
type board struct {
	strings.Builder
	eol string
}

func (b *board) line(fields ...at) {
	line := [Width]byte{}
	for i := range line {
		line[i] = ' '
	}
	for _, f := range fields {
		text := plain(f.text)
		copy(line[f.column-1:f.column-1+f.width], text)
	}
	b.Write(line[:])
	b.WriteString(b.eol)
}

// wrapped breaks text into two lines between words, or within a word too long for one.
func wrapped(text string) (first, second string) {
	if len(text) <= Width {
		return text, ""
	}
	cut := strings.LastIndexByte(text[:Width+1], ' ')
	if cut <= 0 {
		cut = Width
	}
	return text[:cut], strings.TrimSpace(text[cut:])
}

// dialled writes a number of the North American plan as its screens do, (415) 555-0100, others in E.164.
func dialled(number string) string {
	if n, ok := strings.CutPrefix(number, "+1"); ok && len(n) == 10 {
		return "(" + n[:3] + ") " + n[3:6] + "-" + n[6:]
	}
	return number
}

// stamp is month, day and time in UTC; ALI screens have no year.
func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format("01/02 15:04")
}
