package webhook_test

import (
	"net/url"
	"testing"

	"github.com/twilio/twilio-go/client"

	"callbox/routing/webhook"
)

const token = "12345678901234567890123456789012"

// The provider's own library judges the signatures.
func TestSign(t *testing.T) {
	validator := client.NewRequestValidator(token)
	for _, u := range []string{
		"https://customer.example/voice", "https://customer.example:8443/voice?a=b&c=%20d", "http://customer.example:8080/voice",
		"http://customer.example/", "https://user:pass@customer.example:8443/voice", "https://customer.example/voice#rc=2",
		"http://customer.example", "https://customer.example:8443?a=b",
	} {
		form := url.Values{"To": {"+14155550100"}, "From": {"psap-sf"}, "CallSid": {"CA0"}, "Empty": {""}, "Name": {"Zoë & co"}}
		params := map[string]string{}
		for name, v := range form {
			params[name] = v[0]
		}
		seen := bareURL(t, u)
		if !validator.Validate(seen, params, webhook.Sign(token, u, form)) {
			t.Errorf("%s: the provider's library does not take the signature", u)
		}
		if validator.Validate(seen, params, webhook.Sign("another", u, form)) || validator.Validate(seen+"x", params, webhook.Sign(token, u, form)) {
			t.Errorf("%s: the library takes anything", u)
		}
		body := []byte(`{"call_id":"1"}`)
		called, signature := webhook.SignBody(token, u, body)
		if seen := bareURL(t, called); !validator.ValidateBody(seen, body, signature) || validator.ValidateBody(seen, []byte("{}"), signature) {
			t.Errorf("%s: the signature of a JSON body: %s", u, called)
		}
	}
}

// bareURL is what the server of a URL sees of it.
func bareURL(t *testing.T, s string) string {
	t.Helper()
	u, err := url.Parse(s)
	if err != nil {
		t.Fatal(err)
	}
	u.User, u.Fragment = nil, ""
	if u.Path == "" {
		u.Path = "/"
	}
	return u.String()
}
