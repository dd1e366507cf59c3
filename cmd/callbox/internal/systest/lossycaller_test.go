package systest

import (
	"fmt"
	"math/rand/v2"
	"net"
	"strings"
	"sync"
	"testing"
	"time"
)

// persistent is a caller that holds on over a bad network: it repeats its requests as RFC 3261 section 17 says and
// answers what comes. All its calls share one socket.
type persistent struct {
	conn  *net.UDPConn
	at    string
	edge  *net.UDPAddr
	mu    sync.Mutex
	calls map[string]*held
}

// held is one of its calls.
type held struct {
	p      *persistent
	id     string
	n      int
	in     chan message
	seq    int
	to     string            // To with the edge's tag
	finals map[string]string // final answers to the first INVITE: status by To
	acks   map[string]string // ACKs sent, by CSeq
	hungUp bool              // by either side
	heard  []string          // what came, for the one who has to find out
}

func startPersistent(t *testing.T, at, edge string) *persistent {
	t.Helper()
	p := &persistent{at: at, edge: resolve(t, edge), calls: map[string]*held{}}
	var err error
	if p.conn, err = net.ListenUDP("udp4", resolve(t, at)); err != nil {
		t.Fatal(err)
	}
	var running sync.WaitGroup
	running.Go(p.read)
	t.Cleanup(func() {
		_ = p.conn.Close()
		running.Wait()
	})
	return p
}

func (p *persistent) read() {
	buf := make([]byte, 65536)
	for {
		n, err := p.conn.Read(buf)
		if err != nil {
			return
		}
		m := parseMessage(string(buf[:n]))
		p.mu.Lock()
		h := p.calls[m.header("Call-ID")]
		p.mu.Unlock()
		if h != nil {
			select {
			case h.in <- m:
			default: // a call that does not listen any more
			}
		}
	}
}

func (p *persistent) send(text string) { _, _ = p.conn.WriteToUDP([]byte(text), p.edge) }

// place makes a call of which nothing was sent yet.
func (p *persistent) place(n int) *held {
	h := &held{
		p: p, n: n, id: fmt.Sprintf("held-%d", n), in: make(chan message, 100), to: newDialog,
		finals: map[string]string{}, acks: map[string]string{},
	}
	p.mu.Lock()
	p.calls[h.id] = h
	p.mu.Unlock()
	return h
}

// write makes a request of the call.
func (h *held) write(method string, seq int, branch, to, direction string) string {
	host, _, _ := strings.Cut(h.p.at, ":")
	body := ""
	if direction != "" {
		body = fmt.Sprintf("v=0\r\no=- 1 %d IN IP4 %[2]s\r\ns=-\r\nc=IN IP4 %[2]s\r\nt=0 0\r\nm=audio 16000 RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\na=%[3]s\r\n", seq, host, direction)
	}
	return fmt.Sprintf("%s sip:911@lab.sip.us1.twilio.com SIP/2.0\r\nVia: SIP/2.0/UDP %s;branch=z9hG4bK%s;rport\r\n"+
		"From: <sip:%s@lab.sip.us1.twilio.com>;tag=h%d\r\nTo: %s\r\nCall-ID: %s\r\nCSeq: %d %s\r\nMax-Forwards: 70\r\n"+
		"Contact: <sip:caller@%s>\r\nContent-Type: application/sdp\r\nContent-Length: %d\r\n\r\n%s",
		method, h.p.at, branch, sanFrancisco, h.n, to, h.id, seq, method, h.p.at, len(body), body)
}

// branch of the request with a CSeq, that of its CANCEL and of its ACK after a refusal.
func (h *held) branch(seq int) string { return fmt.Sprintf("held-%d-%d", h.n, seq) }

// ask sends a request, again and again, until its final answer comes; ok is false when none does in 32 s. Whatever else
// comes meanwhile is answered.
func (h *held) ask(method, direction string) (final message, ok bool) {
	h.seq++
	return h.repeat(method, h.write(method, h.seq, h.branch(h.seq), h.to, direction), h.seq, '2')
}

// repeat sends a request until it is answered by a status that begins with at least this digit.
func (h *held) repeat(method, text string, seq int, least byte) (final message, ok bool) {
	h.p.send(text)
	wait, heard := 500*time.Millisecond, false
	again, end := time.NewTimer(wait), time.NewTimer(32*time.Second)
	defer again.Stop()
	defer end.Stop()
	for {
		select {
		case m := <-h.in:
			h.take(m)
			if h.hungUp && seq > 1 && method == "INVITE" {
				return message{}, true // the dialog is over, and with it the wait for a 2xx that is not repeated any more
			}
			if m.header("CSeq") != fmt.Sprintf("%d %s", seq, method) || !strings.HasPrefix(m.start, "SIP/2.0 ") {
				continue
			}
			if heard = true; m.start[len("SIP/2.0 ")] >= least {
				return m, true
			}
		case <-again.C:
			if !heard || method != "INVITE" {
				h.p.send(text)
			}
			wait = min(2*wait, 4*time.Second)
			again.Reset(wait)
		case <-end.C:
			return message{}, false
		}
	}
}

// idle lets time go by.
func (h *held) idle(d time.Duration) {
	end := make(chan struct{})
	time.AfterFunc(d, func() { close(end) })
	h.listen(end)
}

// listen answers what comes until end is closed.
func (h *held) listen(end <-chan struct{}) {
	for {
		select {
		case m := <-h.in:
			h.take(m)
		case <-end:
			return
		}
	}
}

// take acknowledges final answers to INVITE, as often as they come, and answers requests.
func (h *held) take(m message) {
	seq, method, _ := strings.Cut(m.header("CSeq"), " ")
	h.heard = append(h.heard, time.Now().Format("05.000 ")+m.start+" "+m.header("CSeq"))
	status, isAnswer := strings.CutPrefix(m.start, "SIP/2.0 ")
	switch {
	case isAnswer && method == "INVITE" && status[0] != '1':
		if seq == "1" {
			h.finals[m.header("To")] = status[:3]
		}
		if status[0] == '2' && seq == "1" {
			h.to = m.header("To")
		}
		h.ack(m, seq, status[0] == '2')
	case isAnswer, method == "ACK":
	default:
		if method == "BYE" {
			h.hungUp = true
		}
		h.reply(m)
	}
}

func (h *held) ack(m message, seq string, success bool) {
	text := h.acks[seq]
	if text == "" {
		var n int
		_, _ = fmt.Sscan(seq, &n) // 0 would be seen as a stray ACK
		branch := h.branch(n)
		if success {
			branch += "-ack"
		}
		text = h.write("ACK", n, branch, m.header("To"), "")
		h.acks[seq] = text
	}
	h.p.send(text)
}

// reply answers a request of the edge with 200, an offer with an answer.
func (h *held) reply(m message) {
	var b strings.Builder
	b.WriteString("SIP/2.0 200 OK\r\n")
	for _, line := range m.headers {
		name, _, _ := strings.Cut(line, ":")
		switch strings.ToLower(name) {
		case "via", "from", "to", "call-id", "cseq":
			b.WriteString(line + "\r\n")
		}
	}
	fmt.Fprintf(&b, "Contact: <sip:caller@%s>\r\n", h.p.at)
	body := ""
	if m.isRequest("INVITE") || m.isRequest("UPDATE") {
		_, body, _ = strings.Cut(h.write("INVITE", h.seq, "x", h.to, "sendrecv"), "\r\n\r\n")
		b.WriteString("Content-Type: application/sdp\r\n")
	}
	fmt.Fprintf(&b, "Content-Length: %d\r\n\r\n%s", len(body), body)
	h.p.send(b.String())
}

// live plays one of the callers that there are, and returns what it did.
func (h *held) live(r *rand.Rand) (did string, ok bool) {
	did = []string{"talks", "cancels", "hangs up at once", "holds", "cancels late", "is hung up on"}[h.n%6]
	invite := h.write("INVITE", 1, h.branch(1), h.to, "sendrecv")
	h.seq = 1
	if did == "cancels" || did == "cancels late" { // not before something came: RFC 3261 section 9.1
		h.repeat("INVITE", invite, 1, '1')
		h.idle(time.Duration(r.IntN(300)) * time.Millisecond)
		if did == "cancels late" { // about when the centre answers
			h.idle(300 * time.Millisecond)
		}
		if _, ok := h.repeat("CANCEL", h.write("CANCEL", 1, h.branch(1), newDialog, ""), 1, '2'); !ok {
			return did + " without answer", false
		}
	}
	if len(h.finals) == 0 {
		if _, ok := h.repeat("INVITE", invite, 1, '2'); !ok {
			return did + " without final answer", false
		}
	}
	if h.to == newDialog { // it was refused or cancelled
		return did, true
	}
	switch did {
	case "talks":
		h.idle(time.Duration(r.IntN(1000)) * time.Millisecond)
	case "is hung up on":
		for waited := time.Duration(0); !h.hungUp && waited < 32*time.Second; waited += 100 * time.Millisecond {
			h.idle(100 * time.Millisecond)
		}
		return did, h.hungUp
	case "holds":
		for _, direction := range []string{"sendonly", "sendrecv"} {
			if h.hungUp {
				break
			}
			if _, ok := h.ask("INVITE", direction); !ok {
				return did + " without answer", false
			}
		}
	}
	if h.hungUp {
		return did, true
	}
	_, ok = h.ask("BYE", "")
	return did, ok
}
