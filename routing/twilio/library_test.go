package twilio

import (
	"fmt"
	"net/http"
	"net/url"
	"testing"

	"github.com/twilio/twilio-go/client"
	v2010 "github.com/twilio/twilio-go/rest/api/v2010"
	trunking "github.com/twilio/twilio-go/rest/trunking/v1"
)

// toEdge sends whatever the provider's library asks its own hosts for to the edge.
type toEdge struct{ base *url.URL }

func (to toEdge) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Host, r.URL.Scheme, r.URL.Host = r.URL.Host, to.base.Scheme, to.base.Host
	return http.DefaultTransport.RoundTrip(r)
}

// library returns the provider's Go library with the edge's address for its hosts.
func (e *edge) library() (*v2010.ApiService, *trunking.ApiService) {
	base, err := url.Parse(e.http.URL)
	if err != nil {
		e.t.Fatal(err)
	}
	c := &client.Client{Credentials: client.NewCredentials(e.mine, "token"), HTTPClient: &http.Client{Transport: toEdge{base}}}
	c.SetAccountSid(e.mine)
	h := client.NewRequestHandler(c)
	return v2010.NewApiService(h), trunking.NewApiService(h)
}

// went returns a function that fails the test unless a call of the library's went well and gave n things.
func went[T any](t *testing.T, n int) func(all []T, err error) {
	return func(all []T, err error) {
		t.Helper()
		if err != nil || len(all) != n {
			t.Errorf("%T: %d of %d, %v", all, len(all), n, err)
		}
	}
}

// everything is where lists have rows enough for three pages.
type everything struct{ domain, trunk, acl, list string }

func (e *edge) everything(rows int) (f everything) {
	e.t.Helper()
	for i := range rows {
		name := fmt.Sprintf("n%d", i)
		f.domain = e.must("POST", "SIP/Domains.json", "DomainName", name+".sip.twilio.com").sid()
		f.trunk = e.must("POST", "/v1/Trunks", "DomainName", name+".pstn.twilio.com").sid()
	}
	domain, trunk := "SIP/Domains/"+f.domain, "/v1/Trunks/"+f.trunk
	for i := range rows {
		name := fmt.Sprintf("n%d", i)
		f.acl = e.must("POST", "SIP/IpAccessControlLists.json", "FriendlyName", name).sid()
		f.list = e.must("POST", "SIP/CredentialLists.json", "FriendlyName", name).sid()
		e.must("POST", domain+"/Auth/Calls/IpAccessControlListMappings.json", "IpAccessControlListSid", f.acl)
		e.must("POST", domain+"/Auth/Calls/CredentialListMappings.json", "CredentialListSid", f.list)
		e.must("POST", domain+"/Auth/Registrations/CredentialListMappings.json", "CredentialListSid", f.list)
		e.must("POST", trunk+"/IpAccessControlLists", "IpAccessControlListSid", f.acl)
		e.must("POST", trunk+"/CredentialLists", "CredentialListSid", f.list)
		e.must("POST", trunk+"/PhoneNumbers", "PhoneNumberSid", e.plant(e.mine, fmt.Sprintf("+1415555010%d", i), "registered").SID)
		e.must("POST", trunk+"/OriginationUrls", "Weight", "1", "Priority", "1", "Enabled", "true", "FriendlyName", name,
			"SipUrl", "sip:pbx.example.com")
	}
	for i := range rows {
		name := fmt.Sprintf("n%d", i)
		e.must("POST", "SIP/IpAccessControlLists/"+f.acl+"/IpAddresses.json", "FriendlyName", name, "IpAddress", fmt.Sprintf("192.0.2.%d", i+1))
		e.must("POST", "SIP/CredentialLists/"+f.list+"/Credentials.json", "Username", name, "Password", password)
	}
	return f
}

// TestTheLibraryReadsEveryListPageByPage follows the links of every list.
func TestTheLibraryReadsEveryListPageByPage(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, e *edge) {
		const rows, size = 5, 2
		a, k := e.library()
		f := e.everything(rows)
		went[v2010.ApiV2010SipDomain](t, rows)(a.ListSipDomain((&v2010.ListSipDomainParams{}).SetPageSize(size)))
		went[v2010.ApiV2010SipIpAccessControlList](t, rows)(a.ListSipIpAccessControlList((&v2010.ListSipIpAccessControlListParams{}).SetPageSize(size)))
		went[v2010.ApiV2010SipIpAddress](t, rows)(a.ListSipIpAddress(f.acl, (&v2010.ListSipIpAddressParams{}).SetPageSize(size)))
		went[v2010.ApiV2010SipCredentialList](t, rows)(a.ListSipCredentialList((&v2010.ListSipCredentialListParams{}).SetPageSize(size)))
		went[v2010.ApiV2010SipCredential](t, rows)(a.ListSipCredential(f.list, (&v2010.ListSipCredentialParams{}).SetPageSize(size)))
		went[v2010.ApiV2010SipIpAccessControlListMapping](t, rows)(a.ListSipIpAccessControlListMapping(f.domain,
			(&v2010.ListSipIpAccessControlListMappingParams{}).SetPageSize(size)))
		went[v2010.ApiV2010SipCredentialListMapping](t, rows)(a.ListSipCredentialListMapping(f.domain,
			(&v2010.ListSipCredentialListMappingParams{}).SetPageSize(size)))
		went[v2010.ApiV2010SipAuthCallsIpAccessControlListMapping](t, rows)(a.ListSipAuthCallsIpAccessControlListMapping(f.domain,
			(&v2010.ListSipAuthCallsIpAccessControlListMappingParams{}).SetPageSize(size)))
		went[v2010.ApiV2010SipAuthCallsCredentialListMapping](t, rows)(a.ListSipAuthCallsCredentialListMapping(f.domain,
			(&v2010.ListSipAuthCallsCredentialListMappingParams{}).SetPageSize(size)))
		went[v2010.ApiV2010SipAuthRegistrationsCredentialListMapping](t, rows)(a.ListSipAuthRegistrationsCredentialListMapping(f.domain,
			(&v2010.ListSipAuthRegistrationsCredentialListMappingParams{}).SetPageSize(size)))
		went[trunking.TrunkingV1Trunk](t, rows)(k.ListTrunk((&trunking.ListTrunkParams{}).SetPageSize(size)))
		went[trunking.TrunkingV1IpAccessControlList](t, rows)(k.ListIpAccessControlList(f.trunk,
			(&trunking.ListIpAccessControlListParams{}).SetPageSize(size)))
		went[trunking.TrunkingV1CredentialList](t, rows)(k.ListCredentialList(f.trunk, (&trunking.ListCredentialListParams{}).SetPageSize(size)))
		went[trunking.TrunkingV1PhoneNumber](t, rows)(k.ListPhoneNumber(f.trunk, (&trunking.ListPhoneNumberParams{}).SetPageSize(size)))
		went[trunking.TrunkingV1OriginationUrl](t, rows)(k.ListOriginationUrl(f.trunk, (&trunking.ListOriginationUrlParams{}).SetPageSize(size)))
		if r, err := k.FetchRecording(f.trunk); err != nil || *r.Mode != "do-not-record" {
			t.Error(r, err)
		}
	})
}
