package cli

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"callbox/config/strict"
	"callbox/routing/area"
	"callbox/routing/numbering"
	"callbox/routing/transfer"
)

// checkTable checks a file of numbers or of street ranges, whichever it is, as it streams by; kind is "" for one that is
// no CSV.
func checkTable(file string) (kind string, problems strict.Problems, notes []string, err error) {
	f, err := os.Open(file)
	if err != nil {
		return "", nil, nil, fmt.Errorf("check %s: %w", file, reason(err))
	}
	defer f.Close()
	const header = 64 << 10
	r := bufio.NewReaderSize(f, header)
	begin, _ := r.Peek(header) // what cannot be read says so again
	switch {
	case transfer.Recognise(begin):
		problems, notes, err = checkNumbers(file, r)
		return "number file", problems, notes, err
	case strings.EqualFold(filepath.Ext(file), ".csv"):
		guide, problems := area.ReadGuide(file, r, area.GuideOptions{})
		if guide != nil {
			for _, name := range guide.Ignored() {
				notes = append(notes, fmt.Sprintf("column %q is not known and has no effect", name))
			}
		}
		return "address guide", problems, notes, nil
	}
	return "", nil, nil, nil
}

// checkNumbers checks a file that callbox directory import takes, as far as that goes without an edge.
func checkNumbers(file string, r io.Reader) (problems strict.Problems, notes []string, err error) {
	plan, err := numbering.NewPlan(nil)
	if err != nil {
		return nil, nil, err
	}
	report, err := transfer.Check(r, transfer.Options{Plan: plan})
	if err != nil {
		return nil, nil, fmt.Errorf("check %s: %w", file, err)
	}
	for _, p := range report.Problems {
		problems = append(problems, p.In(file))
	}
	if report.Omitted > 0 {
		problems = append(problems, strict.Problem{File: file, Message: fmt.Sprintf("has %d problems more", report.Omitted), Mend: "mend these first"})
	}
	return problems, []string{"what only an edge knows was not looked at: numbers that are taken, trunks, the address guide; callbox directory import --dry-run does that"}, nil
}
