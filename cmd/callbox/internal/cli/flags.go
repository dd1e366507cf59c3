package cli

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"callbox/config"
)

// badFlag puts a flag error into our words, with a suggestion for a mistyped name.
func badFlag(cmd *cobra.Command, err error) error {
	name, ok := strings.CutPrefix(err.Error(), "unknown flag: --")
	if !ok {
		return usage("%w", err)
	}
	best, distance := "", 3 // further away it is another word, not a slip
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		d := editDistance(name, f.Name)
		if strings.HasPrefix(f.Name, name) {
			d = min(d, 1)
		}
		if d < distance && !f.Hidden {
			best, distance = f.Name, d
		}
	})
	if best != "" {
		return usage("there is no flag --%s; did you mean --%s?", name, best)
	}
	return usage("there is no flag --%s", name)
}

// editDistance is the number of letters to insert, delete or replace to turn a into b (Levenshtein).
func editDistance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			next := min(row[j]+1, row[j+1]+1, diagonal+cost)
			diagonal, row[j+1] = row[j+1], next
		}
	}
	return row[len(b)]
}

// outputFlag is -o: text for people or json for programs.
type outputFlag struct{ json bool }

func (o *outputFlag) String() string {
	if o.json {
		return "json"
	}
	return "text"
}

func (o *outputFlag) Set(s string) error {
	switch s {
	case "json", "text":
		o.json = s == "json"
		return nil
	}
	return fmt.Errorf("%q is neither text nor json", s)
}

func (o *outputFlag) Type() string { return "text|json" }

func (o *outputFlag) add(cmd *cobra.Command) {
	cmd.Flags().VarP(o, "output", "o", "what to print: text for people, json for programs")
	_ = cmd.RegisterFlagCompletionFunc("output", cobra.FixedCompletions([]string{"text", "json"}, cobra.ShellCompDirectiveNoFileComp))
}

// listenerFlag is one of --sip network:host:port, given once for each listener.
type listenerFlag []config.Listener

func (l *listenerFlag) String() string {
	words := make([]string, len(*l))
	for i, x := range *l {
		words[i] = x.Network + ":" + x.Address.String()
	}
	return strings.Join(words, ",")
}

func (l *listenerFlag) Set(s string) error {
	for _, one := range strings.Split(s, ",") {
		network, address, _ := strings.Cut(one, ":")
		switch network {
		case "udp", "tcp", "tls":
		default:
			return fmt.Errorf("%q does not begin with udp:, tcp: or tls:; write udp:127.0.0.1:5060", one)
		}
		a, err := parseAddress(address)
		if err != nil {
			return err
		}
		*l = append(*l, config.Listener{Network: network, Address: a})
	}
	return nil
}

func (l *listenerFlag) Type() string { return "network:host:port" }

// addressFlag is an IP address and port.
type addressFlag struct {
	value netip.AddrPort
	set   bool
}

func (a *addressFlag) String() string {
	if !a.value.IsValid() {
		return ""
	}
	return a.value.String()
}

func (a *addressFlag) Set(s string) (err error) {
	a.value, err = parseAddress(s)
	a.set = err == nil
	return err
}

func (a *addressFlag) Type() string { return "host:port" }

// parseAddress reads host:port where host is an IP address, localhost, or nothing for every IPv4 address.
func parseAddress(s string) (netip.AddrPort, error) {
	switch {
	case strings.HasPrefix(s, "localhost:"):
		s = "127.0.0.1" + strings.TrimPrefix(s, "localhost")
	case strings.HasPrefix(s, ":"):
		s = "0.0.0.0" + s
	}
	a, err := netip.ParseAddrPort(s)
	if err != nil {
		return netip.AddrPort{}, fmt.Errorf("%q is no address and port; write 127.0.0.1:5060 or [::1]:5060", s)
	}
	return a, nil
}

// portsFlag is a range of UDP ports.
type portsFlag struct {
	value config.PortRange
	set   bool
}

func (p *portsFlag) String() string {
	if !p.set {
		return ""
	}
	return fmt.Sprintf("%d-%d", p.value.Min, p.value.Max)
}

func (p *portsFlag) Set(s string) error {
	low, high, _ := strings.Cut(s, "-")
	a, err1 := strconv.ParseUint(low, 10, 16)
	b, err2 := strconv.ParseUint(high, 10, 16)
	if err1 != nil || err2 != nil || a == 0 || a%2 != 0 || b%2 != 1 || b < a+3 {
		return fmt.Errorf("%q is no port range; write 30000-39999: an even port, then an odd one, four ports or more", s)
	}
	p.value, p.set = config.PortRange{Min: uint16(a), Max: uint16(b)}, true
	return nil
}

func (p *portsFlag) Type() string { return "first-last" }
