package sim

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rs/zerolog"

	"callbox/psap/sim/voice"
	"callbox/sip/agent"
	"callbox/sip/location"
)

var harrison = location.Lines{Street: "645 Harrison St", Floor: "3", Unit: "Ste 200", City: "San Francisco", State: "CA", PostalCode: "94105", Country: "US"}

func TestSentences(t *testing.T) {
	all, err := loadScripts("")
	if err != nil {
		t.Fatal(err)
	}
	const (
		number  = "plus one, four one five, five five five, zero one zero zero"
		address = "six four five harrison street, floor three, suite two zero zero, san francisco, california, nine four one zero five"
		repeat  = "press one to repeat."
	)
	for _, tc := range []struct {
		name   string
		script Script
		given  delivered
		want   []string
	}{
		{"of a centre with number and address", all.standard, delivered{number: "+14155550100", address: harrison}, []string{
			"san francisco emergency. this is a test.", "your number is, " + number + ".", "your address is, " + address + "."}},
		{"of a centre with the number alone", all.standard, delivered{number: "+14155550100"}, []string{
			"san francisco emergency. this is a test.", "your number is, " + number + ".", "i received no address."}},
		{"of a centre with nothing delivered", all.standard, delivered{}, []string{
			"san francisco emergency. this is a test.", "i received no number and no address."}},
		{"of a centre with an address of nobody", all.standard, delivered{address: harrison}, []string{
			"san francisco emergency. this is a test.", "i received no number.", "your address is, " + address + "."}},
		{"of 933", all.named["test-service"], delivered{number: "+14155550100", address: harrison}, []string{
			"this is the emergency test service.", "you are calling from, " + number + ".",
			"your registered address is, " + address + ".", repeat}},
		{"of 933 without an address", all.named["test-service"], delivered{number: "+14155550100"}, []string{
			"this is the emergency test service.", "you are calling from, " + number + ".",
			"no emergency address is registered for this number.", repeat}},
		{"of 933 without anything", all.named["test-service"], delivered{}, []string{
			"this is the emergency test service.", "your number was not received. no emergency address is registered.", repeat}},
		{"of 933 to an endpoint at a location", all.named["test-service"],
			delivered{number: "+14155550100", name: "Alice", address: harrison, point: &Point{Lat: 35.7796, Lon: -78.638, Uncertainty: 49.1}}, []string{
				"this is the emergency test service.", "you are calling as, alice.", "you are calling from, " + number + ".",
				"your registered address is, " + address + ".",
				"your coordinates are, latitude three five point seven seven nine six, longitude minus seven eight point six three eight, " +
					"within five zero meters.", repeat}},
		{"of a centre with a point alone, of somebody by name", all.standard, delivered{name: "Bob", point: &Point{Lat: -33, Lon: 151.2}}, []string{
			"san francisco emergency. this is a test.", "your name is, bob.", "i received no number.",
			"your coordinates are, latitude minus three three, longitude one five one point two."}},
		{"of the announcement", all.named["announce"], delivered{number: "+14155550100"}, []string{
			"your call could not be completed. no emergency call centre could be reached. " +
				"please hang up and try again, or find another person to call for help."}},
		{"of a centre with a greeting of its own", Script{Greeting: "{name} speaking"}, delivered{}, []string{"san francisco emergency speaking."}},
		{"of a centre that says nothing", Script{}, delivered{number: "+1"}, nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var got []string
			for _, w := range tc.script.sentences("San Francisco emergency", tc.given) {
				got = append(got, w.String())
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestNumberDelivered(t *testing.T) {
	for _, tc := range []struct {
		name     string
		from     agent.Address
		asserted string
		want     string
	}{
		{"by From", agent.Address{User: "+14155550100", Host: "edge"}, "", "+14155550100"},
		{"by P-Asserted-Identity before From", agent.Address{User: "200", Host: "edge"}, "<sip:+14155550100@edge>", "+14155550100"},
		{"by a tel URI", agent.Address{User: "200"}, "<tel:+14155550100;ext=5>", "+14155550100"},
		{"by the first of two identities", agent.Address{}, `"Ada" <sip:+1415@edge>, <tel:+1416>`, "+1415"},
		{"behind a display name with brackets", agent.Address{}, `"<sip:+1@x>" <sip:+1415@edge;user=phone>`, "+1415"},
		{"without brackets", agent.Address{}, "sip:+1415@edge", "+1415"},
		{"escaped", agent.Address{}, "<sip:%2B1415@edge>", "+1415"},
		{"with parameters in the user part", agent.Address{User: "+1415;cpc=emergency"}, "", "+1415"},
		{"not at all by an anonymous From", agent.Address{User: "anonymous", Host: "anonymous.invalid"}, "", ""},
		{"not at all by an anonymous host", agent.Address{User: "x", Host: "anonymous.invalid"}, "", ""},
		{"not at all by an anonymous identity", agent.Address{User: "anonymous"}, "<sip:anonymous@anonymous.invalid>", ""},
		{"by From where the identity cannot be read", agent.Address{User: "+1415"}, "<http://x>", "+1415"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			m := agent.Message{}
			if tc.asserted != "" {
				m = m.With("P-Asserted-Identity", tc.asserted)
			}
			if got := number(tc.from, m); got != tc.want {
				t.Errorf("got %q, want %q", got, tc.want)
			}
		})
	}
}

func TestInfoDigit(t *testing.T) {
	for _, tc := range []struct {
		name, kind, body string
		want             byte
	}{
		{"of a relay", "application/dtmf-relay", "Signal=5\r\nDuration=160\r\n", '5'},
		{"of a relay with spaces", "Application/DTMF-Relay; charset=x", "Duration= 160\nsignal = # \n", '#'},
		{"alone", "application/dtmf", " 7\r\n", '7'},
		{"as event code", "application/dtmf-relay", "Signal=11\r\n", '#'},
		{"star as event code", "application/dtmf", "10", '*'},
		{"that is none", "application/dtmf", "hello", 0},
		{"that is missing", "application/dtmf-relay", "Duration=160", 0},
		{"of another kind", "text/plain", "5", 0},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, ok := infoDigit(agent.Message{ContentType: tc.kind, Body: []byte(tc.body)})
			if got != tc.want || ok != (tc.want != 0) {
				t.Errorf("got %q, %v", got, ok)
			}
		})
	}
}

func FuzzInfoDigit(f *testing.F) {
	f.Add("application/dtmf-relay", []byte("Signal=5\r\nDuration=160\r\n"), `"A" <sip:+1415@x>`)
	f.Add("application/dtmf", []byte("#"), "<tel:%zz>")
	f.Fuzz(func(t *testing.T, kind string, body []byte, asserted string) {
		if d, ok := infoDigit(agent.Message{ContentType: kind, Body: body}); ok && (d < '#' || d > 'D') {
			t.Fatalf("digit %q", d)
		}
		identity(asserted)
	})
}

// A newcomer's first call is a matter of seconds: number and address are told before patience ends, then comes the echo.
func TestALabCentreIsBrisk(t *testing.T) {
	t.Parallel()
	all, err := loadScripts("")
	if err != nil {
		t.Fatal(err)
	}
	speaker, err := voice.New(voice.Builtin, zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	script := all.named["psap-sf"]
	given := delivered{number: "+14155550100", address: location.Lines{
		Street: "645 Harrison St", City: "San Francisco", State: "CA", PostalCode: "94105", Country: "US",
	}}
	var total time.Duration
	for _, s := range speaker.Say(t.Context(), script.sentences(script.Name, given)...) {
		total += s.Duration()
	}
	if total < 8*time.Second || total > 17*time.Second {
		t.Errorf("it speaks for %s before the echo starts", total)
	}
}
