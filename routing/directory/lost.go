package directory

import (
	"net/netip"
	"net/url"
	"strings"
	"time"
)

// LoST is a LoST server (RFC 5222) that says who serves a place before the network's own areas do.
type LoST struct {
	URL     string        // http: or https:
	Timeout time.Duration // for one question, everything included
	Cache   time.Duration // how long an answer may be kept at most, 0 for not at all; what it says of itself may be less
	Default string        // ID of the centre that takes the calls of places that neither the server nor the areas know, "" for none
}

// Bounds and defaults of lost.
const (
	defaultLoSTTimeout  = 500 * time.Millisecond
	shortestLoSTTimeout = 50 * time.Millisecond
	longestLoSTTimeout  = 5 * time.Second
	defaultLoSTCache    = time.Hour
	longestLoSTCache    = 7 * 24 * time.Hour
)

// fileLoST is the section lost.
type fileLoST struct {
	URL     string        `yaml:"url"`
	Timeout time.Duration `yaml:"timeout"`
	Cache   time.Duration `yaml:"cache"`
	Default string        `yaml:"default"`
}

// buildLoST comes after the centres.
func (b *builder) buildLoST() {
	if !b.doc.Has("lost") {
		return
	}
	f := b.f.LoST
	l := &LoST{URL: f.URL, Timeout: f.Timeout, Cache: f.Cache, Default: f.Default}
	if why := badLoST(f.URL); why != "" {
		path := "lost.url"
		if strings.Contains(f.URL, "@") || f.URL == "" { // a problem quotes its value, which may have a password
			path = "lost"
		}
		b.bad(path, why, "write the server's URL, such as https://lost.example.com/lost")
	}
	switch {
	case !b.doc.Has("lost.timeout"):
		l.Timeout = defaultLoSTTimeout
	case f.Timeout < shortestLoSTTimeout || f.Timeout > longestLoSTTimeout:
		b.bad("lost.timeout", "is not a time a caller in need can wait", "write 50ms to 5s")
	}
	switch {
	case !b.doc.Has("lost.cache"):
		l.Cache = defaultLoSTCache
	case f.Cache < 0 || f.Cache > longestLoSTCache:
		b.bad("lost.cache", "is not a time that an answer may be kept", "write 0s for not at all, up to 168h")
	}
	if f.Default != "" && !b.serving(f.Default) {
		b.bad("lost.default", "is not in psaps", known(b.n.byCentre, "psaps"))
	}
	b.n.lost = l
}

// badLoST says what is wrong with the URL of a LoST server.
func badLoST(s string) string {
	if s == "" {
		return "lost has no url"
	}
	if len(s) > longestHookURL || !printable(s) {
		return "lost's url is too long or has characters that are not printable ASCII"
	}
	if why := badWebhook(s); why != "" {
		return "lost's url " + why
	}
	if u, err := url.Parse(s); err == nil && u.User != nil {
		return "lost's url has a user in it: LoST has no credentials"
	}
	return ""
}

// LoST returns the LoST server that is asked who serves a place, nil where there is none.
func (n *Network) LoST() *LoST { return n.lost }

// LoST returns the LoST server that is asked who serves a place, nil where there is none.
func (s *Snapshot) LoST() *LoST { return s.network.lost }

// ByURI finds the PSAP that a SIP URI leads to: scheme and host without regard to case, the default port written or not,
// parameters aside.
func (n *Network) ByURI(uri string) (*PSAP, bool) {
	wanted, ok := uriKey(uri)
	if !ok {
		return nil, false
	}
	for _, p := range n.centres {
		if key, ok := uriKey(p.URI); ok && !p.ECC && key == wanted {
			return p, true
		}
	}
	return nil, false
}

// ByURI finds the PSAP that a SIP URI leads to, as Network.ByURI does.
func (s *Snapshot) ByURI(uri string) (*PSAP, bool) { return s.network.ByURI(uri) }

// uriKey is what two URIs of one centre have in common.
func uriKey(uri string) (string, bool) {
	uri, err := resolveURI(uri, netip.AddrPort{})
	if err != nil {
		return "", false
	}
	uri, _, _ = strings.Cut(uri, ";")
	scheme, rest, _ := strings.Cut(uri, ":")
	user, host, _ := strings.Cut(rest, "@")
	port := map[string]string{"sip": ":5060", "sips": ":5061"}[scheme]
	return scheme + ":" + user + "@" + strings.TrimSuffix(strings.ToLower(host), port), true
}
