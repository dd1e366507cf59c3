package hook

import (
	"bytes"
	"context"

	"callbox/routing"
	"callbox/routing/directory"
)

// maxShown is how many bytes of an answer go with the reply: enough for people to see what is wrong with it.
const maxShown = 1 << 10

// Ask puts a question to the service of its designated number and returns what it said, or what kept it from saying
// something of use. It blocks for the number's Timeout at most.
func (c *Client) Ask(ctx context.Context, q routing.Question) routing.Reply {
	if q.Hook == nil {
		return routing.Reply{Kind: q.Kind, Err: "the designated number has no web service"}
	}
	return Reply(c.Try(ctx, RequestFor(q.Hook.EmergencyNumberRecord, q.To, q.From)))
}

// RequestFor returns the request that a call from one number to a designated one makes.
func RequestFor(n directory.EmergencyNumberRecord, to, from string) Request {
	return Request{
		Account: n.AccountSID, Number: n.Number, URL: n.URL, User: n.User, Password: string(n.Password), Timeout: n.Timeout,
		ForbidInternal: n.ForbidInternal, Parameters: n.Parameters, To: to, From: from,
	}
}

// Reply is a result as a decision wants to see it.
func Reply(res Result) routing.Reply {
	r := routing.Reply{
		Kind: routing.QuestionHook, Status: res.Status, Redirects: res.Redirects, Elapsed: res.Elapsed,
		Body: bytes.Clone(res.Body[:min(len(res.Body), maxShown)]), // the rest does not stay in memory with the call
	}
	if res.Err != nil {
		r.Err = res.Err.Error()
		return r
	}
	a := &res.Answer
	r.AEUI, r.LocationID, r.Point, r.Radius = a.AEUI, a.LocationID, a.Point, a.Radius
	r.Callback, r.Name = a.Callback, a.Name
	return r
}
