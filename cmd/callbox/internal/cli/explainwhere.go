package cli

import (
	"bytes"
	"io"
	"os"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"callbox/cmd/callbox/internal/explain"
)

// longestWhere bounds a PIDF-LO document and the answer of a web service in a file.
const longestWhere = 64 << 10

// whereFlags are the flags of explain that need more than a variable.
type whereFlags struct {
	lat, lon   float64
	pidf, hook string
	lost       []string
}

// add adds the flags for where a call is from.
func (w *whereFlags) add(f *pflag.FlagSet, q *explain.Question) {
	f.StringVar(&q.AEUI, "aeui", "", "the `endpoint` that calls, in place of --from or in P-Asserted-Identity beside it")
	f.StringVar(&q.LocationID, "location-id", "", "a `location` of the account that the call names in Geolocation")
	f.Float64Var(&w.lat, "lat", 0, "latitude in the call, `degrees` of WGS84; with --lon")
	f.Float64Var(&w.lon, "lon", 0, "longitude, `degrees`")
	f.Float64Var(&q.Uncertainty, "uncertainty", 0, "`metres` around that point")
	f.StringVar(&w.pidf, "pidf", "", "`file` with a PIDF-LO document in the call, - for standard input")
	f.StringVar(&q.GeolocationRouting, "geolocation-routing", "", "Geolocation-Routing: yes or no")
	f.StringVar(&w.hook, "hook-answer", "", "`file` with what the web service of a designated number would answer: JSON, or all of HTTP as curl -i prints it; - for standard input")
	f.StringArrayVar(&w.lost, "lost-answer", nil, "a SIP `URI` that the directory's LoST server would name, none for no answer; may be there several times")
}

// fill takes over what was set.
func (w *whereFlags) fill(cmd *cobra.Command, q *explain.Question) error {
	if cmd.Flags().Changed("lat") {
		q.Lat = &w.lat
	}
	if cmd.Flags().Changed("lon") {
		q.Lon = &w.lon
	}
	switch q.GeolocationRouting {
	case "", "yes", "no":
	default:
		return usage("--geolocation-routing is yes or no, not %q", q.GeolocationRouting)
	}
	if len(w.lost) == 1 && w.lost[0] == "none" {
		q.LoSTAnswer = &explain.LoSTAnswer{Error: "no answer"}
	} else if len(w.lost) > 0 {
		q.LoSTAnswer = &explain.LoSTAnswer{URIs: w.lost}
	}
	if w.pidf != "" {
		src, err := bounded(cmd, "--pidf", w.pidf)
		if err != nil {
			return err
		}
		q.PIDF = string(src)
	}
	if w.hook != "" {
		src, err := bounded(cmd, "--hook-answer", w.hook)
		if err != nil {
			return err
		}
		if q.HookAnswer, err = explain.ReadHookAnswer(src); err != nil {
			return usage("--hook-answer %s: %w", w.hook, err)
		}
	}
	return nil
}

// bounded reads a file, or standard input for "-".
func bounded(cmd *cobra.Command, flag, name string) ([]byte, error) {
	from := cmd.InOrStdin()
	if name != "-" {
		f, err := os.Open(name)
		if err != nil {
			return nil, usage("%s: %w", flag, err)
		}
		defer f.Close()
		from = f
	}
	var b bytes.Buffer
	if n, err := io.Copy(&b, io.LimitReader(from, longestWhere+1)); err != nil {
		return nil, usage("%s %s: %w", flag, name, err)
	} else if n > longestWhere {
		return nil, usage("%s %s: is larger than %d kB", flag, name, longestWhere>>10)
	}
	return b.Bytes(), nil
}
