package webhook

import (
	"crypto/hmac"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"io"
	"maps"
	"net/url"
	"slices"
)

// signatureHeader carries what Sign returns.
const signatureHeader = "X-Twilio-Signature"

// Sign returns the provider's signature of a request: HMAC-SHA1 by the auth token, in base64, over the URL as it is
// called and, of a POST, each parameter's name and value in the order of names. For a GET the parameters are in the URL
// and form is nil. User and password never count, a port does for http only: that is how the provider's own libraries
// check it, and a server behind a proxy knows no better.
func Sign(token, rawURL string, form url.Values) string {
	mac := hmac.New(sha1.New, []byte(token))
	_, _ = io.WriteString(mac, signedURL(rawURL))
	for _, name := range slices.Sorted(maps.Keys(form)) {
		values := slices.Compact(slices.Sorted(slices.Values(form[name])))
		for _, v := range values {
			_, _ = io.WriteString(mac, name+v)
		}
	}
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// SignBody returns the URL to call with a body that is no form, which has the body's hash as bodySHA256 behind its
// query, and the signature of that URL.
func SignBody(token, rawURL string, body []byte) (callURL, signature string) {
	sum := sha256.Sum256(body)
	u, err := url.Parse(rawURL)
	if err != nil {
		return rawURL, Sign(token, rawURL, nil)
	}
	addQuery(u, url.Values{"bodySHA256": {hex.EncodeToString(sum[:])}})
	return u.String(), Sign(token, u.String(), nil)
}

// signedURL is the URL that a signature is over.
func signedURL(rawURL string) string {
	u, err := url.Parse(rawURL)
	if err != nil {
		return rawURL
	}
	u.User, u.Fragment, u.RawFragment = nil, "", ""
	if u.Scheme == "https" && u.Port() != "" {
		u.Host = u.Host[:len(u.Host)-len(u.Port())-1]
	}
	if u.Path == "" {
		u.Path = "/" // as the receiver sees it
	}
	return u.String()
}

// addQuery puts parameters behind those that the customer wrote, which stay as they are written.
func addQuery(u *url.URL, form url.Values) {
	more := form.Encode()
	switch {
	case more == "":
	case u.RawQuery == "":
		u.RawQuery = more
	default:
		u.RawQuery += "&" + more
	}
}
