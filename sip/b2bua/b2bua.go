// Package b2bua is the back-to-back user agent: it answers a caller's INVITE (leg A), has the call decided, rings the
// targets of the decision one after the other (leg B), anchors the media between the two legs, and keeps one record of
// all of it. One goroutine owns one call. It must not know about sipgo, sockets, or how a decision is come by.
// DESIGN.md beside it has the states.
package b2bua

import (
	"net/netip"
	"time"

	"github.com/rs/zerolog"

	"callbox/routing"
	"callbox/sip/agent"
	"callbox/sip/call"
	"callbox/sip/media"
)

// Decider decides what becomes of a call. It must not block.
type Decider interface {
	Decide(routing.Request) routing.Decision
}

// Registry knows which call centres can take a call right now.
type Registry interface {
	InService(id string) bool
	// Acquire takes one of the centre's places, false when it is full. release is called once.
	Acquire(id string) (release func(), ok bool)
}

// Recorder keeps the record of an ended call. It is called once for each call, from the call's goroutine, and owns
// the record's slices from then on.
type Recorder interface {
	Append(call.Record)
}

// Observer is told every event of every call, in order for each call, from the call's goroutine. It must not block.
type Observer interface {
	Observe(call.Event)
}

// Options configure an Edge. Agent, Decider and Media are required; the zero value of the rest works.
type Options struct {
	Agent     *agent.Agent
	Decider   Decider
	Media     *media.Relay
	Transfers Transfers // nil: a centre cannot transfer a call
	Registry  Registry  // nil: every centre is in service and has room
	Recorder  Recorder  // nil keeps no records
	Observer  Observer  // nil tells no one
	Notifier  Notifier  // nil: nobody outside is told
	ALI       ALI       // nil: a centre knows what the INVITE tells it
	Logger    zerolog.Logger

	// Asker answers the questions of decisions. nil: each is answered by a failure at once.
	Asker Asker

	NG NextGeneration // what next-generation centres are told of the edge

	// Callbacks plans the calls of centres to the numbers they were given. nil: there are none, and such an INVITE is
	// decided like every other.
	Callbacks CallbackPlanner

	// Announce returns the URI to dial for early media when every target failed, "" for none. It is asked once a call,
	// when the call was decided, so that a call keeps the plan it began with. nil is none.
	Announce func() string

	// Phones returns the ways to the phones of whoever is registered by a URI, the likeliest first. ours tells that its
	// host is a domain of the edge, so that there is no other way. It must not block. nil: nobody is registered.
	Phones func(uri string) (routes []agent.Route, ours bool)

	// Centres returns the ways to where a call centre has registered, by its ID, the likeliest first. They are tried before
	// its URI, which is left out where uri is false: it is known to lead nowhere. It must not block. nil: none has.
	Centres func(id string) (ways []agent.Route, uri bool)

	// NoMedia is told why a call got no media ports. It must not block; nil tells the log each time.
	NoMedia func(error)

	Advertise   []netip.Addr // addresses to write into SDP, at most one a family; none: the leg's own local address
	PassHeaders []string     // header fields of the caller's INVITE that go to the centre beside the built-in list

	Ring          time.Duration // ring time of a target that names none; 0: 20 s
	SetupLimit    time.Duration // INVITE in to answer, anew while targets are left of an emergency; 0: 3 min, negative: none
	AnnounceLimit time.Duration // how long the announcement may take; 0: 30 s
	RetryAfter    time.Duration // told with every 503; 0: 30 s

	// MaxDuration ends an answered call that lasts longer; 0 is no limit. Emergency calls are never cut short unless
	// LimitEmergency says so too.
	MaxDuration    time.Duration
	LimitEmergency bool

	// SessionExpires is the session timer (RFC 4028) that the edge asks for by itself, of call centres and of callers who
	// speak timers and name none; 0 asks for none. MinSession is the shortest interval it takes, refusing less by 422;
	// 0 is 90 s, which is the RFC's.
	SessionExpires time.Duration
	MinSession     time.Duration
}

// Metrics counts what happened since the edge was made.
type Metrics struct {
	Calls           uint64 // INVITEs taken, refused ones included
	Active          int    // calls right now
	PassedOver      uint64 // targets that failed, were full or out of service
	Dropped         uint64 // events dropped from a full mailbox; see mailbox.go for which
	Panics          uint64 // calls ended by a defect of ours
	Announced       uint64 // announcements dialled
	Transfers       uint64 // of calls by their centre, those that failed included
	TransfersFailed uint64 // targets of transfers that did not take the call
	LateAnswers     uint64 // 2xx of a leg that had been given up, ended by BYE
}

const (
	defaultRing          = 20 * time.Second
	defaultSetupLimit    = 3 * time.Minute
	defaultAnnounceLimit = 30 * time.Second
	defaultRetryAfter    = 30 * time.Second
	defaultMinSession    = 90 * time.Second
)

func (o Options) withDefaults() Options {
	if o.Ring <= 0 {
		o.Ring = defaultRing
	}
	if o.SetupLimit == 0 {
		o.SetupLimit = defaultSetupLimit
	}
	if o.AnnounceLimit <= 0 {
		o.AnnounceLimit = defaultAnnounceLimit
	}
	if o.RetryAfter <= 0 {
		o.RetryAfter = defaultRetryAfter
	}
	if o.MinSession <= 0 {
		o.MinSession = defaultMinSession
	}
	if o.Registry == nil {
		o.Registry = alwaysOpen{}
	}
	if o.Announce == nil {
		o.Announce = func() string { return "" }
	}
	if o.Phones == nil {
		o.Phones = func(string) ([]agent.Route, bool) { return nil, false }
	}
	if o.Centres == nil {
		o.Centres = func(string) ([]agent.Route, bool) { return nil, true }
	}
	return o
}

// alwaysOpen is the Registry of an edge without one.
type alwaysOpen struct{}

func (alwaysOpen) InService(string) bool         { return true }
func (alwaysOpen) Acquire(string) (func(), bool) { return func() {}, true }
