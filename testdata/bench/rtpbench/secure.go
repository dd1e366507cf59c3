package main

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"net"
	"net/netip"
	"strings"

	"github.com/pion/rtp"
	"github.com/pion/srtp/v3"
)

// suite is what every SRTP device has, and so what is measured.
const suite = "AES_CM_128_HMAC_SHA1_80"

// protection is the SRTP of one call on one side.
type protection struct {
	send, receive *srtp.Context
	header        rtp.Header
	plain         []byte
}

// secure answers the lines a=crypto of an offer: it returns the protection of the call and the line of the answer, nothing
// where the offer has none.
func secure(offer []byte) (*protection, string, error) {
	if !bytes.Contains(offer, []byte("a=crypto:")) {
		return nil, "", nil
	}
	for line := range strings.Lines(string(offer)) {
		var tag, name, key string
		if n, _ := fmt.Sscanf(line, "a=crypto:%s %s inline:%s", &tag, &name, &key); n != 3 || name != suite {
			continue
		}
		key, _, _ = strings.Cut(key, "|")
		theirs, err := base64.StdEncoding.DecodeString(key)
		if err != nil || len(theirs) != 30 {
			return nil, "", fmt.Errorf("a key that cannot be read in %q", line)
		}
		ours := make([]byte, 30)
		rand.Read(ours)
		p := &protection{plain: make([]byte, 0, 2048)}
		if p.send, err = srtp.CreateContext(ours[:16], ours[16:], srtp.ProtectionProfileAes128CmHmacSha1_80); err != nil {
			return nil, "", err
		}
		if p.receive, err = srtp.CreateContext(theirs[:16], theirs[16:], srtp.ProtectionProfileAes128CmHmacSha1_80); err != nil {
			return nil, "", err
		}
		return p, fmt.Sprintf("a=crypto:%s %s inline:%s\r\n", tag, suite, base64.StdEncoding.EncodeToString(ours)), nil
	}
	return nil, "", fmt.Errorf("no %s in the offer", suite)
}

// sealed is the SDP of a call with the line of an answer.
func sealed(sdp, line string) string {
	if line == "" {
		return sdp
	}
	return strings.Replace(sdp, "RTP/AVP", "RTP/SAVP", 1) + line
}

// open returns what a packet from the edge holds, nil where it cannot be opened.
func (s *side) open(b []byte, from net.Addr) []byte {
	if len(s.keys) == 0 {
		return b
	}
	p := s.keys[unmapped(from.(*net.UDPAddr))]
	if p == nil {
		return nil
	}
	plain, err := p.receive.DecryptRTP(p.plain[:0], b, &p.header)
	if err != nil {
		return nil
	}
	return plain
}

// protect has the streams to and from an address of the edge go by SRTP.
func (s *side) protect(to *net.UDPAddr, p *protection) {
	if p == nil {
		return
	}
	if s.keys == nil {
		s.keys = make(map[netip.AddrPort]*protection)
	}
	s.keys[unmapped(to)] = p
	s.streams[len(s.streams)-1].keys = p
}

func unmapped(a *net.UDPAddr) netip.AddrPort {
	at := a.AddrPort()
	return netip.AddrPortFrom(at.Addr().Unmap(), at.Port())
}
