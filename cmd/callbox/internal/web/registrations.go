package web

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"
)

// Registrations is where the phones of users are. Its methods are safe for concurrent use.
type Registrations interface {
	// Registrations lists the bindings that a filter chooses, by domain, user and SID.
	Registrations(f RegistrationFilter) []Registration
	// Remove ends a binding, false where there is none. It may wait for the database, two seconds at most.
	Remove(ctx context.Context, sid string) bool
}

// RegistrationFilter chooses bindings; an empty field is any.
type RegistrationFilter struct{ Account, Domain, User, SID, State string }

// Registration is one device of a user, as the API shows it.
type Registration struct {
	SID          string     `json:"sid" doc:"RG and 32 hex digits; the same for the same device."`
	AccountSID   string     `json:"account_sid"`
	DomainSID    string     `json:"domain_sid"`
	Domain       string     `json:"domain"`
	User         string     `json:"user"`
	AOR          string     `json:"aor" doc:"The address that the device registered."`
	Contact      string     `json:"contact" doc:"The URI that the device wants its calls at."`
	Q            float64    `json:"q" doc:"Its preference among the user's devices, 0 to 1; the greatest is rung first."`
	Instance     string     `json:"instance,omitempty" doc:"+sip.instance of the device."`
	RegID        int        `json:"reg_id,omitempty" doc:"Which of its flows this is (RFC 5626)."`
	Transport    string     `json:"transport"`
	Source       string     `json:"source" doc:"Address and port that it registered from; calls go there."`
	Local        string     `json:"local" doc:"Address and port of the edge that it registered at."`
	Path         []string   `json:"path,omitempty" doc:"Proxies on the way back to it."`
	UserAgent    string     `json:"user_agent,omitempty"`
	BehindNAT    bool       `json:"behind_nat" doc:"Its contact names another address than it sends from; it is sent keepalives by UDP."`
	State        string     `json:"state" enum:"unknown,answers,silent,open,closed" doc:"answers: the last keepalive. silent: it answered none of the last two. open, closed: its connection. unknown: it is asked nothing, or registered at another edge."`
	StateSince   *time.Time `json:"state_since,omitempty"`
	RegisteredAt time.Time  `json:"registered_at"`
	RefreshedAt  time.Time  `json:"refreshed_at"`
	ExpiresAt    time.Time  `json:"expires_at"`
}

// RegistrationPage is a page of them.
type RegistrationPage struct {
	Registrations []Registration `json:"registrations" doc:"By domain, user and SID."`
	Total         int            `json:"total" doc:"How many were asked for, on this page or not."`
	NextOffset    int            `json:"next_offset,omitempty" doc:"Ask with offset set to this for the next page; absent on the last one."`
}

type registrationsInput struct {
	Account string `query:"account_sid" maxLength:"34" doc:"Only of this account."`
	Domain  string `query:"domain" maxLength:"255" doc:"Only of this domain: its name or SID."`
	User    string `query:"user" maxLength:"255" doc:"Only of this user."`
	State   string `query:"state" enum:"unknown,answers,silent,open,closed" doc:"Only in this state."`
	Limit   int    `query:"limit" minimum:"1" maximum:"10000" default:"1000" doc:"How many at most."`
	Offset  int    `query:"offset" minimum:"0" maximum:"100000000" doc:"How many to pass over. The next_offset of the page before."`
}

type registrationsOutput struct{ Body RegistrationPage }

type registrationInput struct {
	SID string `path:"sid" maxLength:"34" doc:"RG and 32 hex digits."`
}

type registrationOutput struct{ Body Registration }

// registerRegistrations adds the pages about phones that registered.
func registerRegistrations(api huma.API, r Registrations, changes *changeLog) {
	huma.Register(api, huma.Operation{
		OperationID: "list-registrations", Method: http.MethodGet, Path: "/api/v1/registrations", Tags: []string{"registrations"},
		Summary: "List the phones that are registered",
	}, func(_ context.Context, in *registrationsInput) (*registrationsOutput, error) {
		all := r.Registrations(RegistrationFilter{Account: in.Account, Domain: in.Domain, User: in.User, State: in.State})
		out := &registrationsOutput{RegistrationPage{Registrations: []Registration{}, Total: len(all)}}
		all = all[min(in.Offset, len(all)):]
		if len(all) > in.Limit {
			all, out.Body.NextOffset = all[:in.Limit], in.Offset+in.Limit
		}
		out.Body.Registrations = append(out.Body.Registrations, all...)
		return out, nil
	})
	huma.Register(api, huma.Operation{
		OperationID: "get-registration", Method: http.MethodGet, Path: "/api/v1/registrations/{sid}", Tags: []string{"registrations"},
		Summary: "Show one of them", Errors: []int{http.StatusNotFound},
	}, func(_ context.Context, in *registrationInput) (*registrationOutput, error) {
		found := r.Registrations(RegistrationFilter{SID: in.SID})
		if in.SID == "" || len(found) == 0 {
			return nil, noRegistration(in.SID)
		}
		return &registrationOutput{found[0]}, nil
	})
	huma.Register(api, huma.Operation{
		OperationID: "delete-registration", Method: http.MethodDelete, Path: "/api/v1/registrations/{sid}", Tags: []string{"registrations"},
		Summary:     "End one of them",
		Description: "Calls do not reach the device until it registers again, which it does by itself before its registration would have expired.",
		Errors:      []int{http.StatusNotFound}, DefaultStatus: http.StatusNoContent,
	}, func(ctx context.Context, in *registrationInput) (*struct{}, error) {
		found := r.Registrations(RegistrationFilter{SID: in.SID})
		if in.SID == "" || len(found) == 0 || !r.Remove(ctx, in.SID) {
			return nil, noRegistration(in.SID)
		}
		changes.note(ctx, "delete", "registration", in.SID, "{}")
		return nil, nil
	})
}

func noRegistration(sid string) error {
	return huma.Error404NotFound("no device is registered as " + strconv.Quote(sid))
}

// AuthFailure is wrong SIP credentials of one source at one user.
type AuthFailure struct {
	Source    string     `json:"source" doc:"Address, or the IPv6 network of a site."`
	User      string     `json:"user" doc:"User name as sent."`
	Failures  int        `json:"failures" doc:"How many were wrong."`
	Held      uint64     `json:"held" doc:"How many more were refused without a look at them."`
	FirstAt   time.Time  `json:"first_at"`
	LastAt    time.Time  `json:"last_at"`
	HeldUntil *time.Time `json:"held_until,omitempty" doc:"What comes before is refused without a look at it; absent where it is not held up."`
}

// AuthFailures is all of them.
type AuthFailures struct {
	Failures []AuthFailure `json:"failures" doc:"Of the last ten minutes, the latest first."`
}

type authFailuresOutput struct{ Body AuthFailures }

// registerAuthFailures adds the page about wrong SIP credentials.
func registerAuthFailures(api huma.API, failures func() []AuthFailure) {
	huma.Register(api, huma.Operation{
		OperationID: "list-auth-failures", Method: http.MethodGet, Path: "/api/v1/auth-failures", Tags: []string{"registrations"},
		Summary:     "List wrong SIP credentials",
		Description: "Who has sent INVITE or REGISTER with a wrong user name or password within ten minutes, and who is held up for it.",
	}, func(context.Context, *struct{}) (*authFailuresOutput, error) {
		out := &authFailuresOutput{AuthFailures{Failures: []AuthFailure{}}}
		out.Body.Failures = append(out.Body.Failures, failures()...)
		return out, nil
	})
}
