package systest

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"callbox/sip/call"
)

// outcome is what a row of the lab's table promises for a call, as its record tells it.
type outcome struct {
	Verdict    string
	AnsweredBy string
	Caller     string
	Replaced   bool
	Service    string
	FeeCents   int64
	Warning    int
	Status     int // given to the caller
	ErrorCode  int
	End        string
}

func outcomeOf(r call.Record) outcome {
	return outcome{r.Verdict, r.AnsweredBy, r.Caller, r.CallerReplaced, r.Service, r.FeeCents, r.Warning, r.SIPStatus, r.ErrorCode, r.EndReason.String()}
}

// answered is the outcome of a call that a centre took for the number the caller has.
func answered(centre, caller string) outcome {
	return outcome{Verdict: "psap", AnsweredBy: centre, Caller: caller, Service: "e911", Status: 200, End: "caller_hung_up"}
}

// with returns o changed by f.
func (o outcome) with(f func(*outcome)) outcome {
	f(&o)
	return o
}

// toECC makes the outcome that of a call which the national centre takes for lack of an address.
func toECC(o *outcome) { o.Verdict, o.Service, o.FeeCents, o.Warning = "ecc", "e911", 7500, 22221 }

func toTest(o *outcome) { o.Verdict = "test" }

// fromLondon makes the outcome one that was refused only after the caller was found.
func fromLondon(o *outcome) { o.Caller, o.Service = "+442079460100", "e911" }

func refused(status, code int) outcome {
	return outcome{Verdict: "refuse", Status: status, ErrorCode: code, End: "refused"}
}

// row is one line of the lab's table: who dials what where, and what must become of it.
type row struct {
	name   string
	from   string // number, or URI
	to     string
	domain string // "" is lab.sip.us1.twilio.com
	want   outcome
}

func (r row) fromURI() string {
	if strings.Contains(r.from, ":") {
		return r.from
	}
	domain := r.domain
	if domain == "" {
		domain = "lab.sip.us1.twilio.com"
	}
	return "sip:" + r.from + "@" + domain
}

const (
	sanFrancisco = "+14155550100"
	newYork      = "+12125550100"
	stranger     = "+19995550199"
	store        = "store.sip.us1.twilio.com"
)

var labTable = []row{
	{"an e911 number reaches the centre of its address", sanFrancisco, "911", "", answered("psap-sf", sanFrancisco)},
	{"112 works where 911 does", sanFrancisco, "112", "", answered("psap-sf", sanFrancisco)},
	{"a New York number reaches New York", newYork, "911", "", answered("psap-nyc", newYork)},
	{"a basic911 number reaches the same centre", "+14155550101", "911", "",
		answered("psap-sf", "+14155550101").with(func(o *outcome) { o.Service = "basic911" })},
	{"a number without an address reaches the ECC for a fee", "+14155550102", "911", "", answered("ecc-us", "+14155550102").with(toECC)},
	{"a number with an address and neither service reaches the ECC free", "+18005550103", "911", "",
		answered("ecc-us", "+18005550103").with(func(o *outcome) { o.Verdict, o.Service = "ecc", "none" })},
	{"a pending registration counts as none", "+14155550104", "911", "", answered("ecc-us", "+14155550104").with(toECC)},
	{"an Ottawa number reaches Ottawa", "+16135550100", "911", "", answered("psap-ottawa", "+16135550100")},
	{"London takes 999", "+442079460100", "999", "", answered("psap-london", "+442079460100")},
	{"London takes 112", "+442079460100", "112", "", answered("psap-london", "+442079460100")},
	{"Dublin takes 112", "+35315550100", "112", "", answered("psap-dublin", "+35315550100")},
	{"Dublin takes 999", "+35315550100", "999", "", answered("psap-dublin", "+35315550100")},
	{"Sydney takes 000", "+61255500100", "000", "", answered("psap-sydney", "+61255500100")},
	{"Sydney takes 106", "+61255500100", "106", "", answered("psap-sydney", "+61255500100")},
	{"Paris takes 15", "+33155500100", "15", "", answered("psap-paris", "+33155500100")},
	{"Paris takes 17", "+33155500100", "17", "", answered("psap-paris", "+33155500100")},
	{"Berlin takes 110", "+493055500100", "110", "", answered("psap-berlin", "+493055500100")},
	{"Vienna takes 144", "+4315550100", "144", "", answered("psap-vienna", "+4315550100")},
	{"a service URN means the country's number", sanFrancisco, "urn:service:sos", "", answered("psap-sf", sanFrancisco)},
	{"a police URN reaches the police number of the country", "+493055500100", "urn:service:sos.police", "", answered("psap-berlin", "+493055500100")},
	{"the host without a region is the same domain", sanFrancisco, "911", "lab.sip.twilio.com", answered("psap-sf", sanFrancisco)},
	{"a stranger's call is made for the store's Emergency Caller ID", stranger, "911", store,
		answered("psap-sf", sanFrancisco).with(func(o *outcome) { o.Replaced = true })},
	{"an anonymous caller is replaced too", "sip:anonymous@anonymous.invalid", "911", store,
		answered("psap-sf", sanFrancisco).with(func(o *outcome) { o.Replaced = true })},
	{"the store's callers with an address of their own keep their number", newYork, "911", store, answered("psap-nyc", newYork)},
	{"933 reaches the test service", sanFrancisco, "933", "", answered("test-service", sanFrancisco).with(toTest)},
	{"933 works from Canada", "+16135550100", "933", "", answered("test-service", "+16135550100").with(toTest)},
	{"933 without an address costs nothing", "+14155550102", "933", "", answered("test-service", "+14155550102").with(toTest)},

	{"a stranger is refused", stranger, "911", "", refused(403, 32204)},
	{"a From that is no number is refused", "sip:alice@lab.sip.us1.twilio.com", "911", "", refused(403, 32206)},
	{"an anonymous caller without an Emergency Caller ID is refused", "sip:anonymous@anonymous.invalid", "911", "", refused(403, 32206)},
	{"a domain without emergency calling refuses", sanFrancisco, "911", "quiet.sip.us1.twilio.com", refused(403, 0)},
	{"an unknown domain is not found", sanFrancisco, "911", "nowhere.sip.us1.twilio.com", refused(404, 0)},
	{"an ordinary number is not forwarded", sanFrancisco, "+12025550123", "", refused(404, 32101)},
	{"a short number that is no emergency number is not found", sanFrancisco, "411", "", refused(404, 32101)},
	{"911 is no number of Britain", "+442079460100", "911", "", refused(403, 0).with(fromLondon)},
	{"933 is no number of Britain", "+442079460100", "933", "", refused(403, 0).with(fromLondon)},
}

// overEveryTransport are the rows that also go over TCP and TLS.
var overEveryTransport = []string{
	"an e911 number reaches the centre of its address", "a number without an address reaches the ECC for a fee",
	"London takes 999", "933 reaches the test service", "a stranger is refused", "an unknown domain is not found",
}

func TestLabTable(t *testing.T) {
	t.Parallel()
	l := startLab(t, settings{})
	for _, r := range labTable {
		t.Run("udp/"+r.name, func(t *testing.T) {
			t.Parallel()
			r.check(t, l, "udp")
		})
		for _, name := range overEveryTransport {
			if name != r.name {
				continue
			}
			for _, transport := range []string{"tcp", "tls"} {
				t.Run(transport+"/"+r.name, func(t *testing.T) {
					t.Parallel()
					r.check(t, l, transport)
				})
			}
		}
	}
}

// check places the row's call and compares all that the edge tells of it.
func (r row) check(t *testing.T, l *lab, transport string) {
	c := caller{scenario: "answered.xml", from: r.fromURI(), to: r.to, domain: r.domain, transport: transport, hold: 300 * time.Millisecond}
	if r.want.Status != 200 {
		c.scenario = "refused.xml"
	}
	final, id := l.call(t, c).answer()
	record := l.record(t, id)
	if diff := cmp.Diff(r.want, outcomeOf(record)); diff != "" {
		t.Errorf("the record differs (-want +got):\n%s", diff)
	}
	if record.Transport != transport {
		t.Errorf("the record says transport %q", record.Transport)
	}
	if !final.isStatus(strconv.Itoa(r.want.Status)) {
		t.Errorf("the caller got %q", final.start)
	}
	if r.want.Status != 200 {
		checkRefusal(t, final, r.want.ErrorCode)
	}
	checkTrace(t, record)
}

// checkRefusal holds a refusal to its form: a sentence for people, and Twilio's code where there is one.
func checkRefusal(t *testing.T, final message, code int) {
	t.Helper()
	w := final.header("Warning")
	if !strings.HasPrefix(w, `399 callbox "`) || len(w) < 30 || !strings.HasSuffix(w, `"`) {
		t.Errorf("Warning is %q, want 399 callbox and a sentence", w)
	}
	want := ""
	if code != 0 {
		want = strconv.Itoa(code)
	}
	if got := final.header("X-Callbox-Error"); got != want {
		t.Errorf("X-Callbox-Error is %q, want %q", got, want)
	}
}

// checkTrace holds a decision's trace to its form: rules in order, each with what came of it and what it saw.
func checkTrace(t *testing.T, r call.Record) {
	t.Helper()
	if len(r.Trace) == 0 {
		t.Fatal("the record has no trace")
	}
	failed := 0
	for i, s := range r.Trace {
		if s.Name == "" || s.Outcome == "" || s.Outcome != "skipped" && s.Saw == "" {
			t.Errorf("step %d tells too little: %+v", i, s)
		}
		if i > 0 && s.Rule <= r.Trace[i-1].Rule {
			t.Errorf("rule %d comes after rule %d", s.Rule, r.Trace[i-1].Rule)
		}
		if s.Outcome == "failed" {
			failed++
		}
	}
	if (r.Verdict == "refuse" || r.Verdict == "challenge") && r.Trace[len(r.Trace)-1].Outcome != "failed" && failed == 0 {
		t.Errorf("nothing failed in the trace of a refusal: %+v", r.Trace)
	}
}
