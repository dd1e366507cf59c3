package unified

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"callbox/routing/directory/store"
)

// FuzzBody reads bodies as every operation does: nothing panics, and what is refused is refused with a reason and bounded.
func FuzzBody(f *testing.F) {
	f.Add([]byte(harrison))
	f.Add([]byte(`{"endpoints": [{"id": "a", "phoneNumber": "+16175551212", "name": "B", "lang": "en", "addressId": "x"}], "action": "PROVISION"}`))
	f.Add([]byte(`{"endpointIds": ["a", 1, ""], "notifications": ["a"], "type": "HTTP", "recipient": "https://a@b"}`))
	f.Add([]byte(`{"latitude": 1e999, "longitude": "NaN", "prepaidPhonecard": 1, "a": {}, "a": []}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		req := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(string(body)))
		r := &request{Request: req}
		o, err := r.object()
		if err != nil {
			refused(t, err)
			return
		}
		var l store.Location
		readAddress(o, &l)
		if l.HasPoint && l.Point().Check() != nil {
			t.Errorf("a point that cannot be: %+v", l.Point())
		}
		if len(l.Street) > 4*maxLine || strings.ContainsAny(l.Street+l.City+l.Details, "\r\n\x00") {
			t.Errorf("%q", l.Street)
		}
		showAddress(l)
		var n store.Recipient
		readNotification(o, &n)
		for _, in := range o.objects("endpoints", maxItems) {
			in.text("id", 64)
			if p := phone(in, "phoneNumber"); p != "" && !strings.HasPrefix(p, "+") {
				t.Errorf("phone %q", p)
			}
		}
		o.texts("endpointIds", maxItems, 64)
		requiredAction(o)
		if err := o.err(); err != nil {
			refused(t, err)
		}
	})
}

func refused(t *testing.T, err error) {
	var e *Error
	if !errors.As(err, &e) || len(e.Entries) == 0 || len(e.Entries) > 21 || e.status != http.StatusBadRequest {
		t.Fatalf("%v", err)
	}
	w := httptest.NewRecorder()
	WriteError(w, e)
	if w.Body.Len() > 16<<10 {
		t.Errorf("a refusal of %d bytes", w.Body.Len())
	}
}
