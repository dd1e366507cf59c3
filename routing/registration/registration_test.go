package registration

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"callbox/routing/directory/store"
	"callbox/routing/directory/store/storetest"
)

const account = "AC00000000000000000000000000000911"

var (
	start = time.Date(2026, 11, 21, 10, 0, 0, 0, time.UTC)
	who   = store.Actor{Name: account}
)

func at(d time.Duration) int64 { return start.Add(d).UnixMilli() }

// database is an account with two addresses for emergencies and a number without one.
func database(t *testing.T, engine string) (s *store.Store, harrison, market store.Address, n store.Number) {
	t.Helper()
	s = storetest.Open(t, engine, store.Options{})
	harrison = store.Address{Common: store.Common{AccountSID: account}, Street: "645 HARRISON ST", IsoCountry: "US", EmergencyEnabled: true, Validated: true}
	market = store.Address{Common: store.Common{AccountSID: account}, Street: "1 MARKET ST", IsoCountry: "US", EmergencyEnabled: true, Validated: true}
	n = store.Number{
		Common: store.Common{AccountSID: account}, PhoneNumber: "+14155550100", Country: "US", Service: "e911",
		EmergencyStatus: Inactive, EmergencyAddressStatus: Unregistered,
	}
	update(t, s, func(tx *store.Tx) error {
		return errors.Join(store.Insert(tx, &store.Account{Common: store.Common{SID: account}}),
			store.Insert(tx, &harrison), store.Insert(tx, &market), store.Insert(tx, &n))
	})
	return s, harrison, market, n
}

func update(t *testing.T, s *store.Store, fn func(*store.Tx) error) {
	t.Helper()
	if err := s.Update(t.Context(), who, fn); err != nil {
		t.Fatal(err)
	}
}

// realistic are strict rules at the start.
func realistic() Rules {
	return Rules{Delays: Realistic(), Strict: true, Now: func() time.Time { return start }}
}

// state is what the rules change of a number.
type state struct {
	Address, Status   string
	Due               int64
	Next              string
	After             int64
	Emergency         string
	EmergencyDue      int64
	EmergencyNext     string
	EmergencyAsItSays string
}

func stateOf(n store.Number) state {
	return state{n.EmergencyAddressSID, n.EmergencyAddressStatus, n.StatusDue, n.StatusNext, n.ReassociateAfter,
		n.EmergencyStatus, n.EmergencyStatusDue, n.EmergencyStatusNext, ShownEmergencyStatus(n)}
}

func TestRequestsMoveANumberToAPendingStatus(t *testing.T) {
	t.Parallel()
	s, harrison, _, n := database(t, storetest.SQLite)
	with := func(status string, change func(*store.Number)) store.Number {
		n := n
		n.EmergencyAddressSID, n.EmergencyAddressStatus = harrison.SID, status
		if change != nil {
			change(&n)
		}
		return n
	}
	associate := func(r Rules, t *store.Tx, n *store.Number) error { return r.Associate(t, n, harrison) }
	disassociate := func(r Rules, t *store.Tx, n *store.Number) error { return r.Disassociate(t, n) }
	activate := func(r Rules, t *store.Tx, n *store.Number) error { return r.SetEmergencyStatus(t, n, true) }
	deactivate := func(r Rules, t *store.Tx, n *store.Number) error { return r.SetEmergencyStatus(t, n, false) }
	lenient := func(_ Rules, t *store.Tx, n *store.Number) error {
		return Rules{}.SetEmergencyStatus(t, n, true)
	}
	pending := state{harrison.SID, PendingRegistration, at(12 * time.Minute), Registered, 0, Inactive, 0, "", Inactive}
	leaving := state{harrison.SID, PendingUnregistration, at(12 * time.Minute), Unregistered, at(30 * time.Minute), Inactive, 0, "", Inactive}
	tests := []struct {
		name   string
		number store.Number
		do     func(Rules, *store.Tx, *store.Number) error
		want   state
	}{
		{"associating an address", n, associate, pending},
		{"associating again after the registration failed", with(RegistrationFailure, nil), associate, pending},
		{"associating a number that a file left pending", with(PendingRegistration, nil), associate, pending},
		{"associating the registered address changes nothing", with(Registered, nil), associate, stateOf(with(Registered, nil))},
		{"associating the pending address changes nothing", with(PendingRegistration, func(n *store.Number) { n.StatusDue = 7 }), associate,
			stateOf(with(PendingRegistration, func(n *store.Number) { n.StatusDue = 7 }))},
		{"associating when the wait is over", with(Unregistered, func(n *store.Number) { n.EmergencyAddressSID, n.ReassociateAfter = "", at(0) }), associate, pending},
		{"disassociating", with(Registered, nil), disassociate, leaving},
		{"disassociating a number of the United Kingdom", with(Registered, func(n *store.Number) { n.Country = "GB" }), disassociate,
			state{harrison.SID, PendingUnregistration, at(12 * time.Minute), Unregistered, at(72 * time.Hour), Inactive, 0, "", Inactive}},
		{"disassociating again after that failed", with(UnregistrationFailure, nil), disassociate, leaving},
		{"disassociating a number that a file left pending", with(PendingRegistration, nil), disassociate, leaving},
		{"disassociating what failed to register", with(RegistrationFailure, nil), disassociate, leaving},
		{"disassociating nothing changes nothing", n, disassociate, stateOf(n)},
		{"disassociating twice changes nothing", with(PendingUnregistration, func(n *store.Number) { n.StatusDue = 7 }), disassociate,
			stateOf(with(PendingUnregistration, func(n *store.Number) { n.StatusDue = 7 }))},
		{"activating", with(Registered, nil), activate,
			state{harrison.SID, Registered, 0, "", 0, Inactive, at(4 * time.Minute), Active, "Pending Activation"}},
		{"deactivating", with(Registered, func(n *store.Number) { n.EmergencyStatus = Active }), deactivate,
			state{harrison.SID, Registered, 0, "", 0, Active, at(4 * time.Minute), Inactive, "Pending Deactivation"}},
		{"deactivating what is inactive changes nothing", with(Registered, nil), deactivate, stateOf(with(Registered, nil))},
		{"lenient rules do not heed EmergencyStatus", with(Registered, nil), lenient, stateOf(with(Registered, nil))},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := tt.number
			update(t, s, func(tx *store.Tx) error { return tt.do(realistic(), tx, &got) })
			if d := cmp.Diff(tt.want, stateOf(got)); d != "" {
				t.Errorf("number (-want +got):\n%s", d)
			}
		})
	}
}

func TestRequestsAreRefusedWithTheirReason(t *testing.T) {
	t.Parallel()
	s, harrison, market, n := database(t, storetest.SQLite)
	number := func(status, address string) store.Number {
		n := n
		n.EmergencyAddressSID, n.EmergencyAddressStatus, n.StatusDue = address, status, 7
		return n
	}
	waiting := number(Unregistered, "")
	waiting.ReassociateAfter = at(30 * time.Minute)
	incapable := n
	incapable.Service = "none"
	changing := number(Registered, harrison.SID)
	changing.EmergencyStatusDue, changing.EmergencyStatusNext = 7, Active
	plain, abroad := market, market
	plain.Validated = false
	abroad.IsoCountry = "CA"
	with := func(a store.Address) func(Rules, *store.Tx, *store.Number) error {
		return func(r Rules, t *store.Tx, n *store.Number) error { return r.Associate(t, n, a) }
	}
	tests := []struct {
		name   string
		number store.Number
		do     func(Rules, *store.Tx, *store.Number) error
		reason Reason
		says   string
	}{
		{"another address while one is registered", number(Registered, harrison.SID), with(market), Occupied, "disassociate it first and wait for unregistered"},
		{"another address while one is pending", number(PendingRegistration, harrison.SID), with(market), Pending, "still pending-registration with " + harrison.SID},
		{"an address while the last one leaves", number(PendingUnregistration, harrison.SID), with(harrison), Pending, "still pending-unregistration"},
		{"an address while the last one cannot leave", number(UnregistrationFailure, harrison.SID), with(market), Occupied, "could not be unregistered"},
		{"an address too soon", waiting, with(market), Wait, "from 2026-11-21T10:30:00Z on"},
		{"an address that is not validated", n, with(plain), NotValidated, "EmergencyEnabled=true"},
		{"an address abroad", n, with(abroad), WrongCountry, "is in CA and +14155550100 is a number of US"},
		{"an address for a number without E911", incapable, with(market), NotCapable, "neither E911 nor Basic 911"},
		{"disassociating while it is pending", number(PendingRegistration, harrison.SID), Rules.Disassociate, Pending, "disassociate when that is done"},
		{"activating without a registered address", n, func(r Rules, t *store.Tx, n *store.Number) error { return r.SetEmergencyStatus(t, n, true) }, NotRegistered, "is unregistered"},
		{"deactivating while it is being activated", changing, func(r Rules, t *store.Tx, n *store.Number) error {
			n.EmergencyStatus = Active
			n.EmergencyStatusNext = Active
			return r.SetEmergencyStatus(t, n, false)
		}, Pending, "Pending Activation"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := tt.number
			err := s.Update(t.Context(), who, func(tx *store.Tx) error { return tt.do(realistic(), tx, &got) })
			refused(t, err, tt.reason, tt.says)
			want := tt.number
			want.EmergencyStatus, want.EmergencyStatusNext = got.EmergencyStatus, got.EmergencyStatusNext
			if d := cmp.Diff(want, got); d != "" {
				t.Errorf("the refused request changed the number:\n%s", d)
			}
		})
	}
}

// refused looks at the error of a request that was to be refused.
func refused(t *testing.T, err error, reason Reason, says string) {
	t.Helper()
	var refusal *Refusal
	if !errors.As(err, &refusal) || refusal.Reason != reason || !strings.Contains(err.Error(), says) {
		t.Fatalf("error %v, want reason %d with %q", err, reason, says)
	}
	if wait := refusal.Reason == Wait; wait != refusal.Until.Equal(start.Add(30*time.Minute)) {
		t.Errorf("refused until %s", refusal.Until)
	}
	if together := refusal.Reason == Together; together != (refusal.Code == 22222) {
		t.Errorf("code %d", refusal.Code)
	}
}

func TestTwoChangesInOneRequestAreRefusedWhenStrict(t *testing.T) {
	t.Parallel()
	refused(t, realistic().Combined(true, true), Together, "send two")
	if err := (Rules{}).Combined(true, true); err != nil {
		t.Errorf("lenient rules refuse two changes in one request: %v", err)
	}
	if err := realistic().Combined(true, false); err != nil {
		t.Errorf("strict rules refuse one change: %v", err)
	}
}
