package systest

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// capture is tshark listening on the loopback interface.
type capture struct {
	tshark string
	file   string
	cmd    *exec.Cmd
	said   *buffer
}

// stream is one RTP stream as tshark found it.
type stream struct {
	from, to string // host:port
	codec    string
	packets  int
	lost     int
}

// startCapture captures what a pcap filter lets through, until streams is called.
func startCapture(t *testing.T, filter string) *capture {
	t.Helper()
	c := &capture{tshark: need(t, "tshark", "tshark"), file: filepath.Join(t.TempDir(), "capture.pcap"), said: &buffer{}}
	// Joined with the kernel's packets at once: the test asks for the file soon after the last packet.
	c.cmd = exec.Command(c.tshark, "-i", "lo", "-f", filter, "-w", c.file, "-F", "pcap", "-q")
	c.cmd.Stdout, c.cmd.Stderr = c.said, c.said
	if err := c.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.cmd.Process.Kill() })
	eventually(t, 10*time.Second, "tshark captures", func() error {
		if strings.Contains(c.said.String(), "ermission") {
			if os.Getenv("CALLBOX_REQUIRE_TOOLS") == "" {
				t.Skip("tshark may not capture on lo: run as root, or let dumpcap capture")
			}
			return errors.New(c.said.String())
		}
		_, err := os.Stat(c.file) // dumpcap makes it when it has opened the interface
		return err
	})
	return c
}

// streams ends the capture and returns the RTP streams in it.
func (c *capture) streams(t *testing.T) []stream {
	t.Helper()
	<-time.After(time.Second) // dumpcap hands packets over in batches
	_ = c.cmd.Process.Signal(os.Interrupt)
	_ = c.cmd.Wait()
	out, err := exec.Command(c.tshark, "-r", c.file, "-q", "-o", "rtp.heuristic_rtp:TRUE", "-z", "rtp,streams").CombinedOutput()
	if err != nil {
		t.Fatalf("tshark: %v\n%s", err, out)
	}
	var all []stream
	for line := range strings.Lines(string(out)) {
		// start end source port destination port SSRC codec packets lost (percent) ...
		f := strings.Fields(line)
		if len(f) < 10 || !strings.HasPrefix(f[6], "0x") {
			continue
		}
		s := stream{from: f[2] + ":" + f[3], to: f[4] + ":" + f[5], codec: f[7]}
		for i := 8; i < len(f); i++ { // a codec's name may have blanks
			if strings.HasPrefix(f[i], "(") {
				s.packets, _ = strconv.Atoi(f[i-2])
				s.lost, _ = strconv.Atoi(f[i-1])
				break
			}
		}
		all = append(all, s)
	}
	t.Logf("RTP streams: %+v", all)
	return all
}

// between returns the streams from one host to another.
func flowing(all []stream, from, to string) (found []stream) {
	for _, s := range all {
		if strings.HasPrefix(s.from, from+":") && strings.HasPrefix(s.to, to+":") {
			found = append(found, s)
		}
	}
	return found
}
