package web

import (
	"context"
	"encoding/json"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"callbox/config/strict"
	"callbox/routing/directory"
	"callbox/routing/directory/store"
	"callbox/routing/keys"
)

// Settings are callbox's own options of a domain or trunk, with the keys of a directory file.
type Settings struct {
	Provider string                 `json:"provider,omitempty" enum:"twilio,bandwidth" doc:"Whose rules hold. bandwidth: callers are endpoints (AEUIs), too, and locations count that calls name by ID; twilio where it is absent."`
	Location SettingsLocation       `json:"location,omitzero" doc:"What a location that a call brings counts for."`
	Identity SettingsIdentity       `json:"identity,omitzero" doc:"By which number a caller is known."`
	Callback SettingsCallback       `json:"callback,omitzero" doc:"How a call back from a call centre finds somebody."`
	Notify   []SettingsNotification `json:"notify,omitzero" maxItems:"16" doc:"Who is told of emergency calls."`
}

// SettingsLocation says what a location that a call brings counts for.
type SettingsLocation struct {
	Routing string `json:"routing,omitempty" enum:"always,as_told,never" doc:"Whether it routes: always but where Geolocation-Routing says no; as_told where that says yes; always where it is absent."`
}

// SettingsIdentity says by which number a caller is known.
type SettingsIdentity struct {
	Sources   []string `json:"sources,omitzero" maxItems:"5" enum:"from,p-asserted-identity,remote-party-id,p-preferred-identity,diversion" doc:"Where the caller's number is looked for, in this order: the first that holds a number of the account counts. All but from count only from a peer that passed the guards. Trunks have from, p-asserted-identity, remote-party-id; domains have from; those of bandwidth p-asserted-identity, from, remote-party-id."`
	Normalise bool     `json:"normalise,omitempty" doc:"Take a number of the account that is written otherwise than in E.164."`
}

// SettingsCallback says how a call back from a call centre finds somebody.
type SettingsCallback struct {
	Fallback []string `json:"fallback,omitzero" maxItems:"16" doc:"Who is called when nobody else answers: sip: or sips: URIs, or E.164 numbers."`
	Fork     string   `json:"fork,omitempty" enum:"parallel,serial" doc:"How the phones of a number ring; parallel where it is absent."`
	Ring     string   `json:"ring,omitempty" maxLength:"20" example:"20s" doc:"How long each step rings, 1s to 3m; 20s where it is absent."`
	Window   string   `json:"window,omitempty" maxLength:"20" example:"1h" doc:"For how long after an emergency call the phone that made it rings first, 1s to 168h; 1h where it is absent."`
}

// SettingsNotification is somebody who is told of emergency calls.
type SettingsNotification struct {
	Kind   string `json:"kind" enum:"webhook,email,message,listen,barge,sms,voice" doc:"message is a SIP MESSAGE; listen is a call that hears both sides, barge one that is heard, too. sms and voice are kept as records: no text message is sent and nobody is called."`
	To     string `json:"to" maxLength:"512" example:"https://desk.example.com/emergency" doc:"An http: or https: URL, an e-mail address, a sip: or sips: URI, or a number, by kind. A password in it is shown as ***."`
	Secret string `json:"secret,omitempty" maxLength:"256" doc:"Key of a webhook's signature; the account's auth token where it is absent. It is shown as ***, and *** keeps what it was."`
	Test   bool   `json:"test,omitempty" doc:"Calls to the test number are told, too."`

	Events []string `json:"events,omitzero" minItems:"1" maxItems:"3" enum:"placed,answered,ended" doc:"What is told of a call. Absent: all to a webhook; that it was placed by email and message."`
}

type settingsOf[R store.Row] struct {
	kind string // domain, trunk
	get  func(*R) *string
	fill func(directory.Settings) directory.Settings
}

type domainInput struct {
	SID string `path:"sid" pattern:"^SD[0-9a-f]{32}$" doc:"The domain's SID." example:"SD00000000000000000000000000000911"`
}

type domainSettingsInput struct {
	SID  string `path:"sid" pattern:"^SD[0-9a-f]{32}$" doc:"The domain's SID." example:"SD00000000000000000000000000000911"`
	Body Settings
}

type trunkInput struct {
	SID string `path:"sid" pattern:"^TK[0-9a-f]{32}$" doc:"The trunk's SID." example:"TK00000000000000000000000000000911"`
}

type trunkSettingsInput struct {
	SID  string `path:"sid" pattern:"^TK[0-9a-f]{32}$" doc:"The trunk's SID." example:"TK00000000000000000000000000000911"`
	Body Settings
}

type settingsOutput struct{ Body Settings }

// registerSettings adds the pages about what callbox itself does for a domain or trunk.
func registerSettings(api huma.API, s *store.Store) {
	domains := settingsOf[store.Domain]{"domain", func(d *store.Domain) *string { return &d.Settings }, directory.Settings.DomainDefaults}
	huma.Register(api, describeSettings("get", "domain"), func(ctx context.Context, in *domainInput) (*settingsOutput, error) {
		return domains.read(ctx, s, in.SID)
	})
	huma.Register(api, describeSettings("set", "domain"), func(ctx context.Context, in *domainSettingsInput) (*settingsOutput, error) {
		return domains.write(ctx, s, in.SID, in.Body)
	})
	trunks := settingsOf[store.Trunk]{"trunk", func(t *store.Trunk) *string { return &t.Settings }, directory.Settings.TrunkDefaults}
	huma.Register(api, describeSettings("get", "trunk"), func(ctx context.Context, in *trunkInput) (*settingsOutput, error) {
		return trunks.read(ctx, s, in.SID)
	})
	huma.Register(api, describeSettings("set", "trunk"), func(ctx context.Context, in *trunkSettingsInput) (*settingsOutput, error) {
		return trunks.write(ctx, s, in.SID, in.Body)
	})
}

// describeSettings describes how the settings of a kind are read (get) or written (set).
func describeSettings(verb, kind string) huma.Operation {
	op := huma.Operation{
		OperationID: verb + "-" + kind + "-settings", Path: "/api/v1/" + kind + "s/{sid}/settings", Tags: []string{"settings"},
		Method: http.MethodGet, Summary: "Get the settings of a " + kind,
		Description: "callbox's own options of a " + kind + ", defaults included. What is secret is shown as ***.",
		Errors:      []int{http.StatusNotFound, http.StatusServiceUnavailable},
	}
	if verb == "set" {
		op.Method, op.Summary = http.MethodPut, "Set the settings of a "+kind
		op.Description = "All of them: what is left out has its default. In force for the next call. Those of a " + kind + " of a directory file are for the file to change."
		op.Errors = append(op.Errors, http.StatusConflict)
	}
	return op
}

func (o settingsOf[R]) read(ctx context.Context, s *store.Store, sid string) (*settingsOutput, error) {
	var row R
	err := s.View(ctx, func(t *store.Tx) (err error) {
		row, err = store.Get[R](t, "", sid)
		return err
	})
	if err != nil {
		return nil, storeError(err, "no "+o.kind+" "+sid)
	}
	now, err := directory.ReadStored(*o.get(&row))
	if err != nil {
		return nil, err
	}
	return &settingsOutput{viewSettings(o.fill(now))}, nil
}

func (o settingsOf[R]) write(ctx context.Context, s *store.Store, sid string, body Settings) (*settingsOutput, error) {
	src, err := json.Marshal(body)
	if err != nil {
		return nil, err
	}
	want, problems := directory.ParseSettings("", src)
	if len(problems) > 0 {
		return nil, invalidBody(problems)
	}
	err = s.Update(ctx, keys.FromContext(ctx).Actor(), func(t *store.Tx) error {
		row, err := store.Get[R](t, "", sid)
		if err != nil {
			return err
		}
		old, err := directory.ReadStored(*o.get(&row))
		if err != nil {
			old = directory.Settings{} // what nobody can read is replaced
		}
		want = want.Keep(old)
		*o.get(&row) = want.Stored()
		return store.Save(t, &row)
	})
	if err != nil {
		return nil, storeError(err, "no "+o.kind+" "+sid)
	}
	return &settingsOutput{viewSettings(o.fill(want))}, nil
}

// viewSettings shows settings without their secrets.
func viewSettings(s directory.Settings) Settings {
	s = s.Masked()
	v := Settings{
		Provider: s.Provider.String(), Location: SettingsLocation{s.Location.Routing.String()},
		Identity: SettingsIdentity{Normalise: s.Identity.Normalise},
		Callback: SettingsCallback{
			Fallback: append([]string{}, s.Callback.Fallback...), Fork: s.Callback.Fork.String(),
			Ring: strict.ShortDuration(s.Callback.Ring), Window: strict.ShortDuration(s.Callback.Window),
		},
		Notify: []SettingsNotification{},
	}
	for _, source := range s.Identity.Sources {
		v.Identity.Sources = append(v.Identity.Sources, source.String())
	}
	for _, n := range s.Notify {
		one := SettingsNotification{Kind: n.Kind.String(), To: n.To, Secret: string(n.Secret), Test: n.Test}
		for _, e := range n.Events {
			one.Events = append(one.Events, e.String())
		}
		v.Notify = append(v.Notify, one)
	}
	return v
}

// invalidBody says what is wrong with a body that was read as a file is.
func invalidBody(problems strict.Problems) error {
	details := make([]error, len(problems))
	for i, p := range problems {
		d := &huma.ErrorDetail{Message: p.Message, Location: "body." + p.Path}
		if p.Mend != "" {
			d.Message += "; " + p.Mend
		}
		if p.Value != "" {
			d.Value = p.Value
		}
		details[i] = d
	}
	return huma.Error422UnprocessableEntity("validation failed", details...)
}
