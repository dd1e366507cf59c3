package b2bua

import (
	"strings"
	"testing"
	"time"

	"callbox/routing"
	"callbox/routing/directory"
	"callbox/sip/agent"
	"callbox/sip/audio"
	"callbox/sip/call"
	"callbox/sip/media"
)

// fakeListener is the media of somebody who listens.
type fakeListener struct {
	barge, closed bool
	remote        media.Remote
	codec         audio.Codec
	started       int
}

func (m *fakeMedia) listen(barge bool) (mediaListener, error) {
	l := &fakeListener{barge: barge}
	m.listeners = append(m.listeners, l)
	return l, nil
}

func (l *fakeListener) Port() uint16 { return 30100 }
func (l *fakeListener) Close()       { l.closed = true }
func (l *fakeListener) Start(r media.Remote, c audio.Codec) {
	l.remote, l.codec, l.started = r, c, l.started+1
}

const (
	desk       = "sip:desk@127.0.0.1:5090"
	answerDesk = "v=0\r\no=desk 7 7 IN IP4 10.3.3.3\r\ns=-\r\nc=IN IP4 10.3.3.3\r\nt=0 0\r\nm=audio 6000 RTP/AVP 8\r\na=recvonly\r\n"
)

// heardBy has the calls of w heard by a desk.
func (w *world) heardBy(n ...directory.Notification) {
	w.plan = emergency("psap-sf")
	w.plan.Notify = n
}

func listenAt(uri string) directory.Notification {
	return directory.Notification{Kind: directory.NotifyListen, To: uri}
}

func TestADeskIsRungWhenTheCallIsAnsweredAndHearsIt(t *testing.T) {
	t.Parallel()
	play(t, func(w *world) {
		w.heardBy(listenAt(desk), directory.Notification{Kind: directory.NotifyWebhook, To: "http://x"})
		a := w.invite(offerA)
		b := w.b(1)
		b.rings()
		a.expect("progress 180")
		if len(w.dialled) != 1 {
			t.Fatal("the desk was rung before the call was answered")
		}
		b.answers(answerB)
		a.expect("answer 200")
		a.acks("")
		d := w.b(2)
		body := string(d.out.Message.Body)
		if !strings.Contains(body, "m=audio 30100 RTP/AVP 0 8") || !strings.Contains(body, "a=sendrecv") {
			t.Errorf("the desk was offered\n%s", body)
		}
		if d.out.From.User != "+14155550100" || d.out.Message.Get(headerCall) == "" || d.out.Message.Get("Subject") != "Emergency call from +14155550100" {
			t.Errorf("the desk was called by %+v with %v", d.out.From, d.out.Message.Headers)
		}
		d.rings()
		d.answers(answerDesk)
		l := w.media.listeners[0]
		if l.started != 1 || l.barge || l.codec != audio.PCMA || l.remote.RTP.String() != "10.3.3.3:6000" {
			t.Errorf("the desk's media is %+v", l)
		}
		a.byes()
		b.expect("bye")
		d.expect("bye")
		r := w.record()
		if at := r.Attempts[1]; at.Purpose != "listen" || at.Outcome != "answered" || at.URI != desk {
			t.Errorf("recorded as %+v", at)
		}
		if w.heard(call.EventListening) != 1 || r.AnsweredBy != "psap-sf" {
			t.Errorf("events %v", r.Events)
		}
	})
}

// A desk may hold, move its media and refresh its session; none of that is for anybody else.
func TestADeskMayChangeItsLeg(t *testing.T) {
	t.Parallel()
	play(t, func(w *world) {
		w.heardBy(listenAt(desk))
		a, b := w.up()
		d := w.b(2)
		d.asks("UPDATE", "").got(500) // it has not answered
		d.answers(answerDesk)
		l := w.media.listeners[0]
		moved := strings.NewReplacer("m=audio 6000 RTP/AVP 8", "m=audio 6002 RTP/AVP 0", "recvonly", "sendrecv").Replace(answerDesk)
		m := d.asks("INVITE", moved, headers([]string{timerAble, byUAC})...).got(200)
		has(d, m, "m=audio 30100 RTP/AVP 0", "a=sendrecv", byUAC, mustTimer)
		if l.codec != audio.PCMU || l.remote.RTP.String() != "10.3.3.3:6002" {
			t.Errorf("the desk's media is %+v", l)
		}
		d.acks("")
		has(d, d.asks("INVITE", strings.Replace(moved, "sendrecv", "sendonly", 1)).got(200), "a=recvonly")
		d.acks("")
		has(d, d.asks("UPDATE", "", headers([]string{timerAble, byUAC})...).got(200), byUAC)
		d.asks("INVITE", strings.Replace(moved, "AVP 0", "AVP 96", 1)+"a=rtpmap:96 opus/48000/2\r\n").got(488)
		d.asks("INVITE", "nonsense").got(488)
		d.asks("INVITE", "").got(500)
		d.asks("INFO", "").got(500)
		a.silent()
		b.silent()
		a.byes()
	})
}

func TestADeskThatBargesInIsHeard(t *testing.T) {
	t.Parallel()
	play(t, func(w *world) {
		w.heardBy(directory.Notification{Kind: directory.NotifyBarge, To: desk})
		a, _ := w.up()
		w.b(2).rings()
		if !w.media.listeners[0].barge {
			t.Error("the desk is not heard")
		}
		a.byes()
	})
}

func TestWhatBecomesOfADeskNeverTouchesTheCall(t *testing.T) {
	t.Parallel()
	for name, does := range map[string]func(w *world){
		"it refuses":         func(w *world) { w.b(2).fails(486) },
		"it does not answer": func(w *world) { w.pass(2 * listenerRing) },
		"it hangs up":        func(w *world) { w.b(2).answers(answerDesk); w.b(2).byes() },
		"it speaks opus alone": func(w *world) {
			w.b(2).answers(strings.Replace(answerDesk, "AVP 8", "AVP 96", 1) + "a=rtpmap:96 opus/48000/2\r\n")
		},
		"it answers with nonsense": func(w *world) { w.b(2).answers("hello") },
		"it answers with nothing":  func(w *world) { w.b(2).answers("") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			play(t, func(w *world) {
				w.heardBy(listenAt(desk))
				a, b := w.up()
				does(w)
				w.settle()
				if n := w.heard(call.EventUnheard); n != 1 {
					t.Errorf("%d events say so", n)
				}
				if !w.media.listeners[0].closed {
					t.Error("its media is open")
				}
				if len(a.said) > 0 || len(b.said) > 0 || w.edge.Active() != 1 {
					t.Errorf("the call heard of it: %v, %v", a.said, b.said)
				}
				a.byes()
				b.expect("bye")
				w.ended(call.EndCallerHungUp)
			})
		})
	}
}

func TestADeskThatCannotBeReachedIsSaidSo(t *testing.T) {
	t.Parallel()
	play(t, func(w *world) {
		w.heardBy(listenAt("sip:desk@nowhere.example"))
		a, _ := w.up()
		if n := w.heard(call.EventUnheard); n != 1 || !w.media.listeners[0].closed {
			t.Errorf("%d events say so", n)
		}
		a.byes()
	})
}

func TestARegisteredDeskIsRungWhereItIs(t *testing.T) {
	t.Parallel()
	phones := func(uri string) ([]agent.Route, bool) {
		if strings.Contains(uri, "away") {
			return nil, true
		}
		return []agent.Route{{URI: "sip:desk@10.9.9.9:1234", Transport: "udp"}}, true
	}
	playWith(t, Options{Phones: phones}, func(w *world) {
		w.heardBy(listenAt("sip:desk@lab.sip.twilio.com"), listenAt("sip:away@lab.sip.twilio.com"))
		a, _ := w.up()
		if got := w.b(2).out.Route.URI; got != "sip:desk@10.9.9.9:1234" {
			t.Errorf("rung at %s", got)
		}
		if len(w.dialled) != 2 || w.heard(call.EventUnheard) != 1 {
			t.Errorf("%d were dialled", len(w.dialled))
		}
		a.byes()
	})
}

func TestNobodyListensWhereItMakesNoSense(t *testing.T) {
	t.Parallel()
	play(t, func(w *world) { // a test call, of which nobody wants to hear
		w.plan = testCall()
		w.plan.Notify = []directory.Notification{listenAt(desk)}
		a, _ := w.up()
		if len(w.dialled) != 1 {
			t.Error("a desk hears a test call")
		}
		a.byes()
	})
	play(t, func(w *world) { // a codec that no mixer knows
		w.heardBy(listenAt(desk))
		a := w.invite(strings.Replace(offerA, "0 8 101", "96 101", 1) + "a=rtpmap:96 opus/48000/2\r\n")
		w.b(1).answers(strings.Replace(answerB, "0 101", "96 101", 1) + "a=rtpmap:96 opus/48000/2\r\n")
		a.acks("")
		if len(w.dialled) != 1 || w.heard(call.EventUnheard) != 1 {
			t.Errorf("%d were dialled", len(w.dialled))
		}
		a.byes()
	})
}

// ledger is a Notifier that keeps what it is told.
type ledger struct{ told []string }

func (l *ledger) Notify(ev call.Event, d *routing.Decision, r *call.Record) {
	l.told = append(l.told, string(ev.Kind)+" "+d.Dialled+" "+r.AnsweredBy+" "+r.EndReason.String())
}

func TestTheNotifierIsToldHowACallFares(t *testing.T) {
	t.Parallel()
	told := &ledger{}
	playWith(t, Options{Notifier: told}, func(w *world) {
		w.heardBy(directory.Notification{Kind: directory.NotifyWebhook, To: "http://x"})
		a, _ := w.up()
		w.pass(time.Minute)
		a.byes()
		w.settle()
		want := "decided 911  |answered 911 psap-sf |ended 911 psap-sf caller_hung_up"
		if got := strings.Join(told.told, "|"); got != want {
			t.Errorf("told %q, want %q", got, want)
		}
	})
	told.told = nil
	playWith(t, Options{Notifier: told}, func(w *world) { // nobody wants to be told
		a, _ := w.up()
		a.byes()
		w.settle()
		if len(told.told) > 0 {
			t.Errorf("told %q", told.told)
		}
	})
}
