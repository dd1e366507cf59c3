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

// readBack returns the sentences that tell what was delivered, or that nothing was.
func (s Script) readBack(d delivered) []voice.Words {
	mine, noNumber, noAddress, nothing := "Your number is.", "I received no number.", "I received no address.",
		"I received no number and no address."
	at := "Your address is."
	if s.Service == ServiceTest {
		mine, noNumber, at = "You are calling from.", "Your number was not received.", "Your registered address is."
		noAddress = "No emergency address is registered for this number."
		nothing = noNumber + " No emergency address is registered."
	}
	address := voice.Address(d.record)
	if d.number == "" && len(address) == 0 {
		return []voice.Words{voice.Text(nothing)}
	}
	said := []voice.Words{voice.Text(noNumber)}
	if d.number != "" {
		said[0] = ended(voice.Join(voice.Short, unended(voice.Text(mine)), voice.Number(d.number)))
	}
	if len(address) == 0 {
		return append(said, voice.Text(noAddress))
	}
	return append(said, ended(voice.Join(voice.Short, unended(voice.Text(at)), address)))
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
