package systest

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	api "github.com/twilio/twilio-go/rest/api/v2010"
	trunking "github.com/twilio/twilio-go/rest/trunking/v1"

	"callbox/sip/call"
)

// guide returns a guide as the command prints it, with the addresses of a lab in the place of those it has.
func (l *lab) guide(t *testing.T, name string) string {
	t.Helper()
	text, stderr, code := command(t, "guide", name)
	if code != 0 {
		t.Fatal(code, stderr)
	}
	return strings.NewReplacer("127.0.0.1:5060", l.sip(), "127.0.0.1:5061", l.sips(), "http://127.0.0.1:8080", l.url("")).Replace(text)
}

// follow runs shell commands of a guide where the lab's data is, and returns what they print.
func (l *lab) follow(t *testing.T, commands string) string {
	t.Helper()
	if err := os.Symlink(filepath.Join(l.dir, "data"), filepath.Join(l.dir, "callbox-data")); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "bash", "-c", "set -euo pipefail\n"+commands)
	cmd.Dir, cmd.WaitDelay = l.dir, 5*time.Second
	cmd.Env = append(os.Environ(), "PATH="+filepath.Dir(callbox(t))+":"+os.Getenv("PATH"), "no_proxy=*")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, tail(string(out), 60))
	}
	return string(out)
}

// provisioned gives the lab a trunk and a credential list that are newer than its own, as who followed another guide has them.
func (l *lab) provisioned(t *testing.T) {
	t.Helper()
	c := l.customer(t)
	ok[any](t)(c.trunk.CreateTrunk((&trunking.CreateTrunkParams{}).SetFriendlyName("Another").SetDomainName("another.pstn.twilio.com")))
	ok[any](t)(c.api.CreateSipCredentialList((&api.CreateSipCredentialListParams{}).SetFriendlyName("Another")))
}

// firstCommands are those of the first block of a guide.
func firstCommands(t *testing.T, text string) string {
	t.Helper()
	for _, m := range fence.FindAllStringSubmatch(text, -1) {
		if m[1] == "sh" {
			return m[2]
		}
	}
	t.Fatal("no commands")
	return ""
}

// TestGuidesDoWhatTheySay runs every command of every guide, one after the other in one shell, and looks for every line of
// what one should see in what they print. There an ellipsis stands for anything.
func TestGuidesDoWhatTheySay(t *testing.T) {
	t.Parallel()
	for tool, debian := range map[string]string{"curl": "curl", "bash": "bash"} {
		need(t, tool, debian)
	}
	list, _, _ := command(t, "guide")
	for line := range strings.Lines(list) {
		name, _, _ := strings.Cut(line, " ")
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := startLab(t, settings{})
			text := l.guide(t, name)
			l.provisioned(t)
			var script, seen strings.Builder
			for _, m := range fence.FindAllStringSubmatch(text, -1) {
				switch m[1] {
				case "sh":
					script.WriteString(m[2])
				case "text":
					seen.WriteString(m[2])
				}
			}
			out := l.follow(t, script.String())
			for want := range strings.Lines(seen.String()) {
				if !shows(out, strings.TrimSpace(want)) {
					t.Errorf("nobody sees %q in\n%s", want, out)
				}
			}
		})
	}
}

// shows tells whether a line of out has the parts of want, between its ellipses, in their order.
func shows(out, want string) bool {
	for line := range strings.Lines(out) {
		found := true
		for part := range strings.SplitSeq(want, "…") {
			_, after, ok := strings.Cut(line, strings.TrimSpace(part))
			if line, found = after, found && ok; !found {
				break
			}
		}
		if found {
			return true
		}
	}
	return false
}

// file returns the block of a guide that begins with a line such as "# accounts".
func guideFile(t *testing.T, text, name string) string {
	t.Helper()
	for _, m := range fence.FindAllStringSubmatch(text, -1) {
		if first, rest, _ := strings.Cut(m[2], "\n"); first == "# "+name {
			return rest
		}
	}
	t.Fatal("the guide has no file", name)
	return ""
}

// proven waits until a phone is registered by the password of alice and has called the test service.
func (l *lab) proven(t *testing.T, agent string) {
	t.Helper()
	eventually(t, 30*time.Second, "the phone is registered", func() error {
		if _, body := l.get(t, "/api/v1/registrations"); !strings.Contains(string(body), sanFrancisco) || !strings.Contains(strings.ToLower(string(body)), agent) {
			return fmt.Errorf("registrations: %s", body)
		}
		return nil
	})
}

func TestTheLinphoneGuideRegistersAndCalls(t *testing.T) {
	t.Parallel()
	l := startLab(t, settings{})
	text := l.guide(t, "linphone")
	l.provisioned(t)
	l.follow(t, firstCommands(t, text))
	p := startLinphone(t, "\n"+guideFile(t, text, "linphonerc"), "")
	l.proven(t, "linphone")
	p.do(t, "call 933")
	p.await(t, "Media streams established", 1)
	p.do(t, "terminate")
	if r := l.record(t, l.theAnsweredCall(t)); r.Caller != sanFrancisco || r.Verdict != "test" || r.EndReason != call.EndCallerHungUp {
		t.Errorf("caller %q, verdict %q, ended by %v", r.Caller, r.Verdict, r.EndReason)
	}
}

func TestTheBaresipGuideRegistersAndCalls(t *testing.T) {
	t.Parallel()
	l := startLab(t, settings{md5Only: true})
	text := l.guide(t, "baresip")
	l.follow(t, firstCommands(t, text))
	p := newSoftphone(t)
	p.account, p.modules = guideFile(t, text, "accounts"), []string{"sndfile"}
	said := make(chan string, 1)
	go func() {
		said <- p.run(t, "sip:933@phones.sip.us1.twilio.com", 5*time.Second, 15*time.Second)
	}()
	l.proven(t, "baresip")
	if heard := <-said; !strings.Contains(heard, "Call established") {
		t.Fatal(heard)
	}
	if r := l.record(t, l.theAnsweredCall(t)); r.Caller != sanFrancisco || r.Verdict != "test" || r.EndReason != call.EndCallerHungUp {
		t.Errorf("caller %q, verdict %q, ended by %v", r.Caller, r.Verdict, r.EndReason)
	}
}

// theAnsweredCall waits for the one call that was answered: before it there was one that was challenged.
func (l *lab) theAnsweredCall(t *testing.T) (id string) {
	t.Helper()
	eventually(t, 30*time.Second, "a call is answered", func() error {
		for _, r := range l.calls(t) {
			if r.Verdict == "test" {
				id = string(r.ID)
				return nil
			}
		}
		return fmt.Errorf("no call to the test service")
	})
	return id
}
