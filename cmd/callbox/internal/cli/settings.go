package cli

import (
	"errors"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"callbox/config"
	"callbox/config/strict"
)

// settings are the flags that stand above the configuration file and the environment. Each becomes the variable of its
// option, so that a value is read and checked the same way wherever it is from.
type settings struct {
	config string
	values map[string]*string // by variable
	sip    []string
	plain  bool
}

// setting is a flag that stands for an option.
type setting struct {
	flag, variable, usage string
}

// allSettings returns the flags that stand for one option each.
func allSettings() []setting {
	return []setting{
		{"directory", "CALLBOX_DIRECTORY", "directory `file`: domains, numbers, call centres; none is the embedded lab's"},
		{"data", "CALLBOX_DATA", "data `directory` (default ./callbox-data)"},
		{"http", "CALLBOX_HTTP_ADDRESS", "`address:port` of API, metrics and health (default 127.0.0.1:8080)"},
		{"http-tls", "CALLBOX_HTTP_TLS", "`how` HTTP is served by TLS: off, auto (the certificate of SIP's) or files (default off)"},
		{"rtp-ports", "CALLBOX_RTP_PORTS", "UDP `ports` for media (default 30000-39999)"},
		{"sim", "CALLBOX_SIM_ADDRESS", "`address:port` of the simulated call centres, or off (default 127.0.0.1:5070)"},
		{"log-level", "CALLBOX_LOG_LEVEL", "`level`: trace, debug, info, warn or error (default info)"},
	}
}

// The options that the flags --sim off, --sip and --http-plain set.
const (
	simEnabled = "CALLBOX_SIM_ENABLED"
	listeners  = "CALLBOX_SIP_LISTENERS"
	httpPlain  = "CALLBOX_HTTP_PLAIN"
)

// addFiles adds the flags that say where configuration and directory are.
func (s *settings) addFiles(f *pflag.FlagSet) {
	f.StringVarP(&s.config, "config", "c", os.Getenv("CALLBOX_CONFIG"), "configuration `file`; none is the embedded lab (CALLBOX_CONFIG)")
	s.addSetting(f, allSettings()[0])
}

func (s *settings) addSetting(f *pflag.FlagSet, x setting) {
	if s.values == nil {
		s.values = map[string]*string{}
	}
	s.values[x.variable] = f.String(x.flag, "", x.usage)
}

// add adds all flags.
func (s *settings) add(cmd *cobra.Command) {
	f := cmd.Flags()
	s.addFiles(f)
	for _, x := range allSettings()[1:] {
		s.addSetting(f, x)
	}
	f.StringArrayVar(&s.sip, "sip", nil, "SIP `listener` such as udp:0.0.0.0:5060, tcp:…, tls:…, again for each more;\nthey take the place of those configured")
	f.BoolVar(&s.plain, "http-plain", false, "let an --http address that others reach do without TLS")
	_ = cmd.RegisterFlagCompletionFunc("http-tls", cobra.FixedCompletions([]string{"off", "auto", "files"}, cobra.ShellCompDirectiveNoFileComp))
	_ = cmd.RegisterFlagCompletionFunc("log-level", cobra.FixedCompletions([]string{"trace", "debug", "info", "warn", "error"}, cobra.ShellCompDirectiveNoFileComp))
	_ = cmd.MarkFlagFilename("config", "yaml", "yml")
	_ = cmd.MarkFlagFilename("directory", "yaml", "yml")
	_ = cmd.MarkFlagDirname("data")
}

// environ returns the environment with the flags above it, and the flag behind each variable that one sets.
func (s *settings) environ() (environ []string, flags map[string]string) {
	environ, flags = os.Environ(), map[string]string{}
	set := func(variable, value, flag string) {
		environ = append(environ, variable+"="+value)
		flags[variable] = "--" + flag
	}
	for _, x := range allSettings() {
		value := s.values[x.variable]
		switch {
		case value == nil || *value == "":
		case x.flag == "sim" && *value == "off":
			set(simEnabled, "false", x.flag)
		case x.flag == "sim":
			set(simEnabled, "true", x.flag)
			fallthrough
		default:
			set(x.variable, *value, x.flag)
		}
	}
	if len(s.sip) > 0 {
		set(listeners, strings.Join(s.sip, ","), "sip")
	}
	if s.plain {
		set(httpPlain, "true", "http-plain")
	}
	return environ, flags
}

// load reads file, environment and flags. It is called again at every reload.
func (s *settings) load() (config.Options, strict.Problems) {
	environ, flags := s.environ()
	o, problems := config.Load(s.config, environ)
	for i, p := range problems {
		if flag, ok := flags[p.File]; ok {
			problems[i].File, problems[i].Path = flag, ""
		}
	}
	return o, problems
}

// blame makes problems that are all of flags a usage error.
func blame(err error) error {
	var problems strict.Problems
	if !errors.As(err, &problems) || len(problems) == 0 {
		return err
	}
	for _, p := range problems {
		if !strings.HasPrefix(p.File, "--") {
			return err
		}
	}
	return usage("%w", err)
}
