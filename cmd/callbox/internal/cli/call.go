package cli

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/rs/zerolog"
	"github.com/spf13/cobra"

	"callbox/cmd/callbox/internal/explain"
	"callbox/sip/phone"
	"callbox/sip/sdp"
)

// called is how a call went, as JSON.
type called struct {
	Answered        bool    `json:"answered"`
	Status          int     `json:"sip_status"`
	Reason          string  `json:"sip_reason,omitempty"`
	Sentence        string  `json:"sentence,omitempty"` // why: the edge's words, or with local ours
	ErrorCode       string  `json:"error_code,omitempty"`
	Local           bool    `json:"local,omitempty"` // no answer came; the status is the softphone's own
	CallID          string  `json:"call_id,omitempty"`
	SIPCallID       string  `json:"sip_call_id,omitempty"`
	RetryAfter      string  `json:"retry_after,omitempty"`
	SetupMS         int64   `json:"setup_ms"`
	TalkMS          int64   `json:"talk_ms"`
	HungUpBy        string  `json:"hung_up_by,omitempty"`
	Codec           string  `json:"codec,omitempty"`
	SRTP            string  `json:"srtp,omitempty"` // crypto-suite
	EarlyMedia      bool    `json:"early_media"`
	Voice           string  `json:"voice,omitempty"`
	Said            string  `json:"said,omitempty"` // the text in the answer's body
	PacketsSent     uint64  `json:"packets_sent"`
	PacketsReceived uint64  `json:"packets_received"`
	PacketsLost     uint64  `json:"packets_lost"`
	LevelDBFS       float64 `json:"level_dbfs"`
	Digits          string  `json:"digits,omitempty"`
	Recording       string  `json:"recording,omitempty"`
}

// newCall returns the command that is a small softphone.
func newCall(version string, s streams) *cobra.Command {
	o := phone.Options{UserAgent: "callbox/" + version}
	var out outputFlag
	var insecure bool
	cmd := &cobra.Command{
		Use:   "call NUMBER",
		Short: "Place a call through an edge, as a small softphone",
		Long: "Place a call through an edge: a number, a SIP URI, or a service URN such as urn:service:sos. Exit code 4 says that\n" +
			"the call was not answered; the SIP answer and the edge's sentence say why. Ctrl-C hangs up.",
		Example: "  callbox call 911 --from +14155550100 --duration 5s\n" +
			"  callbox call 933 --from +14155550100 --record readback.wav\n" +
			"  callbox call 911 --from +14155550100 --domain phones.sip.us1.twilio.com --user alice --password Callbox-lab-911",
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.To = args[0]
			switch o.Transport {
			case "udp", "tcp":
			case "tls":
				o.ClientTLS = &tls.Config{MinVersion: tls.VersionTLS12, ServerName: o.Domain, InsecureSkipVerify: insecure}
			default:
				return usage("--transport %q is unknown: udp, tcp and tls are known", o.Transport)
			}
			if o.Edge == "" {
				o.Edge = "127.0.0.1:5060"
				if o.Transport == "tls" {
					o.Edge = "127.0.0.1:5061"
				}
			}
			return place(cmd.Context(), s, o, out.json)
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.From, "from", "", "the caller's `number`; none calls anonymously")
	f.StringVar(&o.Domain, "domain", explain.DefaultDomain, "the `domain` or trunk to call through")
	f.StringVar(&o.Edge, "edge", "", "`host:port` of the edge (default 127.0.0.1:5060, 5061 for tls)")
	f.StringVar(&o.Transport, "transport", "udp", "udp, tcp or tls")
	f.StringVar(&o.Username, "user", "", "digest user `name`")
	f.StringVar(&o.Password, "password", "", "its password")
	f.StringVar(&o.Play, "play", "", "WAV `file` to play once answered; none plays silence")
	f.BoolVar(&o.Tone, "tone", false, "play a 440 Hz tone instead of silence")
	f.StringVar(&o.Record, "record", "", "WAV `file` to write what is heard to")
	f.DurationVar(&o.Duration, "duration", 0, "hang up so long after the answer; 0 waits for the other side or Ctrl-C")
	f.StringVar(&o.DTMF, "dtmf", "", "`digits` to send once answered; a comma waits a second")
	f.StringSliceVar(&o.Codecs, "codec", nil, "PCMU or PCMA, in order of preference (default both)")
	f.TextVar(&o.SRTP, "srtp", sdp.Plain, "off, optional or `required`: protected media, as secure trunks want it")
	f.BoolVar(&insecure, "insecure", false, "with tls, do not check the edge's certificate")
	out.add(cmd)
	_ = cmd.MarkFlagFilename("play", "wav")
	_ = cmd.MarkFlagFilename("record", "wav")
	return cmd
}

// place makes the call and tells how it goes.
func place(ctx context.Context, s streams, o phone.Options, asJSON bool) error {
	ctx, stop := signal.NotifyContext(ctx, syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	o.Logger = zerolog.New(s.err).Level(zerolog.WarnLevel)
	begun := time.Now()
	o.OnEvent = func(e phone.Event) { progress(s.err, begun, e) }
	r, err := phone.Call(ctx, o)
	var failed *phone.FailedError
	switch {
	case errors.As(err, &failed):
		if failed.Result.BadCertificate {
			failed.Result.Sentence += trustIt
		}
		r = failed.Result
	case err != nil:
		return err
	}
	if asJSON {
		if err := printJSON(s.out, describe(r, failed == nil, o.Record)); err != nil {
			return err
		}
	} else {
		summarize(s.out, r, failed == nil, o.Record)
	}
	if failed != nil {
		return &failure{exitCallFailed, fmt.Errorf("the call was not answered: %w", failed)}
	}
	return nil
}

// trustIt is the mend of a certificate that was not accepted.
const trustIt = "; --insecure takes it, or SSL_CERT_FILE names the certificates to trust, such as the lab's callbox-data/tls-certificate.pem"

// progress tells a person who waits what happens.
func progress(w io.Writer, begun time.Time, e phone.Event) {
	words := string(e.Kind)
	if e.Kind == phone.EventEarlyMedia {
		words = "early media"
	}
	if e.Status != 0 {
		words += fmt.Sprintf(" %d", e.Status)
	}
	if e.Detail != "" {
		words += " " + e.Detail
	}
	fmt.Fprintf(w, "%7.3fs  %s\n", e.At.Sub(begun).Seconds(), words)
}

// summarize prints how a call went for people.
func summarize(w io.Writer, r phone.Result, answered bool, recording string) {
	if answered {
		fmt.Fprintf(w, "answered after %s, talked %s, hung up by the %s\n", round(r.Setup), round(r.Talk), r.HungUpBy)
		codec := r.Codec
		if r.SRTP != "" {
			codec += " by SRTP (" + r.SRTP + ")"
		}
		if codec == "" {
			codec = "none that both sides have"
		}
		fmt.Fprintf(w, "audio    %s, %d packets sent, %d received, %d lost, level %.0f dBFS\n",
			codec, r.PacketsSent, r.PacketsReceived, r.PacketsLost, r.LevelDBFS)
	} else {
		fmt.Fprintf(w, "not answered: %d %s\n", r.Status, r.Reason)
	}
	for _, line := range []struct{ name, value string }{
		{"because ", r.Sentence}, {"said    ", r.Said}, {"error   ", r.ErrorCode}, {"retry in", r.RetryAfter}, {"voice   ", r.Voice}, {"digits  ", r.Digits},
		{"recorded", recording}, {"call    ", r.CallID},
	} {
		if line.value != "" {
			fmt.Fprintf(w, "%s %s\n", line.name, strings.ReplaceAll(line.value, "\n", "\n         "))
		}
	}
}

func round(d time.Duration) time.Duration { return d.Round(10 * time.Millisecond) }

// describe turns a result into its JSON form.
func describe(r phone.Result, answered bool, recording string) called {
	return called{
		Answered: answered, Status: r.Status, Reason: r.Reason, Sentence: r.Sentence, ErrorCode: r.ErrorCode, Local: r.Local,
		CallID: r.CallID, SIPCallID: r.SIPCallID, RetryAfter: r.RetryAfter, SetupMS: r.Setup.Milliseconds(),
		TalkMS: r.Talk.Milliseconds(), HungUpBy: string(r.HungUpBy), Codec: r.Codec, SRTP: r.SRTP, EarlyMedia: r.EarlyMedia,
		Voice: r.Voice, Said: r.Said, PacketsSent: r.PacketsSent, PacketsReceived: r.PacketsReceived, PacketsLost: r.PacketsLost,
		LevelDBFS: r.LevelDBFS, Digits: r.Digits, Recording: recording,
	}
}
