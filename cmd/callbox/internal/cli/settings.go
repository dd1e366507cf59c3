package cli

import (
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"callbox/cmd/callbox/internal/app"
	"callbox/config"
	"callbox/config/strict"
)

// settings are the flags that stand above the configuration file and the environment.
type settings struct {
	config    string
	data      string
	directory string
	logLevel  string
	sip       listenerFlag
	http      addressFlag
	ports     portsFlag
	sim       simFlag
}

// simFlag is the address of the simulated call centres, or off.
type simFlag struct {
	addressFlag
	off bool
}

func (s *simFlag) Set(v string) error {
	if v == "off" {
		s.off = true
		return nil
	}
	if err := s.addressFlag.Set(v); err != nil {
		return fmt.Errorf("%w; or off for none", err)
	}
	s.off = false
	return nil
}

func (s *simFlag) String() string {
	if s.off {
		return "off"
	}
	return s.addressFlag.String()
}

func (s *simFlag) Type() string { return "host:port|off" }

// addFiles adds the flags that say where configuration and directory are.
func (s *settings) addFiles(f *pflag.FlagSet) {
	f.StringVarP(&s.config, "config", "c", os.Getenv("CALLBOX_CONFIG"), "configuration `file`; none is the embedded lab (CALLBOX_CONFIG)")
	f.StringVar(&s.directory, "directory", "", "directory `file`: domains, numbers, call centres; none is the embedded lab's")
}

// add adds all flags.
func (s *settings) add(cmd *cobra.Command) {
	f := cmd.Flags()
	s.addFiles(f)
	f.StringVarP(&s.data, "data", "d", "", "data `directory` (CALLBOX_DATA, default ./callbox-data)")
	f.Var(&s.sip, "sip", "SIP listener such as udp:0.0.0.0:5060, several times for several; takes the place of those configured")
	f.Var(&s.http, "http", "address of API, metrics and health (CALLBOX_HTTP_ADDRESS, default 127.0.0.1:8080)")
	f.Var(&s.ports, "rtp-ports", "UDP ports for media (default 30000-39999)")
	f.Var(&s.sim, "sim", "address of the simulated call centres (default 127.0.0.1:5070)")
	f.StringVar(&s.logLevel, "log-level", "", "`level`: trace, debug, info, warn or error (CALLBOX_LOG_LEVEL, default info)")
	_ = cmd.RegisterFlagCompletionFunc("log-level", cobra.FixedCompletions(logLevels(), cobra.ShellCompDirectiveNoFileComp))
}

func logLevels() []string { return []string{"trace", "debug", "info", "warn", "error"} }

// check complains about flags whose values only make sense together or that pflag cannot check.
func (s *settings) check() error {
	if s.logLevel == "" {
		return nil
	}
	for _, l := range logLevels() {
		if l == s.logLevel {
			return nil
		}
	}
	return usage("--log-level %q is unknown: %s are known", s.logLevel, strings.Join(logLevels(), ", "))
}

// load reads file and environment and puts the flags above them. It is called again at every reload.
func (s *settings) load() (config.Options, strict.Problems) {
	o, problems := config.Load(s.config, os.LookupEnv)
	if s.data != "" {
		o.Data = s.data
	}
	if s.directory != "" {
		o.Directory = s.directory
	}
	if s.logLevel != "" {
		o.Log.Level = s.logLevel
	}
	if len(s.sip) > 0 {
		o.SIP.Listeners = s.sip
	}
	if s.http.set {
		o.HTTP.Address = s.http.value
	}
	if s.ports.set {
		o.RTP.Ports = s.ports.value
	}
	switch {
	case s.sim.off:
		o.Sim.Enabled = false
	case s.sim.set:
		o.Sim.Enabled, o.Sim.Address = true, s.sim.value
	}
	return o, problems
}

// source is what the edge reads its options with.
func (s *settings) source() app.Source { return s.load }
