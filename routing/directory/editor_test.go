package directory

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"callbox/routing/area"

	"github.com/google/go-cmp/cmp"
)

// number is the i-th of a made-up million, with an address of its own.
func number(i int) NumberRecord {
	zip := fmt.Sprintf("%05d", 501+i%41000)
	return NumberRecord{
		SID: fmt.Sprintf("PN%032x", i), AccountSID: "AC00000000000000000000000000000911", Country: "US",
		E164: fmt.Sprintf("+1%d", 2_000_000_000+i*4567%8_000_000_000), Service: ServiceE911, Status: StatusRegistered,
		Address: &AddressRecord{
			SID: fmt.Sprintf("AD%032x", i), AccountSID: "AC00000000000000000000000000000911", ESN: fmt.Sprint(2000 + i%3000),
			Civic: Civic{
				Customer: fmt.Sprintf("Customer No. %d", i), Street: fmt.Sprintf("%d Harrison St", i%9999+1), Secondary: fmt.Sprintf("Fl %d", i%40),
				City: fmt.Sprintf("City %s", zip[:3]), State: "CA", PostalCode: zip, Country: "US",
			},
		},
	}
}

func put(t testing.TB, e *Editor, records ...NumberRecord) {
	t.Helper()
	for _, r := range records {
		if err := e.PutNumber(r); err != nil {
			t.Fatal(err)
		}
	}
}

func TestASnapshotStaysAsItWas(t *testing.T) {
	t.Parallel()
	first := Lab(netip.AddrPort{})
	was, _ := first.Number("+14155550100")
	e := first.Edit()
	changed := number(1)
	changed.E164 = was.E164
	put(t, e, changed, number(2))
	e.DeleteNumber("+12125550100")
	e.DeleteNumber("+12125550100")
	e.DeleteNumber("no number")
	second := e.Snapshot()
	put(t, e, number(3)) // not allowed, but must not reach what was handed out
	e.DeleteNumber("+14155550100")

	if n, ok := first.Number("+14155550100"); !ok || n != was || n.Address.Civic().Street != "645 Harrison St" {
		t.Errorf("the first snapshot has %+v", n)
	}
	if _, ok := first.Number(number(2).E164); ok || first.Count() != 13 {
		t.Error("a number came to the first snapshot")
	}
	if _, ok := first.Number("+12125550100"); !ok {
		t.Error("a number is gone from the first snapshot")
	}
	if n, ok := second.Number("+14155550100"); !ok || n.SID() != changed.SID || n.Address.Civic() != changed.Address.Civic {
		t.Errorf("the second snapshot has %+v", n)
	}
	if _, ok := second.Number("+12125550100"); ok || second.Count() != 13 {
		t.Errorf("the second snapshot has %d numbers", second.Count())
	}
	if _, ok := second.Number(number(3).E164); ok {
		t.Error("a number came to the second snapshot after it was handed out")
	}
	seen := 0
	for n := range second.Numbers() {
		if got, _ := second.Number(n.E164); got != n {
			t.Errorf("%s is listed and not found", n.E164)
		}
		seen++
	}
	if seen != second.Count() {
		t.Errorf("%d numbers are listed, %d counted", seen, second.Count())
	}
}

func TestTwoEditorsOfOneSnapshotDoNotMeet(t *testing.T) {
	t.Parallel()
	base := Lab(netip.AddrPort{})
	a, b := base.Edit(), base.Edit()
	for i := range 500 {
		put(t, a, number(2*i))
		put(t, b, number(2*i+1))
	}
	left, right := a.Snapshot(), b.Snapshot()
	for i := range 1000 {
		_, inLeft := left.Number(number(i).E164)
		_, inRight := right.Number(number(i).E164)
		if inLeft == inRight || inLeft != (i%2 == 0) {
			t.Fatalf("number %d: %v, %v", i, inLeft, inRight)
		}
	}
}

// Readers look while an editor goes on; the race detector watches.
func TestReadersNeedNoLocks(t *testing.T) {
	t.Parallel()
	s := Lab(netip.AddrPort{})
	for i := range 50 {
		done := make(chan bool)
		go func() {
			defer close(done)
			for n := range s.Numbers() {
				if got, ok := s.Number(n.E164); !ok || got != n {
					t.Errorf("%s is not itself", n.E164)
				}
				if n.Address != nil {
					n.Address.Civic()
					s.Serving(n.Address)
				}
			}
		}()
		e := s.Edit()
		put(t, e, number(i), number(i+1))
		e.DeleteNumber(number(i / 2).E164)
		e.SetNetwork(LabContents(netip.AddrPort{}).Network)
		next := e.Snapshot()
		<-done
		s = next
	}
}

func TestARecordThatIsFilledAgainIsAnotherAddress(t *testing.T) {
	t.Parallel()
	var r AddressRecord
	e := Lab(netip.AddrPort{}).Edit()
	for i := range 4 {
		n := number(i)
		r = *n.Address
		n.Address = &r
		if i == 3 {
			r.Civic, r.ESN = number(2).Address.Civic, number(2).Address.ESN
		}
		put(t, e, n)
	}
	s := e.Snapshot()
	for i := range 4 {
		want := number(i)
		n, _ := s.Number(want.E164)
		if i < 3 && n.Address.Civic() != want.Address.Civic || n.Address.SID() != want.Address.SID {
			t.Errorf("number %d is at %s, %s", i, n.Address.SID(), n.Address.Line())
		}
	}
}

func TestABadNumberChangesNothing(t *testing.T) {
	t.Parallel()
	good := number(1)
	long := *good.Address
	long.Civic.Street = strings.Repeat("x", 1<<16)
	nameless := *good.Address
	nameless.SID = "AD1"
	for name, change := range map[string]func(*NumberRecord){
		"no E.164":                    func(r *NumberRecord) { r.E164 = "4155550100" },
		"no SID":                      func(r *NumberRecord) { r.SID = "" },
		"a SID of another kind":       func(r *NumberRecord) { r.SID = "AD" + r.SID[2:] },
		"a calling code of nobody":    func(r *NumberRecord) { r.E164, r.Country = "+9995550100", "" },
		"an address without end":      func(r *NumberRecord) { r.Address = &long },
		"an address with a wrong SID": func(r *NumberRecord) { r.Address = &nameless },
	} {
		r := good
		change(&r)
		e := Lab(netip.AddrPort{}).Edit()
		if err := e.PutNumber(r); err == nil {
			t.Errorf("%s: taken", name)
		}
		if got := e.Snapshot().Count(); got != 13 {
			t.Errorf("%s: %d numbers", name, got)
		}
	}
}

func TestANumberIsTiedToWhatItsRecordSays(t *testing.T) {
	t.Parallel()
	lab := LabContents(netip.AddrPort{})
	s := Lab(netip.AddrPort{})
	phones, _ := s.Domain("phones.sip.twilio.com")
	quiet, _ := s.Domain("quiet.sip.twilio.com")
	trunk := s.Trunks()[0]
	e := s.Edit()
	some, none, other := number(1), number(2), number(3)
	some.Domains = &[]string{quiet.SID, phones.SID}
	none.Domains, none.Trunks = &[]string{}, &[]string{}
	other.AccountSID = "AC00000000000000000000000000000912"
	put(t, e, some, none, other)
	s = e.Snapshot()
	var got []string
	for _, r := range []NumberRecord{some, none, other, lab.Numbers[0]} {
		n, _ := s.Number(r.E164)
		got = append(got, fmt.Sprint(n.OnDomain(phones), n.OnDomain(quiet), n.OnDomain(s.Domains()[0]), n.OnTrunk(trunk)))
	}
	want := []string{"true true false true", "false false false false", "false false false false", "true true true true"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// What a host's records name and nobody has must not leave it more open.
func TestWhatIsNotThereIsReportedAndLetsNobodyIn(t *testing.T) {
	t.Parallel()
	c := LabContents(netip.AddrPort{}).Customers
	c.ACLs, c.CredentialLists = nil, nil
	c.Domains = append(slices.Clone(c.Domains),
		DomainRecord{SID: "SD1", AccountSID: "AC1", Name: "a.example"},
		DomainRecord{SID: "SD2", AccountSID: c.Accounts[0].SID, Name: "LAB.sip.dublin.twilio.com"},
		DomainRecord{SID: "SD3", AccountSID: c.Accounts[0].SID, Name: "b.example", Aliases: []string{"[::1]", "no host", "b.example"}},
	)
	c.Accounts = append(slices.Clone(c.Accounts), c.Accounts[0])
	e := Lab(netip.AddrPort{}).Edit()
	errs := e.SetCustomers(c)
	s := e.Snapshot()
	var got []string
	for _, err := range errs {
		got = append(got, err.Error())
	}
	all := strings.Join(got, "\n")
	for _, want := range []string{
		"account AC00000000000000000000000000000911 is there twice", "domain SD1 (a.example): account AC1 is not there",
		`domain SD2 (LAB.sip.dublin.twilio.com): the host "LAB.sip.dublin.twilio.com" is taken`,
		`domain SD3 (b.example): "no host" is not a host name`, `domain SD3 (b.example): the host "b.example" is taken`,
		"(lab.sip.us1.twilio.com): ACL AL", "(phones.sip.us1.twilio.com): credential list CL", "(lab.pstn.ashburn.twilio.com): ACL AL",
	} {
		if !strings.Contains(all, want) {
			t.Errorf("%q is not in\n%s", want, all)
		}
	}
	if _, ok := s.Domain("::1"); !ok || len(s.Domains()) != 5 {
		t.Errorf("%d domains", len(s.Domains()))
	}
	home := netip.MustParseAddr("127.0.0.1")
	for _, d := range s.Domains() {
		for _, l := range d.Access.ACLs {
			if l.Contains(home) {
				t.Errorf("%s lets %s in", d.Name, home)
			}
		}
		if slices.ContainsFunc(d.Registrars, func(l *CredentialList) bool { _, ok := l.HA1("alice"); return ok }) {
			t.Errorf("%s lets alice register", d.Name)
		}
	}
	for i, d := range s.Domains() {
		if r := c.Domains[i]; i < 4 && (len(d.Access.ACLs) != len(r.ACLs) || len(d.Access.Credentials) != len(r.Credentials)) {
			t.Errorf("%s has lost a guard", d.Name)
		}
	}
	if d := s.Trunks()[0]; len(d.Access.ACLs) != 1 || len(d.Access.Credentials) != 1 {
		t.Errorf("%s has lost a guard", d.Name)
	}
}

func TestAnotherNetworkServesTheSameAddresses(t *testing.T) {
	t.Parallel()
	src := strings.Replace(string(labYAML), `postal_codes: ["941"]`, `postal_codes: ["942"]`, 1)
	src = strings.Replace(src, `esns: ["2101"]`, `esns: ["2007"]`, 1)
	src = strings.Replace(src, "{name: San Francisco, state: CA}", "{name: Daly City, state: CA}", 1)
	src = strings.Replace(src, `postal_codes: ["946"]`, `postal_codes: ["94105"]`, 1)
	src = strings.Replace(src, "psaps:\n", "psaps:\n  - {id: new, uri: \"sip:new@sim\", serves: {country: US, postal_codes: [\"99501\"]}}\n", 1)
	src += "\ndomain_suffixes: [sip.lab.example]\n"
	f, problems := Parse("other.yaml", []byte(src), Options{})
	if err := problems.Err(); err != nil {
		t.Fatal(err)
	}
	base := Lab(netip.AddrPort{}).Edit()
	put(t, base, number(7))
	before := base.Snapshot()
	e := before.Edit()
	e.SetNetwork(f.Network)
	after := e.Snapshot()

	serving := func(s *Snapshot, e164 string) string {
		n, _ := s.Number(e164)
		p, level := s.Serving(n.Address)
		if p == nil {
			return "nobody"
		}
		if own, _ := s.Centre(p.ID); own != p {
			t.Errorf("%s is not of this network", p.ID)
		}
		return p.ID + " by " + level.String()
	}
	rows := []struct{ number, before, after string }{
		{"+14155550100", "psap-sf by ESN", "psap-oakland by postal code"},
		{"+14155550104", "psap-sf by ESN", "psap-oakland by postal code"},
		{"+12125550100", "psap-nyc by ESN", "psap-nyc by ESN"},
		{number(7).E164, "nobody", "psap-sf by ESN"},
	}
	for _, r := range rows {
		if b, a := serving(before, r.number), serving(after, r.number); b != r.before || a != r.after {
			t.Errorf("%s: %s, then %s; want %s, then %s", r.number, b, a, r.before, r.after)
		}
	}
	one, _ := after.Number("+14155550100")
	two, _ := after.Number("+14155550101")
	if one.Address != two.Address {
		t.Error("an address of two numbers has become two")
	}
	if d, ok := after.Domain("lab.sip.lab.example"); !ok || d.Name != "lab.sip.us1.twilio.com" {
		t.Error("the new suffix is not known")
	}
	if _, ok := before.Domain("lab.sip.lab.example"); ok {
		t.Error("the snapshot before knows the new suffix")
	}
}

func TestAnAddressKeepsItsParts(t *testing.T) {
	t.Parallel()
	for _, r := range []AddressRecord{
		{}, *number(1).Address,
		{SID: "AD0123456789abcdef0123456789abcdef", Civic: Civic{Street: "1 Rue de l'Église", City: "Évry", PostalCode: "91000", Country: "FR"}},
		{Civic: Civic{Secondary: "Suite 500"}, ESN: "0007"},
	} {
		a, err := MakeAddress(r)
		if err != nil {
			t.Fatal(err)
		}
		if got := (AddressRecord{SID: a.SID(), AccountSID: r.AccountSID, Civic: a.Civic(), ESN: a.ESN()}); got != r {
			t.Errorf("%+v became %+v", r, got)
		}
	}
	var zero Address
	if zero.Civic() != (Civic{}) || zero.ESN() != "" {
		t.Error("no address has parts")
	}
	if p, level := Lab(netip.AddrPort{}).Serving(&zero); p != nil || level != area.None {
		t.Error("somebody serves nothing")
	}
}

func FuzzAddressKeepsItsParts(f *testing.F) {
	f.Add("Ada", "645 Harrison St", "Fl 2", "San Francisco", "CA", "94105", "US", "2101")
	f.Add("", "", "", "", "", "", "", "")
	f.Fuzz(func(t *testing.T, customer, street, secondary, city, state, postal, country, esn string) {
		c := Civic{customer, street, secondary, city, state, postal, area.Country(country)}
		a, err := MakeAddress(AddressRecord{Civic: c, ESN: esn})
		if (err != nil) != (len(customer+street+secondary+postal+esn) > 1<<16-1) {
			t.Fatal(err)
		}
		if err == nil && (a.Civic() != c || a.ESN() != esn) {
			t.Errorf("%+v became %+v", c, a.Civic())
		}
	})
}
