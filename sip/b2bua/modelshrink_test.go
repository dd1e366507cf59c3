package b2bua

import (
	"flag"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

var (
	modelSeed = flag.Uint64("model.seed", 1, "first seed of TestTheEdgeDoesWhatTheModelSays")
	modelRuns = flag.Uint64("model.runs", 5000, "calls that TestTheEdgeDoesWhatTheModelSays makes")
	modelLine = flag.String("model.line", "", "one call for TestFoundBefore to play")
)

// TestTheEdgeDoesWhatTheModelSays plays calls by chance. One that goes wrong is made as short as it can be before it is
// printed: that line belongs into the table of TestFoundBefore.
func TestTheEdgeDoesWhatTheModelSays(t *testing.T) {
	covered, events := map[cell]int{}, 0
	for _, c := range foundBefore {
		p, _ := playLine(t, strings.Fields(c.line))
		maps.Copy(covered, p.m.covered)
	}
	for n := range *modelRuns {
		seed := *modelSeed + n
		set, source := byChance(rand.New(rand.NewPCG(seed, 0)))
		p, wrong := playCall(t, set, source)
		if wrong != "" {
			long := slices.Concat(set, p.played)
			line, fault := shrink(long, replay(t))
			t.Fatalf("seed %d, %d words: %s\n\nshortest: %q\n%s", seed, len(long), wrong, strings.Join(line, " "), fault)
		}
		events += len(p.played)
		for c, n := range p.m.covered {
			covered[c] += n
		}
	}
	t.Logf("%d calls, %d events", *modelRuns, events)
	if *modelRuns < 5000 {
		return
	}
	for _, at := range reached {
		if covered[at] == 0 {
			t.Errorf("event kind %d never came in phase %d: chance does not reach that place of a transfer", at.kind, at.phase)
		}
	}
	for kind, r := range table {
		for _, p := range []phase{phaseAsking, phaseResolving, phaseDialling, phaseAnnouncing, phaseUp} {
			if r.in(p) != nil && covered[cell{kind, p}] == 0 {
				t.Errorf("event kind %d never came in phase %d: chance does not reach that place of the table", kind, p)
			}
		}
	}
}

// foundBefore are the shortest calls of faults that there were and what they were, and calls that chance seldom makes.
var foundBefore = []struct{ line, fault string }{
	{"one announce queue b:183 2m 50s b:486 20s", "none so far: the set-up's limit ends the announcement"},
	{"queue b:183 1h", "a centre that kept the call in its queue cost the caller all the others"},
	{"b:200 a:ack a:reinvite b:ok0 &b:reinvite 20s", "an offer of our own that crossed another was not made again: one side stayed on hold"},
	{"offerless 100rel b:183o a:prack b:200- a:ack a:reinvite b:ok", "none so far: an offer and its answer before the call is answered"},
	{"offerless strict b:180 b:183o b:486 b:180 a:prack b:200 a:ack", "none so far: the answer comes too late for the centre that offered"},
	{"offerless 100rel b:183o b:200y b:183o a:prack! b:200", "none so far: an offer that is not answered"},
	{"one announce b:486 shutdown", "none so far: the edge stops while the announcement is on its way"},
	{"a-timed b-refreshes b:200 a:ack 14m 1s b:retime 2m a:no 14m", "none so far: a refresh by re-INVITE that is refused"},
	{"one b:200 a:ack b:refern found b:183 o:bye b:486 b:200", "none so far: nobody but the centre that has hung up is left"},
	{"b:200 a:ack b:refer b:200 o:bye 20s b:refer- b:486 o:bye", "none so far: a centre that knows of no failure hangs up"},
	{"b:200 a:ack a:reinvite0 b:ok &a:withdraw", "none so far: CANCEL of a re-INVITE without an offer that crossed our 2xx"},
}

func TestFoundBefore(t *testing.T) {
	if *modelLine != "" {
		foundBefore = append(foundBefore, struct{ line, fault string }{*modelLine, "from the command line"})
	}
	for _, c := range foundBefore {
		if _, wrong := playLine(t, strings.Fields(c.line)); wrong != "" {
			t.Errorf("%q (%s): %s", c.line, c.fault, wrong)
		}
	}
}

// FuzzCall takes every byte for a word: the lower bits say which, the upper one whether it crosses the one before.
func FuzzCall(f *testing.F) {
	for _, c := range foundBefore {
		var b []byte
		for _, text := range strings.Fields(c.line) {
			name, crossing := strings.CutPrefix(text, "&")
			n := byte(slices.Index(spoken, name))
			if crossing {
				n |= 0x80
			}
			b = append(b, n)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) > 200 {
			return
		}
		var line []string
		for _, c := range b {
			text := spoken[int(c&0x7f)%len(spoken)]
			if c&0x80 != 0 && strings.Contains(text, ":") {
				text = "&" + text
			}
			line = append(line, text)
		}
		if _, wrong := playLine(t, line); wrong != "" {
			line, fault := shrink(line, replay(t))
			t.Fatalf("%s\n\nshortest: %q\n%s", wrong, strings.Join(line, " "), fault)
		}
	})
}

// playLine plays a call from its words, settings among them, and returns what is wrong.
func playLine(t *testing.T, line []string) (p *player, wrong string) {
	var set, words []string
	for _, text := range line {
		if slices.Contains(settings, text) {
			set = append(set, text)
		} else {
			words = append(words, text)
		}
	}
	return playCall(t, set, func(*model) string {
		if len(words) == 0 {
			return ""
		}
		next := words[0]
		words = words[1:]
		return next
	})
}

func replay(t *testing.T) func([]string) string {
	return func(line []string) string {
		_, wrong := playLine(t, line)
		return wrong
	}
}

// spoken is every word in the places where it may be said.
var spoken = func() []string {
	all := append(slices.Clone(settings), slices.Sorted(maps.Keys(otherWords))...)
	for _, name := range slices.Sorted(maps.Keys(legWords)) {
		switch w := legWords[name]; {
		case (&modelLeg{state: legEarly}).can(w, true):
			all = append(all, "a:"+name)
		case (&modelLeg{state: legEarly}).can(w, false):
			all = append(all, "b:"+name)
		default:
			all = append(all, "a:"+name, "b:"+name)
		}
	}
	return append(all, "o:200", "o:486", "o:refer", "o:bye", "o:ok", "o:info", "o:nocall", "o:reinvite")
}()

// byChance is a call at random. Words that keep a call going come more often than those that end it.
func byChance(r *rand.Rand) (set []string, source func(*model) string) {
	for range r.IntN(4) {
		if s := settings[r.IntN(len(settings))]; s != "refused" && s != "defect" && s != "noports" && s != "nonsense" || r.IntN(5) == 0 {
			set = append(set, s)
		}
	}
	words := slices.Clone(spoken[len(settings):])
	for range 4 {
		words = append(words, "a:ack", "a:ack", "b:200", "b:180", "b:183", "b:486", "a:reinvite", "b:reinvite", "a:reinvite0",
			"b:reinvite0", "b:183o", "a:prack", "b:refer", "o:ok", "o:bye", "a:withdraw", "b:withdraw", "a:ok", "a:ok", "b:ok", "b:ok",
			"b:ack", "20s")
	}
	left := 3 + r.IntN(40)
	return set, func(m *model) string {
		if left--; left < 0 {
			return ""
		}
		for range 200 {
			text := words[r.IntN(len(words))]
			if rare := strings.HasSuffix(text, "bye") || strings.HasSuffix(text, "gone") || text == "shutdown" || text == "silence" ||
				strings.HasSuffix(text, "cancel") || text == "1h" || strings.HasSuffix(text, "noack"); rare && r.IntN(6) != 0 {
				continue
			}
			if _, _, ok := m.find(text); !ok {
				continue
			}
			if strings.Contains(text, ":") && r.IntN(100) < 40 {
				return "&" + text
			}
			return text
		}
		return ""
	}
}

// shrink makes a failing line as short as it can: it leaves out ever smaller pieces (Zeller's ddmin), then any two words,
// such as a request and its answer, until none can be spared, and crossings that make no difference. It returns what is
// wrong with that.
func shrink(line []string, wrongWith func([]string) string) (shortest []string, wrong string) {
	fails := func(line []string) bool {
		fault := wrongWith(line)
		if fault != "" {
			wrong = fault
		}
		return fault != ""
	}
	for size := max(len(line)/2, 1); ; size = max(size/2, 1) {
		n := len(line)
		for at := 0; at < len(line); {
			if shorter := slices.Delete(slices.Clone(line), at, min(at+size, len(line))); fails(shorter) {
				line = shorter
			} else {
				at += size
			}
		}
		if size > 1 || len(line) < n {
			continue
		}
		if line = spareTwo(line, fails); len(line) == n {
			break
		}
	}
	for i, text := range line {
		plain := slices.Clone(line)
		plain[i] = strings.TrimPrefix(text, "&")
		if plain[i] != text && fails(plain) {
			line = plain
		}
	}
	return line, wrong
}

// spareTwo leaves out the first two words that can be spared together.
func spareTwo(line []string, fails func([]string) bool) []string {
	for j := range line {
		for i := range j {
			shorter := slices.Delete(slices.Clone(line), j, j+1)
			if shorter = slices.Delete(shorter, i, i+1); fails(shorter) {
				return shorter
			}
		}
	}
	return line
}
