package strict

import (
	"bytes"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"gopkg.in/yaml.v3"
)

// FuzzDecode holds for any input: it ends without a panic, problems lie within the file and print on one line each, and
// what has no problem is what yaml.v3 reads as well.
func FuzzDecode(f *testing.F) {
	f.Add([]byte(found1))
	f.Add([]byte("desk: &d {number: a, next: *d}\nrooms: [<<: *d]"))
	f.Add([]byte("name: \"a\nrooms:\n  - ring_time: 3\n   number: x\nby_floor: [\nopen: maybe\n"))
	f.Add([]byte("? [a]\n: b\n---\n...\n%TAG ! x"))
	f.Add([]byte("name: !!binary x\nlimit: ~\nratio: 1e400\nport: 010\nwait: 1h-3s"))
	f.Fuzz(func(t *testing.T, src []byte) {
		var o site
		doc, problems := Decode("f", src, &o)
		lines := 1 + bytes.Count(src, []byte("\n")) + bytes.Count(src, []byte("\r")) + strings.Count(string(src), "\u0085") +
			strings.Count(string(src), "\u2028") + strings.Count(string(src), "\u2029")
		for _, p := range problems {
			if p.Line < 0 || p.Line > lines || p.Message == "" || strings.ContainsAny(p.String(), "\r\n\x1b") {
				t.Errorf("%d lines: %+v", lines, p)
			}
		}
		if len(problems) > MaxProblems+1 || !slices.IsSortedFunc(problems, func(a, b Problem) int { return a.Line - b.Line }) {
			t.Errorf("%d problems, or out of order", len(problems))
		}
		if !doc.Complete() && len(problems) == 0 {
			t.Error("incomplete without a problem")
		}
		if len(problems) > 0 {
			return
		}
		var same site
		dec := yaml.NewDecoder(bytes.NewReader(src))
		dec.KnownFields(true)
		switch err := dec.Decode(&same); {
		case errors.Is(err, io.EOF):
		case err != nil && strings.Contains(err.Error(), "time.Duration"): // it refuses 0
			return
		case err != nil:
			t.Fatalf("yaml.v3 refuses what passes here: %v", err)
		}
		if diff := cmp.Diff(same, o, compareSites, cmp.Comparer(func(a, b []room) bool { return len(a) == len(b) })); diff != "" {
			t.Errorf("yaml.v3 reads it otherwise (-yaml.v3 +strict):\n%s", diff)
		}
	})
}
