package systest

import (
	"errors"
	"fmt"
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

// startCapture captures what a pcap filter lets through, until the test ends.
func startCapture(t *testing.T, filter string) *capture {
	t.Helper()
	c := &capture{tshark: need(t, "tshark", "tshark"), file: filepath.Join(t.TempDir(), "capture.pcap"), said: &buffer{}}
	c.cmd = exec.Command(c.tshark, "-i", "lo", "-f", filter, "-w", c.file, "-F", "pcap", "-q")
	c.cmd.Stdout, c.cmd.Stderr = c.said, c.said
	if err := c.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = c.cmd.Process.Signal(os.Interrupt) // tshark then ends its dumpcap too
		_ = c.cmd.Wait()
	})
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

// streams waits until the RTP streams captured so far are enough and returns them. The kernel hands packets over in
// batches, so the last ones come late.
func (c *capture) streams(t *testing.T, enough func([]stream) error) (all []stream) {
	t.Helper()
	eventually(t, 10*time.Second, "the capture has the streams", func() error {
		out, err := exec.Command(c.tshark, "-r", c.file, "-q", "-o", "rtp.heuristic_rtp:TRUE", "-z", "rtp,streams").CombinedOutput()
		if err != nil { // the file may end within a packet
			return fmt.Errorf("tshark: %w\n%s", err, out)
		}
		all = parseStreams(string(out))
		return enough(all)
	})
	return all
}

func parseStreams(table string) (all []stream) {
	for line := range strings.Lines(table) {
		// start, end, source, port, destination, port, SSRC, codec, packets, lost, (percent), ...
		f := strings.Fields(line)
		if len(f) < 10 || !strings.HasPrefix(f[6], "0x") {
			continue
		}
		s := stream{from: f[2] + ":" + f[3], to: f[4] + ":" + f[5], codec: f[7]}
		for i := 10; i < len(f); i++ { // a codec's name may have blanks
			if strings.HasPrefix(f[i], "(") {
				s.packets, _ = strconv.Atoi(f[i-2])
				s.lost, _ = strconv.Atoi(f[i-1])
				break
			}
		}
		all = append(all, s)
	}
	return all
}

// flowing returns the streams from one host to another.
func flowing(all []stream, from, to string) (found []stream) {
	for _, s := range all {
		if strings.HasPrefix(s.from, from+":") && strings.HasPrefix(s.to, to+":") {
			found = append(found, s)
		}
	}
	return found
}
