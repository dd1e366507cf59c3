package app

import (
	"cmp"
	"time"

	"callbox/cmd/callbox/internal/web"
	"callbox/psap/sim"
)

// centreScripts is the scripts of the simulated centres by their IDs in the directory in force.
type centreScripts struct{ app *App }

// Script implements web.Scripts.
func (c centreScripts) Script(centre string) (web.CentreScript, error) {
	name, err := c.name(centre)
	if err != nil {
		return web.CentreScript{}, err
	}
	return c.shown(name)
}

// SetScript implements web.Scripts.
func (c centreScripts) SetScript(centre string, src []byte) (web.CentreScript, error) {
	name, err := c.name(centre)
	if err != nil {
		return web.CentreScript{}, err
	}
	server := c.app.simulator.server
	script, err := server.ReadScript(name, src)
	if err != nil {
		return web.CentreScript{}, err
	}
	server.SetScript(name, script)
	return c.shown(name)
}

// ResetScript implements web.Scripts.
func (c centreScripts) ResetScript(centre string) (web.CentreScript, error) {
	name, err := c.name(centre)
	if err != nil {
		return web.CentreScript{}, err
	}
	c.app.simulator.server.ResetScript(name)
	return c.shown(name)
}

// name returns the user part that a centre of the directory has at the simulator.
func (c centreScripts) name(centre string) (string, error) {
	p, ok := c.app.plan.snapshot.Load().Centre(centre)
	if !ok {
		return "", web.ErrNoCentre
	}
	name, ok := simulatedName(p.URI, c.app.simulator.server.Addr())
	if !ok || !c.app.simulator.enabled {
		return "", web.ErrNotSimulated
	}
	return name, nil
}

func (c centreScripts) shown(name string) (web.CentreScript, error) {
	server := c.app.simulator.server
	script, ok := server.Script(name)
	if !ok { // it has left the directory meanwhile
		return web.CentreScript{}, web.ErrNoCentre
	}
	return web.CentreScript{Centre: name, Changed: server.Changed(name), Script: scriptOf(script)}, nil
}

// scriptOf writes a whole script in the API's words.
func scriptOf(s sim.Script) web.Script {
	out := web.Script{
		Name: &s.Name, Ring: duration(s.Ring), Answer: new(string(cmp.Or(s.Answer, sim.OutcomeAnswer))), EarlyMedia: &s.EarlyMedia,
		Greeting: &s.Greeting, ReadBack: &s.ReadBack, Closing: &s.Closing, Then: new(string(cmp.Or(s.Then, sim.ThenSilence))),
		Wait: duration(s.Wait), Farewell: &s.Farewell, HangUpAfter: duration(s.HangUpAfter), Media: new(!s.Mute),
		Reliable: &s.Reliable, Timer: duration(s.Timer),
		Codecs: []string{}, SRTP: new(s.SRTP.String()), Keys: map[string]string{},
	}
	if t := s.Transfer; t.To != "" {
		out.Transfer = &web.ScriptTransfer{To: t.To, After: t.After.String(), Attended: t.Attended, HangUp: t.HangUp}
	}
	if s.Status != 0 {
		out.Status = &s.Status
	}
	if s.Service != "" {
		out.Service = new(string(s.Service))
	}
	for _, c := range s.Codecs {
		out.Codecs = append(out.Codecs, c.String())
	}
	for key, action := range s.Keys {
		out.Keys[key] = string(action)
	}
	return out
}

func duration(d time.Duration) *string { return new(d.String()) }
