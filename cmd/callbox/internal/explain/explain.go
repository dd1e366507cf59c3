// Package explain asks the decision that routes calls about a call nobody made, for the explain command and its page
// in the API. It knows how people write numbers and hosts; it must not decide anything itself.
package explain

import (
	"crypto/subtle"
	"errors"
	"fmt"
	"net/netip"
	"strings"

	"callbox/routing"
	"callbox/routing/directory"
	"callbox/sip/call"
)

// Question is a call as a person would describe it.
type Question struct {
	From      string `json:"from,omitempty" maxLength:"256" doc:"A number or a SIP URI; anonymous for a withheld one, as when it and aeui are absent."`
	To        string `json:"to" maxLength:"256" doc:"What is dialled: a number, a SIP URI or a service URN."`
	Domain    string `json:"domain,omitempty" maxLength:"255" doc:"The domain or trunk the call is sent to; lab.sip.us1.twilio.com when absent, lab.emergency.bandwidth.com beside aeui or location_id."`
	Source    string `json:"source,omitempty" maxLength:"64" doc:"The address it comes from; 127.0.0.1 when absent."`
	Transport string `json:"transport,omitempty" enum:"udp,tcp,tls,ws,wss" doc:"udp when absent."`
	User      string `json:"user,omitempty" maxLength:"64" doc:"Digest user name; none is sent when absent."`
	Password  string `json:"password,omitempty" maxLength:"256" doc:"Its password."`

	Asserted    []string `json:"p_asserted_identity,omitempty" maxItems:"8" doc:"P-Asserted-Identity: numbers or URIs."`
	RemoteParty []string `json:"remote_party_id,omitempty" maxItems:"8" doc:"Remote-Party-ID of the calling party: numbers or URIs."`
	Preferred   []string `json:"p_preferred_identity,omitempty" maxItems:"8" doc:"P-Preferred-Identity: numbers or URIs."`
	Diversion   []string `json:"diversion,omitempty" maxItems:"8" doc:"Diversion: numbers or URIs."`

	Where
}

// The call that an incomplete question means.
const (
	DefaultDomain    = "lab.sip.us1.twilio.com"
	EndpointDomain   = "lab.emergency.bandwidth.com" // of a question with an AEUI or a location ID
	DefaultSource    = "127.0.0.1"
	DefaultTransport = "udp"
)

// Answer is a decision as JSON. Names and values are those of a call's record where both say the same thing.
type Answer struct {
	Verdict        string      `json:"verdict" enum:"refuse,challenge,psap,ecc,test,ask"`
	Status         int         `json:"sip_status,omitempty" doc:"The SIP answer of a refusal or challenge."`
	Reason         string      `json:"sip_reason,omitempty" doc:"Its sentence."`
	Realm          string      `json:"realm,omitempty" doc:"What a challenge asks credentials for."`
	ErrorCode      int         `json:"error_code,omitempty" doc:"Twilio error code."`
	Account        string      `json:"account,omitempty"`
	Domain         string      `json:"domain,omitempty" doc:"The directory's name of the domain or trunk."`
	Trunk          bool        `json:"trunk,omitempty"`
	Secure         bool        `json:"secure,omitempty" doc:"TLS and SRTP are required there."`
	Caller         string      `json:"caller,omitempty" doc:"The number shown as caller, E.164."`
	CallerReplaced bool        `json:"caller_replaced,omitempty" doc:"The domain's Emergency Caller ID took From's place."`
	CallerSource   string      `json:"caller_source,omitempty" enum:"p-asserted-identity,remote-party-id,p-preferred-identity,diversion" doc:"The header field that caller was found in; absent for From."`
	Endpoint       string      `json:"endpoint,omitempty" doc:"The AEUI of a caller that is known by that."`
	CallerName     string      `json:"caller_name,omitempty" doc:"The endpoint's name, or what a web service gave."`
	CallbackNumber string      `json:"callback_number,omitempty" doc:"Where an endpoint can be called back, E.164."`
	Place          *call.Place `json:"place,omitempty" doc:"Where help is needed; absent where that is address."`
	Asked          *call.Asked `json:"asked,omitempty" doc:"Who has to be asked before the call can be decided, and the answer that was given."`
	BadLocation    string      `json:"bad_location,omitempty" doc:"Why no location in the INVITE can be used."`
	Country        string      `json:"country,omitempty"`
	Service        string      `json:"service,omitempty" enum:"none,e911,basic911" doc:"The number's own; not in force where address is absent."`
	Address        string      `json:"address,omitempty" doc:"The registered address on one line."`
	Dialled        string      `json:"dialled,omitempty" doc:"The emergency or test number."`
	Emergency      bool        `json:"emergency" doc:"A real emergency call, not a test."`
	Targets        []Target    `json:"targets" doc:"Whom the call rings, in order."`
	FeeCents       int64       `json:"fee_cents,omitempty" doc:"US cents."`
	Warning        int         `json:"warning,omitempty" doc:"Twilio warning code."`
	Trace          []call.Step `json:"trace" doc:"Every rule of the decision."`
	Text           string      `json:"text" doc:"All of it for people, in lines."`
}

// Target is one centre a call would ring.
type Target struct {
	ID             string `json:"id"`
	Name           string `json:"name,omitempty"`
	URI            string `json:"uri"`
	Kind           string `json:"kind" enum:"psap,overflow,ecc,test"`
	RingMS         int64  `json:"ring_ms" doc:"How long it may ring before the next one."`
	DeliverNumber  bool   `json:"deliver_number"`
	DeliverAddress bool   `json:"deliver_address"`
	DeliverFormat  string `json:"deliver_format" enum:"sip,pidf" doc:"sip: headers alone; pidf: a PIDF-LO body part with the address, too."`
	Delivery       string `json:"delivery" enum:"legacy,ng911" doc:"How it is called: by its URI, or as a next-generation centre."`
	SRTP           string `json:"srtp" enum:"off,optional,required" doc:"Whether its media is protected."`
}

// Ask decides the call of q over s. Nobody is asked for anything: where the decision has to know what a web service or a LoST
// server says, it is made with the answer in q, or says what would be asked. The error says which part of the question cannot be read.
func Ask(s *directory.Snapshot, h routing.Health, q Question) (routing.Decision, error) {
	r, err := Request(q)
	if err != nil {
		return routing.Decision{}, err
	}
	d := routing.Decide(s, h, r)
	for d.Verdict == routing.VerdictAsk {
		reply, ok := q.reply(d.Question)
		if !ok {
			break
		}
		r.Replies = append(r.Replies, reply)
		d = routing.Decide(s, h, r)
	}
	return d, nil
}

// Request returns what an INVITE would have said of the call of q. The error says which part of the question cannot be read.
func Request(q Question) (routing.Request, error) {
	if q.To == "" {
		return routing.Request{}, errors.New("to is missing: say what is dialled, such as 911")
	}
	source, err := netip.ParseAddr(or(q.Source, DefaultSource))
	if err != nil {
		return routing.Request{}, fmt.Errorf("source %q is no IP address: write it like 192.0.2.7", q.Source)
	}
	transport := or(q.Transport, DefaultTransport)
	switch transport {
	case "udp", "tcp", "tls", "ws", "wss":
	default:
		return routing.Request{}, fmt.Errorf("transport %q is unknown: udp, tcp, tls, ws and wss are known", q.Transport)
	}
	domain := DefaultDomain
	if q.AEUI != "" || q.LocationID != "" {
		domain = EndpointDomain
	}
	to := identity(q.To, bare(or(q.Domain, domain)))
	r := routing.Request{
		Source: source, Transport: transport, Scheme: to.Scheme, User: to.User, Host: to.Host,
		From: identity(or(or(q.From, q.AEUI), "anonymous"), to.Host),
	}
	if strings.EqualFold(r.From.User, "anonymous") {
		r.From.Host = "anonymous.invalid"
	}
	if q.AEUI != "" && q.From != "" {
		q.Asserted = append([]string{q.AEUI}, q.Asserted...)
	}
	r.Claims = q.claims(to.Host)
	if err := q.where(&r); err != nil {
		return routing.Request{}, err
	}
	if q.User != "" {
		r.Proof = proof{q.User, directory.MakeHA1(q.User, directory.Secret(q.Password))}
	}
	return r, nil
}

// claims are the identities beside From; host is used where one has none.
func (q Question) claims(host string) (out []routing.Claim) {
	for _, c := range []struct {
		source directory.IdentitySource
		values []string
	}{
		{directory.SourceAsserted, q.Asserted}, {directory.SourceRemoteParty, q.RemoteParty},
		{directory.SourcePreferred, q.Preferred}, {directory.SourceDiversion, q.Diversion},
	} {
		for _, v := range c.values {
			out = append(out, routing.Claim{Source: c.source, Identity: identity(v, host)})
		}
	}
	return out
}

// identity reads a number, a SIP URI or a service URN; host is used where s has none. A urn: or tel: URI keeps host, as
// the edge takes it from To.
func identity(s, host string) routing.Identity {
	scheme, rest, _ := strings.Cut(s, ":")
	scheme = strings.ToLower(scheme)
	switch scheme {
	case "urn", "tel":
		return routing.Identity{Scheme: scheme, User: rest, Host: host}
	case "sip", "sips":
		user, at, ok := strings.Cut(rest, "@")
		if !ok {
			user, at = "", rest
		}
		return routing.Identity{Scheme: scheme, User: user, Host: bare(at)}
	}
	user, at, ok := strings.Cut(s, "@")
	if ok {
		host = bare(at)
	}
	return routing.Identity{Scheme: "sip", User: user, Host: host}
}

// bare takes port and parameters off a host.
func bare(host string) string {
	if i := strings.IndexAny(host, ";?"); i >= 0 {
		host = host[:i]
	}
	if strings.HasPrefix(host, "[") {
		if i := strings.IndexByte(host, ']'); i >= 0 {
			return strings.ToLower(host[1:i])
		}
	}
	host, _, _ = strings.Cut(host, ":")
	return strings.ToLower(host)
}

// proof stands in for digest credentials: it knows the hashes of the password itself.
type proof struct {
	user string
	ha1  directory.HA1
}

func (p proof) Username() string { return p.user }

func (p proof) Verify(realm, md5, _ string) bool {
	return realm == directory.Realm && subtle.ConstantTimeCompare([]byte(p.ha1.MD5), []byte(md5)) == 1
}

// Describe turns a decision into its JSON form.
func Describe(d routing.Decision) Answer {
	a := Answer{
		Verdict: d.Verdict.String(), Status: d.Status, Reason: d.Reason, Realm: d.Realm, ErrorCode: d.Code, Account: d.Account,
		Domain: d.Domain, Trunk: d.Trunk, Secure: d.Secure, Caller: d.Caller.Number, CallerReplaced: d.Caller.Replaced,
		Country: d.Country, Dialled: d.Dialled, Emergency: d.Emergency, FeeCents: d.FeeCents, Warning: d.Warning,
		Targets: make([]Target, 0, len(d.Targets)), Trace: append([]call.Step{}, d.Trace.Steps()...),
		Text: routing.Text(d),
	}
	if e := d.Caller.Endpoint; e != nil {
		a.Endpoint, a.CallerName, a.CallbackNumber = e.ID, d.Caller.Name, d.Caller.Callback
	}
	a.Place, a.Asked, a.BadLocation = d.Place.Told(), d.Asked(), d.BadLocation
	if d.Caller.Number != "" || d.Caller.Endpoint != nil {
		a.Service = d.Caller.Service.String()
	}
	if d.Caller.Source != directory.SourceFrom {
		a.CallerSource = d.Caller.Source.String()
	}
	if d.Caller.Address != nil {
		a.Address = d.Caller.Address.Line()
	}
	for _, t := range d.Targets {
		delivery := "legacy"
		if t.NG != nil {
			delivery = "ng911"
		}
		a.Targets = append(a.Targets, Target{
			ID: t.ID, Name: t.Name, URI: t.URI, Kind: t.Kind.String(), RingMS: t.Ring.Milliseconds(),
			DeliverNumber: t.Deliver.Number, DeliverAddress: t.Deliver.Address,
			DeliverFormat: t.Deliver.Format.String(), Delivery: delivery, SRTP: t.SRTP.String(),
		})
	}
	return a
}

func or(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}
