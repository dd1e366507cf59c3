package web

import (
	"encoding/json"
	"strings"
	"testing"

	"callbox/routing/directory/store"
)

const failedNote, sentNote = "NF0000000000000000000000000000000f", "NF0000000000000000000000000000000e"

// tell puts two notifications of a call into the store: one was given up, the other delivered.
func (e *edge) tell(t *testing.T) {
	t.Helper()
	at := noon.UnixMilli()
	rows := []store.Notification{
		{CallSID: wholeCall, Host: "a.pstn.twilio.com", Event: "placed", Kind: "webhook", Target: "https://me:hunter2@desk.example.com/x", Secret: "Callbox-lab-911",
			Body: `{"event":"placed","call_id":"` + wholeCall + `","caller":"+14155550100"}`, State: store.NotificationFailed, Attempts: 9, Begun: at, Due: at, Done: at, LastError: "no answer in time"},
		{CallSID: wholeCall, Host: "a.pstn.twilio.com", Event: "placed", Kind: "email", Target: "desk@example.com", Body: "{}",
			State: store.NotificationSent, Attempts: 1, Begun: at, Due: at, Done: at},
	}
	rows[0].SID, rows[1].SID = failedNote, sentNote
	rows[0].AccountSID, rows[1].AccountSID = account, account
	err := e.store.Update(t.Context(), store.Actor{}, func(tx *store.Tx) error { return store.InsertMany(tx, rows) })
	if err != nil {
		t.Fatal(err)
	}
}

func TestNotificationsAreListedAndStandInTheCallsRecord(t *testing.T) {
	t.Parallel()
	e, _ := inUse(t)
	var list NotificationList
	body := e.ask(request{path: "/api/v1/notifications?limit=1"}).Body.String()
	if err := json.Unmarshal([]byte(body), &list); err != nil {
		t.Fatal(err)
	}
	if len(list.Notifications) != 1 || list.NextBefore != sentNote || list.Notifications[0].ID != sentNote {
		t.Fatalf("the first page is %s", body)
	}
	body = e.ask(request{path: "/api/v1/notifications?before=" + list.NextBefore}).Body.String()
	if !strings.Contains(body, failedNote) || strings.Contains(body, sentNote) || !strings.Contains(body, `"caller":"+14155550100"`) {
		t.Errorf("the second page is %s", body)
	}
	if strings.Contains(body, "hunter2") || strings.Contains(body, "Callbox-lab-911") {
		t.Errorf("a secret shows: %s", body)
	}
	for query, want := range map[string]int{"?state=failed": 1, "?kind=email": 1, "?call=" + noCall: 0, "?call=" + wholeCall: 2, "?state=sending": 0} {
		list = NotificationList{}
		if err := json.Unmarshal(e.ask(request{path: "/api/v1/notifications" + query}).Body.Bytes(), &list); err != nil || len(list.Notifications) != want {
			t.Errorf("%s gives %d notifications, %v", query, len(list.Notifications), err)
		}
	}
	var detail CallDetail
	if err := json.Unmarshal(e.ask(request{path: "/api/v1/calls/" + wholeCall}).Body.Bytes(), &detail); err != nil || len(detail.Notifications) != 2 {
		t.Errorf("the call's record has %+v, %v", detail.Notifications, err)
	}
}

func TestARetryIsWrittenIntoTheAuditLog(t *testing.T) {
	t.Parallel()
	e, _ := inUse(t)
	if w := e.ask(request{method: "POST", path: "/api/v1/notifications/" + failedNote + "/retry"}); w.Code != 200 || !strings.Contains(w.Body.String(), `"state":"queued"`) {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	if body := e.ask(request{path: "/api/v1/audit?kind=notification"}).Body.String(); !strings.Contains(body, failedNote) {
		t.Error(body)
	}
}
