// Soak runs callbox for an hour, or as long as is wanted, between callers and call centres of every kind while faults
// go on beside them, and says of each call whether what was meant became of it. It writes SOAK.md, soak.csv and, where
// gnuplot is installed, soak.png. It exits with 1 if anything ended as it was not meant to.
//
//	soak -callbox ./callbox -time 1h -out testdata/bench
package main

import (
	"bytes"
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"embed"
	"flag"
	"fmt"
	"net/http"
	"net/netip"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"
)

// The ports that edge.yaml and directory.yaml have. TLS is one above SIP, the callers' socket ten above.
const (
	edgePort   = 15360
	webPort    = 28081
	centrePort = 15380
	mortalPort = 15382
)

//go:embed edge.yaml directory.yaml soak.gnuplot
var files embed.FS

type options struct {
	callbox, out, work, read string
	host                     netip.Addr
	time, sample, rest       time.Duration
	rate                     float64
}

func (o options) at(port uint16) string { return netip.AddrPortFrom(o.host, port).String() }

func main() {
	var o options
	flag.StringVar(&o.callbox, "callbox", "./callbox", "the `binary` to soak")
	flag.StringVar(&o.out, "out", "", "`directory` for SOAK.md and soak.png; left out, that of the edge's data")
	flag.StringVar(&o.work, "work", "", "`directory` for the edge's data, its log and the samples; left out, a temporary one")
	flag.StringVar(&o.read, "read", "", "write the report of the run in this `directory` again instead")
	flag.TextVar(&o.host, "host", netip.MustParseAddr("127.0.0.1"), "IPv4 `address` of this machine that nobody else uses")
	flag.DurationVar(&o.time, "time", time.Hour, "how long calls are placed")
	flag.DurationVar(&o.sample, "sample", 10*time.Second, "time between two samples")
	flag.DurationVar(&o.rest, "rest", 45*time.Second, "how long the edge has afterwards to get back to where it began")
	flag.Float64Var(&o.rate, "rate", 12, "calls per second")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, o); err != nil {
		fmt.Fprintln(os.Stderr, "soak:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, o options) (err error) {
	if o.read != "" {
		return report(o.read, cmp.Or(o.out, o.read))
	}
	if !o.host.IsLoopback() {
		return fmt.Errorf("-host: %s is not a loopback address: loads stay on this machine", o.host)
	}
	if o.work == "" {
		if o.work, err = os.MkdirTemp("", "soak"); err != nil {
			return err
		}
	}
	log, err := os.Create(filepath.Join(o.work, "unmeant.log"))
	if err != nil {
		return err
	}
	defer log.Close()
	w, err := newWorld(netip.AddrPortFrom(o.host, edgePort), log)
	if err != nil {
		return err
	}
	c, err := startCentre(w, o.at(centrePort))
	if err != nil {
		return err
	}
	defer c.kill()
	edge, err := startEdge(o)
	if err != nil {
		return err
	}
	defer edge.Process.Kill()
	if err := w.trustEdge(filepath.Join(o.work, "data", "tls-certificate.pem")); err != nil {
		return err
	}
	s := &soak{options: o, w: w, edge: edge, start: time.Now()}
	if err := s.run(ctx); err != nil {
		return err
	}
	if err := s.keep(); err != nil {
		return err
	}
	return report(o.work, cmp.Or(o.out, o.work))
}

// startEdge writes the edge's files, starts it, and waits until it is ready.
func startEdge(o options) (*exec.Cmd, error) {
	for _, name := range []string{"edge.yaml", "directory.yaml"} {
		text, err := files.ReadFile(name)
		if err != nil {
			return nil, err
		}
		text = bytes.ReplaceAll(text, []byte("127.0.0.1"), []byte(o.host.String()))
		if err := os.WriteFile(filepath.Join(o.work, name), text, 0o600); err != nil {
			return nil, err
		}
	}
	log, err := os.Create(filepath.Join(o.work, "edge.log"))
	if err != nil {
		return nil, err
	}
	edge := exec.Command(o.callbox, "serve", "--config", filepath.Join(o.work, "edge.yaml"))
	edge.Stdout, edge.Stderr = log, log
	if err := edge.Start(); err != nil {
		return nil, err
	}
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); time.Sleep(100 * time.Millisecond) {
		res, err := http.Get("http://" + o.at(webPort) + "/readyz")
		if err != nil {
			continue
		}
		res.Body.Close()
		if res.StatusCode == http.StatusOK {
			return edge, nil
		}
	}
	edge.Process.Kill()
	return nil, fmt.Errorf("the edge is not ready; see %s", log.Name())
}

func (w *world) trustEdge(certificate string) error {
	pem, err := os.ReadFile(certificate)
	if err != nil {
		return err
	}
	// The edge makes its certificate for 127.0.0.1, whatever address it listens on.
	w.trust = &tls.Config{RootCAs: x509.NewCertPool(), ServerName: "127.0.0.1"}
	if !w.trust.RootCAs.AppendCertsFromPEM(pem) {
		return fmt.Errorf("no certificate in %s", certificate)
	}
	return nil
}
