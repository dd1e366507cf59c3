package cli

import (
	"crypto/tls"
	"crypto/x509/pkix"
	"fmt"
	"net"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/rs/zerolog"
	"github.com/spf13/cobra"

	"callbox/cmd/callbox/internal/doctor"
	"callbox/cmd/callbox/internal/selfsigned"
	"callbox/routing/numbering"
	"callbox/sip/agent"
)

// examination is the command line of doctor.
type examination struct {
	o                doctor.Options
	sip, tls         string
	certificate, key string
	names            []string
	out              outputFlag
	json, verbose    bool
}

// newDoctor returns the command that looks at a PBX.
func newDoctor(version string, s streams) *cobra.Command {
	e := &examination{o: doctor.Options{UserAgent: "callbox-doctor/" + version}}
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Listen to a PBX and say what is wrong with its set-up",
		Long: "Listen to a PBX that is pointed here as at a trunk, answer its calls, and say what is right and wrong with the way it\n" +
			"is set up, in general words and in 3CX's, each with its mend. Point the PBX's trunk at this address, then dial 933 and\n" +
			"911 from one of its phones: no call goes anywhere. It ends when both have come, or with --timeout, or Ctrl-C. Exit\n" +
			"code 1 says that something is wrong.",
		Example: "  callbox doctor --number +14155550100\n" +
			"  callbox doctor --sip 192.0.2.5:5060 --user pbx --password Callbox-lab-911 --origination sip:pbx.example.com\n" +
			"  callbox doctor --secure --name edge.example.com --dialled 112,999 --country GB -o json",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := e.check(); err != nil {
				return err
			}
			ctx, stop := signal.NotifyContext(cmd.Context(), syscall.SIGINT, syscall.SIGTERM)
			defer stop()
			level := zerolog.Disabled
			if e.verbose {
				level = zerolog.DebugLevel
			}
			e.o.Logger = zerolog.New(s.err).Level(level).With().Timestamp().Logger()
			if err := e.listen(s); err != nil {
				return err
			}
			e.o.Said = func(line string) { fmt.Fprintln(s.err, line) }
			seen, err := doctor.Run(ctx, e.o)
			if err != nil {
				return fmt.Errorf("listen: %w; choose another address with --sip or --tls, or stop what listens there", err)
			}
			return e.report(s, seen)
		},
	}
	e.flags(cmd)
	return cmd
}

func (e *examination) flags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&e.sip, "sip", "0.0.0.0:5060", "`address:port` for SIP over UDP and TCP")
	f.StringVar(&e.tls, "tls", "", "`address:port` for SIP over TLS (with --secure 0.0.0.0:5061)")
	f.StringVar(&e.certificate, "tls-certificate", "", "PEM `file` of the certificate for --tls; none makes one for this run")
	f.StringVar(&e.key, "tls-key", "", "PEM `file` of its key")
	f.StringSliceVar(&e.names, "name", nil, "host `name` that the PBX calls this by, for the certificate")
	f.DurationVar(&e.o.Timeout, "timeout", 5*time.Minute, "how long to listen at most")
	f.StringSliceVar(&e.o.Dialled, "dialled", []string{"933", "911"}, "`numbers` that must come")
	f.StringSliceVar(&e.o.Numbers, "number", nil, "caller `numbers` of the account, E.164; none takes any")
	f.StringVar(&e.o.Country, "country", "US", "ISO `code` of the country whose numbers are dialled without +")
	f.StringVar(&e.o.User, "user", "", "user `name` of the trunk's credentials")
	f.StringVar(&e.o.Password, "password", "", "password of the trunk's credentials; calls are challenged for it")
	f.StringSliceVar(&e.o.Algorithms, "algorithms", agent.Algorithms(), "digest algorithms to offer, as auth.algorithms of the edge does")
	f.BoolVar(&e.o.Secure, "secure", false, "want TLS and SRTP, as a secure trunk does")
	f.StringSliceVar(&e.o.Origination, "origination", nil, "SIP `URI` that call backs would go to")
	f.DurationVar(&e.o.Talk, "talk", 3*time.Second, "how long an answered call lasts")
	f.BoolVar(&e.json, "json", false, "the same as -o json")
	f.BoolVarP(&e.verbose, "verbose", "v", false, "log every step")
	e.out.add(cmd)
}

// check refuses what cannot be meant.
func (e *examination) check() error {
	for _, n := range e.o.Dialled {
		if !numbering.ShortNumber(n) {
			return usage("--dialled %q is no emergency or test number: write 2 to 6 digits", n)
		}
	}
	for _, n := range e.o.Numbers {
		if !numbering.Valid(n) {
			return usage("--number %q is not E.164: write it like +14155550100", n)
		}
	}
	e.o.Country = strings.ToUpper(e.o.Country)
	switch {
	case len(e.o.Country) != 2:
		return usage("--country %q is no ISO code: write two letters such as US", e.o.Country)
	case (e.o.User == "") != (e.o.Password == ""):
		return usage("--user and --password belong together")
	case (e.certificate == "") != (e.key == ""):
		return usage("--tls-certificate and --tls-key belong together")
	case e.o.Timeout <= 0 || e.o.Talk <= 0:
		return usage("--timeout and --talk must be longer than nothing")
	}
	for _, a := range e.o.Algorithms {
		if !slices.Contains(agent.Algorithms(), a) {
			return usage("--algorithms %q is none of %s", a, strings.Join(agent.Algorithms(), ", "))
		}
	}
	for _, u := range e.o.Origination {
		if scheme, rest, _ := strings.Cut(u, ":"); !slices.Contains([]string{"sip", "sips"}, scheme) || rest == "" {
			return usage("--origination %q is no SIP URI: write it like sip:pbx.example.com:5060", u)
		}
	}
	if e.o.Secure && e.tls == "" {
		e.tls = "0.0.0.0:5061"
	}
	for name, address := range map[string]string{"--sip": e.sip, "--tls": e.tls} {
		if _, _, err := net.SplitHostPort(address); err != nil && address != "" {
			return usage("%s %q is no address with a port: write it like 0.0.0.0:5060", name, address)
		}
	}
	return nil
}

// listen prepares the listeners, with a certificate for TLS.
func (e *examination) listen(s streams) error {
	e.o.Listeners = []agent.Listener{{Network: "udp", Address: e.sip}, {Network: "tcp", Address: e.sip}}
	e.o.Ready = func(at []agent.Listener) {
		var places []string
		for _, l := range at {
			places = append(places, l.Network+" "+l.Address)
		}
		fmt.Fprintf(s.err, "listening on %s: point the PBX's trunk here, then dial %s from one of its phones\n",
			strings.Join(places, ", "), strings.Join(e.o.Dialled, " and "))
	}
	if e.tls == "" {
		return nil
	}
	e.o.Listeners = append(e.o.Listeners, agent.Listener{Network: "tls", Address: e.tls})
	var pair tls.Certificate
	var err error
	if e.certificate != "" {
		pair, err = tls.LoadX509KeyPair(e.certificate, e.key)
	} else {
		pair, err = selfsigned.Make(selfsigned.Request{
			Subject: pkix.Name{CommonName: "callbox doctor", Organization: []string{"callbox"}}, Hosts: e.names,
			From: time.Now(), Lifetime: 24 * time.Hour,
		})
		fmt.Fprintf(s.err, "the PBX has to trust this certificate, made for this run:\n%s", selfsigned.PEM(pair))
	}
	if err != nil {
		return fmt.Errorf("certificate: %w", err)
	}
	e.o.TLS = &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12}
	return nil
}

// report prints what was found.
func (e *examination) report(s streams, seen doctor.Seen) error {
	r := doctor.NewReport(e.o.Wanted, seen)
	write := r.Text
	if e.json || e.out.json {
		write = r.JSON
	}
	if err := write(s.out); err != nil {
		return err
	}
	if !r.OK {
		return silent(exitFailed)
	}
	return nil
}
