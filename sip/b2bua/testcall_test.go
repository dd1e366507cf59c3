package b2bua

import (
	"strings"
	"testing"

	"callbox/sip/agent"
)

func TestTheReportOfATestCallComesToTheCaller(t *testing.T) {
	body := func(text string) agent.Message {
		return agent.Message{ContentType: "multipart/mixed;boundary=z", Body: []byte("--z\r\nContent-Type: application/sdp\r\n\r\n" + answerB + "a=loopback:rtp-media-loopback\r\na=loopback-mirror\r\n" +
			"\r\n--z\r\nContent-Type: text/plain\r\n\r\n" + text + "\r\n--z\r\nContent-Type: text/html\r\n\r\n<b>\r\n--z--")}
	}
	for _, tt := range []struct {
		name, centre string
		accept       string
		answer       agent.Message
		want         bool
	}{
		{"by URN", "psap-sf", "", body("PSAP: psap-sf"), true},
		{"a phone that says that it takes it", "psap-sf", "application/sdp, Multipart/Mixed;q=0.5", body("PSAP: psap-sf"), true},
		{"a phone that takes anything", "psap-sf", "*/*", body("PSAP: psap-sf"), true},
		{"a phone that takes a description alone", "psap-sf", "application/sdp, text/plain", body("PSAP: psap-sf"), false},
		{"933 has none", "", "", body("PSAP: psap-sf"), false},
		{"a service that says nothing", "psap-sf", "", sdpMessage(answerB), false},
		{"one that says too much", "psap-sf", "", body(strings.Repeat("x", maxReport+1)), false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			play(t, func(w *world) {
				w.plan = testCall()
				w.plan.TestCentre = tt.centre
				headers := []agent.Header{header("X-Callbox-Centre", "forged")}
				if tt.accept != "" {
					headers = append(headers, header("Accept", tt.accept))
				}
				a := w.invite(offerA+"a=loopback:rtp-media-loopback\r\na=loopback-source\r\n", headers...)
				b := w.b(1)
				wantFields(t, b.out.Message, "X-Callbox-Centre", strings.Fields(tt.centre)...)
				if (b.out.To.User == "service:test.sos") != (tt.centre != "") {
					t.Errorf("to %+v", b.out.To)
				}
				if got := strings.Contains(string(b.out.Message.Body), "a=loopback-source\r\n"); got != (tt.centre != "") {
					t.Errorf("the test service is offered\n%s", b.out.Message.Body)
				}
				b.state = legAnswered
				b.does(event{kind: agent.KindAnswered, status: 200, reason: "OK", message: tt.answer})
				m := a.expect("answer 200").message
				if got := strings.Contains(string(m.Body), "PSAP: psap-sf"); got != tt.want || got != strings.HasPrefix(m.ContentType, "multipart/") {
					t.Errorf("%s\n%s", m.ContentType, m.Body)
				}
				mirrored := tt.centre != "" && strings.Contains(string(tt.answer.Body), "a=loopback-mirror\r\n")
				if got := strings.Contains(string(m.Body), "a=loopback-mirror\r\n"); got != mirrored {
					t.Errorf("the caller is answered\n%s", m.Body)
				}
				lacks(a, m, "10.2.2.2", "<b>")
				a.acks("")
				a.byes()
			})
		})
	}
}
