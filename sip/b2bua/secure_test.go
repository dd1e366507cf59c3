package b2bua

import (
	"bytes"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"callbox/routing/directory"
	"callbox/sip/call"
	"callbox/sip/media"
	"callbox/sip/sdp"
)

// device is the far end of a leg with SRTP.
type device struct {
	t    testing.TB
	ring sdp.Keyring
}

// lines writes a=crypto as our own descriptions do.
func lines(list ...sdp.Crypto) string {
	l := sdp.Local{Security: sdp.Required, Crypto: list}
	text := ""
	for line := range strings.SplitSeq(string(sdp.Offer(l, sdp.Supported(), sdp.SendRecv, 0)), "\r\n") {
		if strings.HasPrefix(line, "a=crypto:") {
			text += line + "\r\n"
		}
	}
	return text
}

// secured is a description of RTP/AVP with lines a=crypto, as RTP/SAVP.
func secured(description string, list ...sdp.Crypto) string {
	return strings.Replace(description, "RTP/AVP", "RTP/SAVP", 1) + lines(list...)
}

func (d *device) read(body []byte) *sdp.Session {
	d.t.Helper()
	if i := bytes.Index(body, []byte("v=0\r\n")); i > 0 { // beside a location
		body, _, _ = bytes.Cut(body[i:], []byte("\r\n--"))
		body = append(bytes.Clone(body), "\r\n"...)
	}
	s, err := sdp.Parse(body)
	if err != nil {
		d.t.Fatalf("%v:\n%s", err, body)
	}
	if s = s.For(sdp.Optional); !s.Secure() {
		d.t.Fatalf("no SRTP in\n%s", body)
	}
	return s
}

// answer answers an offer of the edge, and returns the keys that the edge must have then.
func (d *device) answer(text string, offer []byte) (string, *media.Keys) {
	d.t.Helper()
	ours, theirs, err := d.ring.Answer(d.read(offer))
	if err != nil {
		d.t.Fatal(err)
	}
	return secured(text, ours), keysOf(d.t, theirs, ours)
}

// answered reads the edge's answer to an offer of d.ring, and returns the keys that the edge must have then.
func (d *device) answered(body []byte) *media.Keys {
	d.t.Helper()
	ours, theirs, err := d.ring.Answered(d.read(body))
	if err != nil {
		d.t.Fatalf("%v:\n%s", err, body)
	}
	return keysOf(d.t, theirs, ours)
}

// keysOf are the keys of the edge: what it sends with, and what it receives with.
func keysOf(t testing.TB, edge, peer sdp.Crypto) *media.Keys {
	k, err := media.NewKeys(keyOf(edge), keyOf(peer))
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func (w *world) keyed(l call.Leg, want *media.Keys) {
	w.t.Helper()
	if got := w.media.sides[l-1].remote.Keys; !reflect.DeepEqual(got, want) {
		w.t.Errorf("leg %v: the keys of the media are not what was agreed on", l)
	}
}

// secureWorld is a world whose trunk is secure and whose centres have these policies, in order.
func secureWorld(w *world, centres ...directory.SRTP) *device {
	w.plan.Secure = true
	for i, s := range centres {
		w.plan.Targets[i].SRTP = s
	}
	return &device{t: w.t}
}

func TestASecureCallerAndAPlainCentre(t *testing.T) {
	play(t, func(w *world) {
		phone := secureWorld(w)
		a := w.invite(secured(offerA, phone.ring.Offer()...))
		b := w.b(1)
		has(b, b.out.Message, "m=audio 30002 RTP/AVP 0 8 101")
		lacks(b, b.out.Message, "crypto", "SAVP")
		if w.media.sides[1].awaits != 0 {
			t.Error("a plain centre's early packets are not taken")
		}
		b.progresses(183, answerB, "x")
		early := phone.answered(a.expect("progress 183").message.Body)
		w.keyed(call.LegA, early)
		b.answersAs("x", answerB)
		m := a.expect("answer 200").message
		has(a, m, "RTP/SAVP 0 101")
		w.keyed(call.LegA, phone.answered(m.Body))
		w.keyed(call.LegA, early)
		w.keyed(call.LegB, nil)
		a.acks("")

		// On hold and back, from either side: the keys are the same.
		for _, dir := range []string{"sendonly", "sendrecv"} {
			q := a.asks("INVITE", secured(with(offerA, dir, 4000), phone.ring.Offer()...))
			passed := b.expect("send INVITE")
			lacks(b, passed.message, "crypto")
			b.responds(passed, 200, with(answerB, map[string]string{"sendonly": "recvonly", "sendrecv": "sendrecv"}[dir], 5000))
			w.keyed(call.LegA, phone.answered(q.got(200).Body))
			w.keyed(call.LegA, early)
			a.acks("")

			q = b.asks("INVITE", with(answerB, dir, 5000))
			passed = a.expect("send INVITE")
			text, _ := phone.answer(with(offerA, map[string]string{"sendonly": "recvonly", "sendrecv": "sendrecv"}[dir], 4000), passed.message.Body)
			a.responds(passed, 200, text)
			lacks(b, q.got(200), "crypto", "SAVP")
			w.keyed(call.LegA, early)
			b.acks("")
		}

		// New keys by re-INVITE, and one that goes back to RTP, which is refused.
		phone.ring = sdp.Keyring{}
		q := a.asks("INVITE", secured(offerA, phone.ring.Offer()...))
		b.responds(b.expect("send INVITE"), 200, answerB)
		rekeyed := phone.answered(q.got(200).Body)
		if reflect.DeepEqual(rekeyed, early) {
			t.Error("the key is the same")
		}
		w.keyed(call.LegA, rekeyed)
		a.acks("")
		a.asks("INVITE", offerA).got(488)
		b.silent()
		w.keyed(call.LegA, rekeyed)
		a.byes()
	})
}

func TestCentresWithSRTP(t *testing.T) {
	for _, secure := range []bool{true, false} {
		t.Run(fmt.Sprintf("secure caller %v", secure), func(t *testing.T) {
			play(t, func(w *world) {
				phone, centre := secureWorld(w, directory.SRTPRequired), &device{t: w.t}
				w.plan.Secure = secure
				offer := offerA
				if secure {
					offer = secured(offerA, phone.ring.Offer()...)
				}
				a := w.invite(offer)
				b := w.b(1)
				has(b, b.out.Message, "RTP/SAVP 0 8 101")
				if w.media.sides[1].awaits != 1 {
					t.Error("packets may pass before it is known how they are protected")
				}
				text, keys := centre.answer(answerB, b.out.Message.Body)
				b.answers(text)
				m := a.expect("answer 200").message
				w.keyed(call.LegB, keys)
				if secure {
					w.keyed(call.LegA, phone.answered(m.Body))
					for _, one := range append(phone.ring.Offer(), centre.ring.Offer()...) {
						lacks(a, m, lines(one)[15:])
					}
				} else {
					lacks(a, m, "crypto", "SAVP")
				}
				a.acks("")
				b.byes()
			})
		})
	}
}

// The first centre answers in the clear, the second under a suite that was not offered under that tag, the third as it
// should.
func TestACentreThatDowngradesIsPassedOver(t *testing.T) {
	play(t, func(w *world) {
		secureWorld(w, directory.SRTPRequired, directory.SRTPRequired, directory.SRTPRequired)
		w.plan.Secure = false
		a, centre := w.invite(offerA), &device{t: w.t}
		w.b(1).answers(answerB)
		w.b(1).expect("bye")
		wrong := centre.ring.Offer()[3]
		wrong.Tag = 1
		w.b(2).answers(secured(answerB, wrong))
		w.b(2).expect("bye")
		text, keys := centre.answer(answerB, w.b(3).out.Message.Body)
		w.b(3).answers(text)
		a.expect("answer 200")
		w.keyed(call.LegB, keys)
		a.acks("")
		a.byes()
		if r := w.record(); r.Attempts[0].Outcome != "failed" || r.Attempts[1].Outcome != "failed" || r.AnsweredBy != "ecc-us" {
			t.Errorf("attempts %+v", r.Attempts)
		}
	})
}

func TestFailoverFromSRTPToRTP(t *testing.T) {
	play(t, func(w *world) {
		phone := secureWorld(w, directory.SRTPRequired, directory.SRTPOff)
		a, first := w.invite(secured(offerA, phone.ring.Offer()...)), &device{t: w.t}
		text, keys := first.answer(answerB, w.b(1).out.Message.Body)
		w.b(1).progresses(183, text, "x")
		w.keyed(call.LegB, keys)
		a.expect("progress 183")
		w.b(1).fails(486)
		lacks(w.b(2), w.b(2).out.Message, "crypto", "SAVP")
		w.b(2).answers(answerB)
		w.keyed(call.LegB, nil)
		a.expect("progress 180")
		w.keyed(call.LegA, phone.answered(a.expect("answer 200").message.Body))
		a.acks("")
		a.byes()
	})
}

func TestACentreMayChoose(t *testing.T) {
	for _, takes := range []bool{true, false} {
		play(t, func(w *world) {
			secureWorld(w, directory.SRTPOptional)
			w.plan.Secure = false
			a, centre := w.invite(offerA), &device{t: w.t}
			b := w.b(1)
			has(b, b.out.Message, "m=audio 30002 RTP/AVP 0 8 101", "a=crypto:1 ")
			text, keys := answerB, (*media.Keys)(nil)
			if takes {
				text, keys = centre.answer(answerB, b.out.Message.Body)
				text = strings.Replace(text, "RTP/SAVP", "RTP/AVP", 1)
			}
			b.answers(text)
			a.expect("answer 200")
			w.keyed(call.LegB, keys)
			a.acks("")
			a.byes()
		})
	}
}

func TestWhatATrunkDoesNotTakeIsRefused(t *testing.T) {
	var phone device
	offer := phone.ring.Offer()
	mki := strings.TrimSuffix(secured(offerA, offer[2]), "\r\n") + "|2^20|1:1\r\n"
	for _, tt := range []struct {
		name, offer string
		secure      bool
		code        string
		says        string
	}{
		{"RTP on a secure trunk", offerA, true, "32208", "SRTP is required and the session description has plain RTP alone (RTP/AVP); switch SRTP on, with its key in SDP (SDES), since calls here are secure"},
		{"SRTP without a key", strings.Replace(offerA, "RTP/AVP", "RTP/SAVP", 1), true, "32208", "the RTP/SAVP audio line has no a=crypto, and its key cannot come in another way"},
		{"a key with an MKI", mki, true, "32208", "SRTP cannot be agreed on, line 1 of a=crypto: it has an MKI, which is not spoken here"},
		{"SRTP on a plain trunk", secured(offerA, offer...), false, "32207", "the session description has no plain RTP audio line (RTP/AVP), only RTP/SAVP; switch SRTP off or make it optional, since calls here are not secure"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			play(t, func(w *world) {
				w.plan.Secure = tt.secure
				w.invite(tt.offer)
				w.refused(488, `Warning: 399 callbox "`+tt.says+`"`, "X-Callbox-Error: "+tt.code)
				if r := w.ended(call.EndBadRequest); fmt.Sprint(r.ErrorCode) != tt.code || r.SIPReason != tt.says {
					t.Errorf("record: %d %q", r.ErrorCode, r.SIPReason)
				}
			})
		})
	}
}

func TestOptionalSRTPFallsToRTPOnAPlainTrunk(t *testing.T) {
	play(t, func(w *world) {
		var phone device
		a := w.invite(offerA + lines(phone.ring.Offer()...))
		w.b(1).answers(answerB)
		lacks(a, a.expect("answer 200").message, "crypto", "SAVP")
		w.keyed(call.LegA, nil)
		a.acks("")
		a.byes()
	})
}

func TestASecureCallerWithoutAnOffer(t *testing.T) {
	play(t, func(w *world) {
		phone := secureWorld(w, directory.SRTPRequired)
		centre := &device{t: w.t}
		a := w.invite("")
		if w.media.sides[0].awaits != 1 || w.media.sides[1].awaits != 1 {
			t.Error("packets may pass before it is known how they are protected")
		}
		b := w.b(1)
		b.answers(secured(answerB, centre.ring.Offer()...))
		offer := a.expect("answer 200").message
		has(a, offer, "RTP/SAVP 0 101")
		text, keys := phone.answer(offerA, offer.Body)
		a.acks(text)
		w.keyed(call.LegA, keys)
		w.keyed(call.LegB, centre.answered(b.expect("ack").message.Body))
		a.byes()
	})
}

// The caller cancels a re-INVITE with new keys after the centre has taken it: what held before holds.
func TestKeysOfACancelledReInviteAreTakenBack(t *testing.T) {
	play(t, func(w *world) {
		phone := secureWorld(w)
		a := w.invite(secured(offerA, phone.ring.Offer()...))
		b := w.b(1)
		b.answers(answerB)
		keys := phone.answered(a.expect("answer 200").message.Body)
		a.acks("")
		var other sdp.Keyring
		q := a.asks("INVITE", secured(offerA, other.Offer()...))
		a.withdrawsLate(q, b, b.expect("send INVITE"), answerB)
		b.responds(b.expect("send INVITE"), 200, answerB)
		w.keyed(call.LegA, keys)
		q = a.asks("INVITE", "") // the keys in an offer of the edge's are those in force
		b.responds(b.expect("send INVITE"), 200, answerB)
		text, _ := phone.answer(offerA, q.got(200).Body) // as a new device would
		a.acks(text)
		b.expect("ack")
		a.byes()
	})
}

// A centre with SRTP calls back; of two phones one must have SRTP and one must not, and the first answers in the clear.
func TestACallbackByACentreWithSRTP(t *testing.T) {
	step := ring("secure", "plain")
	step.Dial[0].Secure = true
	for _, winner := range []string{"secure", "plain"} {
		p := &backPlan{steps: []Step{step, {Kind: StepEnd}}, centre: directory.SRTPRequired}
		playWith(t, Options{Callbacks: p}, func(w *world) {
			centre, phone := &device{t: w.t}, &device{t: w.t}
			a := w.invite(secured(offerA, centre.ring.Offer()...))
			has(w.b(1), w.b(1).out.Message, "RTP/SAVP 0 8 101", "a=crypto:4 ")
			lacks(w.b(2), w.b(2).out.Message, "crypto", "SAVP")
			if winner == "secure" {
				text, keys := phone.answer(answerB, w.b(1).out.Message.Body)
				w.b(1).answers(text)
				w.b(2).expect("cancel")
				w.keyed(call.LegB, keys)
			} else {
				w.b(1).answers(answerB)
				w.b(1).expect("bye")
				w.b(2).answers(answerB)
				w.keyed(call.LegB, nil)
			}
			w.keyed(call.LegA, centre.answered(a.expect("answer 200").message.Body))
			a.acks("")
			a.byes()
		})
	}
}

func TestACentreThatShouldHaveSRTPCallsBackWithout(t *testing.T) {
	p := &backPlan{centre: directory.SRTPRequired}
	playWith(t, Options{Callbacks: p}, func(w *world) {
		w.invite(offerA)
		w.refused(488, "Warning: 399 callbox", "X-Callbox-Error: 32208")
	})
}

// What a centre has answered is offered back to the caller when the centre takes a re-INVITE back: its keys stay, though
// the first line of that answer is not the one that was agreed on.
func TestKeysOfAnAnswerThatIsOfferedBack(t *testing.T) {
	play(t, func(w *world) {
		secureWorld(w, directory.SRTPRequired)
		w.plan.Secure = false
		a, centre := w.invite(offerA), &device{t: w.t}
		b := w.b(1)
		text, keys := centre.answer(answerB, b.out.Message.Body)
		other := new(sdp.Keyring).Offer()[2]
		other.Tag = 99
		b.answers(strings.Replace(text, "a=crypto:", lines(other)+"a=crypto:", 1))
		a.expect("answer 200")
		w.keyed(call.LegB, keys)
		a.acks("")
		q := b.asks("INVITE", secured(answerB, new(sdp.Keyring).Offer()...))
		b.withdrawsLate(q, a, a.expect("send INVITE"), offerA)
		a.responds(a.expect("send INVITE"), 200, offerA)
		w.keyed(call.LegB, keys)
		a.byes()
	})
}
