package directory

import (
	"slices"

	"callbox/routing/area"
)

// buildBoundaries takes the service boundaries of the centres. Those of the lab stand behind them for its own centres, as
// far as the directory has these and does not say itself where they serve.
func (b *builder) buildBoundaries() {
	var list []area.Boundary
	drawn := make(map[string]bool)
	for i, name := range b.f.Boundaries {
		file, text, ok := b.named(at("boundaries", i, ""), name, "a GeoJSON file")
		if !ok {
			continue
		}
		boundaries, problems := area.ReadBoundaries(file, text)
		b.problems = append(b.problems, problems...)
		for _, one := range boundaries {
			if !b.serving(one.Centre) && !drawn[one.Centre] {
				b.bad(at("boundaries", i, ""), one.Where+" is served by "+one.Centre+", which is not in psaps", "add it to psaps, or leave the area out")
			}
			drawn[one.Centre] = true
		}
		list = append(list, boundaries...)
	}
	for _, one := range area.LabBoundaries() {
		if b.serving(one.Centre) && !drawn[one.Centre] {
			list = append(list, one)
		}
	}
	b.n.boundaries = area.NewBoundaries(list)
}

// readAddressPoints reads the files of addresses that lie where they say. Those of the lab stand behind them.
func (b *builder) readAddressPoints() {
	var list []area.AddressPoint
	for i, name := range b.f.AddressPoints {
		if file, text, ok := b.named(at("address_points", i, ""), name, "a GeoJSON file"); ok {
			points, problems := area.ReadAddresses(file, text)
			b.problems = append(b.problems, problems...)
			list = append(list, points...)
		}
	}
	b.n.addresses = area.NewAddresses(slices.Concat(list, area.LabAddresses()))
}

// serving tells whether a PSAP is in the directory.
func (b *builder) serving(id string) bool {
	p, ok := b.n.byCentre[id]
	return ok && !p.ECC
}
