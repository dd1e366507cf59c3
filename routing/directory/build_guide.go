package directory

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"io/fs"
	"path/filepath"

	"callbox/routing/area"
)

// readGuides reads the files of street ranges. The lab's table stands behind them in the countries that they say nothing of,
// so that its addresses are known there. They are a part of the file: what the ESN of an address is depends on them.
func (b *builder) readGuides() {
	ranges := sha256.New()
	guides := make([]*area.Guide, 0, len(b.f.MSAG))
	for i, name := range b.f.MSAG {
		name, text, ok := b.named(at("msag", i, ""), name, "a CSV file")
		if !ok {
			continue
		}
		sum := sha256.Sum256(text)
		ranges.Write(sum[:])
		guide, problems := area.ReadGuide(name, bytes.NewReader(text), area.GuideOptions{})
		b.problems = append(b.problems, problems...)
		guides = append(guides, guide)
	}
	ranges.Sum(b.n.guideDigest[:0])
	own := area.Join(guides...)
	b.n.guide = area.Join(own, area.LabGuide().Behind(own))
}

// named reads a file that the directory names, relative to it, and reports one that cannot be read.
func (b *builder) named(path, name, what string) (file string, text []byte, ok bool) {
	if !filepath.IsAbs(name) {
		name = filepath.Join(filepath.Dir(b.file), name)
	}
	text, err := b.opts.Read(name)
	if err != nil {
		if p, ok := errors.AsType[*fs.PathError](err); ok {
			err = p.Err
		}
		b.bad(path, "cannot be read: "+err.Error(), "name "+what+" that this user may read, relative to this one")
		return name, nil, false
	}
	b.read = append(b.read, text)
	return name, text, true
}
