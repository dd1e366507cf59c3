package main

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
)

// message writes the i-th datagram of a kind, as if from the given address.
type message func(i int, from string) []byte

// messages are the kinds of floods over UDP.
var messages = map[string]message{
	"junk":         junk,
	"register":     request("REGISTER", "phones.sip.us1.twilio.com", "+14155550100", ""),
	"options":      request("OPTIONS", lab, "+14155550100", ""),
	"wrong-domain": request("INVITE", "nobody.example.com", "+14155550100", ""),
	"wrong-number": request("INVITE", lab, "+19995550199", ""),
	"no-auth":      request("INVITE", "phones.sip.us1.twilio.com", "+14155550100", ""),
	"not-911":      other,
	"cancel":       request("CANCEL", lab, "+14155550100", ""),
	"bye":          request("BYE", lab, "+14155550100", ";tag=nobody"),
	"ack":          request("ACK", lab, "+14155550100", ";tag=nobody"),
	"repeat":       func(_ int, _ string) []byte { return repeated(0, "127.0.0.9") },
	"answers":      answers,
}

const lab = "lab.sip.us1.twilio.com"

var repeated = request("INVITE", lab, "+19995550199", "")

// kinds lists what may be sent, in a fixed order.
func kinds() string {
	return "mixed, " + strings.Join(slices.Concat(slices.Sorted(maps.Keys(messages)), slices.Sorted(maps.Keys(connections))), ", ")
}

// messageOf returns what a kind sends, or nil for one that is not of datagrams. Kind mixed is one of each after the other.
func messageOf(kind string) message {
	if kind != "mixed" {
		return messages[kind]
	}
	var all []message
	for _, k := range slices.Sorted(maps.Keys(messages)) {
		all = append(all, messages[k])
	}
	return func(i int, from string) []byte { return all[i%len(all)](i/len(all), from) }
}

// runID tells one run's Call-IDs from those of the next.
var runID = rand.Uint32()

// request writes a request that differs from the others of its kind as those of different callers do.
func request(method, domain, number, toTag string) message {
	return func(i int, from string) []byte {
		return requestTo("911", method, domain, number, toTag, i, from)
	}
}

func requestTo(to, method, domain, number, toTag string, i int, from string) []byte {
	b := fmt.Appendf(nil, "%[1]s sip:%[7]s@%[2]s SIP/2.0\r\nVia: SIP/2.0/UDP %[3]s:5060;rport;branch=z9hG4bK%[4]x-%[5]s-%[6]x\r\n"+
		"From: <sip:%[8]s@%[2]s>;tag=%[6]x\r\nTo: <sip:%[7]s@%[2]s>%[9]s\r\nCall-ID: %[4]x-%[5]s-%[6]x@%[3]s\r\nCSeq: 1 %[1]s\r\n"+
		"Max-Forwards: 70\r\nContact: <sip:flood@%[3]s:5060>\r\nUser-Agent: flood\r\n",
		method, domain, from, runID, strings.ToLower(method), i, to, number, toTag)
	if method != "INVITE" {
		return append(b, "Content-Length: 0\r\n\r\n"...)
	}
	sdp := offer(from, "flood")
	return fmt.Appendf(b, "Content-Type: application/sdp\r\nContent-Length: %d\r\n\r\n%s", len(sdp), sdp)
}

// other calls a number that is no emergency number.
func other(i int, from string) []byte {
	return requestTo(fmt.Sprintf("+1415555%04d", i%10000), "INVITE", lab, "+14155550100", "", i, from)
}

func offer(host, name string) string {
	return fmt.Sprintf("v=0\r\no=- 1 1 IN IP4 %[1]s\r\ns=%[2]s\r\nc=IN IP4 %[1]s\r\nt=0 0\r\nm=audio 9000 RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\n", host, name)
}

// answers are responses to requests that nobody sent.
func answers(i int, from string) []byte {
	return fmt.Appendf(nil, "SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP 127.0.0.1:5060;branch=z9hG4bK%x\r\nFrom: <sip:a@%[2]s>;tag=1\r\n"+
		"To: <sip:b@%[2]s>;tag=2\r\nCall-ID: %[1]x\r\nCSeq: 1 INVITE\r\nContent-Length: 0\r\n\r\n", i, from)
}

// junk is random bytes, the front of a request, a request with a huge field, or one with very many fields.
func junk(i int, from string) []byte {
	switch whole := repeated(i, from); i % 8 {
	default:
		b := make([]byte, 16+rand.IntN(1200))
		for j := range b {
			b[j] = byte(rand.Uint32())
		}
		return b
	case 1, 5:
		return whole[:rand.IntN(len(whole))]
	case 2:
		return []byte(strings.Replace(string(whole), "User-Agent: flood", "User-Agent: "+strings.Repeat("x", 8000), 1))
	case 3:
		return []byte(strings.Replace(string(whole), "User-Agent: flood\r\n", strings.Repeat("X: y\r\n", 1000), 1))
	case 4:
		return []byte(strings.Replace(string(whole), "CSeq: 1 INVITE", "CSeq: one", 1))
	}
}
