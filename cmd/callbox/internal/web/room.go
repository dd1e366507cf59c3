package web

import (
	"container/list"
	"net"
	"net/http"
	"sync"
	"time"

	"callbox/sip/fault"
)

// grace is how long a connection is there before it may be closed for another: its request has come with it, as a rule,
// and only has to be read.
const grace = 20 * time.Millisecond

// room bounds the connections of a server. When there are too many, the one that is missed least makes room for the next,
// so that connections that send nothing cannot keep out those that ask.
type room struct {
	most int

	mu    sync.Mutex
	all   map[net.Conn]*list.Element
	loose [asking + 1]list.List // of *guest, by standing; each in the order in which they came to it
}

// standing is what a connection has done to be kept. The least is closed first.
type standing uint8

const (
	silent standing = iota // it has not sent a whole request header yet
	idle                   // it has been answered
	asking                 // its request is being read or answered
)

type guest struct {
	conn     net.Conn
	standing standing
	since    time.Time
}

func newRoom() *room {
	return &room{most: maxConnections, all: make(map[net.Conn]*list.Element)}
}

// state is the server's ConnState. For a new connection it may block for the grace of another, and with it the server's
// accepting.
func (r *room) state(c net.Conn, s http.ConnState) {
	switch s {
	case http.StateNew:
		r.enter(c)
	case http.StateActive: // net/http says so after the whole header
		r.rank(c, asking)
	case http.StateIdle:
		r.rank(c, idle)
	case http.StateHijacked, http.StateClosed:
		r.leave(c)
	}
}

func (r *room) enter(c net.Conn) {
	if young := r.youth(); young > 0 {
		time.Sleep(young)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.all) >= r.most {
		r.evict()
	}
	r.add(c, silent)
}

// youth returns for how long the one that would have to go is still in its grace, 0 when there is room.
func (r *room) youth() time.Duration {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.all) < r.most {
		return 0
	}
	return grace - time.Since(r.victim().since)
}

// victim returns the connection that is missed least, nil when there is none.
func (r *room) victim() *guest {
	for i := range r.loose {
		if e := r.loose[i].Front(); e != nil {
			return e.Value.(*guest)
		}
	}
	return nil
}

// evict closes the connection that is missed least. The caller holds r.mu.
func (r *room) evict() {
	if g := r.victim(); g != nil {
		r.remove(g.conn)
		hangUp(g.conn)
	}
}

func (r *room) add(c net.Conn, s standing) {
	r.all[c] = r.loose[s].PushBack(&guest{conn: c, standing: s, since: time.Now()})
}

func (r *room) remove(c net.Conn) (was bool) {
	e, was := r.all[c]
	if was {
		r.loose[e.Value.(*guest).standing].Remove(e)
		delete(r.all, c)
	}
	return was
}

// rank gives a connection its standing, unless it was closed meanwhile.
func (r *room) rank(c net.Conn, s standing) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.remove(c) {
		r.add(c, s)
	}
}

func (r *room) leave(c net.Conn) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.remove(c)
}

// listen returns l, where a lack of descriptors closes the connection that is missed least: the server asks again.
func (r *room) listen(l net.Listener) net.Listener { return &roomListener{l, r} }

type roomListener struct {
	net.Listener
	room *room
}

// Accept implements net.Listener.
func (l *roomListener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if fault.Descriptors(err) {
		l.room.mu.Lock()
		l.room.evict()
		l.room.mu.Unlock()
	}
	return conn, err
}
