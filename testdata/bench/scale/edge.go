package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

const token = "scale-token-of-this-run"

// edge is a callbox that runs.
type edge struct {
	cmd    *exec.Cmd
	log    *os.File
	url    string
	ready  time.Duration // from the start of the process
	client *http.Client
}

// start runs callbox on a database and waits until it is ready.
func start(ctx context.Context, o options, work, name, database string) (*edge, error) {
	web, sip := freePort("tcp"), freePort("udp")
	e := &edge{url: "http://127.0.0.1:" + web, client: &http.Client{Timeout: time.Minute}}
	var err error
	if e.log, err = os.Create(filepath.Join(work, name+".log")); err != nil {
		return nil, err
	}
	e.cmd = exec.Command(o.callbox, "serve", "--directory", filepath.Join(work, "directory.yaml"), "--data", filepath.Join(work, name),
		"--http", "127.0.0.1:"+web, "--sip", "udp:127.0.0.1:"+sip, "--sim", "off", "--rtp-ports", "61000-61099", "--log-level", "warn")
	e.cmd.Env = append(os.Environ(), "CALLBOX_AUTH_TOKEN="+token, "CALLBOX_DATABASE_URL="+database)
	e.cmd.Stdout, e.cmd.Stderr = e.log, e.log
	began := time.Now()
	if err := e.cmd.Start(); err != nil {
		return nil, err
	}
	for {
		answer, err := e.client.Get(e.url + "/readyz")
		if err == nil {
			answer.Body.Close()
			if answer.StatusCode == http.StatusOK {
				e.ready = time.Since(began)
				return e, nil
			}
		}
		select {
		case <-ctx.Done():
			e.stop()
			return nil, fmt.Errorf("%s is not ready: %w; it says:\n%s", name, ctx.Err(), e.said())
		case <-time.After(5 * time.Millisecond):
		}
		if e.cmd.Process.Signal(syscall.Signal(0)) != nil || zombie(e.cmd.Process.Pid) {
			e.stop()
			return nil, fmt.Errorf("%s ended; it says:\n%s", name, e.said())
		}
	}
}

func (e *edge) said() string {
	text, _ := os.ReadFile(e.log.Name())
	return string(text[max(0, len(text)-2000):])
}

// stop ends the edge, by force if it does not go.
func (e *edge) stop() {
	_ = e.cmd.Process.Signal(syscall.SIGTERM)
	gone := make(chan struct{})
	go func() {
		_ = e.cmd.Wait()
		close(gone)
	}()
	select {
	case <-gone:
	case <-time.After(30 * time.Second):
		_ = e.cmd.Process.Kill()
		<-gone
	}
	_ = e.log.Close()
}

func zombie(pid int) bool {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	_, rest, _ := strings.Cut(string(stat), ") ")
	return err != nil || strings.HasPrefix(rest, "Z")
}

// memory returns the edge's resident memory now and at most, in bytes.
func (e *edge) memory() (now, most int64) {
	status, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", e.cmd.Process.Pid))
	for _, line := range strings.Split(string(status), "\n") {
		fields := strings.Fields(line)
		if len(fields) < 2 {
			continue
		}
		kB, _ := strconv.ParseInt(fields[1], 10, 64)
		switch fields[0] {
		case "VmRSS:":
			now = kB << 10
		case "VmHWM:":
			most = kB << 10
		}
	}
	return now, most
}

// cpu returns the processor time the edge has taken.
func (e *edge) cpu() time.Duration {
	stat, _ := os.ReadFile(fmt.Sprintf("/proc/%d/stat", e.cmd.Process.Pid))
	_, rest, _ := strings.Cut(string(stat), ") ")
	fields := strings.Fields(rest)
	if len(fields) < 13 {
		return 0
	}
	user, _ := strconv.ParseInt(fields[11], 10, 64)
	system, _ := strconv.ParseInt(fields[12], 10, 64)
	return time.Duration(user+system) * 10 * time.Millisecond
}

// explain asks what would become of a call to 911.
func (e *edge) explain(from string) (verdict, address string, err error) {
	question, err := json.Marshal(map[string]string{"from": from, "to": "911"})
	if err != nil {
		return "", "", err
	}
	answer, err := e.client.Post(e.url+"/api/v1/explain", "application/json", bytes.NewReader(question))
	if err != nil {
		return "", "", err
	}
	defer answer.Body.Close()
	var a struct{ Verdict, Address string }
	if err := json.NewDecoder(answer.Body).Decode(&a); err != nil || answer.StatusCode != http.StatusOK {
		return "", "", fmt.Errorf("explain: %s, %w", answer.Status, err)
	}
	_, _ = io.Copy(io.Discard, answer.Body) // so that the connection is used again
	return a.Verdict, a.Address, nil
}

// take takes a number into the account by the REST API.
func (e *edge) take(number string) error {
	r, err := http.NewRequest(http.MethodPost, e.url+"/2010-04-01/Accounts/"+account+"/IncomingPhoneNumbers.json",
		strings.NewReader("PhoneNumber=%2B"+number[1:]))
	if err != nil {
		return err
	}
	r.SetBasicAuth(account, token)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	answer, err := e.client.Do(r)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	text, _ := io.ReadAll(answer.Body)
	if answer.StatusCode != http.StatusCreated {
		return fmt.Errorf("take %s: %s: %s", number, answer.Status, text)
	}
	return nil
}

// charged returns how many numbers the ledger has charged for this month.
func (e *edge) charged() (int, error) {
	answer, err := e.client.Get(e.url + "/api/v1/fees")
	if err != nil {
		return 0, err
	}
	defer answer.Body.Close()
	var fees struct {
		Sums []struct {
			Kind  string
			Count int
		}
	}
	n := 0
	err = json.NewDecoder(answer.Body).Decode(&fees)
	for _, s := range fees.Sums {
		if s.Kind == "emergency_number" {
			n += s.Count
		}
	}
	return n, err
}

// importFile imports a file with the command for it, and checks that all of it went in.
func (e *edge) importFile(ctx context.Context, o options, name string) error {
	text, err := exec.CommandContext(ctx, o.callbox, "directory", "import", "--url", e.url, "-o", "json", name).Output()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return fmt.Errorf("import: %w: %s%s", err, exit.Stderr, text[:min(len(text), 2000)])
	}
	if err != nil {
		return err
	}
	var r struct {
		Applied        bool
		Added          int
		AddressesAdded int `json:"addresses_added"`
	}
	if err := json.Unmarshal(text, &r); err != nil || !r.Applied || r.Added != o.numbers || r.AddressesAdded != o.numbers {
		return fmt.Errorf("import: %s, %w", text, err)
	}
	return nil
}

// freePort returns a port of the loopback interface that nobody has now.
func freePort(network string) string {
	var a net.Addr
	if network == "udp" {
		c, err := net.ListenPacket(network, "127.0.0.1:0")
		if err != nil {
			return "0"
		}
		defer c.Close()
		a = c.LocalAddr()
	} else {
		l, err := net.Listen(network, "127.0.0.1:0")
		if err != nil {
			return "0"
		}
		defer l.Close()
		a = l.Addr()
	}
	_, port, _ := net.SplitHostPort(a.String())
	return port
}
