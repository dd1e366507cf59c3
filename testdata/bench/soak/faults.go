package main

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// faults disturb the edge beside the calls. Each counts what it did.
type faults struct {
	w         *world
	directory string // the edge's directory file
	http      string
	edge      *os.Process
	span      time.Duration // of the whole run
}

// fault begins what is counted beside the calls.
const fault = "fault: "

// every calls f once a period until ctx ends.
func every(ctx context.Context, period time.Duration, f func(i int)) {
	t := time.NewTicker(period)
	defer t.Stop()
	for i := 0; ; i++ {
		select {
		case <-t.C:
			f(i)
		case <-ctx.Done():
			return
		}
	}
}

// junk is what comes to a SIP port that is open to the world. %d is made different each time.
var junk = []string{
	"\r\n\r\n", "jaK", "GET / HTTP/1.0\r\n\r\n", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
	"INVITE sip:911@lab.sip.us1.twilio.com SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:9;branch=z9hG4bKjunk%d\r\n",
	"INVITE sip:911@lab.sip.us1.twilio.com SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:9;branch=z9hG4bKjunk%d\r\nFrom: <sip:1>\r\nTo: <sip:1>\r\nCall-ID: junk%[1]d\r\nCSeq: x INVITE\r\n\r\n",
	"BYE sip:911@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:9;branch=z9hG4bKjunk%d\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:a@b>;tag=2\r\nCall-ID: junk%[1]d\r\nCSeq: 1 BYE\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n",
	"REGISTER sip:phones.sip.us1.twilio.com SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:9;branch=z9hG4bKjunk%d\r\nFrom: <sip:100@b>;tag=1\r\nTo: <sip:100@b>\r\nCall-ID: junk%[1]d\r\nCSeq: 1 REGISTER\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n",
	"OPTIONS sip:100@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:9;branch=z9hG4bKjunk%d;rport\r\nFrom: \"friendly-scanner\" <sip:100@1.1.1.1>;tag=1\r\nTo: <sip:100@1.1.1.1>\r\nCall-ID: junk%[1]d\r\nCSeq: 1 OPTIONS\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n",
	"SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP 127.0.0.1:15360;branch=z9hG4bKjunk%d\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:a@b>;tag=2\r\nCall-ID: junk%[1]d\r\nCSeq: 1 INVITE\r\nContent-Length: 0\r\n\r\n",
}

// junk sends a junk datagram to the SIP port, and noise to a media port.
func (f *faults) junk(ctx context.Context) {
	from := f.w.edge.Addr().As4()
	from[2] ^= 1 // a stranger: another port of a phone's own address might be the phone
	conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: from[:]})
	if err != nil {
		f.w.unmeant("faults", nil, err)
		return
	}
	defer conn.Close()
	every(ctx, 100*time.Millisecond, func(i int) {
		b := []byte(junk[rand.IntN(len(junk))])
		if bytes.Contains(b, []byte("%")) {
			b = fmt.Appendf(nil, string(b), i)
		}
		conn.WriteToUDPAddrPort(b, f.w.edge)
		noise := make([]byte, 1+rand.IntN(400))
		for i := range noise {
			noise[i] = byte(rand.Uint32())
		}
		conn.WriteToUDPAddrPort(noise, netip.AddrPortFrom(f.w.edge.Addr(), uint16(firstPort+rand.IntN(ports))))
		f.w.count(fault+"junk to the SIP port, noise to a media port", true)
	})
}

// The edge's media ports, as edge.yaml has them.
const firstPort, ports = 20000, 5000

// halfOpen makes connections that say nothing, or half a message, and leaves them to the edge's patience of 30 s.
func (f *faults) halfOpen(ctx context.Context) {
	every(ctx, 3*time.Second, func(i int) {
		to := f.w.edge
		if i%3 == 0 {
			to = f.w.edgeTLS
		}
		conn, err := net.Dial("tcp4", to.String())
		if err != nil {
			f.w.unmeant("faults", nil, err)
			return
		}
		switch i % 4 {
		case 1:
			conn.Write([]byte("INVITE sip:911@lab.sip.us1.twilio.com SIP/2.0\r\nVia: SIP/2.0/TCP 127.0.0.1:9;branch=z9hG4bKhalf\r\nContent-"))
		case 2:
			conn.Write([]byte("\x16\x03\x01"))
		case 3:
			conn.(*net.TCPConn).SetLinger(0)
			conn.Close()
		}
		time.AfterFunc(45*time.Second, func() { conn.Close() })
		f.w.count(fault+"half-open connection", true)
	})
}

// reload has the edge read its files again: by signal, by HTTP, and a directory that it must refuse.
func (f *faults) reload(ctx context.Context) {
	good, err := os.ReadFile(f.directory)
	if err != nil {
		f.w.unmeant("faults", nil, err)
		return
	}
	every(ctx, min(2*time.Minute, f.span/5), func(i int) {
		text, want := fmt.Appendf(good[:len(good):len(good)], "# reload %d\n", i), http.StatusOK
		if i%3 == 2 {
			text, want = append(good[:len(good):len(good)], "soaked: true\n"...), http.StatusBadRequest
		}
		if err := replace(f.directory, text); err != nil {
			f.w.unmeant("faults", nil, err)
		}
		if i%3 == 0 {
			f.edge.Signal(syscall.SIGHUP)
		} else if err := f.post(ctx, "/-/reload", want); err != nil && ctx.Err() == nil {
			f.w.unmeant("faults", nil, err)
			return
		}
		f.w.count(fault+"reload, every third to be refused", true)
	})
}

func replace(path string, text []byte) error {
	temporary := filepath.Join(filepath.Dir(path), "."+filepath.Base(path))
	if err := os.WriteFile(temporary, text, 0o600); err != nil {
		return err
	}
	return os.Rename(temporary, path)
}

func (f *faults) post(ctx context.Context, path string, want int) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+f.http+path, nil)
	if err != nil {
		return err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if res.StatusCode != want {
		return fmt.Errorf("POST %s got %s instead of %d", path, res.Status, want)
	}
	return nil
}

// mortality kills a call centre's process and starts it again. It stays away until the callers it had have hung up: the
// new process would deny to know them, and the edge would rightly end their calls.
func (f *faults) mortality(ctx context.Context, at string) {
	alive, dead := min(2*time.Minute, f.span/4), min(time.Minute, max(25*time.Second, f.span/12))
	for {
		c, err := startCentre(f.w, at)
		if err != nil {
			f.w.unmeant("faults", nil, err)
			return
		}
		if !pause(ctx, alive) {
			return
		}
		c.kill()
		f.w.count(fault+"a call centre killed", true)
		if !pause(ctx, dead) {
			return
		}
	}
}

// pause waits and tells whether ctx still lives.
func pause(ctx context.Context, d time.Duration) bool {
	select {
	case <-time.After(d):
		return true
	case <-ctx.Done():
		return false
	}
}
