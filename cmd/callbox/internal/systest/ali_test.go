package systest

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"callbox/sip/call"
)

// aliLink is the equipment of a call centre at an ALI link.
type aliLink struct {
	conn net.Conn
	r    *bufio.Reader
}

func (l *lab) aliLink(t *testing.T) *aliLink {
	t.Helper()
	c, err := net.DialTimeout("tcp", l.host+":6091", 10*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return &aliLink{c, bufio.NewReader(c)}
}

// ask sends a query and returns the frame that answers it, or an error for anything else.
func (a *aliLink) ask(query string) (status byte, position string, lines []string, err error) {
	if err := a.conn.SetDeadline(time.Now().Add(10 * time.Second)); err != nil {
		return 0, "", nil, err
	}
	if _, err := io.WriteString(a.conn, query+"\r"); err != nil {
		return 0, "", nil, err
	}
	frame, err := a.r.ReadString(0x03)
	if err != nil {
		return 0, "", nil, err
	}
	head, text, ok := strings.Cut(strings.TrimSuffix(frame, "\r\x03"), "\r")
	if !ok || len(head) < 4 || head[0] != 0x02 || len(frame) > 511 {
		return 0, "", nil, fmt.Errorf("frame %q", frame)
	}
	return head[1], head[2:], strings.Split(text, "\r"), nil
}

// finds waits until a number has a record that fulfils and returns its lines.
func (a *aliLink) finds(t *testing.T, query, what string, fulfils func(lines []string) bool) (found []string) {
	t.Helper()
	eventually(t, 20*time.Second, what, func() error {
		status, _, lines, err := a.ask(query)
		if err != nil {
			t.Fatal(err)
		}
		if status != '1' || !fulfils(lines) {
			return fmt.Errorf("status %c: %q", status, lines)
		}
		found = lines
		return nil
	})
	return found
}

// missing waits until a number has no record.
func (a *aliLink) missing(t *testing.T, query, what string) {
	t.Helper()
	eventually(t, 20*time.Second, what, func() error {
		status, _, lines, err := a.ask(query)
		if err != nil {
			t.Fatal(err)
		}
		if status != '9' || len(lines) != 1 || !strings.HasSuffix(strings.TrimSpace(lines[0]), "NO RECORD FOUND") {
			return fmt.Errorf("status %c: %q", status, lines)
		}
		return nil
	})
}

// onTheLine has the softphone call until the returned function is called, which hangs up.
func (l *lab) onTheLine(t *testing.T, args ...string) (hangUp func()) {
	t.Helper()
	cmd := exec.Command(callbox(t), append([]string{"call", "--edge", l.sip(), "--duration", "2m"}, args...)...)
	cmd.Dir = t.TempDir()
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	done := false
	hangUp = func() {
		if !done {
			done = true
			_ = cmd.Process.Signal(syscall.SIGINT)
			_ = cmd.Wait() // a call that its caller ends may count as failed
		}
	}
	t.Cleanup(hangUp)
	return hangUp
}

// upWith waits for a live call of a caller and returns its record.
func (l *lab) upWith(t *testing.T, caller string) (r call.Record) {
	t.Helper()
	eventually(t, 20*time.Second, "a call of "+caller+" is answered", func() error {
		for _, c := range l.calls(t) {
			if c.Caller == caller && c.State == call.StateAnswered {
				r = c
				return nil
			}
		}
		return fmt.Errorf("it is not")
	})
	return r
}

// columns cuts a field out of a line of a screen, by its first and last column.
func columns(line string, first, last int) string { return strings.TrimSpace(line[first-1 : last]) }

func TestALegacyCentreAsksWhoCalls(t *testing.T) {
	t.Parallel()
	l := startLab(t, settings{ali: time.Second})
	link := l.aliLink(t)
	link.missing(t, "4155550100", "nobody calls")
	first := l.onTheLine(t, "911", "--from", sanFrancisco)
	lines := link.finds(t, "415555010007", "the screen of the first call", func([]string) bool { return true })
	for _, f := range []struct {
		line, first, last int
		want              string
	}{
		{1, 1, 16, "(415) 555-0100"}, {1, 17, 20, "VOIP"}, {2, 1, 19, "P#"}, {2, 24, 31, "CO=CBOX"}, {3, 1, 32, "CALLBOX SAN FRANCISCO"}, {4, 1, 10, "645"},
		{5, 1, 24, "HARRISON"}, {5, 26, 29, "ST"}, {8, 1, 29, "SAN FRANCISCO"}, {8, 31, 32, "CA"}, {9, 5, 9, "2101"}, {9, 16, 32, "PSAP-SF"},
		{12, 5, 32, "SAN FRANCISCO POLICE"}, {13, 5, 32, "SAN FRANCISCO FIRE"}, {14, 5, 32, "SAN FRANCISCO FIRE EMS"}, {15, 1, 32, ""},
	} {
		if got := columns(lines[f.line-1], f.first, f.last); got != f.want {
			t.Errorf("columns %d-%d of line %d say %q, want %q", f.first, f.last, f.line, got, f.want)
		}
	}
	if at, err := time.Parse("01/02 15:04", columns(lines[0], 22, 32)); err != nil || at.Month() != time.Now().UTC().Month() {
		t.Errorf("the screen is of %v, %v", at, err)
	}
	if _, position, _, err := link.ask("4155550100123"); err != nil || position != "123" {
		t.Errorf("position %q, %v", position, err)
	}
	r := l.upWith(t, sanFrancisco)
	_, text := l.get(t, "/api/v1/ali/"+sanFrancisco)
	_, same := l.get(t, "/api/v1/calls/"+string(r.ID)+"/ali")
	if want := strings.Join(lines, "\n") + "\n"; string(text) != want || string(same) != want {
		t.Errorf("HTTP says\n%s\nand\n%s\nthe link\n%s", text, same, want)
	}
	second := l.onTheLine(t, "911", "--from", sanFrancisco)
	link.finds(t, "+14155550100", "the screen of the second call", func(lines []string) bool {
		return lines[14] == "NEWEST OF 2 CALLS, SAME NUMBER  "
	})
	l.onTheLine(t, "911", "--from", "+14155550101")
	l.upWith(t, "+14155550101")
	link.missing(t, "4155550101", "Basic 911 delivers nothing")
	if status, _ := l.get(t, "/api/v1/ali/+14155550101"); status != 404 {
		t.Errorf("a Basic 911 caller's record is answered %d", status)
	}
	second()
	first()
	link.missing(t, "4155550100", "the calls are over")
	if status, body := l.get(t, "/api/v1/calls/"+string(r.ID)+"/ali"); status != 404 || !strings.Contains(string(body), "no record found") {
		t.Errorf("after the call: %d %s", status, body)
	}
}

// paniDirectory is a network whose centre in Raleigh is shown its own numbers for callers without one.
const paniDirectory = `
accounts: [{sid: AC00000000000000000000000000000911, name: Systest}]
acls: [{name: here, networks: [127.0.0.0/8]}]
trunks: [{name: lab.emergency.bandwidth.com, provider: bandwidth, acls: [here]}]
locations:
  - {id: office, customer: Systest, street: 900 Main Campus Dr, secondary: Suite 500, city: Raleigh, state: NC, postal_code: "27606", country: US, point: {lat: 35.7723, lon: -78.6776}}
endpoints:
  - {id: silentPhone01, name: Zoe, location: office}
  - {id: alicePhone0001, name: Alice, callback: "+19195550100", location: office}
psaps:
  - {id: psap-raleigh, uri: "sip:psap-raleigh@sim", serves: {country: US, states: [NC]}, pani: {numbers: ["+19195119001"]}}
eccs: [{id: ecc-us, name: National centre, country: US, uri: "sip:ecc-us@sim"}]
esns: [{esn: "2301", police: Raleigh Police, fire: Raleigh Fire, ems: Wake County EMS}]
`

func TestACallerWithoutANumberIsAskedForByAPANI(t *testing.T) {
	t.Parallel()
	l := startLab(t, settings{directory: paniDirectory, ali: time.Second})
	link := l.aliLink(t)
	const host = "lab.emergency.bandwidth.com"
	silent := l.onTheLine(t, "911", "--from", "silentPhone01", "--domain", host)
	lines := link.finds(t, "9195119001", "the screen of who has no number", func([]string) bool { return true })
	if number, pani, name := columns(lines[0], 1, 16), columns(lines[1], 4, 19), columns(lines[2], 1, 32); number != "" || pani != "(919) 511-9001" || name != "ZOE" {
		t.Errorf("number %q, pANI %q, name %q", number, pani, name)
	}
	if columns(lines[4], 1, 24) != "MAIN CAMPUS" || columns(lines[5], 1, 32) != "SUITE 500" || lines[9] != "LAT=+35.772300 LON=-078.677600  " {
		t.Errorf("screen %q", lines)
	}
	r := l.upWith(t, "")
	l.shown(t, r.ID, `"number":"+19195119001"`, `"caller_name":"Zoe"`, "900 Main Campus Dr", `"latitude":35.7723`)
	loud := l.onTheLine(t, "911", "--from", "alicePhone0001", "--domain", host)
	link.finds(t, "9195550100", "the screen of who has a number", func(lines []string) bool {
		return columns(lines[1], 4, 19) == "" && columns(lines[2], 1, 32) == "ALICE"
	})
	other := l.onTheLine(t, "911", "--from", "silentPhone01", "--domain", host)
	var detail string
	eventually(t, 20*time.Second, "the one number is in use", func() error {
		for _, r := range l.calls(t) {
			for _, e := range r.Events {
				if e.Kind == call.EventALI && strings.Contains(e.Detail, "in use") {
					detail = e.Detail
					return nil
				}
			}
		}
		return fmt.Errorf("no call says so")
	})
	if want := "every pANI of psap-raleigh is in use, and the caller has no number: the centre is shown none"; detail != want {
		t.Errorf("the call says %q, want %q", detail, want)
	}
	for _, hangUp := range []func(){silent, loud, other} {
		hangUp()
	}
	link.missing(t, "9195119001", "the number is given back")
}

func TestTheTestServiceSaysWhereAnEndpointIs(t *testing.T) {
	t.Parallel()
	l := startLab(t, settings{directory: paniDirectory})
	hangUp := l.onTheLine(t, "933", "--from", "alicePhone0001", "--domain", "lab.emergency.bandwidth.com")
	defer hangUp()
	r := l.upWith(t, "+19195550100")
	var page struct {
		Transcripts []struct {
			Said []string `json:"said"`
		} `json:"transcripts"`
	}
	want := "you are calling as, alice. | you are calling from, plus one, nine one nine, five five five, zero one zero zero. | " +
		"your registered address is, nine zero zero main campus drive, suite five zero zero, raleigh, north carolina, two seven six zero six. | " +
		"your coordinates are, latitude three five point seven seven two three, longitude minus seven eight point six seven seven six."
	eventually(t, time.Minute, "933 has read it all back", func() error {
		_, body := l.get(t, "/api/v1/calls/"+string(r.ID))
		if err := json.Unmarshal(body, &page); err != nil || len(page.Transcripts) != 1 {
			return fmt.Errorf("%w: %s", err, body)
		}
		if said := strings.Join(page.Transcripts[0].Said, " | "); !strings.Contains(said, want) {
			return fmt.Errorf("it has said %q", said)
		}
		return nil
	})
}
