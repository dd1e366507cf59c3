package layers

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// module is the import path every package of callbox starts with.
const module = "callbox"

// pkg is what `go list -json` says of a package, as far as the rules need it.
type pkg struct {
	ImportPath string
	Imports    []string
	Deps       []string
}

// levels places each of our packages; an import goes to a lower level, never sideways, except within cmd.
// A pattern ending in /... means the package and all below it; the longest pattern wins.
var levels = []struct {
	pattern string
	level   int
}{
	{"cmd/...", 7}, {"sip/prompt", 7},
	{"psap/console", 6}, {"routing/callback", 6}, {"psap/sim", 6}, {"sip/phone", 6}, {"routing/twilio", 6}, {"routing/bandwidth", 6},
	{"routing/twilio/rest", 5}, {"routing/notify", 5}, {"sip/b2bua", 5}, {"psap/sim/voice", 5}, {"psap/sim/voice/mkclips", 6},
	{"routing/bandwidth/wire", 5}, {"routing/bandwidth/unified", 6},
	{"routing/lost", 4}, {"routing/keys", 4}, {"routing/bandwidth/order", 4}, {"routing/registrar", 4}, {"routing/registration", 4}, {"routing/fees", 4}, {"sip/agent", 4}, {"sip/media", 4}, {"sip/trace", 4}, {"sip/cdr", 4}, {"psap", 4}, {"routing/transfer", 4}, {"routing/bandwidth/hook", 4},
	{"routing", 3}, {"routing/directory/store", 3}, {"routing/directory/store/storetest", 4}, {"routing/directory/store/storetest/pgtest", 0},
	{"routing/directory", 2}, {"psap/ali/link", 2},
	{"routing/area", 1}, {"routing/webhook", 1}, {"routing/twiml", 1}, {"sip/sdp", 1}, {"psap/ali", 1}, {"psap/ng911", 1}, {"config", 1},
	{"routing/twilio/twiliotest", 0}, {"routing/numbering", 0}, {"routing/labclock", 0}, {"routing/guesser", 0}, {"sip/call", 0}, {"sip/fault", 0}, {"sip/body", 0}, {"sip/fault/faulttest", 0}, {"config/strict", 0}, {"sip/audio", 0}, {"sip/location", 0}, {"sip/location/xmltree", -1},
}

// forbidden says that packages matching from must not depend on packages matching to, not even through others. Patterns
// are those of within.
var forbidden = []struct {
	from, to []string
	except   []string // what the rule binds neither as from nor as to
	direct   bool     // only a direct import breaks the rule
	reason   string
}{
	{
		from: []string{"..."}, to: []string{"github.com/emiago/sipgo/..."}, except: []string{"sip/agent"}, direct: true,
		reason: "sipgo's known faults are mended in one place, sip/agent, which gives everybody else legs and messages",
	},
	{
		from: []string{"sip/call", "sip/location"}, to: []string{"...", "third-party"}, except: []string{"sip/location/xmltree"},
		reason: "everything speaks of calls and places, so their vocabulary rests on the standard library alone",
	},
	{
		from: []string{"config/..."}, to: []string{"..."}, except: []string{"config/strict"},
		reason: "options are read before anything exists that they could describe",
	},
	{
		from:   []string{"routing/..."},
		to:     []string{"sip/agent", "sip/b2bua", "sip/media", "sip/sdp", "psap/...", "net/http", "database/sql"},
		except: []string{"routing/twilio/...", "routing/bandwidth/...", "routing/directory/store/...", "routing/registration", "routing/fees", "routing/transfer", "routing/lost", "routing/keys", "routing/registrar", "routing/notify", "routing/callback", "routing/webhook"},
		reason: "a decision is a pure function of directory and request: no SIP, no HTTP, no I/O, so that explain and the edge cannot differ",
	},
	{
		from:   []string{"routing", "routing/directory", "routing/area", "routing/numbering"},
		to:     []string{"routing/directory/store/..."},
		reason: "a decision reads snapshots, which come in; where they come from, SQL or a file, is nothing to it",
	},
	{
		from: []string{"sip/sdp", "sip/location", "psap/ali", "sip/audio"}, to: []string{"net", "net/http", "os/exec"}, direct: true,
		reason: "parsers and codecs work on bytes; sockets belong to sip/agent and sip/media",
	},
	{
		from: []string{"sip/media"}, to: []string{"sip/agent", "sip/sdp", "sip/b2bua", "routing/..."},
		reason: "the relay moves packets between addresses; what SIP and SDP said of them is the B2BUA's business",
	},
	{
		from: []string{"sip/agent"}, to: []string{"routing/...", "sip/media", "sip/b2bua", "psap/..."},
		reason: "a user agent gives legs to whoever asks; it knows no policy",
	},
	{
		from: []string{"psap/sim", "sip/phone"}, to: []string{"routing/...", "sip/b2bua", "sip/media"},
		reason: "simulated centres and the softphone are the outside world: sharing the edge's code would hide its faults",
	},
	{
		from: []string{"psap"}, to: []string{"sip/agent", "sip/b2bua", "sip/media", "sip/sdp"},
		reason: "the registry of centres probes through an interface; how OPTIONS goes out is sip/agent's business",
	},
	{
		from: []string{"cmd/callbox/internal/web"}, to: []string{"sip/agent", "sip/b2bua", "sip/media"},
		reason: "pages and API read records through small interfaces; the composition root joins them to the edge",
	},
	{
		from: []string{"cmd/callbox/internal/systest"}, to: []string{"..."},
		except: []string{"sip/call", "routing/directory/store/storetest/pgtest"},
		reason: "a system test that uses the edge's own code to judge the edge proves little",
	},
}

func TestImportsOnlyGoDown(t *testing.T) {
	for _, p := range list(t) {
		from, ok := levelOf(p.ImportPath)
		if !ok {
			t.Errorf("%s has no level: say in layers_test.go where it belongs", p.ImportPath)
			continue
		}
		for _, imp := range p.Imports {
			if !ours(imp) || within(p.ImportPath, "cmd/...") {
				continue
			}
			to, _ := levelOf(imp)
			if to < from {
				continue
			}
			t.Errorf("%s (level %d) imports %s (level %d): imports only go down, so that each package can be read with nothing but those below it in mind",
				p.ImportPath, from, imp, to)
		}
	}
}

func TestForbiddenImportsAreAbsent(t *testing.T) {
	for _, p := range list(t) {
		for _, r := range forbidden {
			if !matches(p.ImportPath, r.from) || matches(p.ImportPath, r.except) {
				continue
			}
			deps := p.Deps
			if r.direct {
				deps = p.Imports
			}
			for _, d := range deps {
				if d != p.ImportPath && matches(d, r.to) && !matches(d, r.except) {
					t.Errorf("%s depends on %s: %s", p.ImportPath, d, r.reason)
				}
			}
		}
	}
}

func TestEveryRuleBindsAPackage(t *testing.T) {
	pkgs := list(t)
	for _, r := range forbidden {
		if !slices.ContainsFunc(pkgs, func(p pkg) bool { return matches(p.ImportPath, r.from) && !matches(p.ImportPath, r.except) }) {
			t.Errorf("the rule %q binds no package: it guards nothing", r.reason)
		}
	}
}

// list returns all packages of the module with everything they depend on.
func list(t *testing.T) []pkg {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", "list", "-json=ImportPath,Imports,Deps", module+"/...")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	var stderr strings.Builder
	cmd.Stderr = &stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var pkgs []pkg
	for dec := json.NewDecoder(out); ; {
		var p pkg
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatalf("go list: %v\n%s", err, stderr.String())
		}
		pkgs = append(pkgs, p)
	}
	if err := cmd.Wait(); err != nil {
		t.Fatalf("go list: %v\n%s", err, stderr.String())
	}
	return pkgs
}

func ours(importPath string) bool {
	return importPath == module || strings.HasPrefix(importPath, module+"/")
}

// levelOf returns the level of one of our packages.
func levelOf(importPath string) (level int, ok bool) {
	longest := 0
	for _, l := range levels {
		if within(importPath, l.pattern) && len(l.pattern) > longest {
			longest, level, ok = len(l.pattern), l.level, true
		}
	}
	return level, ok
}

func matches(importPath string, patterns []string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool { return within(importPath, p) })
}

// within tells whether importPath is pattern or, for a pattern ending in /..., lies under it. Patterns of our own
// packages leave the module's name out; "..." means any of them, and "third-party" whatever is neither ours nor the
// standard library's.
func within(importPath, pattern string) bool {
	switch pattern {
	case "...":
		return ours(importPath)
	case "third-party":
		first, _, _ := strings.Cut(importPath, "/")
		return strings.Contains(first, ".")
	}
	importPath = strings.TrimPrefix(importPath, module+"/")
	if tree, ok := strings.CutSuffix(pattern, "/..."); ok {
		return importPath == tree || strings.HasPrefix(importPath, tree+"/")
	}
	return importPath == pattern
}
