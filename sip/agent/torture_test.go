package agent

import (
	"bytes"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// torture is a row of testdata/rfc4475/MANIFEST.tsv: one message of RFC 4475 and what is to become of it.
type torture struct{ file, section, expect, note string }

func tortures(t *testing.T) []torture {
	t.Helper()
	b, err := os.ReadFile("testdata/rfc4475/MANIFEST.tsv")
	if err != nil {
		t.Fatal(err)
	}
	var rows []torture
	for _, line := range strings.Split(strings.TrimSpace(string(b)), "\n")[1:] {
		f := strings.Split(line, "\t")
		rows = append(rows, torture{f[0], f[2], f[3], f[4]})
	}
	return rows
}

// feed gives one datagram to a fresh agent and returns its answer, or "" if there is none, and
// whether an INVITE reached its owner.
func feed(t *testing.T, b []byte) (answer string, invited bool) {
	t.Helper()
	got := make(chan *Incoming, 1)
	a := newTestAgent(t, func(in *Incoming) { got <- in; in.Refuse(480, "Temporarily Unavailable") })
	// A flow that keeps what is sent: the answers' real way is to hosts that exist only in the RFC.
	s := &stream{out: make(chan []byte, 16), gone: make(chan struct{})}
	a.datagram(flow{transport: "udp", stream: s, remote: netip.MustParseAddrPort("127.0.0.1:5060")}, b)
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

func TestRFC4475MessagesAreAnsweredAsTheManifestSays(t *testing.T) {
	t.Parallel()
	for _, row := range tortures(t) {
		t.Run(row.file, func(t *testing.T) {
			t.Parallel()
			found, _ := filepath.Glob("testdata/rfc4475/*/" + row.file + ".dat")
			if len(found) != 1 {
				t.Fatalf("%d files", len(found))
			}
			b, err := os.ReadFile(found[0])
			if err != nil {
				t.Fatal(err)
			}
			answer, invited := feed(t, b)
			status := ""
			if answer != "" {
				status = strings.Fields(answer)[1]
			}
			if !fits(row.expect, status, invited, bytes.HasPrefix(b, []byte("SIP/2.0"))) {
				t.Errorf("section %s (%s): want %s, got %q, invited %v\n%s", row.section, row.note, row.expect, status, invited, answer)
			}
		})
	}
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
