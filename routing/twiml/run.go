package twiml

import (
	"fmt"
	"net/url"
	"strconv"
	"time"
)

// MaxDocuments is how many documents one call may go through: the provider's documents can lead round in circles.
const MaxDocuments = 20

// Run carries out documents: it says what comes next, its caller does that and says what became of it. It belongs to
// one goroutine.
type Run struct {
	verbs     []Verb // still to come
	source    *url.URL
	documents int
	answered  bool // the caller's call was answered by a verb before
	dial      *Dial
	target    int // of a sequential dial, that is being called
}

// Move is what comes next.
type Move struct {
	Kind Kind
	Line string // what comes and why, for a trace

	Verbs  []Verb     // Prompt: Say, Play and Pause in order; the URLs of Play are absolute
	Dial   *Dial      // Dial: whom to call; never Sequential
	Busy   bool       // Reject
	URL    string     // Fetch: absolute; give what it answers to Load
	Method string     // Fetch: GET or POST
	Form   url.Values // Fetch: parameters beside those of every call
}

// Kind is a kind of Move.
type Kind int

// The kinds. Reject comes before the call was answered only, afterwards it is End.
const (
	End Kind = iota
	Prompt
	DialOut
	RejectCall
	Fetch
)

// Outcome is what became of the last Move. Its zero value stands for a Prompt that was played, or nothing yet.
type Outcome struct {
	Status   DialStatus
	CallSID  string // of the dialled call, "" where there was none
	Duration time.Duration
	Bridged  bool // the caller and a target spoke with each other
}

// DialStatus is the provider's DialCallStatus: how a dialled call ended.
type DialStatus string

// The statuses.
const (
	Completed DialStatus = "completed"
	Busy      DialStatus = "busy"
	NoAnswer  DialStatus = "no-answer"
	Failed    DialStatus = "failed"
	Canceled  DialStatus = "canceled"
)

// NewRun begins with a document that came from source, an absolute URL.
func NewRun(doc *Document, source string) (*Run, error) {
	r := &Run{}
	return r, r.Load(doc, source)
}

// Load goes on with another document.
func (r *Run) Load(doc *Document, source string) error {
	u, err := url.Parse(source)
	if err != nil || !u.IsAbs() {
		return &Error{Code: CodeURL, Message: "the document's own URL cannot be read"}
	}
	r.verbs, r.source, r.dial = doc.Verbs, u, nil
	r.documents++
	return nil
}

// Next returns what comes after the last move. After a Fetch it wants Load first; after an End there is only End.
func (r *Run) Next(last Outcome) Move {
	if r.dial != nil {
		if m, ok := r.dialled(last); ok {
			return m
		}
	}
	if len(r.verbs) == 0 {
		return Move{Kind: End, Line: "the document has come to its end"}
	}
	if prompt := r.prompt(); len(prompt) > 0 {
		r.answered = true
		return Move{Kind: Prompt, Verbs: prompt, Line: "the caller is played " + names(prompt)}
	}
	v := r.verbs[0]
	r.verbs = r.verbs[1:]
	switch v := v.(type) {
	case *Dial:
		r.dial, r.target = v, 0
		return r.call()
	case *Reject:
		r.verbs = nil
		if r.answered {
			return Move{Kind: End, Line: "<Reject> ends the call, which was answered before"}
		}
		return Move{Kind: RejectCall, Busy: v.Busy, Line: "<Reject> refuses the call"}
	case *Redirect:
		return r.fetch(v.URL, v.Method, nil, "<Redirect>")
	}
	r.verbs = nil
	return Move{Kind: End, Line: "<Hangup> ends the call"}
}

// call is the move for the dial that is under way.
func (r *Run) call() Move {
	d := *r.dial
	if d.Sequential {
		d.Targets = d.Targets[r.target : r.target+1]
		d.Sequential = false
	}
	return Move{Kind: DialOut, Dial: &d, Line: fmt.Sprintf("<Dial> calls %d, for %s", len(d.Targets), d.Timeout)}
}

// dialled goes on after a dial: with its next target, with its action, or, where ok is false, with the next verb.
func (r *Run) dialled(last Outcome) (m Move, ok bool) {
	d := r.dial
	if last.Status != Completed && d.Sequential && r.target+1 < len(d.Targets) {
		r.target++
		return r.call(), true
	}
	r.dial = nil
	r.answered = r.answered || last.Bridged
	if d.Action == "" {
		return Move{}, false
	}
	status := last.Status
	if status == "" {
		status = Failed
	}
	form := url.Values{"DialCallStatus": {string(status)}, "DialBridged": {strconv.FormatBool(last.Bridged)}}
	if last.CallSID != "" {
		form.Set("DialCallSid", last.CallSID)
	}
	if last.Bridged {
		form.Set("DialCallDuration", strconv.Itoa(int(last.Duration.Round(time.Second)/time.Second)))
	}
	return r.fetch(d.Action, d.Method, form, "the action of <Dial>"), true
}

// fetch is the move to another document. Whatever came after it in this one is never reached.
func (r *Run) fetch(ref, method string, form url.Values, who string) Move {
	r.verbs = nil
	if r.documents >= MaxDocuments {
		return Move{Kind: End, Line: fmt.Sprintf("%s leads to another document, after %d of them: the call ends", who, r.documents)}
	}
	u := r.absolute(ref)
	return Move{Kind: Fetch, URL: u, Method: method, Form: form, Line: who + " asks for another document"}
}

// prompt takes the verbs from the front that are played to the caller.
func (r *Run) prompt() (prompt []Verb) {
	for len(r.verbs) > 0 {
		switch v := r.verbs[0].(type) {
		case *Say, *Pause:
			prompt = append(prompt, v)
		case *Play:
			p := *v
			if p.URL != "" {
				p.URL = r.absolute(p.URL)
			}
			prompt = append(prompt, &p)
		default:
			return prompt
		}
		r.verbs = r.verbs[1:]
	}
	return prompt
}

// absolute resolves a URL of the document against the one it came from.
func (r *Run) absolute(ref string) string {
	u, err := r.source.Parse(ref)
	if err != nil {
		return r.source.String()
	}
	return u.String()
}

// names lists verbs for a trace.
func names(verbs []Verb) (s string) {
	for i, v := range verbs {
		if i == 5 {
			return s + " …"
		}
		if i > 0 {
			s += ", "
		}
		s += "<" + v.Verb() + ">"
	}
	return s
}
