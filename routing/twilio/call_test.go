package twilio

import (
	"context"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"callbox/routing/directory"
	"callbox/routing/directory/store"
	"callbox/routing/directory/store/storetest"
	"callbox/sip/call"
	"callbox/sip/cdr"
)

// calls are a journal and what is up, as the edge joins them.
type calls struct {
	*cdr.Journal
	live []call.Record
}

func (c *calls) Page(ctx context.Context, q cdr.Query) (cdr.Page, error) {
	q.Live = c.live
	return c.Journal.Page(ctx, q)
}

func (c *calls) Get(id call.ID) (*call.Record, bool) {
	for i := range c.live {
		if c.live[i].ID == id {
			return &c.live[i], true
		}
	}
	return c.Journal.Get(id)
}

var noon = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

// at is an answered call of an account that began so many hours after noon and took 61.6 s.
func at(account string, n int, change ...func(*call.Record)) call.Record {
	began := noon.Add(time.Duration(n) * time.Hour)
	r := call.Record{
		ID: call.ID(fmt.Sprintf("CA%032x", 1000+n)), State: call.StateEnded, Account: account, StartedAt: began,
		AnsweredAt: began.Add(time.Second), EndedAt: began.Add(62600 * time.Millisecond), DurationMS: 61600,
		EndReason: call.EndCallerHungUp, SIPStatus: 200, From: "4155550100", Caller: "+14155550100", Dialled: "911", Domain: "acme.sip.twilio.com",
	}
	for _, f := range change {
		f(&r)
	}
	return r
}

func unanswered(reason call.EndReason, status int) func(*call.Record) {
	return func(r *call.Record) {
		r.AnsweredAt, r.DurationMS, r.EndReason, r.SIPStatus = time.Time{}, 0, reason, status
	}
}

// eachWithCalls runs a test with an edge that has a journal.
func eachWithCalls(t *testing.T, test func(t *testing.T, e *edge, c *calls)) {
	t.Helper()
	storetest.Each(t, func(t *testing.T, engine string) {
		j, err := cdr.Open(t.TempDir(), cdr.Options{Recent: 3})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = j.Close() })
		c := &calls{Journal: j}
		test(t, newEdge(t, storetest.Open(t, engine, store.Options{}), func(o *Options) { o.Calls = c }), c)
	})
}

func TestACallLooksAsTheProviderShowsIt(t *testing.T) {
	t.Parallel()
	eachWithCalls(t, func(t *testing.T, e *edge, c *calls) {
		number := store.Number{Common: store.Common{AccountSID: e.mine}, PhoneNumber: "+14155550100"}
		trunk := store.Trunk{Common: store.Common{AccountSID: e.mine}, DomainName: "acme.pstn.twilio.com", Aliases: "trunk.example.com"}
		e.write(func(t *store.Tx) error {
			if err := store.Insert(t, &number); err != nil {
				return err
			}
			return store.Insert(t, &trunk)
		})
		c.Append(at(e.mine, 1, func(r *call.Record) { r.FeeCents = 7500 }))
		c.Append(at(e.mine, 2, unanswered(call.EndNoTarget, 480), func(r *call.Record) { r.Domain, r.Caller = "acme.pstn.us1.twilio.com", "" }))
		c.Append(at(e.mine, 3, func(r *call.Record) { r.Domain, r.Caller, r.Dialled = "TRUNK.example.com", "+442071838750", "999" }))
		live := at(e.mine, 4, func(r *call.Record) {
			r.State, r.EndedAt, r.Dialled, r.EndReason = call.StateAnswered, time.Time{}, "urn:service:sos", 0
		})
		live.Events = []call.Event{{At: noon.Add(5 * time.Hour)}}
		c.live = []call.Record{live}
		sid := func(n int) string { return string(at(e.mine, n).ID) }
		uri := "/2010-04-01/Accounts/" + e.mine + "/Calls/"
		want := map[string]any{
			"sid": sid(1), "date_created": "Sat, 21 Nov 2026 13:00:00 +0000", "date_updated": "Sat, 21 Nov 2026 13:01:02 +0000",
			"parent_call_sid": nil, "account_sid": e.mine, "to": "sip:911@acme.sip.twilio.com", "to_formatted": "sip:911@acme.sip.twilio.com",
			"from": "+14155550100", "from_formatted": "(415) 555-0100", "phone_number_sid": number.SID, "status": "completed",
			"start_time": "Sat, 21 Nov 2026 13:00:00 +0000", "end_time": "Sat, 21 Nov 2026 13:01:02 +0000", "duration": "62",
			"price": "-75.00000", "price_unit": "USD", "direction": "inbound", "answered_by": nil, "api_version": "2010-04-01",
			"forwarded_from": nil, "group_sid": nil, "caller_name": nil, "queue_time": "0", "trunk_sid": nil,
			"uri": uri + sid(1) + ".json", "subresource_uris": map[string]any{},
		}
		if d := cmp.Diff(want, e.must("GET", "Calls/"+sid(1)+".json").body); d != "" {
			t.Errorf("the charged call (-want +got):\n%s", d)
		}
		for n, want := range map[int]map[string]any{
			2: {"status": "no-answer", "to": "911", "from": "4155550100", "direction": "trunking-terminating", "trunk_sid": trunk.SID, "duration": nil, "price": "0.00000"},
			3: {"status": "completed", "to": "999", "from_formatted": "+442071838750", "trunk_sid": trunk.SID, "phone_number_sid": nil},
			4: {"status": "in-progress", "to": "urn:service:sos", "end_time": nil, "duration": nil, "price": nil, "date_updated": "Sat, 21 Nov 2026 17:00:00 +0000"},
		} {
			got := e.must("GET", "Calls/"+sid(n)+".json")
			for field, value := range want {
				if got.body[field] != value {
					t.Errorf("call %d: %s is %v, want %v", n, field, got.body[field], value)
				}
			}
		}
		if xml := e.must("GET", "Calls"); !strings.Contains(xml.text, "<Call><Sid>"+sid(4)+"</Sid>") || !strings.Contains(xml.text, "<Price>-75.00000</Price>") {
			t.Error(xml.text)
		}
	})
}

func TestACallIsFoundInItsAccountOnly(t *testing.T) {
	t.Parallel()
	eachWithCalls(t, func(t *testing.T, e *edge, c *calls) {
		c.Append(at(e.other, 1))
		c.Append(at("", 2))
		for n := range 3 {
			e.refused(404, 20404, nil, "GET", fmt.Sprintf("Calls/CA%032x.json", 1000+n))
		}
		if got := e.must("GET", "Calls.json").rows("calls", "sid"); len(got) != 0 {
			t.Errorf("calls of others: %v", got)
		}
		e.refused(404, 20404, nil, "GET", "Calls/CA1.json")
	})
}

func TestAnEdgeMakesAndChangesNoCallsByREST(t *testing.T) {
	t.Parallel()
	eachWithCalls(t, func(t *testing.T, e *edge, c *calls) {
		c.Append(at(e.mine, 1))
		one := "Calls/" + string(at(e.mine, 1).ID) + ".json"
		e.refused(405, 20004, []string{"makes no calls by REST", "by SIP"}, "POST", "Calls.json", "To", "+14155550100", "From", "+14155550101", "Url", "http://127.0.0.1/")
		e.refused(405, 20004, []string{"does not change calls"}, "POST", one, "Status", "completed")
		e.refused(405, 20004, []string{"does not delete"}, "DELETE", one)
		e.must("GET", one)
	})
}

func TestCallsAreFiltered(t *testing.T) {
	t.Parallel()
	eachWithCalls(t, func(t *testing.T, e *edge, c *calls) {
		for _, r := range []call.Record{
			at(e.mine, -37), at(e.mine, -13, unanswered(call.EndNoTarget, 486)), at(e.mine, -12, unanswered(call.EndCallerCancelled, 487)),
			at(e.mine, 0, unanswered(call.EndRefused, 403)), at(e.mine, 11, func(r *call.Record) { r.Caller, r.From = "+13125550100", "+13125550100" }),
			at(e.mine, 12, func(r *call.Record) { r.Dialled, r.Domain = "933", "acme.pstn.twilio.com" }),
		} {
			c.Append(r)
		}
		ringing := at(e.mine, 30, func(r *call.Record) {
			r.State, r.AnsweredAt, r.EndedAt = call.StateProgressing, time.Time{}, time.Time{}
		})
		c.live = []call.Record{ringing}
		for _, tt := range []struct {
			filter []string
			want   []int
		}{
			{nil, []int{30, 12, 11, 0, -12, -13, -37}},
			{[]string{"Status", "completed"}, []int{12, 11, -37}},
			{[]string{"Status", "busy"}, []int{-13}},
			{[]string{"Status", "canceled"}, []int{-12}},
			{[]string{"Status", "failed"}, []int{0}},
			{[]string{"Status", "ringing"}, []int{30}},
			{[]string{"Status", "queued"}, nil},
			{[]string{"From", "+13125550100"}, []int{11}},
			{[]string{"From", "4155550100", "Status", "busy"}, []int{-13}},
			{[]string{"To", "933"}, []int{12}},
			{[]string{"To", "sip:911@acme.sip.twilio.com", "Status", "ringing"}, []int{30}},
			{[]string{"To", "911@acme.sip.twilio.com", "Status", "ringing"}, []int{30}},
			{[]string{"StartTime", "2026-11-21"}, []int{11, 0, -12}},
			{[]string{"StartTime<", "2026-11-21"}, []int{-13, -37}},
			{[]string{"StartTime>", "2026-11-22"}, []int{30, 12}},
			{[]string{"StartTime>", "2026-11-20", "StartTime<", "2026-11-21"}, []int{-13}},
			{[]string{"StartTime", "2026-11-21T12:00:00Z"}, []int{0}},
			{[]string{"StartTime>", "2026-11-21T14:00:00+02:00", "StartTime<", "2026-11-21 23:00:00.000"}, []int{0}},
			{[]string{"EndTime", "2026-11-22"}, []int{12}},
			{[]string{"EndTime<", "2026-11-20"}, []int{-37}},
			{[]string{"EndTime>", "2026-11-21"}, []int{12, 11, 0, -12}},
			{[]string{"ParentCallSid", "CA00000000000000000000000000000001"}, nil},
		} {
			var want []string
			for _, n := range tt.want {
				want = append(want, string(at("", n).ID))
			}
			if d := cmp.Diff(want, e.must("GET", "Calls.json", tt.filter...).rows("calls", "sid")); d != "" {
				t.Errorf("%v (-want +got):\n%s", tt.filter, d)
			}
		}
		for name, value := range map[string]string{"Status": "asleep", "StartTime": "yesterday", "StartTime<": "2026-13-01", "EndTime>": "1", "ParentCallSid": "CA1"} {
			e.refused(400, 20001, []string{name}, "GET", "Calls.json", name, value)
		}
		e.refused(400, 21481, []string{"PageToken"}, "GET", "Calls.json", "PageToken", "PACA")
	})
}

func TestPagesOfCallsHoldUnderNewCallsAndLeadBack(t *testing.T) {
	t.Parallel()
	eachWithCalls(t, func(t *testing.T, e *edge, c *calls) {
		for n := range 10 {
			c.Append(at(e.mine, n))
		}
		one := e.must("GET", "Calls.json", "PageSize", "4", "Status", "completed")
		c.Append(at(e.mine, 100))
		two := e.must("GET", one.str("next_page_uri"))
		c.Append(at(e.mine, 101))
		three := e.must("GET", two.str("next_page_uri"))
		sids := func(from, to int) (out []string) {
			for n := from; n >= to; n-- {
				out = append(out, string(at("", n).ID))
			}
			return out
		}
		for i, page := range []answer{one, two, three} {
			if d := cmp.Diff(sids(9-4*i, max(6-4*i, 0)), page.rows("calls", "sid")); d != "" {
				t.Errorf("page %d (-want +got):\n%s", i, d)
			}
			if !strings.Contains(page.str("uri"), "Status=completed") {
				t.Errorf("page %d has lost the filter: %s", i, page.str("uri"))
			}
		}
		if three.body["next_page_uri"] != nil || one.body["previous_page_uri"] != nil {
			t.Errorf("after the last page %v, before the first %v", three.body["next_page_uri"], one.body["previous_page_uri"])
		}
		back := e.must("GET", two.str("previous_page_uri"))
		if d := cmp.Diff(sids(9, 6), back.rows("calls", "sid")); d != "" {
			t.Errorf("the page before the second (-want +got):\n%s", d)
		}
		first := e.must("GET", back.str("previous_page_uri"))
		if d := cmp.Diff(sids(101, 100), first.rows("calls", "sid")); d != "" || first.body["previous_page_uri"] != nil {
			t.Errorf("what is new meanwhile (-want +got):\n%s", d)
		}
	})
}

func TestACallByAnExtraSuffixCameByItsTrunk(t *testing.T) {
	t.Parallel()
	lab, err := os.ReadFile("../directory/lab.yaml")
	if err != nil {
		t.Fatal(err)
	}
	file, problems := directory.Parse("lab.yaml", append(lab, "\ntrunk_suffixes: [trunks.lab.test]\n"...), directory.Options{})
	if file == nil {
		t.Fatal(problems)
	}
	j, err := cdr.Open(t.TempDir(), cdr.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = j.Close() })
	e := newEdge(t, storetest.Open(t, storetest.SQLite, store.Options{}), func(o *Options) {
		o.Calls, o.Network = &calls{Journal: j}, func() *directory.Network { return file.Network }
	})
	trunk := e.must("POST", "/v1/Trunks", "DomainName", "acme.pstn.twilio.com").sid()
	j.Append(at(e.mine, 1, func(r *call.Record) { r.Domain = "Acme.Trunks.Lab.Test" }))
	j.Append(at(e.mine, 2, func(r *call.Record) { r.Domain = "gone.trunks.lab.test" }))
	list := e.must("GET", "Calls.json")
	if d := cmp.Diff([]string{"", trunk}, list.rows("calls", "trunk_sid")); d != "" {
		t.Errorf("trunks (-want +got):\n%s", d)
	}
	if d := cmp.Diff([]string{"trunking-terminating", "trunking-terminating"}, list.rows("calls", "direction")); d != "" {
		t.Errorf("directions (-want +got):\n%s", d)
	}
}
