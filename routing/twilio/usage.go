package twilio

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"time"

	"callbox/routing/directory/store"
	"callbox/routing/fees"
	"callbox/routing/twilio/rest"
)

// FeeSource adds up fees by the lab's clock.
type FeeSource interface {
	Sums(ctx context.Context, q fees.Query) ([]fees.Sum, error)
}

// category is one of the provider's usage categories, of those that an edge can tell something about.
type category struct {
	name, description string
	unit              string   // "" for the one that adds up prices
	kinds             []string // of fees
}

// categories are in the order in which lists have them. The provider has one category for emergency calls, whichever way
// they come.
var categories = []category{
	{"phonenumbers", "Phone Numbers", "numbers", []string{store.FeeEmergencyNumber}},
	{"phonenumbers-emergency", "Emergency Phone Numbers", "numbers", []string{store.FeeEmergencyNumber}},
	{"trunking-emergency-calls", "Emergency Calls from Numbers without a Registered Address", "calls", []string{store.FeeUnregisteredCall}},
	{"totalprice", "Total Price", "", []string{store.FeeEmergencyNumber, store.FeeUnregisteredCall}},
}

// usageBody is a usage record as answers show it.
type usageBody struct {
	AccountSID      string              `json:"account_sid"`
	APIVersion      string              `json:"api_version"`
	AsOf            string              `json:"as_of"`
	Category        string              `json:"category"`
	Count           rest.Null           `json:"count"`
	CountUnit       string              `json:"count_unit"`
	Description     string              `json:"description"`
	EndDate         string              `json:"end_date"`
	Price           json.Number         `json:"price"`
	PriceUnit       string              `json:"price_unit"`
	StartDate       string              `json:"start_date"`
	SubresourceURIs map[string]rest.URI `json:"subresource_uris"`
	URI             rest.URI            `json:"uri"`
	Usage           string              `json:"usage"`
	UsageUnit       string              `json:"usage_unit"`
}

// period is one of the subresources: how time is divided, and which time it is.
type period struct {
	name, key string // in the path, and in subresource_uris
	by        fees.By
	// days returns the first and the last day by today's date; nil for all since the account began.
	days func(today time.Time) (first, last time.Time)
}

var periods = []period{
	{"", "", fees.ByAll, nil},
	{"AllTime", "all_time", fees.ByAll, nil},
	{"Daily", "daily", fees.ByDay, nil},
	{"Monthly", "monthly", fees.ByMonth, nil},
	{"Yearly", "yearly", fees.ByYear, nil},
	{"Today", "today", fees.ByAll, func(d time.Time) (first, last time.Time) { return d, d }},
	{"Yesterday", "yesterday", fees.ByAll, func(d time.Time) (first, last time.Time) {
		return d.AddDate(0, 0, -1), d.AddDate(0, 0, -1)
	}},
	{"ThisMonth", "this_month", fees.ByAll, func(d time.Time) (first, last time.Time) {
		return d.AddDate(0, 0, 1-d.Day()), d
	}},
	{"LastMonth", "last_month", fees.ByAll, func(d time.Time) (first, last time.Time) {
		this := d.AddDate(0, 0, 1-d.Day())
		return this.AddDate(0, -1, 0), this.AddDate(0, 0, -1)
	}},
}

const usagePath = "/2010-04-01/Accounts/{AccountSid}/Usage/Records"

// usage adds the routes.
func (a *api) usage(m *rest.Mux) {
	for _, p := range periods {
		path := usagePath
		if p.name != "" {
			path += "/" + p.name
		}
		m.Handle(http.MethodGet, path, func(r *rest.Request) (rest.Reply, error) { return a.listUsage(r, p) })
	}
}

// usageFilter is what usage records can be narrowed by. Accounts here have no subaccounts to include.
type usageFilter struct {
	Category  string `form:"Category"`
	StartDate string `form:"StartDate"`
	EndDate   string `form:"EndDate"`
}

func (a *api) listUsage(r *rest.Request, p period) (rest.Reply, error) {
	w, err := r.Window()
	if err != nil {
		return rest.Reply{}, err
	}
	var f usageFilter
	if err := r.Decode(&f); err != nil {
		return rest.Reply{}, err
	}
	var account store.Account
	err = a.o.Store.View(r.Context(), func(t *store.Tx) (err error) {
		account, err = store.Get[store.Account](t, "", r.Var("AccountSid"))
		return err
	})
	if err != nil {
		return rest.Reply{}, err
	}
	now := a.o.Now().UTC()
	spans, err := f.spans(p, dayOf(time.UnixMilli(account.Created)), dayOf(now))
	if err != nil {
		return rest.Reply{}, err
	}
	u := usage{account: account.SID, now: now, period: p, sums: map[usageKey]fees.Sum{}}
	if err := u.read(r.Context(), a.o.Fees, spans); err != nil {
		return rest.Reply{}, err
	}
	rows, paging := rest.NewPage(w, windowOf(w, f.records(spans)), usageRecord.id)
	shown := make([]usageBody, len(rows))
	for i, row := range rows {
		shown[i] = u.show(row)
	}
	return rest.NewList(r, "usage_records", "UsageRecords", "UsageRecord", paging, shown), nil
}

func dayOf(t time.Time) time.Time {
	t = t.UTC()
	return time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, time.UTC)
}

// days is a stretch of whole days, both ends included.
type days struct{ first, last time.Time }

// spans divides the time a request asks about as the period does, the latest first.
func (f usageFilter) spans(p period, born, today time.Time) ([]days, error) {
	all := days{born, today}
	if all.first.After(today) { // the clock of the host was set back
		all.first = today
	}
	if p.days != nil {
		all.first, all.last = p.days(today)
	}
	from, err := usageDate("StartDate", f.StartDate, today)
	if err != nil {
		return nil, err
	}
	until, err := usageDate("EndDate", f.EndDate, today)
	if err != nil {
		return nil, err
	}
	if !from.IsZero() && (p.by == fees.ByAll && p.days == nil || from.After(all.first)) {
		all.first = from
	}
	if !until.IsZero() && (p.by == fees.ByAll && p.days == nil || until.Before(all.last)) {
		all.last = until
	}
	if p.by == fees.ByAll {
		if all.last.Before(all.first) {
			return nil, nil
		}
		return []days{all}, nil
	}
	var out []days
	for last := all.last; !last.Before(all.first); {
		first := p.by.Start(last)
		next := first.AddDate(0, 0, -1)
		if first.Before(all.first) {
			first = all.first
		}
		out, last = append(out, days{first, last}), next
	}
	return out, nil
}

var relativeDate = regexp.MustCompile(`^([+-]\d{1,5})days?$`)

// usageDate reads a date, or a distance from today such as -30days.
func usageDate(name, text string, today time.Time) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	if m := relativeDate.FindStringSubmatch(text); m != nil {
		n, err := strconv.Atoi(m[1])
		return today.AddDate(0, 0, n), err
	}
	t, err := time.Parse(time.DateOnly, text)
	if err != nil || t.Year() < 1 {
		return t, rest.Invalid(rest.CodeInvalid, name, "it must be a day as YYYY-MM-DD, or a distance from today as -30days")
	}
	return t, nil
}

// usageRecord is one record before it is shown.
type usageRecord struct {
	days
	category int
}

// id orders records: the later a span the higher, and the categories of a span from first to last.
func (u usageRecord) id() int64 {
	return (u.first.Unix()/86400+1_000_000)*100 + int64(len(categories)-u.category)
}

// records makes the records of spans.
func (f usageFilter) records(spans []days) []usageRecord {
	var out []usageRecord
	for _, d := range spans {
		for i, c := range categories {
			if f.Category == "" || f.Category == c.name {
				out = append(out, usageRecord{d, i})
			}
		}
	}
	return out
}

// windowOf cuts rows, newest first, to what NewPage wants for a window.
func windowOf(w rest.Window, rows []usageRecord) []usageRecord {
	if w.Bound != 0 {
		rows = slices.DeleteFunc(rows, func(u usageRecord) bool {
			return !w.Back && u.id() >= w.Bound || w.Back && u.id() <= w.Bound
		})
	}
	if w.Back {
		slices.Reverse(rows)
	}
	return rows[:min(len(rows), w.Size+1)]
}

// usage is the sums of a request, for its records.
type usage struct {
	account string
	now     time.Time
	period  period
	sums    map[usageKey]fees.Sum
}

type usageKey struct {
	start time.Time // of the day, month or year
	kind  string
}

// read adds up the fees of all spans at once.
func (u *usage) read(ctx context.Context, source FeeSource, spans []days) error {
	if source == nil || len(spans) == 0 {
		return nil
	}
	sums, err := source.Sums(ctx, fees.Query{
		Account: u.account, From: spans[len(spans)-1].first, Until: spans[0].last.AddDate(0, 0, 1), By: u.period.by,
	})
	for _, s := range sums {
		u.sums[usageKey{s.Start, s.Kind}] = s
	}
	return err
}

// show makes the body of a record.
func (u *usage) show(row usageRecord) usageBody {
	c := categories[row.category]
	var total fees.Sum
	for _, kind := range c.kinds {
		s := u.sums[usageKey{u.period.by.Start(row.first), kind}]
		total.Count, total.Cents = total.Count+s.Count, total.Cents+s.Cents
	}
	base := accountURI(u.account) + "/Usage/Records"
	of := rest.URI("?Category=" + c.name)
	b := usageBody{
		AccountSID: u.account, APIVersion: "2010-04-01", AsOf: u.now.Format("2006-01-02T15:04:05+00:00"), Category: c.name,
		Count: rest.Null(strconv.FormatInt(total.Count, 10)), CountUnit: c.unit, Description: c.description,
		StartDate: row.first.Format(time.DateOnly), EndDate: row.last.Format(time.DateOnly),
		Price: json.Number(dollars(total.Cents)), PriceUnit: "usd", Usage: strconv.FormatInt(total.Count, 10), UsageUnit: c.unit,
		SubresourceURIs: map[string]rest.URI{},
	}
	for _, p := range periods {
		if p.name != "" {
			b.SubresourceURIs[p.key] = base + rest.URI("/"+p.name) + of
		}
	}
	path := base
	if u.period.name != "" {
		path += rest.URI("/" + u.period.name)
	}
	b.URI = path + of + rest.URI("&StartDate="+b.StartDate+"&EndDate="+b.EndDate)
	if c.unit == "" { // what it counts is money
		b.Count, b.Usage, b.UsageUnit = "", dollars(total.Cents), "usd"
	}
	return b
}

// dollars writes cents as dollars.
func dollars(cents int64) string { return fmt.Sprintf("%d.%02d", cents/100, cents%100) }
