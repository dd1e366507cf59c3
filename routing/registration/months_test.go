package registration

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"callbox/routing/directory/store"
	"callbox/routing/directory/store/storetest"
	"callbox/routing/fees"
)

// months says of each month how many numbers were charged.
func (c *scene) months(l *fees.Ledger) []string {
	c.Helper()
	sums, err := l.Sums(c.Context(), fees.Query{By: fees.ByMonth})
	if err != nil {
		c.Fatal(err)
	}
	out := []string{}
	for _, s := range sums {
		out = append(out, fmt.Sprintf("%s %s %d", s.Start.Format("2006-01"), s.Kind, s.Count))
	}
	return out
}

// charging is a scene whose mover charges months.
func charging(t *testing.T, engine string) (*scene, *fees.Ledger) {
	t.Helper()
	c := newScene(t, engine, Options{})
	l := fees.New(c.s, c.clock, fees.Options{})
	c.mover = NewMover(c.s, c.clock, Options{Months: l})
	return c, l
}

func TestANumberIsChargedForEveryMonthItHasAnAddressIn(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, engine string) {
		c, l := charging(t, engine)
		c.step(0)
		c.associate(c.harrison)
		if d := cmp.Diff([]string{}, c.months(l)); d != "" {
			t.Errorf("charged while it is pending:\n%s", d)
		}
		c.step(70 * 24 * time.Hour) // registered on 21 November, to 30 January in one step
		want := []string{"2026-11 emergency_number 1", "2026-12 emergency_number 1", "2027-01 emergency_number 1"}
		if d := cmp.Diff(want, c.months(l)); d != "" {
			t.Errorf("months (-want +got):\n%s", d)
		}
		c.disassociate() // unregistered in January
		c.step(60 * 24 * time.Hour)
		if d := cmp.Diff(want, c.months(l)); d != "" {
			t.Errorf("months after it was unregistered (-want +got):\n%s", d)
		}
		c.associate(c.market)
		c.step(24 * time.Hour)
		if d := cmp.Diff(append(want, "2027-03 emergency_number 1", "2027-04 emergency_number 1"), c.months(l)); d != "" {
			t.Errorf("months after it was registered again (-want +got):\n%s", d)
		}
	})
}

func TestANumberThatIsStillLeavingWhenTheMonthBeginsIsCharged(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, engine string) {
		c, l := charging(t, engine)
		c.associate(c.harrison)
		c.step(9*24*time.Hour + 13*time.Hour + 50*time.Minute) // 23:50 on 30 November
		c.disassociate()                                       // done at two minutes past
		c.step(40 * 24 * time.Hour)
		want := []string{"2026-11 emergency_number 1", "2026-12 emergency_number 1"}
		if d := cmp.Diff(want, c.months(l)); d != "" {
			t.Errorf("months (-want +got):\n%s", d)
		}
	})
}

func TestANumberThatCameRegisteredIsCharged(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, engine string) {
		c, l := charging(t, engine)
		c.step(0)
		c.do(func(_ *store.Tx, n *store.Number) error {
			n.EmergencyAddressSID, n.EmergencyAddressStatus = c.harrison.SID, Registered
			return nil
		})
		c.step(0)
		c.step(0)
		if d := cmp.Diff([]string{"2026-11 emergency_number 1"}, c.months(l)); d != "" {
			t.Errorf("months (-want +got):\n%s", d)
		}
	})
}
