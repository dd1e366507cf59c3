package b2bua

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"callbox/routing"
	"callbox/routing/directory"
	"callbox/sip/agent"
	"callbox/sip/call"
	"callbox/sip/media"
)

// Referral knows every centre whose name begins with psap or ecc; a host is looked up where it is a name.
// tls.example redirects.
func (w *world) Referral(to agent.ReferTo, deliver directory.Delivery) (routing.Target, bool) {
	id := to.Target.User
	if !strings.HasPrefix(id, "psap") && !strings.HasPrefix(id, "ecc") {
		return routing.Target{}, false
	}
	uri := "sip:" + id + "@127.0.0.1:5070"
	if to.Target.Host == "lab.example" {
		uri = "sip:" + id + "@lab.example"
	}
	t := routing.Target{ID: id, URI: uri, Ring: 20 * time.Second, Deliver: deliver}
	if to.Target.Host == "tls.example" {
		redirecting(&t)
	}
	return t, true
}

const referSF = "Refer-To: <sip:psap-new@callbox.example>"

// refers sends REFER with these header fields.
func (p *peer) refers(lines ...string) *ask { return p.asks("REFER", "", headers(lines)...) }

// told takes the next NOTIFY, which must say this, and answers it.
func (p *peer) told(status int, state string) {
	p.w.t.Helper()
	s := p.expect("send NOTIFY")
	has(p, s.message, fmt.Sprintf("SIP/2.0 %d ", status), "Event: refer", "Subscription-State: "+state, "message/sipfrag;version=2.0")
	p.responds(s, 200, "")
}

func (w *world) kinds() (all []string) {
	w.settle()
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, e := range w.events {
		if strings.HasPrefix(string(e.Kind), "transfer") {
			all = append(all, string(e.Kind)+" "+e.Target)
		}
	}
	return all
}

func (w *world) transfers(want ...string) {
	w.t.Helper()
	if got := w.kinds(); !slices.Equal(got, want) {
		w.t.Errorf("events %v, want %v", got, want)
	}
}

const answerC = "v=0\r\no=carol 9 9 IN IP4 10.3.3.3\r\ns=-\r\nc=IN IP4 10.3.3.3\r\nt=0 0\r\nm=audio 6000 RTP/AVP 0 101\r\na=rtpmap:101 telephone-event/8000\r\na=sendrecv\r\n"

func TestACentreTransfersItsCall(t *testing.T) {
	t.Parallel()
	play(t, func(w *world) {
		a, b := w.up()
		has(b, b.refers(referSF, "Referred-By: <sip:agent7@ecc.example>").got(202))
		b.told(100, "active")
		c := w.b(2)
		has(c, c.out.Message, "P-Asserted-Identity: <sip:+14155550100@127.0.0.1>", "Priority: emergency", "X-Callbox-Dialled: 911",
			"X-Callbox-Call: CA", "Referred-By: <sip:agent7@ecc.example>", "c=IN IP4 127.0.0.1", "m=audio 30002 RTP/AVP 0 8 101", "Harrison")
		lacks(c, c.out.Message, "Replaces", "10.1.1.1", "secret")
		c.rings()
		b.told(180, "active")
		if got := w.media.sides[1].remote.RTP.String(); got != "10.2.2.2:5000" {
			t.Errorf("while it rings the caller's media goes to %s", got)
		}
		c.answers(answerC)
		b.told(200, "terminated;reason=noresource")
		has(b, b.expect("bye").message, "the call was transferred")
		if got := w.media.sides[1].remote.RTP.String(); got != "10.3.3.3:6000" {
			t.Errorf("the caller's media goes to %s, want the new centre", got)
		}
		if w.media.hold != "false" {
			t.Error("silence is not watched for")
		}
		a.silent()
		q := c.asks("INFO", "") // it is leg B like any other
		a.responds(a.expect("send INFO"), 200, "")
		q.got(200)
		if w.registry.taken != 2 || w.registry.given != 1 {
			t.Errorf("%d places taken, %d given back", w.registry.taken, w.registry.given)
		}
		c.byes()
		a.expect("bye")
		r := w.ended(call.EndCalleeHungUp)
		if r.AnsweredBy != "psap-new" || r.SIPCallIDB != "call-b2" || outcomes(r) != "psap-sf answered 200, psap-new answered 200" ||
			r.Attempts[1].TransferredBy != "psap-sf" {
			t.Errorf("answered by %s, Call-ID %s, attempts %s: %+v", r.AnsweredBy, r.SIPCallIDB, outcomes(r), r.Attempts)
		}
		w.transfers("transferring psap-new", "transferred psap-new")
	})
}

func TestACallerStaysWhereTheTransferFails(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		script func(w *world)
		status int
	}{
		"busy":           {func(w *world) { w.b(2).fails(486) }, 486},
		"declined":       {func(w *world) { w.b(2).fails(603) }, 603},
		"down":           {func(w *world) { w.b(2).dies(503) }, 503},
		"no answer":      {func(w *world) { w.pass(20 * time.Second) }, 408},
		"no description": {func(w *world) { w.b(2).answers("") }, 488},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			play(t, func(w *world) {
				a, b := w.up()
				b.refers(referSF).got(202)
				b.told(100, "active")
				c.script(w)
				b.told(c.status, "terminated")
				w.transfers("transferring psap-new", "transfer_failed psap-new")
				q := b.asks("INFO", "")
				a.responds(a.expect("send INFO"), 200, "")
				q.got(200)
				b.refers("Refer-To: <sip:psap-oak@callbox.example>").got(202)
				s := b.expect("send NOTIFY")
				has(b, s.message, "Event: refer;id=7") // the second one needs it
				w.b(3).answers(answerC)
				b.responds(s, 200, "")
				b.told(200, "terminated")
				b.expect("bye")
				a.silent()
				a.byes()
				w.b(3).expect("bye")
			})
		})
	}
}

func TestATargetOutOfServiceOrFullIsNotDialled(t *testing.T) {
	t.Parallel()
	play(t, func(w *world) {
		w.registry.out["psap-new"], w.registry.full["psap-oak"] = true, true
		a, b := w.up()
		b.refers(referSF).got(202)
		b.told(100, "active")
		b.told(480, "terminated")
		b.refers("Refer-To: sip:psap-oak@h").got(202)
		b.told(100, "active")
		b.told(486, "terminated")
		a.byes()
		b.expect("bye")
		if got := outcomes(w.record()); got != "psap-sf answered 200, psap-new out_of_service, psap-oak busy" {
			t.Errorf("attempts %q", got)
		}
	})
}

func TestACentreThatHangsUpAtOnceLeavesTheCallerToTheTarget(t *testing.T) {
	t.Parallel()
	play(t, func(w *world) {
		a, b := w.up()
		b.refers(referSF).got(202)
		b.expect("send NOTIFY")
		b.byes()
		a.silent()
		if w.registry.given != 1 || w.media.hold != "true" || w.media.sides[1].remote.RTP.IsValid() {
			t.Errorf("%d places given back, hold %s, media to %v", w.registry.given, w.media.hold, w.media.sides[1].remote.RTP)
		}
		a.asks("INFO", "").got(500)
		w.media.notify(mediaTimeout())
		c := w.b(2)
		c.progresses(183, answerC, "x")
		if got := w.media.sides[1].remote.RTP.String(); got != "10.3.3.3:6000" {
			t.Errorf("the caller hears %s, want the target's early media", got)
		}
		c.answers(answerC)
		a.silent()
		if w.media.hold != "false" {
			t.Error("silence is not watched for")
		}
		a.byes()
		c.expect("bye")
		if r := w.ended(call.EndCallerHungUp); r.AnsweredBy != "psap-new" {
			t.Errorf("answered by %s", r.AnsweredBy)
		}
	})
}

func TestACallerWhoseCentreHasGoneFallsBackOnTheDecision(t *testing.T) {
	t.Parallel()
	play(t, func(w *world) {
		a, b := w.up()
		b.refers("Refer-To: <sip:psap-oak@h>").got(202)
		b.byes()
		w.b(2).fails(486)
		if uri := w.b(3).out.Route.URI; uri != "sip:psap-sf@127.0.0.1:5070" {
			t.Errorf("first %s is tried", uri)
		}
		lacks(w.b(3), w.b(3).out.Message, "Referred-By")
		w.pass(20 * time.Second)
		w.b(3).expect("cancel")
		a.silent()
		w.b(4).answers(answerC)
		a.silent()
		a.byes()
		r := w.ended(call.EndCallerHungUp)
		if r.AnsweredBy != "ecc-us" || outcomes(r) != "psap-sf answered 200, psap-oak busy 486, psap-sf timeout, ecc-us answered 200" {
			t.Errorf("answered by %s after %s", r.AnsweredBy, outcomes(r))
		}
	})
	play(t, func(w *world) { // nobody is left
		w.plan = emergency("ecc-us")
		a, b := w.up()
		b.refers(referSF).got(202)
		b.byes()
		w.b(2).fails(486)
		w.b(3).fails(486)
		has(a, a.expect("bye").message, "Reason: SIP;cause=480")
		w.ended(call.EndNoTarget)
	})
}

func TestAByeThatCrossesTheNewsOfTheFailureDoesNotEndTheCall(t *testing.T) {
	t.Parallel()
	play(t, func(w *world) {
		a, b := w.up()
		b.refers(referSF).got(202)
		b.told(100, "active")
		w.b(2).fails(486)
		b.expect("send NOTIFY") // on its way
		b.byes()
		a.silent()
		w.b(3).answers(answerC) // psap-sf, from the beginning
		a.byes()
		w.ended(call.EndCallerHungUp)
	})
	play(t, func(w *world) {
		a, b := w.up()
		b.refers(referSF).got(202)
		b.told(100, "active")
		w.b(2).fails(486)
		b.told(486, "terminated") // it knows, and hangs up
		b.byes()
		a.expect("bye")
		w.ended(call.EndCalleeHungUp)
	})
}

func TestACallerWhoHangsUpEndsTheTransfer(t *testing.T) {
	t.Parallel()
	play(t, func(w *world) {
		a, b := w.up()
		b.refers(referSF).got(202)
		w.b(2).rings()
		a.byes()
		b.expect("send NOTIFY")
		b.expect("bye")
		w.b(2).expect("cancel")
		if got := outcomes(w.ended(call.EndCallerHungUp)); got != "psap-sf answered 200, psap-new cancelled" {
			t.Errorf("attempts %q", got)
		}
	})
}

func TestOneTransferRunsAtATimeAndNotForEver(t *testing.T) {
	t.Parallel()
	play(t, func(w *world) {
		a, b := w.up()
		b.refers(referSF).got(202)
		has(b, b.refers(referSF).got(491), "Retry-After")
		b.told(100, "active")
		w.b(2).answers(answerC)
		b.told(200, "terminated")
		b.expect("bye")
		at := w.b(2)
		for n := 3; n <= 1+maxTransfers; n++ {
			at.refers(referSF).got(202)
			at = w.b(n)
			at.answers(answerC)
		}
		has(at, at.refers(referSF).got(603), "too often")
		a.silent()
		a.byes()
	})
}

func TestReferIsFollowedToCentresOnly(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		lines  []string
		status int
		want   string
	}{
		"nowhere":         {nil, 400, "one Refer-To"},
		"two":             {[]string{referSF, referSF}, 400, "one Refer-To"},
		"somebody":        {[]string{"Refer-To: <sip:pizza@example.com>"}, 403, "call centres of the directory only"},
		"a telephone":     {[]string{"Refer-To: <tel:+14155550100>"}, 416, "SIP URI"},
		"with a Route":    {[]string{"Refer-To: <sip:psap-new@h?Route=%3Csip:evil.example%3E>"}, 403, "header field"},
		"another method":  {[]string{"Refer-To: <sip:psap-new@h;method=BYE>"}, 403, "method"},
		"another address": {[]string{"Refer-To: <sip:psap-new@h;maddr=10.9.9.9>"}, 403, "maddr"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			play(t, func(w *world) {
				a, b := w.up()
				has(b, b.refers(c.lines...).got(c.status), "Warning: 399", c.want)
				b.silent()
				if len(w.dialled) != 1 {
					t.Error("somebody was dialled")
				}
				a.byes()
			})
		})
	}
}

func TestWhoAsksForNoNotifyGetsNone(t *testing.T) {
	t.Parallel()
	play(t, func(w *world) {
		a, b := w.up()
		has(b, b.refers(referSF, "Refer-Sub: false").got(202), "Refer-Sub: false")
		w.b(2).rings()
		w.b(2).answers(answerC)
		b.expect("bye")
		b.silent()
		a.byes()
	})
}

func TestACentreThatDoesNotTakeTheNewsIsLetGo(t *testing.T) {
	t.Parallel()
	play(t, func(w *world) {
		a, b := w.up()
		b.refers(referSF).got(202)
		b.responds(b.expect("send NOTIFY"), 481, "") // its subscription is gone, its dialog is not
		w.b(2).rings()
		w.b(2).answers(answerC)
		b.expect("bye")
		a.byes()
	})
	play(t, func(w *world) {
		a, b := w.up()
		b.refers(referSF).got(202)
		b.told(100, "active")
		w.b(2).answers(answerC)
		b.expect("send NOTIFY")
		b.silent()
		w.pass(partingTime)
		b.expect("bye")
		a.byes()
	})
	play(t, func(w *world) { // or hangs up itself
		a, b := w.up()
		b.refers(referSF).got(202)
		b.told(100, "active")
		w.b(2).answers(answerC)
		b.byes()
		a.silent()
		a.byes()
	})
}

func TestAnAttendedTransferReplacesTheConsultation(t *testing.T) {
	t.Parallel()
	play(t, func(w *world) {
		a, b := w.up()
		b.refers("Refer-To: <sip:psap-new@10.3.3.3?Replaces=c1%40ecc%3Bto-tag%3Dt%3Bfrom-tag%3Df>").got(202)
		c := w.b(2)
		has(c, c.out.Message, "Replaces: c1@ecc;to-tag=t;from-tag=f", "Require: replaces", "Referred-By: <sip:psap-sf@127.0.0.1>")
		c.fails(481)
		b.told(100, "active")
		b.told(481, "terminated")
		a.byes()
	})
}

func mediaTimeout() media.Notice { return media.Notice{Kind: media.NoticeTimeout} }
