package area

import (
	_ "embed"
	"strings"
	"sync"
)

//go:embed lab.csv
var labCSV string

//go:embed lab_boundaries.geojson
var labBoundaries []byte

//go:embed lab_addresses.geojson
var labAddresses []byte

// LabGuide returns the guide of the embedded lab: every address of its directory with its neighbours, and some streets
// for each of its call centres. lab.csv says which ESN is whose.
func LabGuide() *Guide { return readLab() }

var readLab = sync.OnceValue(func() *Guide {
	g, _ := ReadGuide("lab.csv", strings.NewReader(labCSV), GuideOptions{}) // a test keeps it without problems
	return Join(g)
})

// LabBoundaries returns the service boundaries of the embedded lab: one for each of its call centres, none over another.
// They follow the cities they are named after in a few dozen corners. The caller must not change what it points at.
func LabBoundaries() []Boundary { return readLabBoundaries() }

var readLabBoundaries = sync.OnceValue(func() []Boundary {
	list, _ := ReadBoundaries("lab_boundaries.geojson", labBoundaries) // a test keeps it without problems
	return list
})

// LabAddresses returns where the addresses of the embedded lab lie: those of its directory, and one or more for every range
// of its guide. The caller must not change them.
func LabAddresses() []AddressPoint { return readLabAddresses() }

var readLabAddresses = sync.OnceValue(func() []AddressPoint {
	list, _ := ReadAddresses("lab_addresses.geojson", labAddresses) // a test keeps it without problems
	return list
})
