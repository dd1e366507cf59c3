package systest

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/twilio/twilio-go/client"
	api "github.com/twilio/twilio-go/rest/api/v2010"
	trunking "github.com/twilio/twilio-go/rest/trunking/v1"
)

const labAccount = "AC00000000000000000000000000000911"

// customer provisions an edge by twilio-go as it is: only the place its requests go to is changed.
type customer struct {
	lab   *lab
	api   *api.ApiService
	trunk *trunking.ApiService
}

// elsewhere sends requests to another host than they name. Their Host stays, as with a name that is resolved otherwise.
type elsewhere struct{ host string }

// RoundTrip sends the request.
func (e elsewhere) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Host, r.URL.Scheme, r.URL.Host = r.URL.Host, "http", e.host
	return http.DefaultTransport.RoundTrip(r)
}

// customer returns a client with the lab's credentials.
func (l *lab) customer(t *testing.T) customer {
	t.Helper()
	return l.customerAs(labAccount, l.token(t))
}

func (l *lab) customerAs(user, password string) customer {
	c := &client.Client{
		Credentials: client.NewCredentials(user, password),
		HTTPClient:  &http.Client{Transport: elsewhere{l.host + ":6080"}, Timeout: 20 * time.Second},
	}
	c.SetAccountSid(labAccount)
	h := client.NewRequestHandler(c)
	return customer{l, api.NewApiService(h), trunking.NewApiService(h)}
}

// token is the auth token that the edge made at its first start.
func (l *lab) token(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(l.dir, "data", "auth-token"))
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(text))
}

// ok returns what a call of the client's returned, and fails the test unless that went well.
func ok[T any](t *testing.T) func(v T, err error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// refusedWith fails the test unless the client was refused with Twilio's status and code.
func refusedWith(t *testing.T, what string, err error, status, code int) {
	t.Helper()
	var refusal *client.TwilioRestError
	if !errors.As(err, &refusal) || refusal.Status != status || refusal.Code != code {
		t.Errorf("%s: %v, want status %d, code %d", what, err, status, code)
	}
}

// place is an address as a customer writes it.
type place struct{ street, secondary, city, region, postal, country string }

func (c customer) address(t *testing.T, p place) *api.ApiV2010Address {
	t.Helper()
	in := (&api.CreateAddressParams{}).SetFriendlyName("Walk").SetCustomerName("Walk").SetStreet(p.street).SetCity(p.city).
		SetRegion(p.region).SetPostalCode(p.postal).SetIsoCountry(p.country).SetEmergencyEnabled(true)
	if p.secondary != "" {
		in.SetStreetSecondary(p.secondary)
	}
	return ok[*api.ApiV2010Address](t)(c.api.CreateAddress(in))
}

func (c customer) number(t *testing.T, e164 string) *api.ApiV2010IncomingPhoneNumber {
	t.Helper()
	in := (&api.CreateIncomingPhoneNumberParams{}).SetPhoneNumber(e164).SetVoiceUrl("https://pbx.example.com/voice")
	return ok[*api.ApiV2010IncomingPhoneNumber](t)(c.api.CreateIncomingPhoneNumber(in))
}

// associate gives a number an emergency address, "" for none, and returns the status the answer tells.
func (c customer) associate(t *testing.T, number, address string) string {
	t.Helper()
	in := (&api.UpdateIncomingPhoneNumberParams{}).SetEmergencyAddressSid(address)
	n := ok[*api.ApiV2010IncomingPhoneNumber](t)(c.api.UpdateIncomingPhoneNumber(number, in))
	return *n.EmergencyAddressStatus
}

func (c customer) status(t *testing.T, number string) string {
	t.Helper()
	n := ok[*api.ApiV2010IncomingPhoneNumber](t)(c.api.FetchIncomingPhoneNumber(number, &api.FetchIncomingPhoneNumberParams{}))
	return *n.EmergencyAddressStatus
}

// becomes steps the lab's clock and waits until a number has a status.
func (c customer) becomes(t *testing.T, number, status string) {
	t.Helper()
	c.lab.stepClock(t, 15*time.Minute)
	eventually(t, 10*time.Second, number+" becomes "+status, func() error {
		if got := c.status(t, number); got != status {
			return errors.New(got)
		}
		return nil
	})
}

// domain makes a SIP domain that this machine may call at, with emergency calling as told.
func (c customer) domain(t *testing.T, name string, emergency bool) *api.ApiV2010SipDomain {
	t.Helper()
	d := ok[*api.ApiV2010SipDomain](t)(c.api.CreateSipDomain((&api.CreateSipDomainParams{}).SetDomainName(name + ".sip.twilio.com").
		SetFriendlyName(name).SetEmergencyCallingEnabled(emergency)))
	ok[any](t)(c.api.CreateSipAuthCallsIpAccessControlListMapping(*d.Sid,
		(&api.CreateSipAuthCallsIpAccessControlListMappingParams{}).SetIpAccessControlListSid(c.acl(t, name, "127.0.0.0", 8))))
	return d
}

// acl makes an access control list of one network and returns its SID.
func (c customer) acl(t *testing.T, name, address string, bits int) string {
	t.Helper()
	l := ok[*api.ApiV2010SipIpAccessControlList](t)(c.api.CreateSipIpAccessControlList(
		(&api.CreateSipIpAccessControlListParams{}).SetFriendlyName(name)))
	ok[any](t)(c.api.CreateSipIpAddress(*l.Sid, (&api.CreateSipIpAddressParams{}).SetFriendlyName(name).SetIpAddress(address).
		SetCidrPrefixLength(bits)))
	return *l.Sid
}

// credentials makes a credential list of one user and returns its SID.
func (c customer) credentials(t *testing.T, name, user, password string) string {
	t.Helper()
	l := ok[*api.ApiV2010SipCredentialList](t)(c.api.CreateSipCredentialList(
		(&api.CreateSipCredentialListParams{}).SetFriendlyName(name)))
	ok[any](t)(c.api.CreateSipCredential(*l.Sid, (&api.CreateSipCredentialParams{}).SetUsername(user).SetPassword(password)))
	return *l.Sid
}

// stepClock moves the lab's clock ahead.
func (l *lab) stepClock(t *testing.T, by time.Duration) {
	t.Helper()
	l.post(t, "/api/v1/lab/clock", map[string]any{"step_seconds": int(by / time.Second)}, http.StatusOK)
}

// post sends JSON to the edge's own API and returns the body of the answer, whose status must be as wanted.
func (l *lab) post(t *testing.T, path string, in any, want int) []byte {
	t.Helper()
	text, err := json.Marshal(in)
	if err != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, l.url(path), bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != want {
		t.Fatalf("POST %s: %s %v %s", path, resp.Status, err, body)
	}
	return body
}

// dial places one call and fails the test unless its record tells the outcome.
func (l *lab) dial(t *testing.T, what string, c caller, want outcome) {
	t.Helper()
	if c.from != "" && !strings.Contains(c.from, ":") {
		c.from = "sip:" + c.from + "@" + c.domain
	}
	if c.scenario == "" {
		c.scenario = "answered.xml"
		if want.Verdict == "refuse" {
			c.scenario = "refused.xml"
		}
	}
	_, id := l.call(t, c).answer()
	if d := cmp.Diff(want, outcomeOf(l.record(t, id))); d != "" {
		t.Errorf("%s: the record differs (-want +got):\n%s", what, d)
	}
}

// ask posts JSON to the edge's own API and reads the answer into out.
func (l *lab) ask(t *testing.T, path string, in, out any) {
	t.Helper()
	if err := json.Unmarshal(l.post(t, path, in, http.StatusOK), out); err != nil {
		t.Fatal(err)
	}
}
