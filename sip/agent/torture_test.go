package agent

import (
	"bytes"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// torture is a row of a MANIFEST.tsv: one message of RFC 4475 or RFC 5118 and what is to become of it.
type torture struct {
	file, section, expect, note string
	message                     []byte
}

// tortures reads the messages of an RFC.
func tortures(t testing.TB, rfc string) []torture {
	t.Helper()
	b, err := os.ReadFile("testdata/" + rfc + "/MANIFEST.tsv")
	if err != nil {
		t.Fatal(err)
	}
	var rows []torture
	for _, line := range strings.Split(strings.TrimSpace(string(b)), "\n")[1:] {
		f := strings.Split(line, "\t")
		found, _ := filepath.Glob("testdata/" + rfc + "/*/" + f[0] + ".dat")
		if len(found) != 1 {
			t.Fatalf("%s: %d files", f[0], len(found))
		}
		if b, err = os.ReadFile(found[0]); err != nil {
			t.Fatal(err)
		}
		rows = append(rows, torture{f[0], f[2], f[3], f[4], b})
	}
	return rows
}

// isResponse tells that nothing is to be answered.
func (r torture) isResponse() bool { return bytes.HasPrefix(r.message, []byte("SIP/2.0")) }

// feed gives one datagram from a source to a fresh agent and returns its answer, or "" if there is none, and
// whether an INVITE reached its owner.
func feed(t *testing.T, source string, b []byte) (answer string, invited bool) {
	t.Helper()
	got := make(chan *Incoming, 1)
	a := newTestAgent(t, func(in *Incoming) { got <- in; in.Refuse(480, "Temporarily Unavailable") })
	// A flow that keeps what is sent: the answers' real way is to hosts that exist only in the RFC.
	s := &stream{out: make(chan []byte, 16), gone: make(chan struct{})}
	s.writing.Do(func() {}) // what is written is read here
	a.datagram(flow{transport: "udp", stream: s, remote: netip.MustParseAddrPort(source)}, &datagram{bytes: b})
	a.Close() // waits for the owner of an INVITE
	select {
	case <-got:
		invited = true
	default:
	}
	select {
	case m := <-s.out:
		return string(m), invited
	default:
		return "", invited
	}
}

func TestTortureMessagesAreAnsweredAsTheManifestSays(t *testing.T) {
	t.Parallel()
	for rfc, source := range map[string]string{"rfc4475": "127.0.0.1:5060", "rfc5118": "[2001:db8::9:1]:5060"} {
		for _, row := range tortures(t, rfc) {
			t.Run(rfc+"/"+row.file, func(t *testing.T) {
				t.Parallel()
				answer, invited := feed(t, source, row.message)
				if !fits(row.expect, status(answer), invited, row.isResponse()) {
					t.Errorf("section %s (%s): want %s, got %q, invited %v\n%s", row.section, row.note, row.expect, status(answer), invited, answer)
				}
			})
		}
	}
}

// status is an answer's, "" for none.
func status(answer string) string {
	if answer == "" {
		return ""
	}
	return strings.Fields(answer)[1]
}

// fits tells whether an outcome is what the manifest allows. A request that is accepted reaches its owner if it is an
// INVITE; another one is answered for its method (405 and 501 say nothing against the message).
func fits(expect, status string, invited, response bool) bool {
	understood := invited || status == "200" || status == "405" || status == "501" || status == "481"
	switch expect {
	case "accept":
		return understood || response && status == ""
	case "drop":
		return status == ""
	case "400-or-lenient", "400-or-2543":
		return understood || status == "400"
	case "415", "406": // the owner of the call looks at bodies
		return invited || status == expect
	}
	return strings.Contains(expect, status) && status != ""
}
