package agent

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestWhoGivesUpOnTwoChallengesIsOfferedOne(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h, all := newHabits(), []string{"SHA-256", "MD5"}
		step := func(name, agent string, source byte, want ...string) {
			t.Helper()
			if d := cmp.Diff(want, h.offer(loopback(source), agent, all)); d != "" {
				t.Errorf("%s: %s", name, d)
			}
		}
		step("at first", "old", 1, all...)
		step("again, without credentials", "old", 1, "MD5")
		step("another make", "new", 1, all...)
		step("another address", "old", 2, all...)
		h.answered(loopback(1), "old", "")
		step("after an answer by MD5", "old", 1, "MD5")
		h.answered(loopback(1), "new", "SHA-256")
		step("after a better one", "new", 1, all...)
		step("and once more", "new", 1, all...)
		time.Sleep(habitTime + 2*time.Minute)
		step("after a day", "old", 1, all...)
		all = []string{"SHA-256"}
		step("where MD5 is switched off", "old", 1, "SHA-256")
		step("however often", "old", 1, "SHA-256")
		for i := range 1 << 15 {
			h.offer(loopback(1), fmt.Sprint(i), []string{"MD5", "SHA-256"})
		}
	})
}

// One request in the name of a PBX without MD5, or an answer of ours that got lost, must not lock it out.
func TestWhoDoesNotAnswerMD5AloneIsOfferedAll(t *testing.T) {
	t.Parallel()
	h, all := newHabits(), []string{"MD5", "SHA-256"}
	offered := func(agent string) int { return len(h.offer(loopback(1), agent, all)) }
	for i, want := range []int{2, 1, 2, 1} {
		if n := offered("silent"); n != want {
			t.Errorf("challenge %d of who never answers is of %d algorithms, want %d", i+1, n, want)
		}
	}
	h.answered(loopback(1), "changed", "MD5")
	for i := range mostAlone {
		if n := offered("changed"); n != 1 {
			t.Errorf("challenge %d of a PBX that knows MD5 is of %d algorithms", i+1, n)
		}
	}
	if n := offered("changed"); n != 2 {
		t.Errorf("a PBX that does not answer MD5 any more is never offered another: %d algorithms", n)
	}
	h.answered(loopback(1), "changed", "SHA-256")
	for range 3 {
		if n := offered("changed"); n != 2 {
			t.Errorf("%d algorithms after an answer by the better", n)
		}
	}
}

// As baresip 1.0 does it: it says nothing to two challenges and tries again after a while.
func TestAPhoneThatKnowsOnlyMD5GetsThrough(t *testing.T) {
	t.Parallel()
	a := newRegistrar(t, func(r *Registration) {
		if r.Proof == nil || !proves(r.Proof, "alice", "lab", "pass") {
			r.Challenge("lab")
			return
		}
		r.Accept(nil)
	})
	p, name := newRawPeer(t, a), "User-Agent: old phone"
	offered := func(cseq int) (challenges int, first string) {
		p.send(p.register(newBranch(), cseq, name))
		m := p.recvUntil("SIP/2.0 401")
		return strings.Count(m, "WWW-Authenticate"), header(m, "WWW-Authenticate")
	}
	if n, _ := offered(1); n != 2 {
		t.Errorf("%d challenges at first", n)
	}
	n, challenge := offered(2)
	if n != 1 || !strings.Contains(challenge, "algorithm=MD5") {
		t.Errorf("%d challenges to who gave up: %s", n, challenge)
	}
	auth, _ := answerChallenge([]Header{{"WWW-Authenticate", challenge}}, "REGISTER", "sip:lab.example.com", "alice", "pass")
	p.send(p.register(newBranch(), 3, name, auth.Name+": "+auth.Value))
	p.recvUntil("SIP/2.0 200")
	if n, _ := offered(4); n != 1 {
		t.Errorf("%d challenges to who is known to answer by MD5", n)
	}
}
