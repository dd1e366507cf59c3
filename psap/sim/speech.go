package sim

import (
	"strings"

	"callbox/psap/sim/voice"
)

// sentences returns what the script says at the centre called name, to a caller of whom d was delivered, in order.
func (s Script) sentences(name string, d delivered) []voice.Words {
	fill := func(text string) voice.Words { return voice.Text(strings.ReplaceAll(text, "{name}", name)) }
	var said []voice.Words
	if w := fill(s.Greeting); len(w) > 0 {
		said = append(said, ended(w))
	}
	if s.ReadBack {
		said = append(said, s.readBack(d)...)
	}
	if w := fill(s.Closing); len(w) > 0 {
		said = append(said, ended(w))
	}
	return said
}

// wording is how a centre, or the test service, says what it received.
type wording struct{ name, number, noNumber, address, noAddress, nothing, point string }

func (s Script) wording() wording {
	if s.Service == ServiceTest {
		return wording{
			name: "You are calling as.", number: "You are calling from.", noNumber: "Your number was not received.",
			address: "Your registered address is.", noAddress: "No emergency address is registered for this number.",
			nothing: "Your number was not received. No emergency address is registered.", point: "Your coordinates are.",
		}
	}
	return wording{
		name: "Your name is.", number: "Your number is.", noNumber: "I received no number.",
		address: "Your address is.", noAddress: "I received no address.",
		nothing: "I received no number and no address.", point: "Your coordinates are.",
	}
}

// readBack returns the sentences that tell what was delivered, or that nothing was.
func (s Script) readBack(d delivered) []voice.Words {
	w, address := s.wording(), voice.Address(d.address)
	tell := func(lead string, what voice.Words) voice.Words {
		return ended(voice.Join(voice.Short, unended(voice.Text(lead)), what))
	}
	if d.number == "" && d.name == "" && len(address) == 0 && d.point == nil {
		return []voice.Words{voice.Text(w.nothing)}
	}
	var said []voice.Words
	if d.name != "" {
		said = append(said, tell(w.name, unended(voice.Text(d.name))))
	}
	if d.number != "" {
		said = append(said, tell(w.number, voice.Number(d.number)))
	} else {
		said = append(said, voice.Text(w.noNumber))
	}
	switch {
	case len(address) > 0:
		said = append(said, tell(w.address, address))
	case d.point == nil:
		said = append(said, voice.Text(w.noAddress))
	}
	if p := d.point; p != nil {
		said = append(said, tell(w.point, voice.Coordinates(p.Lat, p.Lon, p.Uncertainty)))
	}
	return said
}

// ended returns w with a long pause at its end.
func ended(w voice.Words) voice.Words { return append(unended(w), voice.Long) }

// unended returns w without a pause at its end.
func unended(w voice.Words) voice.Words {
	if n := len(w); n > 0 && (w[n-1] == voice.Long || w[n-1] == voice.Short) {
		return w[: n-1 : n-1]
	}
	return w[:len(w):len(w)]
}
