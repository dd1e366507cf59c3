package directory

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"io/fs"
	"path/filepath"

	"callbox/routing/area"
)

// readGuides reads the files of street ranges. The lab's table stands behind them, so that its addresses are known in any
// case. They are a part of the file: what the ESN of an address is depends on them.
func (b *builder) readGuides(src []byte) {
	digest := sha256.New()
	digest.Write(src)
	guides := make([]*area.Guide, 0, len(b.f.MSAG)+1)
	for i, name := range b.f.MSAG {
		if !filepath.IsAbs(name) {
			name = filepath.Join(filepath.Dir(b.file), name)
		}
		ranges, err := b.opts.Read(name)
		if err != nil {
			if p, ok := errors.AsType[*fs.PathError](err); ok {
				err = p.Err
			}
			b.bad(at("msag", i, ""), "cannot be read: "+err.Error(), "name a CSV file that this user may read, relative to this one")
			continue
		}
		digest.Write(ranges)
		guide, problems := area.ReadGuide(name, bytes.NewReader(ranges), area.GuideOptions{})
		b.problems = append(b.problems, problems...)
		guides = append(guides, guide)
	}
	digest.Sum(b.out.Digest[:0])
	b.n.guide = area.Join(append(guides, area.LabGuide())...)
}

// esn asks the guides for an address's emergency service number. Only an address that they know as it is written has one:
// what it may have been meant to be is for people to decide.
func (b *builder) esn(c Civic) string {
	f := b.n.guide.Check(area.Civic{
		Street: c.Street, Secondary: c.Secondary, City: c.City, State: c.State, PostalCode: c.PostalCode, Country: c.Country,
	})
	if f.Match != area.Exact {
		return ""
	}
	return f.ESN
}
