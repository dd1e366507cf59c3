package main

import (
	"context"
	"crypto/tls"
	"net"
	"sync"
	"time"
)

// abuse is what is done with one connection; it must end when ctx does.
type abuse func(ctx context.Context, conn net.Conn, i int)

// connections are the kinds of floods over TCP. Those that hold a connection return with it open.
var connections = map[string]abuse{
	"silent":    func(context.Context, net.Conn, int) {},
	"half":      half,
	"drip":      drip,
	"hello":     hello,
	"slow-tls":  slowTLS,
	"handshake": handshake,
	"reset":     reset,
}

// half sends a request up to somewhere in it: within its head, or within a body that is announced.
func half(_ context.Context, conn net.Conn, i int) {
	whole := repeated(i, "127.0.0.9")
	_, _ = conn.Write(whole[:len(whole)*(1+i%9)/10])
}

// drip sends a request byte by byte.
func drip(ctx context.Context, conn net.Conn, i int) {
	slowly(ctx, conn, repeated(i, "127.0.0.9"))
}

// slowly writes a byte every 100 ms.
func slowly(ctx context.Context, conn net.Conn, b []byte) {
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for i := range b {
		if _, err := conn.Write(b[i : i+1]); err != nil {
			return
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

// clientHello is the first message of a TLS client.
var clientHello = sync.OnceValue(func() []byte {
	near, far := net.Pipe()
	defer far.Close()
	go func() {
		_ = tls.Client(near, &tls.Config{InsecureSkipVerify: true}).Handshake()
		near.Close()
	}()
	b := make([]byte, 4096)
	n, _ := far.Read(b)
	return b[:n]
})

// hello has the edge do its part of a handshake, and says no more.
func hello(_ context.Context, conn net.Conn, _ int) { _, _ = conn.Write(clientHello()) }

// slowTLS feeds a handshake byte by byte, or stops after its first message.
func slowTLS(ctx context.Context, conn net.Conn, i int) {
	if i%2 == 0 {
		hello(ctx, conn, i)
		return
	}
	slowly(ctx, conn, clientHello())
}

// handshake completes a handshake and leaves.
func handshake(ctx context.Context, conn net.Conn, _ int) {
	defer conn.Close()
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	_ = tls.Client(conn, &tls.Config{InsecureSkipVerify: true}).HandshakeContext(ctx)
}

// reset leaves at once, without a word of farewell.
func reset(_ context.Context, conn net.Conn, _ int) {
	_ = conn.(*net.TCPConn).SetLinger(0)
	conn.Close()
}

// holder holds connections: at most so many, the oldest is closed for a new one.
type holder struct {
	mu   sync.Mutex
	held []net.Conn
	made int
}

func (h *holder) hold(i int, c net.Conn) {
	h.mu.Lock()
	old := h.held[i%len(h.held)]
	h.held[i%len(h.held)] = c
	h.made++
	h.mu.Unlock()
	if old != nil {
		old.Close()
	}
}

// holdConnections makes connections, each from the next of the sources, and holds o.open of them to the end. It
// returns how many came about.
func holdConnections(ctx context.Context, o sendOptions, use abuse) (int, error) {
	from := sources(o.sources)
	h := holder{held: make([]net.Conn, o.open)}
	slots := make(chan struct{}, 512) // connections being made
	var running sync.WaitGroup
	next := 0
	_, err := pace(ctx, o.rate, o.count, func(n int) error {
		for range n {
			select {
			case slots <- struct{}{}:
			case <-ctx.Done():
				return nil
			}
			i := next
			next++
			running.Go(func() {
				d := net.Dialer{LocalAddr: &net.TCPAddr{IP: from[i%len(from)].ip}, Timeout: 2 * time.Second}
				conn, err := d.DialContext(ctx, "tcp4", o.to.String())
				<-slots
				if err == nil {
					h.hold(i, conn)
					use(ctx, conn, i)
				}
			})
		}
		return nil
	})
	if err == nil {
		<-ctx.Done()
	}
	running.Wait()
	for _, c := range h.held {
		if c != nil {
			c.Close()
		}
	}
	return h.made, err
}
