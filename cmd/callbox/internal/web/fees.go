package web

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"callbox/routing/fees"
)

// Fees adds up what was charged.
type Fees interface {
	// Report returns sums, and the total in cents of all that the query is about.
	Report(ctx context.Context, q fees.Query) (sums []fees.Sum, total int64, err error)
}

// FeeSum is what was charged for one thing in one span, or for one number.
type FeeSum struct {
	Start      string `json:"start,omitempty" doc:"The first day of the span, UTC, by the lab's clock; absent where spans are not told apart."`
	AccountSID string `json:"account_sid"`
	Number     string `json:"number,omitempty" doc:"The phone number, where sums are by number."`
	Kind       string `json:"kind" doc:"unregistered_call: an emergency call from a number of the US or Canada without a registered address. emergency_number: a month of a number with an address."`
	Count      int64  `json:"count"`
	Cents      int64  `json:"cents" doc:"US cents."`
}

// FeeReport is a page of sums.
type FeeReport struct {
	Sums       []FeeSum `json:"sums" doc:"In the order of time or number."`
	TotalCents int64    `json:"total_cents" doc:"Of everything asked about, on this page or not."`
	NextOffset int      `json:"next_offset,omitempty" doc:"Ask with offset set to this for the next page; absent on the last one."`
}

type feesInput struct {
	By      string `query:"by" enum:"day,month,year,number,all" default:"month" doc:"What is told apart."`
	Account string `query:"account_sid" maxLength:"34" doc:"Only fees of this account."`
	Number  string `query:"number" maxLength:"16" doc:"Only fees of this phone number."`
	From    string `query:"from" format:"date" doc:"Only fees of this day or later, UTC, by the lab's clock."`
	Until   string `query:"until" format:"date" doc:"Only fees before this day."`
	Limit   int    `query:"limit" minimum:"1" maximum:"10000" default:"1000" doc:"How many sums at most."`
	Offset  int    `query:"offset" minimum:"0" maximum:"100000000" doc:"How many to pass over. The next_offset of the page before."`
}

type feesOutput struct{ Body FeeReport }

// registerFees adds the page about what was charged.
func registerFees(api huma.API, f Fees) {
	huma.Register(api, huma.Operation{
		OperationID: "list-fees", Method: http.MethodGet, Path: "/api/v1/fees", Tags: []string{"fees"},
		Summary:     "Add up fees",
		Description: "What the provider would charge: 75.00 USD for an emergency call from a number of the US or Canada without a registered address, 0.75 USD for each month of a number with one.",
		Errors:      []int{http.StatusServiceUnavailable},
	}, func(ctx context.Context, in *feesInput) (*feesOutput, error) {
		q := in.query()
		sums, total, err := f.Report(ctx, q)
		if err != nil {
			return nil, storeError(err, "")
		}
		out := &feesOutput{FeeReport{Sums: []FeeSum{}, TotalCents: total}}
		if q.By != fees.ByNumber { // of which the database has left out what comes before
			sums = sums[min(in.Offset, len(sums)):]
		}
		if len(sums) > in.Limit {
			sums, out.Body.NextOffset = sums[:in.Limit], in.Offset+in.Limit
		}
		for _, s := range sums {
			out.Body.Sums = append(out.Body.Sums, feeSum(s))
		}
		return out, nil
	})
}

// query asks for one sum more than the page holds, which tells whether there is another.
func (in *feesInput) query() fees.Query {
	q := fees.Query{Account: in.Account, Number: in.Number, Limit: in.Limit + 1, Offset: in.Offset}
	q.From, _ = time.Parse(time.DateOnly, in.From) // the schema has made sure of both
	q.Until, _ = time.Parse(time.DateOnly, in.Until)
	q.By = map[string]fees.By{"day": fees.ByDay, "month": fees.ByMonth, "year": fees.ByYear, "number": fees.ByNumber}[in.By]
	return q
}

func feeSum(s fees.Sum) FeeSum {
	out := FeeSum{AccountSID: s.Account, Number: s.Number, Kind: s.Kind, Count: s.Count, Cents: s.Cents}
	if !s.Start.IsZero() {
		out.Start = s.Start.Format(time.DateOnly)
	}
	return out
}
