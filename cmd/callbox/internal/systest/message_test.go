package systest

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// message is one SIP message as a tool's trace shows it.
type message struct {
	received bool   // by the tool that wrote the trace
	start    string // request or status line
	headers  []string
	body     string
}

// header returns the value of the first header field called name, or "".
func (m message) header(name string) string {
	for _, h := range m.headers {
		n, v, _ := strings.Cut(h, ":")
		if strings.EqualFold(strings.TrimSpace(n), name) {
			return strings.TrimSpace(v)
		}
	}
	return ""
}

// direction returns the SDP direction attribute of the body, sendrecv where it has none.
func (m message) direction() string {
	for _, d := range []string{"sendonly", "recvonly", "inactive"} {
		if strings.Contains(m.body, "\na="+d) {
			return d
		}
	}
	return "sendrecv"
}

func (m message) isRequest(method string) bool { return strings.HasPrefix(m.start, method+" ") }

func (m message) isStatus(code string) bool { return strings.HasPrefix(m.start, "SIP/2.0 "+code+" ") }

// method is the request's method, or that of the request a response answers.
func (m message) method() string {
	f := strings.Fields(m.header("CSeq"))
	if len(f) == 2 {
		return f[1]
	}
	return ""
}

// dialogue is all that a tool sent and received, in order.
type dialogue []message

// find returns the first message that fulfils a condition.
func (d dialogue) find(fulfils func(message) bool) (message, bool) {
	i := slices.IndexFunc(d, fulfils)
	if i < 0 {
		return message{}, false
	}
	return d[i], true
}

// all returns the messages that fulfil a condition.
func (d dialogue) all(fulfils func(message) bool) dialogue {
	return slices.DeleteFunc(slices.Clone(d), func(m message) bool { return !fulfils(m) })
}

// answer returns the last final answer the edge gave to an INVITE, and the call's ID.
func (d dialogue) answer() (final message, id string) {
	for _, m := range d {
		if !m.received || !strings.HasPrefix(m.start, "SIP/2.0 ") || m.method() != "INVITE" {
			continue
		}
		if v := m.header("X-Callbox-Call"); v != "" {
			id = v
		}
		if m.start[8] != '1' && !m.isStatus("407") {
			final = m
		}
	}
	return final, id
}

// starts returns what the tool received, in order: the method of each request, the status of each response.
func (d dialogue) starts() []string {
	var s []string
	for _, m := range d {
		first, rest, _ := strings.Cut(m.start, " ")
		if first == "SIP/2.0" {
			first, _, _ = strings.Cut(rest, " ")
		}
		if m.received {
			s = append(s, first)
		}
	}
	return s
}

// traceLine separates the messages of SIPp's -trace_msg file.
var traceLine = regexp.MustCompile(`(?m)^-{20,} .*\n(\w+) message (sent|received) .*:\n\n?`)

// readTrace reads SIPp's message file; a file that is not there holds no message.
func readTrace(t *testing.T, path string) dialogue {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	return parseTrace(string(b))
}

func parseTrace(text string) dialogue {
	var d dialogue
	marks := traceLine.FindAllStringSubmatchIndex(text, -1)
	for i, at := range marks {
		end := len(text)
		if i+1 < len(marks) {
			end = marks[i+1][0]
		}
		m := message{received: text[at[4]:at[5]] == "received"}
		raw := strings.ReplaceAll(text[at[1]:end], "\r\n", "\n")
		head, body, _ := strings.Cut(raw, "\n\n")
		m.start, head, _ = strings.Cut(head, "\n")
		m.headers, m.body = strings.Split(head, "\n"), body
		d = append(d, m)
	}
	return d
}

func TestTraceOfSIPpIsUnderstood(t *testing.T) {
	const trace = `----------------------------------------------- 2026-01-02 03:04:05.000001
UDP message sent (310 bytes):

INVITE sip:911@lab SIP/2.0
CSeq: 1 INVITE

v=0
a=sendonly

----------------------------------------------- 2026-01-02 03:04:05.000002
UDP message received [319] bytes :

SIP/2.0 403 Forbidden
X-Callbox-Call: CA1
CSeq: 1 INVITE

`
	d := parseTrace(trace)
	if diff := cmp.Diff([]string{"403"}, d.starts()); diff != "" {
		t.Error(diff)
	}
	if final, id := d.answer(); !final.isStatus("403") || id != "CA1" {
		t.Errorf("answer %q of call %q", final.start, id)
	}
	if d[0].received || !d[0].isRequest("INVITE") || d[0].direction() != "sendonly" {
		t.Errorf("first message is %+v", d[0])
	}
}
