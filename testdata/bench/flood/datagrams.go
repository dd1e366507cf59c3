package main

import (
	"context"
	"net"

	"golang.org/x/net/ipv4"
)

// sendDatagrams sends from any number of addresses by one socket: the source goes with each datagram.
func sendDatagrams(ctx context.Context, o sendOptions, next message) (int, error) {
	conn, err := net.ListenUDP("udp4", &net.UDPAddr{})
	if err != nil {
		return 0, err
	}
	defer conn.Close()
	// Nobody reads the answers: they must not cost memory.
	if err := conn.SetReadBuffer(1); err != nil {
		return 0, err
	}
	if err := conn.SetWriteBuffer(4 << 20); err != nil {
		return 0, err
	}
	from := sources(o.sources)
	out := ipv4.NewPacketConn(conn)
	to := net.UDPAddrFromAddrPort(o.to)
	batch := make([]ipv4.Message, 0, 64)
	i := 0
	return pace(ctx, o.rate, o.count, func(n int) error {
		batch = batch[:0]
		for range n {
			at := from[i%len(from)]
			b := next(i, at.host)
			i++
			batch = append(batch, ipv4.Message{Buffers: [][]byte{b}, OOB: at.control, Addr: to})
		}
		for rest := batch; len(rest) > 0; {
			n, err := out.WriteBatch(rest, 0)
			if err != nil {
				return err
			}
			rest = rest[n:]
		}
		return nil
	})
}

// source is an address to send from.
type source struct {
	host    string
	ip      net.IP
	control []byte // makes the kernel send from it
}

// sources returns n addresses of loopback, none of them one that an edge listens on.
func sources(n int) []source {
	out := make([]source, n)
	for i := range out {
		ip := net.IPv4(127, byte(16+i>>16), byte(i>>8), byte(i))
		cm := ipv4.ControlMessage{Src: ip}
		out[i] = source{ip.String(), ip, cm.Marshal()}
	}
	return out
}
