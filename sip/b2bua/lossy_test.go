package b2bua

import (
	"flag"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

var (
	lossySeed = flag.Uint64("lossy.seed", 1, "first seed of TestCallsOverALossyLink")
	lossyRuns = flag.Uint64("lossy.runs", 600, "calls that TestCallsOverALossyLink makes")
	lossyLine = flag.String("lossy.line", "", "one call for TestLossyFoundBefore to play")
)

// TestCallsOverALossyLink plays calls by chance between three agents, with up to a third of the datagrams lost. One that
// goes wrong is made as short as it can be: people do less, and the link behaves but for what matters.
func TestCallsOverALossyLink(t *testing.T) {
	events, datagrams := 0, 0
	for n := range *lossyRuns {
		seed := *lossySeed + n
		r := rand.New(rand.NewPCG(seed, 1))
		line := people(r)
		x, wrong := playLossy(t, line, unlucky(seed, r.IntN(34)))
		if wrong != "" {
			long := slices.Concat(line, x.link.faults)
			short, fault := shrink(long, func(line []string) string { return replayLossy(t, line) })
			t.Fatalf("seed %d, %d words: %s\n\nshortest: %q\n%s", seed, len(long), wrong, strings.Join(short, " "), fault)
		}
		events, datagrams = events+len(line), datagrams+x.link.count
	}
	t.Logf("%d calls, %d things that people did, %d datagrams", *lossyRuns, events, datagrams)
}

func replayLossy(t *testing.T, line []string) string {
	_, wrong := playLossy(t, line, byTheWay(line))
	return wrong
}

// lossyFound are the shortest lines of faults that there were.
var lossyFound = []struct{ line, fault string }{
	{"c1:early@38 c1:200@262 c1:bye@270 lose=c1>e:183/INVITE/1#1", "none so far: BYE while a 200 waits for a PRACK"},
	{"c1:update@0 a:cancel@85 late=e>c1:INVITE/1#1", "481 in an early dialog left the INVITE without an answer for good"},
}

func TestLossyFoundBefore(t *testing.T) {
	if *lossyLine != "" {
		lossyFound = append(lossyFound, struct{ line, fault string }{*lossyLine, "from the command line"})
	}
	for _, c := range lossyFound {
		if wrong := replayLossy(t, strings.Fields(c.line)); wrong != "" {
			t.Errorf("%q (%s): %s", c.line, c.fault, wrong)
		}
	}
}

// people is what everybody does, by chance.
func people(r *rand.Rand) []string {
	var line []string
	soon := func() int { return r.IntN(400) * r.IntN(20) }
	for _, c := range []string{"c1", "c2", "c3"} {
		if r.IntN(3) > 0 {
			line = append(line, at(c, []string{"ring", "early"}[r.IntN(2)], soon()))
		}
		if r.IntN(6) > 0 {
			line = append(line, at(c, []string{"200", "200", "486", "503"}[r.IntN(4)], soon()))
		}
	}
	within := []string{"reinvite", "reinvite0", "update", "info", "refer"}
	for range r.IntN(6) {
		who := []string{"a", "a", "c1", "c2"}[r.IntN(4)]
		line = append(line, at(who, within[r.IntN(len(within))], 2*soon()))
	}
	switch r.IntN(6) {
	case 0, 1:
		line = append(line, at("a", "cancel", 1+soon()))
	case 2:
		line = append(line, at("a", "bye", 2*soon()))
	case 3:
		line = append(line, at("c1", "bye", 2*soon()))
	}
	if r.IntN(8) == 0 {
		line = append(line, at([]string{"a", "c1", "c1", "c2"}[r.IntN(4)], "cut", 3*soon()))
	}
	return line
}
