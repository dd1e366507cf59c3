package routing

import (
	"strings"
	"testing"

	"callbox/routing/directory"
)

func TestRule8TheTestServiceReadsBackWhatIsRegistered(t *testing.T) {
	call := func(number string) func(*Request) {
		return func(r *Request) { r.From.User, r.User = number, "933" }
	}
	runRules(t, []ruleRow{
		{"a registered number is read back with its address", call("+14155550100"), "test test-service, number and address", 8, "applied", "reads number and address back"},
		{"a basic911 number is read back with its address", call("+14155550101"), "test test-service, number and address", 8, "applied", "reads number and address back"},
		{"an unregistered number hears that there is no address", call("+14155550102"), "test test-service, number", 8, "applied", "no address is registered"},
		{"a CA number has the test too", call("+16135550102"), "test test-service, number", 8, "applied", "933"},
		{"an emergency number is no test", func(r *Request) {}, centre, 8, "skipped", "not a test number"},
	})
}

func TestRule9TheServiceSaysWhatIsDelivered(t *testing.T) {
	call := func(number string) func(*Request) { return func(r *Request) { r.From.User = number } }
	runRules(t, []ruleRow{
		{"e911 delivers number and address", call("+14155550100"), centre, 9, "applied", "number and address are delivered"},
		{"basic911 reaches the same PSAP with nothing", call("+14155550101"), "psap psap-sf,psap-oakland,ecc-us, nothing", 9, "applied", "nothing is delivered"},
		{"neither reaches the ECC without a fee", call("+18005550103"), "ecc ecc-us, number", 9, "applied", "no fee as an address is registered"},
		{"an unregistered number is past this rule", call("+14155550102"), "ecc ecc-us, number, fee 7500 warning 22221", 9, "skipped", "no service is in force"},
	})
}

func TestRule10TheFirstCentreInServiceIsRungFirst(t *testing.T) {
	rows := []struct {
		name, number, dialled, down, want, step, saw string
	}{
		{"the address's PSAP comes first", "+14155550100", "911", "", centre, "passed", "psap-sf serves 645 Harrison St, San Francisco, CA 94105, US (by postal code) and is in service"},
		{"a PSAP out of service is passed over", "+14155550100", "911", "psap-sf", "psap psap-oakland,ecc-us, number and address", "applied", "first in service is psap-oakland"},
		{"an overflow centre out of service is left out", "+14155550100", "911", "psap-oakland", "psap psap-sf,ecc-us, number and address", "passed", "in service"},
		{"with all out of service the ECC is left", "+14155550100", "911", "psap-sf psap-oakland", "ecc ecc-us, number and address", "failed", "out of service with all its overflow: ecc-us"},
		{"the ECC is rung even if it seems down", "+14155550100", "911", "psap-sf psap-oakland ecc-us", "ecc ecc-us, number and address", "failed", "ecc-us"},
		{"the ECC stays last even if it seems down", "+14155550100", "911", "ecc-us", centre, "passed", "psap-sf"},
		{"a basic911 number's ECC gets nothing either", "+14155550101", "911", "psap-sf psap-oakland", "ecc ecc-us, nothing", "failed", "ecc-us"},
		{"an address nobody serves reaches the ECC", "+33155500100", "112", "", "ecc ecc-fr, number and address", "failed", "no PSAP serves 55 Rue Saint-Honoré, 75008 Paris, FR: ecc-fr"},
		{"an ECC on the overflow list is rung once", "+12125550100", "911", "", "psap psap-nyc,ecc-us, number and address", "passed", "psap-nyc"},
		{"a foreign ECC on the overflow list stays", "+16135550100", "911", "", "psap psap-ottawa,psap-sf,ecc-us,ecc-ca, number and address (sip)", "passed", "psap-ottawa"},
		{"an unregistered number has the ECC only", "+14155550102", "911", "ecc-us", "ecc ecc-us, number, fee 7500 warning 22221", "applied", "national ECC ecc-us"},
	}
	s := odd(t)
	for _, r := range rows {
		t.Run(r.name, func(t *testing.T) {
			d := Decide(s, down(r.down), request(r.number, r.dialled, "open.sip.twilio.com"))
			if got := summary(d); got != r.want {
				t.Errorf("got  %s\nwant %s\n%s", got, r.want, Text(d))
			}
			if step := d.Trace.Steps()[9]; step.Outcome != r.step || !strings.Contains(step.Saw, r.saw) {
				t.Errorf("%s, saw %q", step.Outcome, step.Saw)
			}
		})
	}
}

func TestTargetsSayWhyTheyAreThereAndWhatTheyGet(t *testing.T) {
	d := Decide(odd(t), nil, request("+16135550100", "911", "open.sip.twilio.com"))
	want := []struct {
		id     string
		kind   TargetKind
		format directory.Format
	}{
		{"psap-ottawa", TargetPSAP, directory.FormatSIP}, {"psap-sf", TargetOverflow, directory.FormatPIDF},
		{"ecc-us", TargetOverflow, directory.FormatPIDF}, {"ecc-ca", TargetECC, directory.FormatSIP},
	}
	for i, w := range want {
		got := d.Targets[i]
		if got.ID != w.id || got.Kind != w.kind || got.Deliver != (directory.Delivery{Number: true, Address: true, Format: w.format}) {
			t.Errorf("target %d: %+v, want %+v", i, got, w)
		}
		if got.Ring <= 0 || got.URI == "" || got.Name == "" {
			t.Errorf("target %d: %+v", i, got)
		}
	}
	if p := d.Targets[0].Policy; p != (directory.AnswerPolicy{FollowRedirects: true, QueueAnswers: true}) {
		t.Errorf("policy %+v", p)
	}
}

func TestADecisionTellsWhatWasAskedFor(t *testing.T) {
	rows := []struct {
		name, number, scheme, user, dialled, service, country string
		emergency                                             bool
	}{
		{"911 is sos", "+14155550100", "sip", "911", "911", "sos", "US", true},
		{"sos is 911", "+14155550100", "urn", "service:sos", "911", "sos", "US", true},
		{"a fire URN stays fire though dialled as 911", "+14155550100", "urn", "service:sos.fire", "911", "sos.fire", "US", true},
		{"17 is the police in France", "+33155500100", "sip", "17", "17", "sos.police", "FR", true},
		{"933 is a test", "+14155550100", "sip", "9-3-3", "933", "test.sos", "US", false},
		{"a test URN is 933", "+14155550100", "urn", "service:test.sos.fire", "933", "test.sos", "US", false},
	}
	s := odd(t)
	for _, r := range rows {
		t.Run(r.name, func(t *testing.T) {
			req := request(r.number, r.user, "open.sip.twilio.com")
			req.Scheme = r.scheme
			d := Decide(s, nil, req)
			if d.Dialled != r.dialled || d.Service != r.service || d.Country != r.country || d.Emergency != r.emergency {
				t.Errorf("dialled %q, service %q, country %q, emergency %v", d.Dialled, d.Service, d.Country, d.Emergency)
			}
		})
	}
}

func TestRule10APSAPIsRungWhereItsCountryHasNoECC(t *testing.T) {
	f, problems := directory.Parse("directory.yaml", []byte(`
accounts: [{sid: AC00000000000000000000000000000001, name: One}]
acls: [{name: all, networks: [127.0.0.0/8]}]
domains: [{name: open.sip.twilio.com, emergency_calling: true, acls: [all]}]
psaps:
  - {id: psap-ottawa, uri: "sip:ottawa@sim", serves: {country: CA, cities: [{name: Ottawa, state: "ON"}]}, overflow: [psap-gatineau]}
  - {id: psap-gatineau, uri: "sip:gatineau@sim"}
eccs: [{id: ecc-us, country: US, uri: "sip:ecc@sim"}]
`), directory.Options{})
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	e := directory.NewEditor(f.Network)
	e.SetCustomers(f.Customers)
	for number, city := range map[string]string{"+16135550100": "Ottawa", "+16135550101": "Toronto", "+16135550102": ""} {
		r := directory.NumberRecord{
			SID: "PN00000000000000000000000000000001", AccountSID: "AC00000000000000000000000000000001", E164: number,
			Country: "CA", Service: directory.ServiceE911,
		}
		if city != "" {
			r.Status = directory.StatusRegistered
			r.Address = &directory.AddressRecord{Civic: directory.Civic{Street: "1 Main St", City: city, State: "ON", Country: "CA"}}
		}
		if err := e.PutNumber(r); err != nil {
			t.Fatal(err)
		}
	}
	s := e.Snapshot()
	rows := []struct{ name, number, down, want, step, saw string }{
		{"the PSAP and its overflow", "+16135550100", "", "psap psap-ottawa,psap-gatineau, number and address", "passed", "(by city) and is in service; there is no ECC behind it"},
		{"the overflow", "+16135550100", "psap-ottawa", "psap psap-gatineau, number and address", "applied", "first in service is psap-gatineau; there is no ECC behind it"},
		{"the PSAP when all seem down", "+16135550100", "psap-ottawa psap-gatineau", "psap psap-ottawa, number and address", "failed", "rung though it seems out of service"},
		{"nobody for an address nobody serves", "+16135550101", "", "refuse 503", "failed", "there is no ECC for CA"},
		{"nobody, and no fee, without an address", "+16135550102", "", "refuse 503", "failed", "there is no ECC for CA"},
	}
	for _, r := range rows {
		t.Run(r.name, func(t *testing.T) {
			d := Decide(s, down(r.down), request(r.number, "911", "open.sip.twilio.com"))
			if got := summary(d); got != r.want || d.Emergency != (d.Verdict == VerdictPSAP) {
				t.Errorf("got  %s\nwant %s\n%s", got, r.want, Text(d))
			}
			if step := d.Trace.Steps()[9]; step.Outcome != r.step || !strings.Contains(step.Saw, r.saw) {
				t.Errorf("%s, saw %q", step.Outcome, step.Saw)
			}
		})
	}
}
