package directory

import (
	"net/netip"
	"testing"

	"callbox/routing/area"
)

func TestTheLabLoadsWithoutProblems(t *testing.T) {
	_, problems := Load(LabFile, labYAML, Options{})
	if err := problems.Err(); err != nil {
		t.Fatal(err)
	}
}

func TestEveryLabNumberIsServedAsTheContractSays(t *testing.T) {
	s := Lab(netip.AddrPort{})
	rows := []struct {
		number, country string
		service         Service
		registered      bool
		psap            string
	}{
		{"+14155550100", "US", ServiceE911, true, "psap-sf"},
		{"+12125550100", "US", ServiceE911, true, "psap-nyc"},
		{"+14155550101", "US", ServiceBasic911, true, "psap-sf"},
		{"+14155550102", "US", ServiceE911, false, ""},
		{"+18005550103", "US", ServiceNone, true, "psap-sf"},
		{"+14155550104", "US", ServiceE911, false, "psap-sf"},
		{"+16135550100", "CA", ServiceE911, true, "psap-ottawa"},
		{"+442079460100", "GB", ServiceE911, true, "psap-london"},
		{"+35315550100", "IE", ServiceE911, true, "psap-dublin"},
		{"+61255500100", "AU", ServiceE911, true, "psap-sydney"},
		{"+33155500100", "FR", ServiceE911, true, "psap-paris"},
		{"+493055500100", "DE", ServiceE911, true, "psap-berlin"},
		{"+4315550100", "AT", ServiceE911, true, "psap-vienna"},
	}
	if got := s.Count(); got != len(rows) {
		t.Errorf("lab has %d numbers, want %d", got, len(rows))
	}
	for _, r := range rows {
		n, ok := s.Number(r.number)
		if !ok {
			t.Errorf("%s is missing", r.number)
			continue
		}
		psap := ""
		if n.Address != nil {
			p, level := s.Serving(n.Address)
			if p != nil {
				psap = p.ID
			}
			if level != area.ByESN {
				t.Errorf("%s: %s is found by %s", r.number, n.Address.Line(), level)
			}
		}
		if n.Country != r.country || n.Service != r.service || n.Registered() != r.registered || psap != r.psap {
			t.Errorf("%s: country %s, service %s, registered %v, psap %q; want %+v", r.number, n.Country, n.Service, n.Registered(), psap, r)
		}
		for _, d := range s.Domains() {
			if !n.OnDomain(d) {
				t.Errorf("%s is not tied to %s", r.number, d.Name)
			}
		}
		if trunk := s.Trunks()[0]; !n.OnTrunk(trunk) {
			t.Errorf("%s is not tied to %s", r.number, trunk.Name)
		}
		if _, ok := s.ECC(n.Country); !ok {
			t.Errorf("%s has no ECC", n.Country)
		}
	}
	if _, ok := s.Number("+19995550199"); ok {
		t.Error("+19995550199 must not be on the account")
	}
}
