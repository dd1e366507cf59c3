package systest

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"callbox/sip/call"
)

// client returns one that believes the edge's own certificate, and no other where the API has TLS.
func (l *lab) client(t *testing.T) (*http.Client, error) {
	if !l.https {
		return http.DefaultClient, nil
	}
	chain, err := os.ReadFile(filepath.Join(l.dir, "data", "tls-certificate.pem"))
	if err != nil {
		return nil, err
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(chain) {
		return nil, errors.New("no certificate is in it")
	}
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport, Timeout: 10 * time.Second}, nil
}

// fetch asks for an absolute URL.
func (l *lab) fetch(t *testing.T, url string) (status int, kind string, content []byte) {
	t.Helper()
	client, err := l.client(t)
	if err != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	content, err = io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, resp.Header.Get("Content-Type"), content
}

var reference = regexp.MustCompile(`Call-Info: <(https://[^>]+/emergency-data/(CA[0-9a-f]{32})/([A-Z2-7]{26})/(\w+))>;purpose=EmergencyCallData\.(\w+)\r\n`)

// TestACentreTakesAdditionalDataByReference fetches what Call-Info names while the call is up, as a centre would that knows
// the edge's certificate and nothing else.
func TestACentreTakesAdditionalDataByReference(t *testing.T) {
	t.Parallel()
	psap := startCentre(t, centre{scenario: "uas_answer.xml"})
	l := startLab(t, settings{httpTLS: true, directory: directoryOf(t,
		target{id: "psap-first", uri: psap.uri(), ng: "{additional_data: reference}"}, target{id: "ecc-us", uri: "sip:ecc-us@sim"})})
	phone := l.place(t, caller{scenario: "answered.xml", to: "911", hold: 3 * time.Second})
	var found [][]string
	eventually(t, 10*time.Second, "the centre is invited", func() error {
		b, err := os.ReadFile(psap.file("messages"))
		found = reference.FindAllStringSubmatch(string(b), -1)
		if err == nil && len(found) == 0 {
			err = fmt.Errorf("no https URL in %q", b)
		}
		return err
	})
	kinds := map[string]bool{}
	for _, m := range found {
		url, id, secret, kind := m[1], m[2], m[3], m[4]
		if kind != m[5] || secret != found[0][3] || id != found[0][2] || !strings.HasPrefix(url, l.url("/emergency-data/")) {
			t.Errorf("%q", m[0])
		}
		kinds[kind] = true
		status, contentType, content := l.fetch(t, url)
		var block struct {
			XMLName   xml.Name
			Reference string `xml:"DataProviderReference"`
		}
		err := xml.Unmarshal(content, &block)
		if status != http.StatusOK || contentType != "application/EmergencyCallData."+kind+"+xml" || err != nil || block.Reference == "" ||
			block.XMLName != (xml.Name{Space: "urn:ietf:params:xml:ns:EmergencyCallData:" + kind, Local: "EmergencyCallData." + kind}) {
			t.Errorf("%s: %d %s %v\n%s", url, status, contentType, err, content)
		}
	}
	if !kinds["ProviderInfo"] || !kinds["ServiceInfo"] || !kinds["SubscriberInfo"] || !kinds["Comment"] {
		t.Errorf("%v", kinds)
	}
	for _, wrong := range []string{
		strings.Replace(found[0][1], found[0][3], strings.Repeat("A", 26), 1), strings.Replace(found[0][1], found[0][2], "CA"+strings.Repeat("0", 32), 1),
		strings.Replace(found[0][1], "/"+found[0][4], "/NoSuchInfo", 1),
	} {
		if status, _, content := l.fetch(t, wrong); status != http.StatusNotFound || strings.Contains(string(content), "EmergencyCallData") {
			t.Errorf("%s: %d\n%s", wrong, status, content)
		}
	}
	if got := invites(t, psap)[0]; strings.Contains(got, "EmergencyCallData:") {
		t.Errorf("the data is in the body, too:\n%s", got)
	}
	if r := l.recordWhen(t, found[0][2], "the call is known", func(call.Record) bool { return true }); r.State == call.StateEnded {
		t.Error("it had ended by then")
	}
	phone.finish(t)
	if status, _, _ := l.fetch(t, found[0][1]); status != http.StatusOK {
		t.Errorf("it is gone before its minute is over: %d", status)
	}
	if strings.Contains(l.log.String(), found[0][3]) {
		t.Error("the secret is in the log")
	}
}
