package systest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// placed is what `callbox call -o json` tells.
type placed struct {
	Answered        bool    `json:"answered"`
	Status          int     `json:"sip_status"`
	Sentence        string  `json:"sentence"`
	ErrorCode       string  `json:"error_code"`
	CallID          string  `json:"call_id"`
	HungUpBy        string  `json:"hung_up_by"`
	Voice           string  `json:"voice"`
	EarlyMedia      bool    `json:"early_media"`
	PacketsReceived int     `json:"packets_received"`
	PacketsLost     int     `json:"packets_lost"`
	Level           float64 `json:"level_dbfs"`
}

// command runs callbox to its end and returns what it printed and its exit code.
func command(t *testing.T, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, callbox(t), args...)
	cmd.Dir = t.TempDir()
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return out.String(), errs.String(), cmd.ProcessState.ExitCode()
}

// phone runs `callbox call` and checks its exit code.
func phone(t *testing.T, code int, args ...string) (p placed) {
	t.Helper()
	stdout, stderr, got := command(t, append([]string{"call", "-o", "json"}, args...)...)
	if got != code {
		t.Fatalf("callbox call %s ended with code %d, want %d\n%s%s", strings.Join(args, " "), got, code, stdout, stderr)
	}
	if err := json.Unmarshal([]byte(stdout), &p); err != nil {
		t.Fatalf("callbox call printed %q: %v\n%s", stdout, err, stderr)
	}
	return p
}

func TestSoftphoneSaysWhyACallFailed(t *testing.T) {
	t.Parallel()
	l := startLab(t, settings{})
	got := phone(t, 4, "911", "--from", stranger, "--edge", l.sip())
	if got.Answered || got.Status != 403 || len(got.Sentence) < 20 || got.ErrorCode != "32204" {
		t.Errorf("the softphone tells %+v", got)
	}
	stdout, stderr, code := command(t, "call", "911", "--from", stranger, "--edge", l.sip())
	if code != 4 || !strings.Contains(stdout+stderr, "403") || !strings.Contains(stdout+stderr, got.Sentence) {
		t.Errorf("for people: code %d\n%s%s", code, stdout, stderr)
	}
}

func TestSoftphoneProvesItself(t *testing.T) {
	t.Parallel()
	l := startLab(t, settings{})
	args := []string{"911", "--from", sanFrancisco, "--domain", phones, "--edge", l.sip(), "--duration", "500ms"}
	if got := phone(t, 0, append(args, "--user", "alice", "--password", password)...); !got.Answered {
		t.Errorf("alice: %+v", got)
	}
	if got := phone(t, 4, append(args, "--user", "alice", "--password", "wrong")...); got.Answered || got.Status != 403 {
		t.Errorf("alice with a wrong password: %+v", got)
	}
}

func TestSoftphoneHearsWhyNobodyAnswers(t *testing.T) {
	t.Parallel()
	first, last := startCentre(t, centre{scenario: "uas_busy.xml"}), startCentre(t, centre{scenario: "uas_down.xml"})
	l := startLab(t, settings{directory: directoryOf(t, target{id: "psap-first", uri: first.uri()}, target{id: "ecc-us", uri: last.uri()})})
	wav := t.TempDir() + "/heard.wav"
	got := phone(t, 4, "911", "--from", sanFrancisco, "--edge", l.sip(), "--record", wav)
	if got.Status != 503 || !got.EarlyMedia {
		t.Errorf("the softphone tells %+v", got)
	}
	if s := readWAV(t, wav); s.active < time.Second || s.level < -40 {
		t.Errorf("the announcement sounds like %+v", s)
	}
}
