package directory

import (
	"encoding/json"
	"fmt"
	"time"
)

// The shape of settings in the database: as in the API, but with secrets in the clear and without defaults, so that
// another default reaches everybody who chose none.
type (
	storedSettings struct {
		Provider Provider             `json:"provider,omitzero"`
		Location storedLocation       `json:"location,omitzero"`
		Identity storedIdentity       `json:"identity,omitzero"`
		Callback storedCallback       `json:"callback,omitzero"`
		Notify   []storedNotification `json:"notify,omitempty"`
	}

	storedLocation struct {
		Routing LocationRouting `json:"routing,omitzero"`
	}

	storedIdentity struct {
		Sources   []IdentitySource `json:"sources,omitempty"`
		Normalise bool             `json:"normalise,omitempty"`
	}

	storedCallback struct {
		Fallback []string       `json:"fallback,omitempty"`
		Fork     Fork           `json:"fork,omitzero"`
		Ring     storedDuration `json:"ring,omitzero"`
		Window   storedDuration `json:"window,omitzero"`
	}

	storedNotification struct {
		Kind   NotificationKind `json:"kind"`
		To     string           `json:"to"`
		Secret string           `json:"secret,omitempty"`
		Test   bool             `json:"test,omitempty"`

		Events []NotificationEvent `json:"events,omitempty"`
	}

	storedDuration time.Duration
)

// MarshalText writes a duration as a directory file has it.
func (d storedDuration) MarshalText() ([]byte, error) { return []byte(time.Duration(d).String()), nil }

// UnmarshalText reads a duration.
func (d *storedDuration) UnmarshalText(b []byte) error {
	v, err := time.ParseDuration(string(b))
	*d = storedDuration(v)
	return err
}

// Stored returns settings as the database keeps them, "" for the defaults. It has the secrets.
func (s Settings) Stored() string {
	out := storedSettings{
		Provider: s.Provider, Location: storedLocation(s.Location),
		Identity: storedIdentity(s.Identity),
		Callback: storedCallback{
			Fallback: s.Callback.Fallback, Fork: s.Callback.Fork,
			Ring: storedDuration(s.Callback.Ring), Window: storedDuration(s.Callback.Window),
		},
	}
	for _, n := range s.Notify {
		out.Notify = append(out.Notify, storedNotification{n.Kind, n.To, string(n.Secret), n.Test, n.Events})
	}
	text, err := json.Marshal(out)
	if err != nil || string(text) == "{}" { // nothing in it could not be written
		return ""
	}
	return string(text)
}

// ReadStored reads what Stored returned; "" is read as {}. Keys that a newer callbox wrote are passed over.
func ReadStored(text string) (Settings, error) {
	if text == "" || text == "{}" {
		return Settings{}, nil
	}
	var in storedSettings
	if err := json.Unmarshal([]byte(text), &in); err != nil {
		return Settings{}, fmt.Errorf("settings cannot be read: %w", err)
	}
	s := Settings{
		Provider: in.Provider, Location: LocationSettings(in.Location),
		Identity: Identity(in.Identity),
		Callback: CallbackSettings{
			Fallback: in.Callback.Fallback, Fork: in.Callback.Fork,
			Ring: time.Duration(in.Callback.Ring), Window: time.Duration(in.Callback.Window),
		},
	}
	for _, n := range in.Notify {
		s.Notify = append(s.Notify, Notification{n.Kind, n.To, Secret(n.Secret), n.Test, n.Events})
	}
	return s, nil
}
