package routing

import (
	"net/netip"
	"os"
	"strings"
	"testing"

	"callbox/routing/directory"
)

// odd loads the directory of hosts, numbers and centres that the lab has no example of.
func odd(t testing.TB) *directory.Snapshot {
	t.Helper()
	src, err := os.ReadFile("testdata/odd.yaml")
	if err != nil {
		t.Fatal(err)
	}
	s, problems := directory.Load("testdata/odd.yaml", src, directory.Options{})
	if err := problems.Err(); err != nil {
		t.Fatal(err)
	}
	return s
}

// ruleRow is one request to the odd directory: the change to a good call, the outcome, and what a rule saw.
type ruleRow struct {
	name   string
	change func(*Request)
	want   string // summary
	rule   int    // whose step is looked at
	step   string // its outcome
	saw    string // a part of what it saw
}

func runRules(t *testing.T, rows []ruleRow) {
	t.Helper()
	s := odd(t)
	for _, r := range rows {
		t.Run(r.name, func(t *testing.T) {
			req := request("+14155550100", "911", "open.sip.twilio.com")
			r.change(&req)
			d := Decide(s, nil, req)
			if got := summary(d); got != r.want {
				t.Errorf("got  %s\nwant %s\n%s", got, r.want, Text(d))
			}
			if step := step(d, r.rule); step.Outcome != r.step || !strings.Contains(step.Saw, r.saw) {
				t.Errorf("rule %d %s, saw %q; want %s, %q", r.rule, step.Outcome, step.Saw, r.step, r.saw)
			}
			refused := d.Verdict == VerdictRefuse
			if refused != (d.Reason != "") || refused != (d.Status >= 400 && d.Realm == "") {
				t.Errorf("verdict %s, status %d, reason %q", d.Verdict, d.Status, d.Reason)
			}
		})
	}
}

const centre = "psap psap-sf,psap-oakland,ecc-us, number and address"

func TestRule1TheHostIsADomainOrTrunk(t *testing.T) {
	runRules(t, []ruleRow{
		{"a known domain passes", func(r *Request) {}, centre, 1, "passed", "open.sip.twilio.com is the domain open.sip.twilio.com"},
		{"any region of it passes", func(r *Request) { r.Host = "Open.SIP.us1.twilio.com" }, centre, 1, "passed", "is the domain open.sip.twilio.com"},
		{"a known trunk passes", func(r *Request) { r.Host = "open.pstn.twilio.com" }, centre, 1, "passed", "is the trunk open.pstn.twilio.com"},
		{"an unknown host is not found", func(r *Request) { r.Host = "example.org" }, "refuse 404", 1, "failed", "example.org is no domain or trunk"},
		{"no host is not found", func(r *Request) { r.Host = "" }, "refuse 404", 1, "failed", "(nothing) is no domain or trunk"},
	})
}

func TestRule2SourceAndCredentialsAreRight(t *testing.T) {
	stranger := netip.MustParseAddr("192.0.2.1")
	at := func(host string, source netip.Addr, p Proof) func(*Request) {
		return func(r *Request) { r.Host, r.Source, r.Proof = host, source, p }
	}
	home := netip.MustParseAddr("::ffff:127.0.0.1")
	wrong, nobody := knows("alice", "x"), knows("mallory", "Callbox-lab-911")
	old, elsewhere := digest{user: "alice", stale: true}, alice
	elsewhere.realm = "phones.sip.twilio.com"
	runRules(t, []ruleRow{
		{"a source in the ACL passes without credentials", at("open.sip.twilio.com", home, nil), centre, 2, "passed", "source ::ffff:127.0.0.1 is in ACL loopback"},
		{"a source in the second ACL passes", at("open.sip.twilio.com", netip.MustParseAddr("198.51.100.9"), nil), centre, 2, "passed", "is in ACL office"},
		{"a source in no ACL is forbidden", at("open.sip.twilio.com", stranger, nil), "refuse 403 (32201)", 2, "failed", "source 192.0.2.1 is in no ACL"},
		{"an unknown source is forbidden", at("open.sip.twilio.com", netip.Addr{}, nil), "refuse 403 (32201)", 2, "failed", "in no ACL"},
		{"a host with no mapping receives no traffic", at("unmapped.sip.twilio.com", home, alice), "refuse 403", 2, "failed", "neither ACL nor credential list"},
		{"no credentials are challenged where a list is mapped", at("phones.sip.twilio.com", stranger, nil), "challenge 407", 2, "failed", "none were sent"},
		{"right credentials pass from anywhere", at("phones.sip.twilio.com", stranger, alice), centre, 2, "passed", "user alice of credential list lab"},
		{"the second list counts too", at("phones.sip.twilio.com", stranger, knows("bob", "Callbox-lab-912")), centre, 2, "passed", "user bob of credential list more"},
		{"a wrong password is forbidden", at("phones.sip.twilio.com", stranger, wrong), "refuse 403 (32202)", 2, "failed", "wrong user name or password for user alice"},
		{"an unknown user is forbidden", at("phones.sip.twilio.com", stranger, nobody), "refuse 403 (32202)", 2, "failed", "for user mallory"},
		{"a proof for another realm is forbidden", at("phones.sip.twilio.com", stranger, elsewhere), "refuse 403 (32202)", 2, "failed", "wrong user name or password"},
		{"a stale nonce is challenged anew", at("phones.sip.twilio.com", stranger, old), "challenge 407", 2, "failed", "answer an old challenge"},
		{"both must pass where both are mapped", at("both.sip.twilio.com", home, alice), centre, 2, "passed", "is in ACL loopback, and user alice"},
		{"a right source alone is challenged", at("both.sip.twilio.com", home, nil), "challenge 407", 2, "failed", "none were sent"},
		{"right credentials from a wrong source are forbidden", at("both.sip.twilio.com", stranger, alice), "refuse 403 (32201)", 2, "failed", "in no ACL"},
		{"a wrong source is never challenged", at("both.sip.twilio.com", stranger, nil), "refuse 403 (32201)", 2, "failed", "in no ACL"},
		{"a trunk asks for both as well", at("open.pstn.twilio.com", home, nil), "challenge 407", 2, "failed", "open.pstn.twilio.com needs digest credentials"},
		{"a secure trunk refuses UDP", at("secure.pstn.twilio.com", home, alice), "refuse 403 (32209)", 2, "failed", "takes SIP over TLS only, this came over udp"},
		{"a secure trunk refuses TCP", func(r *Request) { r.Host, r.Transport = "secure.pstn.twilio.com", "tcp" }, "refuse 403 (32209)", 2, "failed", "over tcp"},
		{"a secure trunk takes TLS", func(r *Request) { r.Host, r.Transport = "secure.pstn.twilio.com", "TLS" }, centre, 2, "passed", "user alice"},
		{"a secure trunk never challenges in the clear", at("secure.pstn.twilio.com", home, nil), "refuse 403 (32209)", 2, "failed", "TLS only"},
		{"a secure domain refuses UDP", at("secure.sip.twilio.com", home, nil), "refuse 403 (32209)", 2, "failed", "TLS only"},
	})
}

func TestRule3AnEmergencyOrTestNumberIsDialled(t *testing.T) {
	dial := func(scheme, user string) func(*Request) {
		return func(r *Request) { r.Scheme, r.User = scheme, user }
	}
	runRules(t, []ruleRow{
		{"911 passes", dial("sip", "911"), centre, 3, "passed", "911 is an emergency number"},
		{"933 passes", dial("sip", "933"), "test test-service, number and address", 3, "passed", "933 is a test number"},
		{"sips passes", dial("SIPS", "911"), centre, 3, "passed", "911"},
		{"a tel URI passes", dial("tel", "911;phone-context=+1"), centre, 3, "passed", "911 is"},
		{"parameters of the user part do not matter", dial("sip", "911;phone-context=example.com"), centre, 3, "passed", "911 is"},
		{"visual separators do not matter", dial("sip", "9-1-1"), centre, 3, "passed", "911 is"},
		{"a service URN passes", dial("urn", "service:sos"), centre, 3, "passed", "urn:service:sos asks for sos"},
		{"a child of it passes", dial("URN", "SERVICE:sos.Police"), centre, 3, "passed", "asks for sos.police"},
		{"an unknown child is the general service", dial("urn", "service:sos.ecall.manual"), centre, 3, "passed", "asks for sos"},
		{"a test URN is a test call", dial("urn", "service:test.sos.police"), "test test-service, number and address", 3, "passed", "asks for a test call"},
		{"another URN is not found", dial("urn", "service:counseling"), "refuse 404 (32101)", 3, "failed", "urn:service:counseling is no emergency service"},
		{"a plain number is not found", dial("sip", "+14155550123"), "refuse 404 (32101)", 3, "failed", "this edge forwards nothing else"},
		{"a plus before 911 is not found", dial("sip", "+911"), "refuse 404 (32101)", 3, "failed", "+911 is no emergency"},
		{"a prefix before 911 is not found", dial("sip", "9911"), "refuse 404 (32101)", 3, "failed", "9911"},
		{"a name is not found", dial("sip", "alice"), "refuse 404 (32101)", 3, "failed", "alice"},
		{"nobody is not found", dial("sip", ""), "refuse 404 (32101)", 3, "failed", "(nothing) is no emergency"},
		{"another scheme is not found", dial("mailto", "911"), "refuse 404 (32101)", 3, "failed", "mailto:911"},
		{"no scheme is not found", dial("", "911"), "refuse 404 (32101)", 3, "failed", "no emergency service"},
	})
}

func TestRule4EmergencyCallingIsEnabled(t *testing.T) {
	quiet := func(r *Request) { r.Host = "quiet.sip.twilio.com" }
	runRules(t, []ruleRow{
		{"a domain with it passes", func(r *Request) {}, centre, 4, "passed", "enabled on open.sip.twilio.com"},
		{"a trunk passes", func(r *Request) { r.Host = "open.pstn.twilio.com" }, centre, 4, "passed", "trunks"},
		{"a domain without it refuses 911", quiet, "refuse 403", 4, "failed", "not enabled on quiet.sip.twilio.com"},
		{"a domain without it refuses 933", func(r *Request) { quiet(r); r.User = "933" }, "refuse 403", 4, "failed", "not enabled"},
	})
}

func TestRule5FromIsTheCallerOrTheEmergencyCallerIDIs(t *testing.T) {
	from := func(scheme, user, host string) func(*Request) {
		return func(r *Request) { r.From = Identity{scheme, user, host} }
	}
	on := func(host, number string) func(*Request) {
		return func(r *Request) { r.Host, r.From.User = host, number }
	}
	const instead = "psap psap-nyc,ecc-us as +12125550100, number and address"
	runRules(t, []ruleRow{
		{"a registered number is the caller", from("sip", "+14155550100", "pbx.example.org"), centre, 5, "passed", "+14155550100 is on the account"},
		{"parameters of From's user part do not matter", from("sips", "+14155550100;npdi", "x"), centre, 5, "passed", "+14155550100"},
		{"a From without plus is refused", from("sip", "14155550100", "x"), "refuse 403 (32206)", 5, "failed", "From 14155550100 is not E.164"},
		{"a From with separators is refused", from("sip", "+1-415-555-0100", "x"), "refuse 403 (32206)", 5, "failed", "not E.164"},
		{"a name in From is refused", from("sip", "alice", "x"), "refuse 403 (32206)", 5, "failed", "From alice is not E.164"},
		{"a tel URI in From is refused", from("tel", "+14155550100", ""), "refuse 403 (32206)", 5, "failed", "must be a SIP URI"},
		{"a withheld From is refused", from("sip", "anonymous", "anonymous.invalid"), "refuse 403 (32206)", 5, "failed", "withheld"},
		{"a From without user part is refused", from("sip", "", "example.org"), "refuse 403 (32206)", 5, "failed", "withheld"},
		{"a number at anonymous.invalid is withheld", from("sip", "+14155550100", "Anonymous.Invalid"), "refuse 403 (32206)", 5, "failed", "withheld"},
		{"a number of nobody is refused", from("sip", "+19995550199", "x"), "refuse 403 (32204)", 5, "failed", "not a number of this account"},
		{"a number of another account is refused alike", from("sip", "+14155550190", "x"), "refuse 403 (32204)", 5, "failed", "From +14155550190 is not a number of this account"},
		{"a number tied to another host is refused", on("other.sip.twilio.com", "+14155550110"), "refuse 403 (32204)", 5, "failed", "not tied to other.sip.twilio.com"},
		{"a number tied to no trunk is refused there", on("open.pstn.twilio.com", "+14155550110"), "refuse 403 (32204)", 5, "failed", "not tied to open.pstn.twilio.com"},
		{"the Emergency Caller ID stands in for a stranger", on("store.sip.twilio.com", "+19995550199"), instead, 5, "applied", "Emergency Caller ID +12125550100 takes the place of From: From +19995550199 is not a number"},
		{"it stands in for a withheld From", func(r *Request) {
			r.Host, r.From = "store.sip.twilio.com", Identity{"sip", "anonymous", "anonymous.invalid"}
		}, instead, 5, "applied", "From is withheld"},
		{"it stands in for a name", on("store.sip.twilio.com", "alice"), instead, 5, "applied", "not E.164"},
		{"it stands in for an unregistered number, without a fee", on("store.sip.twilio.com", "+14155550102"), instead, 5, "applied", "no registered emergency address"},
		{"it leaves a registered number alone", on("store.sip.twilio.com", "+14155550100"), centre, 5, "passed", "+14155550100"},
		{"it stands in for everyone in mode always", on("always.sip.twilio.com", "+14155550100"), instead, 5, "applied", "on every call of always.sip.twilio.com"},
	})
}

// A directory file cannot have such a caller ID; an API changes numbers while domains name them.
func TestRule5AnEmergencyCallerIDCountsWhileItIsRegistered(t *testing.T) {
	s := odd(t)
	pending := directory.NumberRecord{
		SID: "PN00000000000000000000000000000001", AccountSID: "AC00000000000000000000000000000001", E164: "+12125550100",
		Service: directory.ServiceE911, Status: directory.StatusPending, Address: &directory.AddressRecord{},
	}
	foreign := pending
	foreign.AccountSID, foreign.Status = "AC00000000000000000000000000000002", directory.StatusRegistered
	gone := s.Edit()
	gone.DeleteNumber("+12125550100")
	lapsed := map[string]*directory.Snapshot{"released": gone.Snapshot()}
	for name, r := range map[string]directory.NumberRecord{"pending": pending, "moved to another account": foreign} {
		e := s.Edit()
		if err := e.PutNumber(r); err != nil {
			t.Fatal(err)
		}
		lapsed[name] = e.Snapshot()
	}
	const (
		fee     = "ecc ecc-us, number, fee 7500 warning 22221"
		without = "; Emergency Caller ID +12125550100 has no registered address now, so From alone counts"
	)
	rows := []struct{ name, host, number, want, step, saw string }{
		{"a stranger is refused", "store", "+19995550199", "refuse 403 (32204)", "failed", "From +19995550199 is not a number of this account" + without},
		{"a number without address pays", "store", "+14155550102", fee, "failed", "(status unregistered)" + without},
		{"a registered number calls as itself", "store", "+14155550100", centre, "passed", "has a registered address" + without},
		{"so it does in mode always", "always", "+14155550100", centre, "passed", "has a registered address" + without},
		{"no other domain has to do with it", "open", "+14155550100", centre, "passed", "tied to open.sip.twilio.com and has a registered address"},
	}
	for name, s := range lapsed {
		for _, r := range rows {
			t.Run(name+": "+r.name, func(t *testing.T) {
				d := Decide(s, nil, request(r.number, "911", r.host+".sip.twilio.com"))
				if got := summary(d); got != r.want {
					t.Errorf("got  %s\nwant %s\n%s", got, r.want, Text(d))
				}
				if step := d.Trace.Steps()[4]; step.Outcome != r.step || !strings.HasSuffix(step.Saw, r.saw) {
					t.Errorf("%s, saw %q", step.Outcome, step.Saw)
				}
				if d.Verdict == VerdictRefuse && !strings.HasSuffix(d.Reason, without) {
					t.Errorf("reason %q", d.Reason)
				}
			})
		}
	}
	if d := Decide(s, nil, request("+19995550199", "911", "store.sip.twilio.com")); d.Caller.Number != "+12125550100" {
		t.Error("the snapshot before has changed")
	}
}

func TestRule6AnUnregisteredNumberOfUSOrCACallsForAFee(t *testing.T) {
	from := func(number, dialled string) func(*Request) {
		return func(r *Request) { r.From.User, r.User = number, dialled }
	}
	const fee = "ecc ecc-us, number, fee 7500 warning 22221"
	runRules(t, []ruleRow{
		{"a US number without address pays", from("+14155550102", "911"), fee, 6, "applied", "fee of 75.00 USD, warning 22221"},
		{"a pending registration counts as none", from("+14155550104", "911"), fee, 6, "applied", "no registered address"},
		{"a failed registration counts as none", from("+14155550105", "911"), fee, 6, "applied", "no registered address"},
		{"a registration on its way out counts as none", from("+14155550106", "911"), fee, 6, "applied", "no registered address"},
		{"a CA number without address pays to its own ECC", from("+16135550102", "112"), "ecc ecc-ca, number, fee 7500 warning 22221", 6, "applied", "fee"},
		{"the URN costs the same", func(r *Request) { r.From.User, r.Scheme, r.User = "+14155550102", "urn", "service:sos.fire" }, fee, 6, "applied", "fee"},
		{"a trunk's number pays too", func(r *Request) { r.Host, r.From.User = "open.pstn.twilio.com", "+14155550102" }, fee, 6, "applied", "fee"},
		{"a test call is free", from("+14155550102", "933"), "test test-service, number", 6, "passed", "a test call costs no fee"},
		{"a test URN is free", func(r *Request) { r.From.User, r.Scheme, r.User = "+14155550102", "urn", "service:test.sos" }, "test test-service, number", 6, "passed", "no fee"},
		{"a number of another country is refused", from("+442079460102", "999"), "refuse 403", 6, "failed", "only US and CA numbers may call without one"},
		{"a refused dialling costs nothing", from("+14155550102", "999"), "refuse 403", 7, "failed", "999 is not an emergency number of US"},
		{"it is of no concern to a registered caller", from("+14155550100", "911"), centre, 6, "skipped", "has a registered address"},
		{"it has no mercy for strangers", from("+19995550199", "911"), "refuse 403 (32204)", 6, "failed", "only a US or CA number on the account"},
	})
}

func TestRule7TheNumberIsOneOfTheCallersCountry(t *testing.T) {
	call := func(number, scheme, user string) func(*Request) {
		return func(r *Request) { r.From.User, r.Scheme, r.User = number, scheme, user }
	}
	london := "psap psap-london,ecc-gb, number and address"
	runRules(t, []ruleRow{
		{"112 from the US passes", call("+14155550100", "sip", "112"), centre, 7, "passed", "112 is a number of US"},
		{"999 from the US is forbidden", call("+14155550100", "sip", "999"), "refuse 403", 7, "failed", "999 is not an emergency number of US, the country of +14155550100"},
		{"999 from the UK passes", call("+442079460100", "sip", "999"), london, 7, "passed", "999 is a number of GB"},
		{"911 from the UK is forbidden", call("+442079460100", "sip", "911"), "refuse 403", 7, "failed", "911 is not an emergency number of GB"},
		{"933 from the UK is forbidden", call("+442079460100", "sip", "933"), "refuse 403", 7, "failed", "933 is not an emergency number of GB"},
		{"sos from the UK is 999", call("+442079460100", "urn", "service:sos"), london, 7, "passed", "sos is 999 in GB"},
		{"police from France is 17", call("+33155500100", "urn", "service:sos.police"), "ecc ecc-fr, number and address", 7, "passed", "sos.police is 17 in FR"},
		{"a test URN from the UK is forbidden", call("+442079460100", "urn", "service:test.sos"), "refuse 403", 7, "failed", "GB has no test number"},
		{"the Emergency Caller ID's country counts", func(r *Request) {
			r.Host, r.From.User, r.User = "always.sip.twilio.com", "+442079460100", "999"
		}, "refuse 403", 7, "failed", "999 is not an emergency number of US, the country of +12125550100"},
	})
}
