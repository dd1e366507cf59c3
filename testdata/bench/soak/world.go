package main

import (
	"crypto/tls"
	"fmt"
	"net"
	"net/netip"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"
)

// world is everything around the edge: its callers, its call centres, and the books about them.
type world struct {
	edge, edgeTLS netip.AddrPort
	trust         *tls.Config
	socket        *net.UDPConn // of the callers over UDP
	callers       *exchange
	run36         string // makes Call-IDs differ from those of another run
	log           *os.File
	records       *records
	media         sockets

	mu    sync.Mutex
	legs  map[int]*leg
	kinds map[string]*count
	notes []string // the first unmeant ends
}

// count is what became of the calls of one kind.
type count struct {
	Meant   int `json:"meant"`
	Unmeant int `json:"unmeant"`
}

func newWorld(at netip.AddrPort, log *os.File) (*world, error) {
	w := &world{
		edge: at, edgeTLS: netip.AddrPortFrom(at.Addr(), at.Port()+1), callers: newExchange(), log: log,
		run36: strconv.FormatInt(time.Now().UnixNano(), 36), legs: make(map[int]*leg), kinds: make(map[string]*count),
		media: sockets{host: at.Addr()},
	}
	w.records = newRecords(w)
	var err error
	w.socket, err = listenUDP(netip.AddrPortFrom(at.Addr(), at.Port()+10).String())
	if err != nil {
		return nil, err
	}
	go serveUDP(w.socket, func(b []byte, _ netip.AddrPort) { w.callers.deliver(b) }) // until the process ends
	return w, nil
}

// leg returns what is known of the centre's side of a call.
func (w *world) leg(n int) *leg {
	w.mu.Lock()
	defer w.mu.Unlock()
	l := w.legs[n]
	if l == nil {
		l = &leg{ended: make(chan struct{})}
		w.legs[n] = l
	}
	return l
}

// forget drops a call once nothing of it can come any more.
func (w *world) forget(n int) {
	time.AfterFunc(2*longest, func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		delete(w.legs, n)
	})
}

func (w *world) count(kind string, meant bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	c := w.kinds[kind]
	if c == nil {
		c = &count{}
		w.kinds[kind] = c
	}
	if meant {
		c.Meant++
	} else {
		c.Unmeant++
	}
}

// total is what became of all calls so far.
func (w *world) total() count {
	w.mu.Lock()
	defer w.mu.Unlock()
	return total(w.kinds)
}

// total adds up the calls, without the faults beside them.
func total(kinds map[string]*count) (sum count) {
	for name, c := range kinds {
		if !strings.HasPrefix(name, fault) {
			sum.Meant, sum.Unmeant = sum.Meant+c.Meant, sum.Unmeant+c.Unmeant
		}
	}
	return sum
}

// mostNotes bounds what the report names; the log has all.
const mostNotes = 20

// unmeant counts and logs what should not have become of a call. d may be nil.
func (w *world) unmeant(kind string, d *dialog, err error) {
	w.count(kind, false)
	id := ""
	if d != nil {
		id = d.callID
	}
	line := fmt.Sprintf("%s %s: %v (Call-ID %s)", time.Now().UTC().Format("15:04:05.000"), kind, err, id)
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.notes) < mostNotes {
		w.notes = append(w.notes, line)
	}
	fmt.Fprintln(w.log, line)
	if d != nil {
		for _, t := range d.trace {
			fmt.Fprintln(w.log, "   ", t)
		}
	}
}
