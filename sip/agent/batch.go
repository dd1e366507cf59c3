package agent

import (
	"encoding/binary"
	"fmt"
	"net"
	"net/netip"
	"time"

	"golang.org/x/net/ipv4"
	"golang.org/x/net/ipv6"
	"golang.org/x/sys/unix"
)

// datagram is one UDP payload as it was read. It is valid until the next read.
type datagram struct {
	bytes  []byte
	from   netip.AddrPort
	waited time.Duration // in the kernel's queue, 0 where that cannot be told
	glance glance        // where the reader took one
	rank   rank
	judged bool // an INVITE that is not refused for the crowd
}

const (
	// maxBatch is how many datagrams are read at once, and so how far ahead what matters more may be taken.
	maxBatch = 64
	// minBatch is how many are asked for while few come: asking has its price, too.
	minBatch = 4
)

// batchReader reads what has come to a UDP socket since the last time, with the time when it came.
type batchReader struct {
	conn interface {
		ReadBatch(ms []ipv4.Message, flags int) (int, error)
	}
	space    []byte // of maxBatch datagrams; the caller closes the reader, and keeps none of it
	messages []ipv4.Message
	batch    []datagram
	ask      int
}

// newBatchReader takes its space from the kernel and not from the heap: hardly a page of it is ever touched, but a
// heap that is 4 MB larger lets more garbage wait.
func newBatchReader(conn *net.UDPConn, v6 bool) (*batchReader, error) {
	space, err := unix.Mmap(-1, 0, maxBatch*maxDatagram, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_PRIVATE)
	if err != nil {
		return nil, fmt.Errorf("space for datagrams: %w", err)
	}
	r := &batchReader{
		space: space, messages: make([]ipv4.Message, maxBatch), batch: make([]datagram, 0, maxBatch), ask: minBatch,
	}
	if v6 {
		r.conn = ipv6.NewPacketConn(conn)
	} else {
		r.conn = ipv4.NewPacketConn(conn)
	}
	for i := range r.messages {
		r.messages[i].Buffers = [][]byte{space[i*maxDatagram : (i+1)*maxDatagram]}
		r.messages[i].OOB = make([]byte, unix.CmsgSpace(16))
	}
	return r, nil
}

func (r *batchReader) close() { unix.Munmap(r.space) }

// read waits for datagrams and returns them in the order they came.
func (r *batchReader) read() ([]datagram, error) {
	n, err := r.conn.ReadBatch(r.messages[:r.ask], 0)
	if err != nil {
		return nil, err
	}
	now := time.Now()
	r.batch = r.batch[:0]
	for i := range r.messages[:n] {
		m := &r.messages[i]
		from := m.Addr.(*net.UDPAddr).AddrPort()
		r.batch = append(r.batch, datagram{
			bytes: m.Buffers[0][:m.N], from: netip.AddrPortFrom(from.Addr().Unmap(), from.Port()),
			waited: waited(m.OOB[:m.NN], now),
		})
	}
	switch {
	case n == r.ask:
		r.ask = maxBatch
	case n <= minBatch:
		r.ask = minBatch
	}
	return r.batch, nil
}

// stampArrivals asks the kernel to say with every datagram when it came. One that cannot leaves waited at 0.
func stampArrivals(conn *net.UDPConn) {
	if raw, err := conn.SyscallConn(); err == nil {
		raw.Control(func(fd uintptr) { unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_TIMESTAMPNS, 1) })
	}
}

// longestWait is more than a datagram can have waited: what seems longer shows that the clock was set.
const longestWait = 10 * time.Second

// waited reads the kernel's time stamp out of the control messages of a datagram.
func waited(control []byte, now time.Time) time.Duration {
	if len(control) < unix.CmsgLen(16) {
		return 0
	}
	h, data, _, err := unix.ParseOneSocketControlMessage(control)
	if err != nil || h.Level != unix.SOL_SOCKET || h.Type != unix.SCM_TIMESTAMPNS || len(data) < 16 {
		return 0
	}
	came := time.Unix(int64(binary.NativeEndian.Uint64(data)), int64(binary.NativeEndian.Uint64(data[8:])))
	if d := now.Sub(came); d > 0 && d < longestWait {
		return d
	}
	return 0
}
