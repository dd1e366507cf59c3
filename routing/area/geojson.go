package area

import (
	"encoding/json"
	"fmt"
	"strconv"

	"github.com/paulmach/orb"

	"callbox/config/strict"
)

// MaxGeoJSON is the size in bytes of the largest file that is read.
const MaxGeoJSON = 512 << 20

// maxPlaces bounds the memory that a file can take: a list of nothing is three bytes long in it.
const maxPlaces = 20_000_000

// feature is what is read of one.
type feature struct {
	path     string // "" where the file is one feature
	line     int
	id       string
	kind     string // type of the geometry, "" for none
	shape    coordinates
	damaged  bool // something is wrong with the geometry, and has been reported
	property map[string]string
}

// coordinates are those of a geometry as they are nested: a position, a list of positions, or a list of coordinates.
type coordinates struct {
	numbers   int // of a position
	at        orb.Point
	positions []orb.Point
	parts     []coordinates
}

// geoReader reads the features of a GeoJSON file (RFC 7946).
type geoReader struct {
	*jsonReader
	wanted []string // the properties that are read
	take   func(*geoReader, *feature)
	found  int  // features
	places int  // positions and lists of them
	work   int  // see maxWork
	deep   bool // coordinates of this geometry are nested too deep
}

// readGeoJSON hands every feature of a file to take. The file is a FeatureCollection, a Feature, or features one after
// another, a line each. Of properties only those in wanted are read.
func readGeoJSON(file string, src []byte, wanted []string, take func(*geoReader, *feature)) strict.Problems {
	r := &geoReader{jsonReader: newJSONReader(file, src), wanted: wanted, take: take, work: maxWork}
	if len(src) > MaxGeoJSON {
		r.bad("", fmt.Sprintf("is larger than %d MB", MaxGeoJSON>>20), "split it")
		return r.problems
	}
	if r.dec.More() && r.document() == nil {
		for i := 1; r.dec.More(); i++ {
			if r.within(step{index: i}, r.document) != nil {
				break
			}
		}
	}
	if len(r.problems) == 0 && r.found == 0 {
		r.add(strict.Problem{Message: "has no feature", Mend: "write a FeatureCollection of at least one"})
	}
	if r.more > 0 {
		r.problems = append(r.problems, strict.Problem{File: file, Message: fmt.Sprintf("has %d problems more", r.more), Mend: "mend these first"})
	}
	return r.problems
}

// document reads a whole value of the file.
func (r *geoReader) document() error {
	f := feature{path: r.path()}
	kind, hasFeatures, before := "", false, len(r.problems)
	err := r.object(func(key string) error {
		if f.line == 0 {
			f.line = r.at()
		}
		switch key {
		case "type":
			var err error
			kind, err = r.text()
			return err
		case "features":
			hasFeatures = true
			return r.array(r.feature)
		case "crs":
			return r.system()
		}
		return r.member(&f, key)
	})
	switch {
	case err != nil:
		return err
	case kind == "FeatureCollection":
		if !hasFeatures {
			r.bad("", "has no features", "add them, or [] for none")
		}
	case kind == "Feature":
		r.done(&f)
	case len(r.problems) > before: // it may be that very type
	case kind == "":
		r.bad("", "has no type", "write a FeatureCollection")
	case kind == "Topology":
		r.bad(kind, "is TopoJSON", "convert it to GeoJSON")
	default:
		r.bad(kind, "is not a type that is read here", "write a FeatureCollection of Features")
	}
	return nil
}

// feature reads one of a collection.
func (r *geoReader) feature() error {
	f := feature{path: r.path()}
	kind, before := "", len(r.problems)
	err := r.object(func(key string) error {
		if f.line == 0 {
			f.line = r.at()
		}
		if key == "type" {
			var err error
			kind, err = r.text()
			return err
		}
		return r.member(&f, key)
	})
	switch {
	case err != nil:
		return err
	case kind == "Feature":
		r.done(&f)
	case len(r.problems) == before:
		r.bad(kind, "is not a Feature", `write "type": "Feature"`)
	}
	return nil
}

// member reads a member of a feature.
func (r *geoReader) member(f *feature, key string) (err error) {
	switch key {
	case "id":
		f.id, err = r.words()
	case "geometry":
		err = r.geometry(f)
	case "properties":
		f.property = make(map[string]string, len(r.wanted))
		err = r.object(func(name string) (err error) {
			for _, w := range r.wanted {
				if w == name {
					f.property[name], err = r.words()
					return err
				}
			}
			return r.pass()
		})
	default:
		err = r.pass()
	}
	return err
}

func (r *geoReader) done(f *feature) {
	r.found++
	r.take(r, f)
}

// of reports what is wrong with a feature that has been read; rest is where in it.
func (r *geoReader) of(f *feature, rest, value, message, mend string) {
	path := f.path + rest
	if f.path == "" && rest != "" && rest[0] == '.' {
		path = rest[1:]
	}
	r.add(strict.Problem{Line: f.line, Path: path, Value: value, Message: message, Mend: mend})
}

// system checks the coordinate system that files could name before RFC 7946.
func (r *geoReader) system() error {
	var raw json.RawMessage
	if err := r.dec.Decode(&raw); err != nil {
		return r.broken(err)
	}
	var crs *struct {
		Properties struct{ Name string }
	}
	if err := json.Unmarshal(raw, &crs); err != nil {
		r.bad("", "is no coordinate system", "remove it: GeoJSON is WGS 84")
	}
	if crs == nil {
		return nil
	}
	switch crs.Properties.Name {
	case "urn:ogc:def:crs:OGC:1.3:CRS84", "urn:ogc:def:crs:OGC::CRS84", "urn:ogc:def:crs:EPSG::4326", "EPSG:4326",
		"urn:ogc:def:crs:EPSG::4269", "EPSG:4269": // NAD 83 is WGS 84 within two metres
	default:
		r.bad(crs.Properties.Name, "is another coordinate system than WGS 84", "convert the file to longitude and latitude (RFC 7946, section 4)")
	}
	return nil
}

// geometry reads type and coordinates, which come in any order.
func (r *geoReader) geometry(f *feature) error {
	before := len(r.problems) + r.more
	r.deep = false
	defer func() { f.damaged = len(r.problems)+r.more > before }()
	return r.object(func(key string) (err error) {
		switch key {
		case "type":
			f.kind, err = r.text()
		case "coordinates":
			f.shape, err = r.coordinates(0)
		default:
			err = r.pass()
		}
		return err
	})
}

// coordinates reads a list of them, or a position.
func (r *geoReader) coordinates(depth int) (coordinates, error) {
	var c coordinates
	ok, err := r.open('[', "a list of coordinates")
	if err != nil || !ok {
		return c, err
	}
	if depth == 4 {
		if !r.deep {
			r.deep = true
			r.bad("", "is nested too deep", "a MultiPolygon is a list of lists of rings, which are lists of positions")
		}
		return c, r.skip(json.Delim('['))
	}
	for i := 0; r.dec.More(); i++ {
		err := r.within(step{index: i}, func() error {
			if r.peek() != '[' {
				return r.coordinate(&c)
			}
			return r.inner(&c, depth+1)
		})
		if err != nil {
			return c, err
		}
	}
	_, err = r.token()
	if err == nil && (min(c.numbers, 1)+min(len(c.positions), 1)+min(len(c.parts), 1) > 1 || c.numbers == 1) {
		r.bad("", "is no position and no list of them", "a position is two numbers, longitude and latitude")
	}
	return c, err
}

// inner reads coordinates within c.
func (r *geoReader) inner(c *coordinates, depth int) error {
	if r.places++; r.places > maxPlaces {
		r.bad("", fmt.Sprintf("is more than %d million positions and lists in one file", maxPlaces/1_000_000), "split it, or write fewer positions")
		return errStop
	}
	in, err := r.coordinates(depth)
	switch {
	case err != nil:
		return err
	case in.numbers > 0:
		c.positions = append(c.positions, in.at)
	default:
		c.parts = append(c.parts, in)
	}
	return nil
}

// peek returns the first byte of the next value. It must only be asked where there is one.
func (r *geoReader) peek() byte {
	for i := r.dec.InputOffset(); i < int64(len(r.src)); i++ {
		switch c := r.src[i]; c {
		case ' ', '\t', '\r', '\n', ',':
		default:
			return c
		}
	}
	return 0
}

// coordinate reads a number of a position, of which the third is the height.
func (r *geoReader) coordinate(c *coordinates) error {
	t, err := r.token()
	if err != nil {
		return err
	}
	c.numbers++
	number, ok := t.(json.Number)
	if !ok {
		r.bad("", "is "+kindOf(t)+" where a number belongs", "write degrees, such as -78.6382")
		return r.skip(t)
	}
	degrees, err := strconv.ParseFloat(number.String(), 64)
	if err != nil {
		r.bad(number.String(), "is out of range", "write degrees, such as -78.6382")
		return nil
	}
	if c.numbers <= 2 {
		c.at[c.numbers-1] = degrees
	}
	return nil
}
