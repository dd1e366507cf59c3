package web

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"callbox/sip/call"
)

type listCallsInput struct {
	Limit   int    `query:"limit" minimum:"1" maximum:"1000" default:"50" doc:"How many calls at most."`
	Before  string `query:"before" maxLength:"34" doc:"A call's ID: only calls that began before it. The next_before of the page before."`
	State   string `query:"state" enum:"new,decided,progressing,answered,ended,live" doc:"Only calls in this state; live means all that have not ended."`
	Verdict string `query:"verdict" maxLength:"32" doc:"Only calls with this verdict."`
	Caller  string `query:"caller" maxLength:"64" doc:"Only calls of this caller number or From."`
}

type listCallsOutput struct {
	Body CallList
}

// CallList is one page of calls.
type CallList struct {
	Calls      []call.Record `json:"calls" doc:"The calls, newest first."`
	NextBefore call.ID       `json:"next_before,omitempty" doc:"Ask with before set to this for the next page; absent on the last one."`
}

type getCallInput struct {
	ID string `path:"id" maxLength:"34" doc:"The call's ID: CA and 32 hex digits."`
}

type getCallOutput struct {
	Body CallDetail
}

// registerCalls adds the pages about calls.
func registerCalls(api huma.API, c calls) {
	huma.Register(api, huma.Operation{
		OperationID: "list-calls", Method: http.MethodGet, Path: "/api/v1/calls", Tags: []string{"calls"},
		Summary:     "List calls",
		Description: "Live calls and the last ended ones, newest first. Calls too old for memory are in cdr.jsonl and under their ID.",
		Errors:      []int{http.StatusNotFound},
	}, c.list)
	huma.Register(api, huma.Operation{
		OperationID: "get-call", Method: http.MethodGet, Path: "/api/v1/calls/{id}", Tags: []string{"calls"},
		Summary:     "Get one call",
		Description: "The call's record: what was decided by which rule, every target tried, every event, and the media of both directions. With it comes what was said and heard at the simulated call centres, and who was told of the call.",
		Errors:      []int{http.StatusNotFound},
	}, c.get)
}

type calls struct {
	live      Live
	journal   Journal
	simulated Simulated // nil: no centre is

	notifications Notifications // nil: nobody is told
}

func (c calls) list(_ context.Context, in *listCallsInput) (*listCallsOutput, error) {
	all := c.all()
	if in.Before != "" {
		i := slices.IndexFunc(all, func(r *call.Record) bool { return string(r.ID) == in.Before })
		if i < 0 {
			return nil, huma.Error404NotFound("no call " + in.Before + " in memory to continue from")
		}
		all = all[i+1:]
	}
	out := &listCallsOutput{Body: CallList{Calls: []call.Record{}}}
	for _, r := range all {
		if !in.matches(r) {
			continue
		}
		if len(out.Body.Calls) == in.Limit {
			out.Body.NextBefore = out.Body.Calls[in.Limit-1].ID
			break
		}
		out.Body.Calls = append(out.Body.Calls, whole(*r))
	}
	return out, nil
}

// all returns the live and the ended calls, newest first, each once. Live calls are read first: a call that ends in
// between is then in both lists and shown as ended, never in neither.
func (c calls) all() []*call.Record {
	live := c.live.Calls()
	ended := c.journal.List(0)
	seen := make(map[call.ID]bool, len(live)+len(ended))
	all := make([]*call.Record, 0, len(live)+len(ended))
	for _, r := range ended {
		if !seen[r.ID] {
			seen[r.ID] = true
			all = append(all, r)
		}
	}
	for i := range live {
		if r := &live[i]; !seen[r.ID] {
			seen[r.ID] = true
			all = append(all, r)
		}
	}
	slices.SortFunc(all, func(a, b *call.Record) int {
		return cmp.Or(b.StartedAt.Compare(a.StartedAt), strings.Compare(string(b.ID), string(a.ID)))
	})
	return all
}

func (in *listCallsInput) matches(r *call.Record) bool {
	switch in.State {
	case "":
	case "live":
		if r.State == call.StateEnded {
			return false
		}
	default:
		if r.State.String() != in.State {
			return false
		}
	}
	return (in.Verdict == "" || r.Verdict == in.Verdict) &&
		(in.Caller == "" || r.Caller == in.Caller || r.From == in.Caller)
}

func (c calls) get(ctx context.Context, in *getCallInput) (*getCallOutput, error) {
	live := c.live.Calls()
	if r, ok := c.journal.Get(call.ID(in.ID)); ok {
		return c.detail(ctx, *r), nil
	}
	for _, r := range live {
		if string(r.ID) == in.ID {
			return c.detail(ctx, r), nil
		}
	}
	return nil, huma.Error404NotFound("no call " + in.ID)
}

// detail adds to a record what was spoken, and who was told of the call.
func (c calls) detail(ctx context.Context, r call.Record) *getCallOutput {
	out := &getCallOutput{CallDetail{
		Record: whole(r), Callbacks: []call.ID{}, Transcripts: []Transcript{}, Notifications: c.told(ctx, r.ID),
	}}
	if r.Direction == call.DirectionEmergency {
		for _, other := range c.all() {
			if other.CallbackOf == r.ID {
				out.Body.Callbacks = append(out.Body.Callbacks, other.ID)
			}
		}
	}
	if c.simulated != nil {
		out.Body.Transcripts = append(out.Body.Transcripts, c.simulated.Transcripts(r.ID)...)
	}
	return out
}

// whole gives a record empty lists in the place of absent ones, in UTC throughout, as the API promises.
func whole(r call.Record) call.Record {
	if r.Trace == nil {
		r.Trace = []call.Step{}
	}
	if r.Attempts == nil {
		r.Attempts = []call.Attempt{}
	}
	if r.Events == nil {
		r.Events = []call.Event{}
	}
	r.StartedAt, r.AnsweredAt, r.EndedAt = r.StartedAt.UTC(), r.AnsweredAt.UTC(), r.EndedAt.UTC()
	return r
}
