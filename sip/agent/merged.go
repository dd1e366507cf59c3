package agent

import "strconv"

// mergeKey is what an INVITE has in common with its copies that took other ways to us (RFC 3261 section 8.2.2.2).
func mergeKey(p *packet) string {
	return p.callID + " " + p.from.tag + " " + strconv.FormatUint(uint64(p.cseq), 10)
}

// merge notes the INVITE of t, which makes a call; false when a copy of it is making one already: one call for help
// must not ring two call-takers. Copies are told by 482, and the entry goes when the INVITE is refused or its transaction
// ends.
func (a *Agent) merge(t *serverTx, p *packet) bool {
	key := mergeKey(p)
	a.txMu.Lock()
	other := a.merged[key]
	a.txMu.Unlock()
	if other != nil && other.makesCall() {
		return false
	}
	a.txMu.Lock()
	defer a.txMu.Unlock()
	a.merged[key] = t
	t.mergeKey = key
	return true
}

// unmerge forgets an INVITE that makes no call, or no more.
func (t *serverTx) unmerge() {
	t.a.txMu.Lock()
	defer t.a.txMu.Unlock()
	if t.mergeKey != "" && t.a.merged[t.mergeKey] == t {
		delete(t.a.merged, t.mergeKey)
	}
	t.mergeKey = ""
}

// makesCall tells whether the INVITE may still lead to a call, or has.
func (t *serverTx) makesCall() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.state <= txAccepted
}
