package bandwidth

import (
	"encoding/xml"
	"errors"
	"testing"

	"callbox/routing/area"
	"callbox/routing/bandwidth/wire"
	"callbox/routing/directory/store"
)

// FuzzOrder takes orders as far as the store. What is refused has a code and a sentence; what is taken can be shown again.
func FuzzOrder(f *testing.F) {
	for _, s := range []string{
		locations(standard), locations(`<LocationId>a</LocationId>`+harrison, nowhere), endpoints(phone("endpoint0001", `<LocationId>a</LocationId>`)),
		endpoints(phone("endpoint0001", `<Address>`+harrison+`</Address>`)), deleted(endpoints(`<Identifier>abcd</Identifier>`)), deleted(locations(`<LocationId>a</LocationId>`)),
		`<E911Order><CallerName>x</CallerName><Address>` + harrison + `</Address><AlternateEndUserIdentifiers><AlternateEndUserIdentifier><Identifier>abc1</Identifier>
			<CallbackNumber>+1 (970) 654-2333</CallbackNumber></AlternateEndUserIdentifier></AlternateEndUserIdentifiers></E911Order>`,
		`<E911Order><AddressesToEdit><Address><LocationId>a</LocationId><Latitude>1e400</Latitude><Longitude>NaN</Longitude></Address></AddressesToEdit></E911Order>`,
		`<E911Order><AddressesToDelete><E911LocationId>a</E911LocationId></AddressesToDelete><DeleteTNSpecificE911Address> TRUE </DeleteTNSpecificE911Address></E911Order>`,
	} {
		f.Add(s)
	}
	guide := area.LabGuide()
	a := NewOrders(Options{Guide: func() *area.Guide { return guide }})
	f.Fuzz(func(t *testing.T, document string) {
		var in e911Order
		if xml.Unmarshal([]byte(document), &in) != nil {
			return
		}
		err := in.check(true)
		var refused *wire.Error
		if err != nil {
			if !errors.As(err, &refused) || refused.Code == 0 || refused.Description == "" || refused.Status != 400 {
				t.Fatalf("refused by %v", err)
			}
			return
		}
		items, err := in.items()
		if err != nil || len(items) < 2 {
			t.Fatalf("%d items, %v", len(items), err)
		}
		shown, err := showOrder("1", store.Order{}, items)
		if err != nil {
			t.Fatal(err)
		}
		text, err := xml.Marshal(orderResponse{Order: shown})
		if err != nil || xml.Unmarshal(text, new(orderResponse)) != nil {
			t.Fatalf("%v in %s", err, text)
		}
		for i := range in.Additional {
			at := in.Additional[i]
			_, _, _, _, err := a.standard(&at)
			var f *failure
			if err != nil && !errors.As(err, &f) {
				t.Fatal(err)
			}
			if err == nil && at.check() != nil {
				t.Fatalf("the standard form of an address is none: %v", at.check())
			}
		}
	})
}
