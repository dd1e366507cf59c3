package app

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"

	"callbox/psap/sim"
	"callbox/psap/sim/voice"
	"callbox/routing/twiml"
	"callbox/routing/webhook"
	"callbox/sip/prompt"
)

// speech plays to a call what a TwiML document wants heard. It is a SIP user agent on a loopback port of its own, which
// knows no centres: each call of it is announced first.
type speech struct {
	server   *sim.Server
	speaker  *voice.Speaker
	webhooks *webhook.Client
}

// Program makes verbs, of which Say, Play and Pause are heard, the program of the next call to uri, which then hangs up.
// note is told of what cannot be played. done takes an unused uri back; call it when the step is over.
func (s *speech) Program(verbs []twiml.Verb, note func(error)) (uri string, done func()) {
	return s.server.Program(prompt.New(verbs, s.speaker, s.webhooks, note))
}

// startVoice makes the client of webhooks and the voice of what they answer.
func (a *App) startVoice(context.Context) error {
	a.webhooks = webhook.New(webhook.Options{Forbidden: a.isOwnAPI})
	a.started(func() error { a.webhooks.Close(); return nil })
	speaker, err := voice.New(a.settings.Sim.Voice, a.part("voice"))
	if err != nil {
		return fmt.Errorf("build the voice of TwiML: %w", err)
	}
	speaker.Starved = a.reserve.starved
	server, err := sim.New(sim.Options{
		Address: "127.0.0.1:0", Voice: a.settings.Sim.Voice, Programs: true, Logger: a.part("voice"), Starved: a.reserve.starved,
	})
	if err != nil {
		return fmt.Errorf("build the voice of TwiML: %w", err)
	}
	if err := server.Start(); err != nil {
		return errors.Join(bindError("voice", "127.0.0.1:0", "a free port", err), server.Close())
	}
	a.speech = &speech{server, speaker, a.webhooks}
	a.started(server.Close)
	return nil
}

// isOwnAPI tells whether an address is that of this edge's API, which asks no credentials of this machine: whoever may
// write a webhook's URL must not get more rights by it.
func (a *App) isOwnAPI(ap netip.AddrPort) bool {
	own := a.apiAddr.Load()
	if own == nil || ap.Port() != own.Port() {
		return false
	}
	if ap.Addr() == own.Addr() || ap.Addr().IsLoopback() || ap.Addr().IsUnspecified() {
		return true
	}
	addrs, err := net.InterfaceAddrs()
	for _, i := range addrs {
		if n, ok := i.(*net.IPNet); ok && n.IP.Equal(ap.Addr().AsSlice()) {
			return true
		}
	}
	return err != nil
}
