package web

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"slices"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"callbox/cmd/callbox/internal/explain"
	"callbox/config/strict"
	"callbox/routing/directory"
	"callbox/routing/directory/store"
	"callbox/routing/keys"
)

// Hooks asks the web services of designated numbers. Its methods are safe for concurrent use.
type Hooks interface {
	// Circuit tells how the service of a number fares.
	Circuit(number string) Circuit
	// Try asks the service of a number once. It may take the number's timeout. Its error says what of the trial cannot be read.
	Try(ctx context.Context, n directory.EmergencyNumberRecord, t HookTrial) (HookTried, error)
}

// Designated is what the API says of a designated number: the keys are those of a directory file.
type Designated struct {
	URL            string `json:"url" minLength:"1" maxLength:"1024" example:"https://where.example.com/locate" doc:"The web service that says who calls and from where: http: or https:, without user and password. It may have a query."`
	User           string `json:"user,omitempty" maxLength:"256" doc:"Of basic authentication; absent for none."`
	Password       string `json:"password,omitempty" maxLength:"256" doc:"It is shown as ***, and *** keeps what it was where the URL has the same scheme and host."`
	Timeout        string `json:"timeout,omitempty" maxLength:"20" example:"450ms" doc:"How long the service has for everything, look-up of its name included: 10ms to 10s; 450ms where it is absent."`
	RefuseOn404    bool   `json:"refuse_on_404,omitempty" doc:"A 404 refuses the call; else the national centre takes it."`
	TakeCaller     bool   `json:"take_caller,omitempty" doc:"callback and name of the answer count."`
	ForbidInternal bool   `json:"forbid_internal,omitempty" doc:"The service must not be at an address of a private network or of this machine, whatever name leads there."`
	Parameters     string `json:"parameters,omitempty" enum:"lower,title" doc:"lower: to and from; title: To and From. lower where it is absent."`
}

// DesignatedView is a designated number as the API shows it.
type DesignatedView struct {
	SID    string `json:"sid" doc:"EM and 32 hex digits."`
	Number string `json:"number" doc:"E.164."`
	Designated
	Origin  string  `json:"origin" doc:"file: it is from a directory file, which is to be changed instead where the edge has one of its own."`
	Circuit Circuit `json:"circuit" doc:"How the web service has fared since the edge started."`
}

// DesignatedList is all of an account.
type DesignatedList struct {
	Numbers []DesignatedView `json:"emergency_numbers"`
}

// HookTrial is a call that nobody makes.
type HookTrial struct {
	From   string `json:"from" minLength:"1" maxLength:"256" example:"+14155550100" doc:"Who calls the designated number."`
	Domain string `json:"domain,omitempty" maxLength:"255" doc:"The domain or trunk the call is sent to; where it is absent the account's first with the Bandwidth provider, else its first."`
	Source string `json:"source,omitempty" maxLength:"64" doc:"The address it comes from; 127.0.0.1 when absent."`
}

// HookTried is what a web service said, and what would become of the call.
type HookTried struct {
	Request   string         `json:"request" doc:"The URL that was asked."`
	Status    int            `json:"status,omitempty" doc:"HTTP status of the last answer; absent where none came."`
	Redirects int            `json:"redirects,omitempty" doc:"That were followed."`
	ElapsedMS float64        `json:"elapsed_ms" doc:"Everything, from the look-up of the name to the last byte."`
	Error     string         `json:"error,omitempty" doc:"What is wrong with the answer, and the mend."`
	Body      string         `json:"body,omitempty" doc:"The answer, its first kilobyte."`
	Decision  explain.Answer `json:"decision" doc:"What would become of the call, with the same lines as explain."`
}

type accountInput struct {
	Account string `path:"sid" pattern:"^AC[0-9a-f]{32}$" doc:"The account's SID." example:"AC00000000000000000000000000000911"`
}

type designatedInput struct {
	Account string `path:"sid" pattern:"^AC[0-9a-f]{32}$" doc:"The account's SID." example:"AC00000000000000000000000000000911"`
	Number  string `path:"number" pattern:"^\\+[1-9][0-9]{7,14}$" doc:"The number, E.164." example:"+19195550911"`
}

type putDesignatedInput struct {
	Account string `path:"sid" pattern:"^AC[0-9a-f]{32}$" doc:"The account's SID." example:"AC00000000000000000000000000000911"`
	Number  string `path:"number" pattern:"^\\+[1-9][0-9]{7,14}$" doc:"The number, E.164." example:"+19195550911"`
	Body    Designated
}

type tryDesignatedInput struct {
	Account string `path:"sid" pattern:"^AC[0-9a-f]{32}$" doc:"The account's SID." example:"AC00000000000000000000000000000911"`
	Number  string `path:"number" pattern:"^\\+[1-9][0-9]{7,14}$" doc:"The number, E.164." example:"+19195550911"`
	Body    HookTrial
}

type designatedOutput struct{ Body DesignatedView }

type designatedListOutput struct{ Body DesignatedList }

type triedOutput struct{ Body HookTried }

// registerDesignated adds the pages about designated numbers.
func registerDesignated(api huma.API, s *store.Store, h Hooks) {
	const path = "/api/v1/accounts/{sid}/emergency-numbers"
	tags, d := []string{"emergency-numbers"}, designated{s, h}
	huma.Register(api, huma.Operation{
		OperationID: "list-emergency-numbers", Method: http.MethodGet, Path: path, Tags: tags,
		Summary:     "List the designated numbers of an account",
		Description: "Numbers of the Emergency Calling API: a web service says who calls and where help is needed.",
		Errors:      []int{http.StatusNotFound, http.StatusServiceUnavailable},
	}, d.list)
	huma.Register(api, huma.Operation{
		OperationID: "get-emergency-number", Method: http.MethodGet, Path: path + "/{number}", Tags: tags,
		Summary: "Show one of them", Errors: []int{http.StatusNotFound, http.StatusServiceUnavailable},
	}, d.get)
	huma.Register(api, huma.Operation{
		OperationID: "set-emergency-number", Method: http.MethodPut, Path: path + "/{number}", Tags: tags,
		Summary:     "Make or change one of them",
		Description: "All of it: what is left out has its default. In force for the next call.",
		Errors:      []int{http.StatusNotFound, http.StatusConflict, http.StatusServiceUnavailable},
	}, d.put)
	huma.Register(api, huma.Operation{
		OperationID: "delete-emergency-number", Method: http.MethodDelete, Path: path + "/{number}", Tags: tags,
		Summary: "Remove one of them", DefaultStatus: http.StatusNoContent,
		Errors: []int{http.StatusNotFound, http.StatusConflict, http.StatusServiceUnavailable},
	}, d.remove)
	if h == nil {
		return
	}
	huma.Register(api, huma.Operation{
		OperationID: "try-emergency-number", Method: http.MethodPost, Path: path + "/{number}/try", Tags: tags,
		Summary:     "Ask the web service of one of them",
		Description: "As a call would: one request, within the number's timeout. Nobody is called.",
		Errors:      []int{http.StatusNotFound, http.StatusServiceUnavailable},
	}, d.try)
}

// designated answers for designated numbers.
type designated struct {
	store *store.Store
	hooks Hooks // nil: none
}

func (d designated) view(r store.EmergencyNumber) DesignatedView {
	n := r.Record()
	v := DesignatedView{SID: n.SID, Number: n.Number, Origin: r.Origin, Circuit: Circuit{State: circuitStates[0]}, Designated: Designated{
		URL: n.URL, User: n.User, Timeout: strict.ShortDuration(n.Timeout), RefuseOn404: n.RefuseOn404, TakeCaller: n.TakeCaller,
		ForbidInternal: n.ForbidInternal, Parameters: n.Parameters.String(),
	}}
	if n.Password != "" {
		v.Password = masked
	}
	if d.hooks != nil {
		v.Circuit = d.hooks.Circuit(n.Number)
	}
	return v
}

// masked stands for a password.
const masked = "***"

// find returns the row of a designated number.
func find(t *store.Tx, account, number string) (store.EmergencyNumber, error) {
	q := store.Where("phone_number", number)
	q.Account = account
	rows, err := store.Find[store.EmergencyNumber](t, q)
	if err == nil && len(rows) == 0 {
		err = store.ErrNotFound
	}
	if err != nil {
		return store.EmergencyNumber{}, err
	}
	return rows[0], nil
}

func (d designated) list(ctx context.Context, in *accountInput) (*designatedListOutput, error) {
	out := &designatedListOutput{DesignatedList{Numbers: []DesignatedView{}}}
	err := d.store.View(ctx, func(t *store.Tx) error {
		if _, err := store.Get[store.Account](t, "", in.Account); err != nil {
			return err
		}
		rows, err := store.Find[store.EmergencyNumber](t, store.Query{Account: in.Account, Oldest: true})
		for _, r := range rows {
			out.Body.Numbers = append(out.Body.Numbers, d.view(r))
		}
		return err
	})
	if err != nil {
		return nil, storeError(err, "no account "+in.Account)
	}
	return out, nil
}

// row reads a designated number for a page about it.
func (d designated) row(ctx context.Context, in *designatedInput) (r store.EmergencyNumber, err error) {
	err = d.store.View(ctx, func(t *store.Tx) (err error) {
		r, err = find(t, in.Account, in.Number)
		return err
	})
	return r, storeError(err, noDesignated(in))
}

func noDesignated(in *designatedInput) string {
	return "account " + in.Account + " has no designated number " + in.Number
}

func (d designated) get(ctx context.Context, in *designatedInput) (*designatedOutput, error) {
	r, err := d.row(ctx, in)
	if err != nil {
		return nil, err
	}
	return &designatedOutput{d.view(r)}, nil
}

func (d designated) put(ctx context.Context, in *putDesignatedInput) (*designatedOutput, error) {
	want, err := in.Body.record(in.Account, in.Number)
	if err != nil {
		return nil, err
	}
	var row store.EmergencyNumber
	err = d.store.Update(ctx, keys.FromContext(ctx).Actor(), func(t *store.Tx) error {
		row, err = find(t, in.Account, in.Number)
		fresh := errors.Is(err, store.ErrNotFound)
		if err != nil && !fresh {
			return err
		}
		if want.Password == masked {
			if !fresh && !directory.SameService(row.URL, want.URL) {
				return &keys.InvalidError{Field: "password", Message: "is that of another web service; write it anew"}
			}
			want.Password = row.Record().Password
		}
		row.SetRecord(want)
		if !fresh {
			return store.Save(t, &row)
		}
		if _, err := store.Get[store.Account](t, "", in.Account); err != nil {
			return err
		}
		row.AccountSID, row.PhoneNumber = in.Account, in.Number
		return store.Insert(t, &row)
	})
	if err != nil {
		return nil, storeError(err, "no account "+in.Account)
	}
	return &designatedOutput{d.view(row)}, nil
}

// record reads a designated number as it was sent.
func (d Designated) record(account, number string) (directory.EmergencyNumberRecord, error) {
	r := directory.EmergencyNumberRecord{
		AccountSID: account, Number: number, URL: d.URL, User: d.User, Password: directory.Secret(d.Password),
		Timeout: directory.DefaultHookTimeout, RefuseOn404: d.RefuseOn404, TakeCaller: d.TakeCaller, ForbidInternal: d.ForbidInternal,
	}
	if d.Timeout != "" {
		var err error
		if r.Timeout, err = time.ParseDuration(d.Timeout); err != nil {
			return r, huma.Error422UnprocessableEntity("validation failed", &huma.ErrorDetail{
				Message: "is not a duration; write 450ms", Location: "body.timeout", Value: d.Timeout,
			})
		}
	}
	if d.Parameters != "" {
		if err := r.Parameters.UnmarshalText([]byte(d.Parameters)); err != nil {
			return r, err
		}
	}
	flaws := directory.CheckEmergencyNumber(r)
	var details []error
	for _, key := range slices.Sorted(maps.Keys(flaws)) {
		at := "body." + key
		if key == "number" {
			at = "path.number"
		}
		details = append(details, &huma.ErrorDetail{Message: flaws[key].Message + "; " + flaws[key].Mend, Location: at})
	}
	if len(details) > 0 {
		return r, huma.Error422UnprocessableEntity("validation failed", details...)
	}
	return r, nil
}

func (d designated) remove(ctx context.Context, in *designatedInput) (*struct{}, error) {
	err := d.store.Update(ctx, keys.FromContext(ctx).Actor(), func(t *store.Tx) error {
		row, err := find(t, in.Account, in.Number)
		if err != nil {
			return err
		}
		return store.Delete(t, &row)
	})
	return nil, storeError(err, noDesignated(in))
}

func (d designated) try(ctx context.Context, in *tryDesignatedInput) (*triedOutput, error) {
	r, err := d.row(ctx, &designatedInput{in.Account, in.Number})
	if err != nil {
		return nil, err
	}
	tried, err := d.hooks.Try(ctx, r.Record(), in.Body)
	if err != nil {
		return nil, huma.Error422UnprocessableEntity(err.Error())
	}
	return &triedOutput{tried}, nil
}
