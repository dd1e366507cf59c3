package b2bua

import (
	"bytes"
	"fmt"
	"hash/fnv"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"
)

// lossyLink joins agents by datagrams that may be lost, doubled or late. What happens to one is decided by what it is
// and not by when it is sent, so that a call goes the same way each time: "a>e:INVITE/1#2" is the second time that the
// caller sends the edge its INVITE with CSeq 1.
type lossyLink struct {
	mu     sync.Mutex
	take   map[netip.AddrPort]func([]byte, netip.AddrPort)
	seen   map[string]int
	fate   func(key string, nth int) string // "", lose, double or late
	faults []string                         // what was decided, in the words of a replay
	count  int
	cuts   map[string]time.Time // ends that nothing reaches or leaves from then on
}

const (
	lossyBase  = 5 * time.Millisecond
	lossyLate  = 1200 * time.Millisecond
	mostLosses = 4 // of copies of one message: more and the timers of the RFC give up, as they should
)

// names are the ends of the link by port.
var names = map[uint16]string{5060: "e", 5061: "a", 5071: "c1", 5072: "c2", 5073: "c3"}

func endpoint(name string) netip.AddrPort {
	for port, n := range names {
		if n == name {
			return netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), port)
		}
	}
	return netip.AddrPort{}
}

func newLossyLink(fate func(string, int) string) *lossyLink {
	return &lossyLink{take: map[netip.AddrPort]func([]byte, netip.AddrPort){}, seen: map[string]int{}, fate: fate, cuts: map[string]time.Time{}}
}

// join attaches an agent by its name.
func (l *lossyLink) join(name string, attach func(netip.AddrPort, func([]byte, netip.AddrPort)) func([]byte, netip.AddrPort)) {
	at := endpoint(name)
	var one sync.Mutex // what comes is handed over one at a time
	take := attach(at, func(b []byte, to netip.AddrPort) { l.send(at, to, bytes.Clone(b)) })
	l.take[at] = func(b []byte, from netip.AddrPort) {
		one.Lock()
		defer one.Unlock()
		take(b, from)
	}
}

func (l *lossyLink) send(from, to netip.AddrPort, b []byte) {
	l.mu.Lock()
	defer l.mu.Unlock()
	take := l.take[to]
	if take == nil || l.cut(names[from.Port()]) || l.cut(names[to.Port()]) {
		return
	}
	l.count++
	key := names[from.Port()] + ">" + names[to.Port()] + ":" + subject(b)
	l.seen[key]++
	nth := l.seen[key]
	wait := lossyBase + jitter(key, nth)
	fate := l.fate(key, nth)
	if fate != "" {
		l.faults = append(l.faults, fmt.Sprintf("%s=%s#%d", fate, key, nth))
	}
	switch fate {
	case "lose":
		return
	case "double":
		time.AfterFunc(wait+jitter(key, -nth), func() { take(bytes.Clone(b), from) })
	case "late":
		wait += lossyLate
	}
	time.AfterFunc(wait, func() { take(b, from) })
}

// cut tells whether an end is off the network by now.
func (l *lossyLink) cut(name string) bool {
	at, ok := l.cuts[name]
	return ok && !time.Now().Before(at)
}

// jitter is enough to let what is sent together come in another order.
func jitter(key string, nth int) time.Duration {
	h := fnv.New64a()
	fmt.Fprint(h, key, nth)
	return time.Duration(h.Sum64() % uint64(20*time.Millisecond))
}

// subject says what a message is, without what differs from run to run.
func subject(b []byte) string {
	first, rest, _ := strings.Cut(string(b), "\r\n")
	method, status, _ := strings.Cut(first, " ")
	what := method
	if method == "SIP/2.0" {
		what, _, _ = strings.Cut(status, " ")
	}
	for line := range strings.SplitSeq(rest, "\r\n") {
		if seq, ok := strings.CutPrefix(line, "CSeq: "); ok {
			number, method, _ := strings.Cut(seq, " ")
			if what == method {
				return what + "/" + number
			}
			return what + "/" + method + "/" + number
		}
	}
	return what
}

// byTheWay reads the faults out of a line: the link does these and no others.
func byTheWay(line []string) func(string, int) string {
	return func(key string, nth int) string {
		for _, fate := range []string{"lose", "double", "late"} {
			if slices.Contains(line, fmt.Sprintf("%s=%s#%d", fate, key, nth)) {
				return fate
			}
		}
		return ""
	}
}

// unlucky decides by chance; percent of the datagrams are lost, as many are doubled or late.
func unlucky(seed uint64, percent int) func(string, int) string {
	return func(key string, nth int) string {
		h := fnv.New64a()
		fmt.Fprint(h, seed, key, nth)
		switch n := int(h.Sum64() % 100); {
		case n < percent && nth <= mostLosses:
			return "lose"
		case n >= percent && n < percent*3/2:
			return "double"
		case n >= percent*3/2 && n < 2*percent:
			return "late"
		}
		return ""
	}
}
