package app

import (
	"net/http"
	"strings"
	"testing"

	"callbox/routing/directory/store"
)

// TestEmergencyStatusBindsCallsWhereItIsStrict takes the status from a number of the lab, which has a registered address.
func TestEmergencyStatusBindsCallsWhereItIsStrict(t *testing.T) {
	t.Parallel()
	for word, verdicts := range map[string][2]string{"ignored": {"psap", "psap"}, "strict": {"psap", "ecc"}} {
		t.Run(word, func(t *testing.T) {
			t.Parallel()
			s := lab(t)
			s.options.Twilio.EmergencyStatus = word
			a := start(t, s)
			expect := func(verdict string) {
				t.Helper()
				status, body := a.send(t, http.MethodPost, "/api/v1/explain", `{"from": "+14155550100", "to": "911"}`)
				if status != http.StatusOK || !strings.Contains(body, `"verdict":"`+verdict+`"`) {
					t.Errorf("%d, not %s:\n%s", status, verdict, body)
				}
			}
			expect(verdicts[0])
			err := a.customers.store.Update(t.Context(), store.Actor{Name: "test"}, func(tx *store.Tx) error {
				numbers, err := store.Find[store.Number](tx, store.Where("phone_number", "+14155550100"))
				if err != nil {
					return err
				}
				numbers[0].EmergencyStatus = "Inactive"
				return store.Save(tx, &numbers[0])
			})
			if err != nil {
				t.Fatal(err)
			}
			expect(verdicts[1])
		})
	}
}
