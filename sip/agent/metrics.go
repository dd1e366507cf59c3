package agent

import "sync/atomic"

// Metrics counts what an agent has seen since it was made, except where a field says "now".
type Metrics struct {
	Requests     uint64 // parsed, retransmissions included
	Responses    uint64
	Unparsed     uint64 // datagrams and stream data that sipgo could not parse
	Refused      uint64 // requests refused for a fault before anybody looked at what they want
	Strange      uint64 // requests within a dialog from an address that is not its peer's
	Shed         uint64 // refused with 503 for the crowd or their sender's strikes, INVITEs for the most part
	Transactions int    // now
	Legs         int    // now
	Connections  int    // now

	// Connections of peers that were refused or closed unasked.
	Shared     uint64 // one from an address with its share of them: it, or another from there, had to go
	Crowded    uint64 // one when there were too many: it, or another, had to go
	Late       uint64 // no message came in time, or one did not end
	Handshakes uint64 // TLS was not agreed upon
}

type counters struct {
	requests, responses, unparsed, refused, strange, shed, late, handshakes atomic.Uint64
}

// Metrics returns the counts as they stand.
func (a *Agent) Metrics() Metrics {
	m := Metrics{
		Requests: a.count.requests.Load(), Responses: a.count.responses.Load(), Unparsed: a.count.unparsed.Load(),
		Refused: a.count.refused.Load(), Strange: a.count.strange.Load(), Shed: a.count.shed.Load(),
		Late: a.count.late.Load(), Handshakes: a.count.handshakes.Load(),
	}
	var refused refusedStreams
	m.Connections, refused = a.streams.size()
	m.Shared, m.Crowded = refused.share, refused.full
	a.txMu.Lock()
	m.Transactions = len(a.serverTxs) + len(a.clientTxs)
	a.txMu.Unlock()
	a.legMu.RLock()
	m.Legs = len(a.legs)
	a.legMu.RUnlock()
	return m
}
