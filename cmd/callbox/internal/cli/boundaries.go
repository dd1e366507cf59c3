package cli

import (
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"callbox/cmd/callbox/internal/app"
	"callbox/config"
	"callbox/config/strict"
	"callbox/routing/area"
)

// newBoundaries returns the commands that look at service boundaries.
func newBoundaries(s streams) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "boundaries",
		Short: "Check the areas that call centres serve",
		Long: "Check the areas that call centres serve, as a directory names them with boundaries: [FILE]. See callbox boundaries\n" +
			"check --help for the form of the files.",
	}
	cmd.AddCommand(newBoundariesCheck(s))
	for _, c := range cmd.Commands() {
		c.Args = usageArgs(c.Args)
	}
	return cmd
}

func newBoundariesCheck(s streams) *cobra.Command {
	var file string
	var out outputFlag
	cmd := &cobra.Command{
		Use:   "check FILE...",
		Short: "Report every problem of service boundaries, and where they overlap or leave gaps",
		Long: "Report every problem of service boundaries, each with file:line, where in it, and the mend. A file is GeoJSON\n" +
			"(RFC 7946): Features that are Polygons or MultiPolygons, each with the ID of its call centre in the property \"psap\"\n" +
			"and, for people, a \"name\". Exit code 3 says that there are problems. Files without are looked at together for\n" +
			"overlaps and gaps that areas surround. These are told but are no problems: where two overlap the first has the place,\n" +
			"and a gap may be nobody's to serve.",
		Example: "  callbox boundaries check counties.geojson\n  callbox boundaries check --directory directory.yaml -o json north.geojson south.geojson",
		Args:    cobra.MinimumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			c, err := checkBoundaries(args, file)
			if err != nil {
				return err
			}
			return c.print(s, out.json)
		},
	}
	cmd.Flags().StringVar(&file, "directory", "", "directory `file` that has the call centres; without it their IDs are not checked")
	out.add(cmd)
	return cmd
}

// checkedBoundaries is what the command found, as JSON.
type checkedBoundaries struct {
	Files      []string  `json:"files"`
	OK         bool      `json:"ok"`
	Problems   []problem `json:"problems"`
	Boundaries int       `json:"boundaries"`
	Centres    int       `json:"centres"`
	Overlaps   []overlap `json:"overlaps"` // the largest first
	Gaps       []gap     `json:"gaps"`     // the largest first

	found strict.Problems
}

// overlap is a place that two boundaries claim; the first has it.
type overlap struct {
	First     claim   `json:"first"`
	Second    claim   `json:"second"`
	Latitude  float64 `json:"latitude"`
	Longitude float64 `json:"longitude"`
	Area      float64 `json:"area_km2"`
}

// claim is a boundary.
type claim struct {
	PSAP  string `json:"psap"`
	Name  string `json:"name,omitempty"`
	ID    string `json:"id,omitempty"`
	Where string `json:"where"`
}

// gap is a place that boundaries surround and none has.
type gap struct {
	Latitude  float64  `json:"latitude"`
	Longitude float64  `json:"longitude"`
	Area      float64  `json:"area_km2"`
	Between   []string `json:"between"`
}

func checkBoundaries(files []string, directory string) (*checkedBoundaries, error) {
	c := &checkedBoundaries{Files: files, Problems: []problem{}, Overlaps: []overlap{}, Gaps: []gap{}}
	known, err := c.centres(directory)
	if err != nil {
		return nil, err
	}
	var list []area.Boundary
	for _, name := range files {
		src, err := readGeoJSON(name)
		if err != nil {
			return nil, err
		}
		boundaries, problems := area.ReadBoundaries(name, src)
		c.found = append(c.found, problems...)
		list = append(list, boundaries...)
	}
	centres := make(map[string]bool)
	for _, b := range list {
		if known != nil && !known[b.Centre] && !centres[b.Centre] {
			c.found = append(c.found, strict.Problem{File: b.Where, Path: "psap", Value: b.Centre, Message: "is not in psaps of " + directory, Mend: "add it there, or leave the area out"})
		}
		centres[b.Centre] = true
	}
	for _, p := range c.found {
		c.Problems = append(c.Problems, problem(p))
	}
	c.OK, c.Boundaries, c.Centres = len(c.found) == 0, len(list), len(centres)
	if c.OK {
		c.fit(area.NewBoundaries(list).Examine())
	}
	return c, nil
}

// centres returns the IDs of a directory's PSAPs, nil without a directory.
func (c *checkedBoundaries) centres(file string) (map[string]bool, error) {
	if file == "" {
		return nil, nil
	}
	s, problems := app.LoadDirectory(file, config.Defaults().Sim.Address)
	if len(problems) > 0 {
		return nil, blame(problems)
	}
	known := make(map[string]bool)
	for _, p := range s.PSAPs() {
		known[p.ID] = !p.ECC
	}
	return known, nil
}

// fit takes how the boundaries fit together.
func (c *checkedBoundaries) fit(r area.Report) {
	made := func(b area.Boundary) claim { return claim{b.Centre, b.Name, b.ID, b.Where} }
	for _, o := range r.Overlaps {
		c.Overlaps = append(c.Overlaps, overlap{made(o.First), made(o.Second), o.At.Lat, o.At.Lon, o.Area})
	}
	for _, g := range r.Gaps {
		c.Gaps = append(c.Gaps, gap{g.At.Lat, g.At.Lon, g.Area, g.Between})
	}
}

func (c *checkedBoundaries) print(s streams, asJSON bool) error {
	if asJSON {
		if err := printJSON(s.out, c); err != nil {
			return err
		}
	} else if _, err := io.WriteString(s.out, c.text()); err != nil {
		return err
	}
	if !c.OK {
		return silent(exitBadConfig)
	}
	return nil
}

// text writes it for people.
func (c *checkedBoundaries) text() string {
	if !c.OK {
		return c.found.Error() + "\n"
	}
	const most = 50 // of a kind
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %d boundaries of %d call centres are good; %d overlaps, %d gaps\n", strings.Join(c.Files, ", "), c.Boundaries, c.Centres, len(c.Overlaps), len(c.Gaps))
	for i, o := range c.Overlaps {
		if i == most {
			fmt.Fprintf(&b, "and %d overlaps more\n", len(c.Overlaps)-most)
			break
		}
		fmt.Fprintf(&b, "overlap: %s and %s both claim %s about %.6f, %.6f; the first has it\n", o.First, o.Second, km2(o.Area), o.Latitude, o.Longitude)
	}
	for i, g := range c.Gaps {
		if i == most {
			fmt.Fprintf(&b, "and %d gaps more\n", len(c.Gaps)-most)
			break
		}
		fmt.Fprintf(&b, "gap: %s about %.6f, %.6f between %s have no call centre\n", km2(g.Area), g.Latitude, g.Longitude, strings.Join(g.Between, ", "))
	}
	return b.String()
}

// String writes a boundary as psap-a (areas.geojson:3).
func (c claim) String() string { return c.PSAP + " (" + c.Where + ")" }

// km2 writes an area with as many decimals as it needs.
func km2(area float64) string {
	switch {
	case area >= 100:
		return fmt.Sprintf("%.0f km2", area)
	case area >= 0.01:
		return fmt.Sprintf("%.2f km2", area)
	}
	return fmt.Sprintf("%.0f m2", area*1e6)
}

// readGeoJSON reads a file, as far as it is not too large to be one.
func readGeoJSON(name string) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, fmt.Errorf("check %s: %w", name, reason(err))
	}
	defer f.Close()
	src, err := io.ReadAll(io.LimitReader(f, area.MaxGeoJSON+1))
	if err != nil {
		return nil, fmt.Errorf("check %s: %w", name, reason(err))
	}
	return src, nil
}
