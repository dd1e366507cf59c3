package app

import (
	"net"
	"os"
	"sync"
	"time"

	"callbox/sip/fault"
)

// reserved is how many descriptors are kept for the API; starvedFor is how long nobody must have missed one for that to
// be over.
const (
	reserved   = 8
	starvedFor = 5 * time.Second
)

// reserve keeps a few file descriptors for when none are left, so that an operator who asks why calls fail is answered. It
// is safe for concurrent use.
type reserve struct {
	missed fault.Episode

	mu     sync.Mutex
	files  []*os.File
	closed bool
}

// starved notes that somebody found no descriptor.
func (r *reserve) starved(err error) { r.missed.Begin(err, time.Now()) }

// fill takes what the reserve lacks. Its error tells that the process has no descriptor left.
func (r *reserve) fill() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	for !r.closed && len(r.files) < reserved {
		f, err := os.Open(os.DevNull)
		if err != nil {
			return err
		}
		r.files = append(r.files, f)
	}
	return nil
}

// spend gives one descriptor back to the process, false when there is none.
func (r *reserve) spend() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	n := len(r.files) - 1
	if n < 0 {
		return false
	}
	r.files[n].Close()
	r.files = r.files[:n]
	return true
}

func (r *reserve) close() error {
	r.mu.Lock()
	r.closed = true
	r.mu.Unlock()
	for r.spend() {
	}
	return nil
}

// read is the board's. It fills the reserve, and so also notices that none are left before a call does.
func (r *reserve) read(now time.Time) []fault.Report {
	if err := r.fill(); fault.Descriptors(err) {
		r.missed.Begin(err, now)
	} else {
		r.missed.Rest(now, starvedFor)
	}
	return one(r.missed.Report())
}

// listen returns l with the reserve behind it.
func (r *reserve) listen(l net.Listener) net.Listener { return &reserveListener{l, r} }

type reserveListener struct {
	net.Listener
	reserve *reserve
}

// Accept takes a connection, with a descriptor of the reserve where there is no other.
func (l *reserveListener) Accept() (net.Conn, error) {
	for {
		conn, err := l.Listener.Accept()
		if !fault.Descriptors(err) {
			return conn, err
		}
		l.reserve.starved(err)
		if !l.reserve.spend() {
			return conn, err
		}
	}
}

// noMedia notes why a call got no media.
func (a *App) noMedia(err error) {
	if fault.Descriptors(err) {
		a.reserve.starved(err)
		return
	}
	a.noPorts.Begin(err, time.Now())
}
