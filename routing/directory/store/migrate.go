package store

import (
	"bytes"
	"context"
	"embed"
	"fmt"
	"io/fs"
	"path"
	"strings"

	"github.com/pressly/goose/v3"
)

//go:embed migrations/*.sql
var migrations embed.FS

// dialect is the migrations as one engine spells them.
type dialect struct {
	fs.FS
	spell *strings.Replacer
}

// Open returns a migration with the engine's words in it.
func (d dialect) Open(name string) (fs.File, error) {
	if path.Ext(name) != ".sql" {
		return d.FS.Open(name)
	}
	info, err := fs.Stat(d.FS, name)
	if err != nil {
		return nil, err
	}
	text, err := fs.ReadFile(d.FS, name)
	if err != nil {
		return nil, err
	}
	return &spelled{Reader: bytes.NewReader([]byte(d.spell.Replace(string(text)))), info: info}, nil
}

// spelled is an open migration.
type spelled struct {
	*bytes.Reader
	info fs.FileInfo
}

func (f *spelled) Stat() (fs.FileInfo, error) { return f.info, nil }
func (f *spelled) Close() error               { return nil }

// provider runs the migrations of an engine.
func (d dialect) provider(e engine, name goose.Dialect, o ...goose.ProviderOption) (*goose.Provider, error) {
	sub, err := fs.Sub(d.FS, "migrations")
	if err != nil {
		return nil, err
	}
	d.FS = sub
	return goose.NewProvider(name, e.writer().DB, d, append(o, goose.WithDisableGlobalRegistry(true))...)
}

// upgrade brings a schema up to date. One from a newer callbox is an error: this one would not know what it writes to.
func upgrade(ctx context.Context, p *goose.Provider, mayWrite bool) error {
	has, knows, err := p.GetVersions(ctx)
	switch {
	case err != nil:
		return err
	case has > knows:
		return fmt.Errorf("its schema is version %d and this callbox knows versions up to %d; run the callbox that wrote it, or a newer one", has, knows)
	case has == knows:
		return nil
	case !mayWrite:
		return fmt.Errorf("its schema is version %d and must become %d, but it may only be read; start once with a database that may be written", has, knows)
	}
	for {
		_, err := p.Up(ctx)
		if err == nil {
			return nil
		}
		// On SQLite nothing keeps two processes from one migration: who comes second finds its tables there already.
		now, _, lookErr := p.GetVersions(ctx)
		if lookErr != nil || now == has {
			return err
		}
		has = now
	}
}
