package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

var (
	errRemoved  = errors.New("the file was removed while it is in use")
	errReplaced = errors.New("another file was put in its place while it is in use")
)

// Intact returns nil while the database that is open is the one that the next start finds, else ErrAway and why not: the
// file of a SQLite database was removed, or another put in its place. Until that is mended Update fails with it, since
// what it wrote would end with the process.
func (s *Store) Intact() error { return s.engine.intact() }

// Restore writes a SQLite database that was removed into its place again, with all that was ever written to it. Where it is
// not missing Restore does nothing: a file that somebody put in its place is theirs. No one writes meanwhile.
func (s *Store) Restore(ctx context.Context) error {
	select {
	case s.turn <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { <-s.turn }()
	err := s.engine.intact()
	if !errors.Is(err, errRemoved) {
		return err
	}
	if err := s.engine.restore(ctx); err != nil {
		return fmt.Errorf("write the directory's database again: %w", err)
	}
	s.opts.Logger.Info().Int64("revision", s.Revision()).Msg("the directory's database was removed and is written again")
	return nil
}

func (e *sqliteEngine) intact() error {
	there, err := os.Stat(e.path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return &away{e.path + " is missing: restart callbox to begin with an empty one", errRemoved}
	case err != nil:
		return &away{"the disk refuses " + e.path, err}
	case !os.SameFile(there, e.ways.Load().file):
		return &away{e.path + " is not the database that is open: restart callbox to use it", errReplaced}
	}
	return nil
}

// restore makes a file of what is open, and goes on with that. The caller keeps writers out.
func (e *sqliteEngine) restore(ctx context.Context) error {
	draft := e.path + ".restored"
	if err := e.draft(ctx, draft); err != nil {
		_ = os.Remove(draft)
		return err
	}
	// A log left beside the old file would be taken for the new one's.
	for _, left := range []string{e.path + "-wal", e.path + "-shm"} {
		if err := os.Remove(left); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	if err := os.Rename(draft, e.path); err != nil {
		return err
	}
	if err := syncFile(filepath.Dir(e.path)); err != nil {
		return err
	}
	next, err := openSQLite(ctx, e.path)
	if err != nil {
		return err
	}
	return e.ways.Swap(next.ways.Load()).close()
}

// draft writes what is open to a file, mode 0600, and to the disk: SQLite leaves the latter to others.
func (e *sqliteEngine) draft(ctx context.Context, name string) error {
	f, err := os.OpenFile(name, os.O_CREATE|os.O_TRUNC|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	if _, err := e.writer().ExecContext(ctx, "VACUUM INTO ?", name); err != nil {
		return e.known("", err)
	}
	return syncFile(name)
}

func syncFile(name string) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}
