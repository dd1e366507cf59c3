package twilio

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"callbox/routing/directory/store"
	"callbox/routing/twilio/rest"
)

// stock inserts numbers past the API, oldest first.
func (e *edge) stock(phones ...string) {
	e.t.Helper()
	e.write(func(t *store.Tx) error {
		for _, phone := range phones {
			n := store.Number{Common: store.Common{AccountSID: e.mine}, PhoneNumber: phone, FriendlyName: "n" + phone[len(phone)-1:], Country: "US",
				Service: "e911", EmergencyStatus: "Inactive", EmergencyAddressStatus: "unregistered"}
			if err := store.Insert(t, &n); err != nil {
				return err
			}
		}
		return nil
	})
}

func TestNumbersAreListed(t *testing.T) {
	t.Parallel()
	const key = "incoming_phone_numbers"
	eachEngine(t, func(t *testing.T, e *edge) {
		e.stock("+14155550100", "+14155550101", "+442079460000", "+447400123456", "+18005550100", "+18085550100")
		for _, c := range []struct {
			path  string
			query string
			want  string
		}{
			{"", "", "+18085550100 +18005550100 +447400123456 +442079460000 +14155550101 +14155550100"},
			{"", "PhoneNumber=%2B14155550101", "+14155550101"},
			{"", "PhoneNumber=+14155550101", "+14155550101"},
			{"", "PhoneNumber=%2B1415", "+14155550101 +14155550100"},
			{"", "PhoneNumber=%2B1*0*5550100", "+18085550100 +18005550100"},
			{"", "PhoneNumber=5550100", "+18085550100 +18005550100 +14155550100"},
			{"", "PhoneNumber=*15555010", "+14155550101 +14155550100"},
			{"", "PhoneNumber=99999", ""},
			{"", "FriendlyName=n6", "+447400123456"},
			{"", "FriendlyName=n6&PhoneNumber=%2B44", "+447400123456"},
			{"", "FriendlyName=N6", ""},
			{"", "Origin=hosted", ""},
			{"", "Origin=twilio&Beta=true&Colour=red&PhoneNumber=%2B44", "+447400123456 +442079460000"},
			{"/Local", "", "+18085550100 +442079460000 +14155550101 +14155550100"},
			{"/Local", "PhoneNumber=%2B44", "+442079460000"},
			{"/Mobile", "", "+447400123456"},
			{"/TollFree", "", "+18005550100"},
		} {
			a := e.must("GET", "IncomingPhoneNumbers"+c.path+".json?"+c.query)
			if d := cmp.Diff(strings.Fields(c.want), a.rows(key, "phone_number")); d != "" && len(a.rows(key, "sid"))+len(c.want) > 0 {
				t.Errorf("%s?%s: %s", c.path, c.query, d)
			}
		}
		e.write(func(t *store.Tx) error {
			n := store.Number{Common: store.Common{AccountSID: e.other}, PhoneNumber: "+14155550102"}
			return store.Insert(t, &n)
		})
		one := e.must("GET", "IncomingPhoneNumbers.json?PhoneNumber=%2B1415&PageSize=1")
		two := e.must("GET", one.str("next_page_uri"))
		back := e.must("GET", two.str("previous_page_uri"))
		if d := cmp.Diff([]string{"+14155550101", "+14155550100", "+14155550101"}, slices.Concat(one.rows(key, "phone_number"),
			two.rows(key, "phone_number"), back.rows(key, "phone_number"))); d != "" || two.body["next_page_uri"] != nil ||
			back.body["previous_page_uri"] != nil {
			t.Error("pages of a prefix:", d)
		}
		for _, q := range []string{"PhoneNumber=abc", "PhoneNumber=4155%25", "PhoneNumber=1%2B4", "PhoneNumber=" + strings.Repeat("1", 33)} {
			e.refused(400, 21421, []string{"PhoneNumber"}, "GET", "IncomingPhoneNumbers.json?"+q)
		}
		e.refused(400, 20001, []string{"Origin"}, "GET", "IncomingPhoneNumbers.json?Origin=x")
		e.refused(400, 20001, []string{"Beta"}, "GET", "IncomingPhoneNumbers.json?Beta=x")
	})
}

// walk follows next_page_uri from a list on and returns every number on the way.
func (e *edge) walk(path string) (phones []string, pages int) {
	e.t.Helper()
	for path != "" {
		a := e.must("GET", path)
		phones = append(phones, a.rows("incoming_phone_numbers", "phone_number")...)
		path = a.str("next_page_uri")
		pages++
	}
	return phones, pages
}

func TestPagesHoldUnderConcurrentWrites(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, e *edge) {
		var stay, come []string
		for i := range 60 {
			stay = append(stay, fmt.Sprintf("+1415555%04d", i))
			come = append(come, fmt.Sprintf("+1808555%04d", i))
		}
		e.stock(stay...)
		done := make(chan struct{})
		var wg sync.WaitGroup
		wg.Go(func() {
			defer close(done)
			for _, phone := range come {
				if _, path := e.number(phone); phone[len(phone)-1] < '5' {
					e.must("DELETE", path)
				}
			}
		})
		for running := true; running; {
			select {
			case <-done:
				running = false
			default:
			}
			got, pages := e.walk("IncomingPhoneNumbers.json?PageSize=7")
			var old []string
			for _, phone := range got {
				if strings.HasPrefix(phone, "+1415") {
					old = append(old, phone)
				}
			}
			slices.Reverse(old)
			if d := cmp.Diff(stay, old); d != "" || pages < 9 {
				t.Fatalf("%d pages skip or repeat: %s", pages, d)
			}
		}
		wg.Wait()
	})
}

// scanAll goes page by page through the numbers of a query, a few rows at once.
func (e *edge) scanAll(w rest.Window, q store.Query, keep func(store.Number) bool) (phones []string, pages int) {
	e.t.Helper()
	for {
		var rows []store.Number
		var p rest.Paging
		err := e.store.View(e.t.Context(), func(tx *store.Tx) (err error) {
			rows, p, err = scan(tx, w, q, numberID, keep, reach{ids: 15, batch: 10, all: 30, rows: 20})
			return err
		})
		if err != nil {
			e.t.Fatal(err)
		}
		if !slices.IsSortedFunc(rows, func(a, b store.Number) int { return int(b.ID - a.ID) }) {
			e.t.Error("a page is not newest first")
		}
		if w.Back { // from the oldest on, over all pages
			slices.Reverse(rows)
		}
		for _, n := range rows {
			phones = append(phones, n.PhoneNumber)
		}
		pages++
		next, more := p.Next()
		if w.Back {
			next, more = p.Previous()
		}
		if !more {
			return phones, pages
		}
		w = next
	}
}

func TestASparseClassIsFoundPageByPage(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, e *edge) {
		mobiles := []string{"+447400123456", "+447400123457", "+447400123458", "+447400123459"}
		for i, mobile := range mobiles {
			e.stock(mobile)
			for j := range 50 * (i % 2) { // two of them stand side by side
				e.stock(fmt.Sprintf("+1415%07d", i*1000+j+2000000))
			}
		}
		all := store.Query{Account: e.mine}
		some := store.Query{Account: e.mine, Where: []store.Cond{{Column: "phone_number", Op: store.Like, Value: "+44%"}}}
		mobile := subsets[1].keep()
		for _, q := range []store.Query{all, some} {
			keep := mobile
			if q.Where != nil {
				keep = nil
			}
			slices.Reverse(mobiles)
			if got, pages := e.scanAll(rest.Window{Size: 3}, q, keep); !slices.Equal(got, mobiles) || pages < 4 {
				t.Error(pages, got)
			}
			slices.Reverse(mobiles)
			if got, pages := e.scanAll(rest.Window{Size: 3, Back: true}, q, keep); !slices.Equal(got, mobiles) || pages < 4 {
				t.Error("the way back:", pages, got)
			}
			if got, pages := e.scanAll(rest.Window{Size: 2}, store.Query{Account: e.other}, keep); len(got) != 0 || pages != 1 {
				t.Error("an account without numbers:", pages, got)
			}
		}
	})
}

// TestConcurrentUpdates has many clients change one number: each change is kept whole, and none is lost.
func TestConcurrentUpdates(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, e *edge) {
		_, one := e.number("+14155550100")
		var wg sync.WaitGroup
		for i := range 8 {
			wg.Go(func() {
				name := fmt.Sprint("writer ", i)
				if a := e.do("POST", one, "FriendlyName", name, "VoiceUrl", "http://x/"+fmt.Sprint(i)); a.status != http.StatusOK {
					t.Error(a.text)
				}
			})
		}
		var won int
		var mu sync.Mutex
		for range 8 {
			wg.Go(func() {
				a := e.do("POST", "IncomingPhoneNumbers.json", "PhoneNumber", "+14155550199")
				mu.Lock()
				defer mu.Unlock()
				if a.status == http.StatusCreated {
					won++
				} else if a.code() != 21422 {
					t.Error(a.text)
				}
			})
		}
		wg.Wait()
		a := e.must("GET", one)
		if name, url := a.str("friendly_name"), a.str("voice_url"); name[len(name)-1] != url[len(url)-1] {
			t.Error("two changes were mixed:", a.text)
		}
		if won != 1 {
			t.Errorf("%d clients were given the same number", won)
		}
	})
}

// TestAnAddressIsAssociatedOrDeleted lets clients race: whoever comes first, no number is left with an address that is gone.
func TestAnAddressIsAssociatedOrDeleted(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, e *edge) {
		_, one := e.number("+14155550100")
		for i := range 10 {
			ad := e.must("POST", "Addresses.json", harrison("FriendlyName", fmt.Sprint(i))...).sid()
			var wg sync.WaitGroup
			var associated, deleted answer
			wg.Go(func() { associated = e.do("POST", one, "EmergencyAddressSid", ad) })
			wg.Go(func() { deleted = e.do("DELETE", "Addresses/"+ad+".json") })
			wg.Wait()
			a := e.must("GET", one)
			switch {
			case associated.status == http.StatusOK && deleted.status == http.StatusConflict && a.str("emergency_address_sid") == ad:
				e.step(registered)
				e.must("POST", one, "EmergencyAddressSid", "")
				e.step(time.Hour)
			case associated.code() == 20001 && deleted.status == http.StatusNoContent && a.body["emergency_address_sid"] == nil:
			default:
				t.Fatalf("associating answers %s, deleting %s, and then there is %s", associated.text, deleted.text, a.text)
			}
		}
	})
}
