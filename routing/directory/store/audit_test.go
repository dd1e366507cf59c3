package store_test

import (
	"strings"
	"testing"

	. "callbox/routing/directory/store"
	"callbox/routing/directory/store/storetest"
)

func TestTheAuditLogHasNoPasswordOfAURL(t *testing.T) {
	t.Parallel()
	s := open(t, storetest.SQLite)
	n := Number{Common: Common{AccountSID: lab}, PhoneNumber: e164(1), VoiceURL: "https://pbx:first-word@example.com/voice?to=a@b"}
	update(t, s, func(tx *Tx) error { return Insert(tx, &n) })
	n.VoiceURL = "https://pbx:second-word@example.com/voice?to=a@b"
	update(t, s, func(tx *Tx) error { return Save(tx, &n) })
	view(t, s, func(tx *Tx) error {
		entries, err := Find[AuditEntry](tx, Query{Where: []Cond{{Column: "kind", Op: Equal, Value: "number"}}})
		if err != nil || len(entries) != 2 {
			t.Fatal(entries, err)
		}
		for _, e := range entries {
			if strings.Contains(e.Changes, "-word") || !strings.Contains(e.Changes, "https://pbx:***@example.com/voice?to=a@b") {
				t.Error(e.Changes)
			}
		}
		return nil
	})
}
