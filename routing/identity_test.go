package routing

import (
	"net/netip"
	"strings"
	"testing"

	"callbox/routing/directory"
)

// claims are identities beside From: the header field, then a number, a name or a tel: URI.
func claims(pairs ...string) (out []Claim) {
	for i := 0; i < len(pairs); i += 2 {
		var c Claim
		for c.Source = directory.SourceFrom; c.Source.Header() != pairs[i]; {
			c.Source++
		}
		c.Identity = Identity{"sip", pairs[i+1], "pbx.example.org"}
		if number, ok := strings.CutPrefix(pairs[i+1], "tel:"); ok {
			c.Identity = Identity{"tel", number, ""}
		}
		out = append(out, c)
	}
	return out
}

const (
	asserted  = "P-Asserted-Identity"
	remote    = "Remote-Party-ID"
	preferred = "P-Preferred-Identity"
	diversion = "Diversion"
)

func TestRule5AnIdentityBesideFromCountsWhereTheSettingsSaySo(t *testing.T) {
	on := func(host, from string, pairs ...string) func(*Request) {
		return func(r *Request) { r.Host, r.From.User, r.Claims = host, from, claims(pairs...) }
	}
	const (
		pbx, lenient, only = "open.pstn.twilio.com", "lenient.pstn.twilio.com", "asserted.pstn.twilio.com"
		good, nyc, gb      = "+14155550100", "psap psap-nyc,ecc-us, number and address", "psap psap-london,ecc-gb, number and address"
		fee                = "ecc ecc-us, number, fee 7500 warning 22221"
		refused, stranger  = "refuse 403 (32206)", "refuse 403 (32204)"
	)
	runRules(t, []ruleRow{
		{"a good From needs nobody else", on(pbx, good, asserted, "+12125550100"), centre, 5, "passed", "+14155550100 is on the account, tied to open.pstn.twilio.com"},
		{"an asserted identity stands in for a name", on(pbx, "alice", asserted, good), centre, 5, "applied", "P-Asserted-Identity +14155550100 is on the account and has a registered address, so it counts; From alice is not E.164"},
		{"it stands in for a stranger's number", on(pbx, "+19995550199", asserted, good), centre, 5, "applied", "; From +19995550199 is not a number of this account"},
		{"it stands in for a number of another account", on(pbx, "+14155550190", asserted, good), centre, 5, "applied", "; From +14155550190 is not a number of this account"},
		{"it stands in for a number tied elsewhere", on(pbx, "+14155550110", asserted, good), centre, 5, "applied", "; From +14155550110 is not tied to open.pstn.twilio.com"},
		{"it stands in for a withheld From", on(pbx, "anonymous", asserted, good), centre, 5, "applied", "; From is withheld"},
		{"it may be a tel URI", on(pbx, "alice", asserted, "tel:"+good), centre, 5, "applied", "P-Asserted-Identity +14155550100"},
		{"its second value counts, too", on(pbx, "alice", asserted, "alice", asserted, "tel:"+good), centre, 5, "applied", "P-Asserted-Identity +14155550100"},
		{"a Remote-Party-ID comes after it", on(pbx, "alice", remote, "+12125550100", asserted, good), centre, 5, "applied", "P-Asserted-Identity +14155550100"},
		{"a Remote-Party-ID alone does", on(pbx, "alice", remote, good), centre, 5, "applied", "Remote-Party-ID +14155550100 is on the account"},
		{"From's number counts though it has no address", on(pbx, "+14155550102", asserted, good), fee, 5, "failed", "From +14155550102 has no registered emergency address (status unregistered)"},
		{"so does an asserted one", on(pbx, "alice", asserted, "+14155550102"), fee, 5, "failed", "P-Asserted-Identity +14155550102 is on the account, so it counts, but has no registered emergency address; From alice is not E.164"},
		{"an asserted stranger is refused", on(pbx, "alice", asserted, "+19995550199", remote, "bob"), refused, 5, "failed", "From alice is not E.164: write + and 8 to 15 digits; no number of the account in P-Asserted-Identity or Remote-Party-ID either"},
		{"a stranger that asserts a stranger is refused as one", on(pbx, "+19995550199", asserted, "+19995550198"), stranger, 5, "failed", "From +19995550199 is not a number of this account; no number"},
		{"an asserted withheld identity is none", on(pbx, "alice", asserted, "anonymous"), refused, 5, "failed", "write + and 8 to 15 digits"},
		{"a trunk asks no other header field", on(pbx, "alice", preferred, good, diversion, good), refused, 5, "failed", "write + and 8 to 15 digits"},
		{"a domain asks From alone", on("open.sip.twilio.com", "alice", asserted, good, remote, good), refused, 5, "failed", "write + and 8 to 15 digits"},
		{"a Diversion counts where it is named", on(lenient, "alice", diversion, good), centre, 5, "applied", "Diversion +14155550100 is on the account"},
		{"so does a P-Preferred-Identity", on(lenient, "alice", diversion, "+12125550100", preferred, good), centre, 5, "applied", "P-Preferred-Identity +14155550100"},
		{"From counts only where it is named", on(only, good), refused, 5, "failed", "none of the header fields that may hold the number of a caller of asserted.pstn.twilio.com was sent"},
		{"a withheld one is not there", on(only, good, asserted, "anonymous"), refused, 5, "failed", "none of the header fields that may hold the number"},
		{"and another in its place", on(only, good, asserted, "+12125550100"), nyc, 5, "applied", "+12125550100 is on the account, tied to asserted.pstn.twilio.com"},
		{"the first that is judged gives the reason", on(only, good, asserted, "4155550100"), refused, 5, "failed", "P-Asserted-Identity 4155550100 is not E.164; write +14155550100"},

		{"a national number is told how to be written", on(pbx, "4155550100"), refused, 5, "failed", "From 4155550100 is not E.164; write +14155550100"},
		{"one without plus", on(pbx, "14155550100"), refused, 5, "failed", "From 14155550100 is not E.164; write +14155550100"},
		{"one with 00", on(pbx, "0014155550100"), refused, 5, "failed", "; write +14155550100"},
		{"one with 011", on(pbx, "011442079460100"), refused, 5, "failed", "; write +442079460100"},
		{"one with separators", on(pbx, "+1-415-555-0100"), refused, 5, "failed", "; write +14155550100"},
		{"a national number of another country", on(pbx, "02079460100"), refused, 5, "failed", "; write +442079460100"},
		{"a tel URI", func(r *Request) { r.Host, r.From = pbx, Identity{"tel", good, ""} }, refused, 5, "failed", "From must be a SIP URI, not tel:+14155550100; write sip:+14155550100@open.pstn.twilio.com"},
		{"a tel URI of a stranger", func(r *Request) { r.Host, r.From = pbx, Identity{"tel", "+19995550199", ""} }, refused, 5, "failed", "From must be a SIP URI with an E.164 number, not tel:+19995550199"},
		{"a number that may be several is not guessed", on(pbx, "02079460102"), refused, 5, "failed", "From 02079460102 is not E.164 and could be several numbers of the account"},
		{"a stranger's is told that, too", on(pbx, "2125559999"), refused, 5, "failed", "From 2125559999 is not E.164; it would be +12125559999, which is not a number of this account tied to open.pstn.twilio.com"},
		{"another account's is no other", on(pbx, "4155550190"), refused, 5, "failed", "it would be +14155550190, which is not a number of this account tied to"},
		{"one tied elsewhere is no other", on(pbx, "4155550110"), refused, 5, "failed", "it would be +14155550110, which is not a number of this account tied to"},
		{"it gives way to an identity that is right", on(pbx, "4155550100", asserted, "+12125550100"), nyc, 5, "applied", "P-Asserted-Identity +12125550100 is on the account and has a registered address, so it counts; From 4155550100 is not E.164: write + and 8"},

		{"it is taken where the settings allow", on(lenient, "4155550100"), centre, 5, "applied", "From 4155550100 is taken as +14155550100, which is on the account, tied to lenient.pstn.twilio.com"},
		{"so is one without plus", on(lenient, "14155550100"), centre, 5, "applied", "taken as +14155550100"},
		{"so is one with separators", on(lenient, "+1(415)555-0100"), centre, 5, "applied", "taken as +14155550100"},
		{"so is a tel URI", func(r *Request) { r.Host, r.From = lenient, Identity{"tel", "+1-415-555-0100", ""} }, centre, 5, "applied", "taken as +14155550100"},
		{"so is one of another country", func(r *Request) { on(lenient, "02079460100")(r); r.User = "999" }, gb, 5, "applied", "From 02079460100 is taken as +442079460100"},
		{"so is one without address, for a fee", on(lenient, "4155550102"), fee, 5, "failed", "From 4155550102 is taken as +14155550102, which has no registered emergency address (status unregistered)"},
		{"but none that may be several", on(lenient, "02079460102"), refused, 5, "failed", "could be several"},
		{"nor a stranger's", on(lenient, "2125559999"), refused, 5, "failed", "which is not a number of this account"},
		{"nor another account's", on(lenient, "4155550190"), refused, 5, "failed", "which is not a number of this account"},
	})
}

func TestRule5NamesTheNumberThatAnIdentityBesideFromWouldBe(t *testing.T) {
	on := func(from string, pairs ...string) func(*Request) {
		return func(r *Request) { r.Host, r.From.User, r.Claims = "open.pstn.twilio.com", from, claims(pairs...) }
	}
	runRules(t, []ruleRow{
		{"an asserted number in another form is told how to be written", on("alice", asserted, "4155550100"), "refuse 403 (32206)", 5, "failed", "From alice is not E.164: write + and 8 to 15 digits; P-Asserted-Identity 4155550100 is not E.164; write +14155550100"},
		{"behind a withheld From, too", on("anonymous", asserted, "bob", remote, "4155550100"), "refuse 403 (32206)", 5, "failed", "; Remote-Party-ID 4155550100 is not E.164; write +14155550100"},
		{"and whose it is not", on("alice", asserted, "2125559999"), "refuse 403 (32206)", 5, "failed", "; P-Asserted-Identity 2125559999 is not E.164; it would be +12125559999, which is not a number of this account"},
		{"it says nothing of itself where another counts", on("alice", asserted, "4155550100", remote, "+12125550100"), "psap psap-nyc,ecc-us, number and address", 5, "applied", "Remote-Party-ID +12125550100 is on the account and has a registered address, so it counts; From alice is not E.164: write + and 8"},
	})
}

func TestACallerSaysWhereItsNumberWasFound(t *testing.T) {
	s := directory.Lab(netip.AddrPort{})
	r := request("alice", "911", hostTrunk)
	r.Claims = claims(asserted, "+14155550100")
	d := Decide(s, nil, r)
	if d.Caller.Number != "+14155550100" || d.Caller.Source != directory.SourceAsserted || !strings.Contains(Text(d), "(US), by P-Asserted-Identity\n") {
		t.Errorf("%+v\n%s", d.Caller, Text(d))
	}
	r.Proof = nil // nobody's word counts
	if d := Decide(s, nil, r); d.Verdict != VerdictChallenge || d.Trace.Steps()[4].Saw != "not reached" {
		t.Error(Text(d))
	}
	r.Source = netip.MustParseAddr("192.0.2.1")
	if d := Decide(s, nil, r); d.Verdict != VerdictRefuse || d.Trace.Steps()[4].Saw != "not reached" {
		t.Error(Text(d))
	}
	r = request("alice", "911", hostStore)
	if d := Decide(s, nil, r); d.Caller.Source != directory.SourceFrom || !d.Caller.Replaced {
		t.Errorf("%+v", d.Caller)
	}
}
