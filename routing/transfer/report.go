package transfer

import (
	"cmp"
	"slices"
	"strings"

	"callbox/config/strict"
)

// MaxProblems is how many problems a Report lists; it counts the rest.
const MaxProblems = 1000

// Report is what became of an import, or would. Its counts are of lines, but for the addresses.
type Report struct {
	Applied bool `json:"applied" doc:"The file's good lines are in the directory now. Of a file with problems nothing is, unless good_lines_only was asked for."`
	DryRun  bool `json:"dry_run" doc:"Nothing was to change."`

	Lines     int `json:"lines" doc:"Lines behind the header, good and bad."`
	Bad       int `json:"bad_lines" doc:"Lines with problems."`
	Added     int `json:"added" doc:"Numbers that are new."`
	Updated   int `json:"updated" doc:"Numbers that were there and are changed."`
	Unchanged int `json:"unchanged" doc:"Numbers that were there just as the file has them."`
	Skipped   int `json:"skipped" doc:"Numbers that were there, are otherwise in the file, and stay as they were."`

	AddressesAdded     int `json:"addresses_added" doc:"Addresses that are new; equal ones are one."`
	AddressesCorrected int `json:"addresses_corrected" doc:"Lines whose address was brought into the form of the address guide."`

	Problems []Problem `json:"problems" doc:"Everything wrong with the file, by line: the first thousand problems."`
	Omitted  int       `json:"problems_omitted" doc:"How many problems there are beyond those listed."`
}

// Problem is one thing wrong with a file: where, what, and how to mend it.
type Problem struct {
	Line     int    `json:"line" doc:"Line of the file, from 1."`
	Position int    `json:"position,omitempty" doc:"Character of the line that the value begins at, from 1."`
	Column   string `json:"column,omitempty" doc:"Name of the column; absent where the whole line is meant."`
	Value    string `json:"value,omitempty" doc:"What stands there, shortened."`
	Message  string `json:"message" doc:"What is wrong."`
	Mend     string `json:"mend,omitempty" doc:"How to mend it."`
}

// In returns the problem as one of a file of this name, which prints on one line.
func (p Problem) In(file string) strict.Problem {
	return strict.Problem{File: file, Line: p.Line, Column: p.Position, Path: p.Column, Value: p.Value, Message: p.Message, Mend: p.Mend}
}

// add takes a problem in while there is room for it.
func (r *Report) add(p Problem) {
	if len(r.Problems) == MaxProblems {
		r.Omitted++
		return
	}
	p.Value = shorten(p.Value)
	r.Problems = append(r.Problems, p)
}

// sort brings the problems into the order of the file: those that the store knows come after those of the text.
func (r *Report) sort() {
	slices.SortStableFunc(r.Problems, func(a, b Problem) int {
		return cmp.Or(a.Line-b.Line, a.Position-b.Position)
	})
}

// shorten keeps a value fit to be shown.
func shorten(value string) string {
	const longest = 80
	value = strings.ToValidUTF8(value, "\uFFFD")
	runes := 0
	for i := range value {
		if runes++; runes > longest {
			return value[:i] + "…"
		}
	}
	return value
}
