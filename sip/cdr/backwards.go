package cdr

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"time"

	"callbox/sip/call"
)

// chunk is how much of a file is read at once on the way back.
const chunk = 256 << 10

// files searches the files of dir, the newest first.
func (s *search) files(ctx context.Context, dir string) error {
	var of []byte
	if s.query.Account != "" && plainAccount(s.query.Account) {
		of = []byte(`"account":"` + s.query.Account + `"`)
	}
	if s.query.back() { // then the calls that are wanted are the oldest of those that are read
		since := s.query.Before.StartedAt.Add(-disorder)
		return walkForwards(ctx, dir, since, func(line []byte) bool { s.line(line, of); return true })
	}
	return walk(ctx, dir, func(line []byte) bool { return s.line(line, of) && s.cut.StartedAt.IsZero() })
}

// feeMark stands in every line of a call with a fee, and hardly in another.
var feeMark = []byte(`"fee_cents":`)

// Charged gives every ended call with a fee, in memory or in the files, those that ended last first; one may come twice
// while a file is rotated. After an error, which may be that of ctx, it gives no more.
func (j *Journal) Charged(ctx context.Context) iter.Seq2[*call.Record, error] {
	return func(yield func(*call.Record, error) bool) {
		recent := map[call.ID]bool{}
		for _, r := range j.List(0) {
			recent[r.ID] = true
			if r.FeeCents > 0 && !yield(r, nil) {
				return
			}
		}
		goOn := true
		err := walk(ctx, j.dir, func(line []byte) bool {
			if !bytes.Contains(line, feeMark) {
				return true
			}
			if r, err := parse(line); err == nil && r.FeeCents > 0 && !recent[r.ID] {
				goOn = yield(r, nil)
			}
			return goOn
		})
		if err != nil && goOn {
			yield(nil, err)
		}
	}
}

// walk gives each line of the files of dir to line, the newest first, until that returns false.
func walk(ctx context.Context, dir string, line func([]byte) bool) error {
	current, names, err := journalFiles(dir)
	if err != nil {
		return err
	}
	goOn := true
	if current != nil {
		goOn, err = lines(ctx, current, line)
	}
	for _, name := range slices.Backward(names) {
		if err != nil || !goOn {
			break
		}
		f, openErr := os.Open(filepath.Join(dir, name))
		if errors.Is(openErr, os.ErrNotExist) {
			continue // deleted as the oldest in the meantime
		}
		if openErr != nil {
			return fmt.Errorf("search call records: %w", openErr)
		}
		goOn, err = lines(ctx, f, line)
	}
	if err != nil {
		return fmt.Errorf("search call records: %w", err)
	}
	return nil
}

// journalFiles opens the current file of dir, nil where there is none, and lists the rotated ones, oldest first. The
// current one comes first: a file that is rotated in between is then met twice, and known again, rather than missed.
func journalFiles(dir string) (current *os.File, names []string, err error) {
	current, err = os.Open(filepath.Join(dir, fileName))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, nil, fmt.Errorf("search call records: %w", err)
	}
	if err != nil {
		current = nil
	}
	if names, err = rotated(dir); err != nil {
		if current != nil {
			current.Close()
		}
		return nil, nil, fmt.Errorf("search call records: %w", err)
	}
	return current, names, nil
}

// walkForwards gives each line of the files of dir to line, the oldest first, until that returns false. Files that were
// complete before since are passed over.
func walkForwards(ctx context.Context, dir string, since time.Time, line func([]byte) bool) error {
	current, names, err := journalFiles(dir)
	if err != nil {
		return err
	}
	if current != nil {
		defer current.Close()
	}
	for _, name := range names {
		if name < rotatedName(since) {
			continue
		}
		f, err := os.Open(filepath.Join(dir, name))
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		goOn := false
		if err == nil {
			goOn, err = forwards(ctx, f, line)
			f.Close()
		}
		if err != nil {
			return fmt.Errorf("search call records: %w", err)
		}
		if !goOn {
			return nil
		}
	}
	if current == nil {
		return nil
	}
	if _, err := forwards(ctx, current, line); err != nil {
		return fmt.Errorf("search call records: %w", err)
	}
	return nil
}

// forwards gives each line of r to line, the first first and without its end, until line returns false. Lines longer
// than maxLine are passed over. A line is only valid until line returns.
func forwards(ctx context.Context, r io.Reader, line func([]byte) bool) (goOn bool, err error) {
	b := bufio.NewReaderSize(r, maxLine+1)
	tooLong, read := false, 0
	for {
		l, err := b.ReadSlice('\n')
		if read += len(l); read > chunk {
			if read = 0; ctx.Err() != nil {
				return false, ctx.Err()
			}
		}
		full := errors.Is(err, bufio.ErrBufferFull)
		l = bytes.TrimSuffix(l, []byte("\n"))
		if !tooLong && !full && len(l) > 0 && !line(l) {
			return false, nil
		}
		tooLong = full
		if errors.Is(err, io.EOF) {
			return true, nil
		}
		if err != nil && !full {
			return false, err
		}
	}
}

// lines gives the lines of one file, which it closes, and says whether to go on with the one before.
func lines(ctx context.Context, f *os.File, line func([]byte) bool) (goOn bool, err error) {
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return false, err
	}
	read := 0
	goOn, err = backwards(f, info.Size(), func(l []byte) bool {
		if read += len(l); read > chunk {
			if read = 0; ctx.Err() != nil {
				return false
			}
		}
		return line(l)
	})
	if err == nil {
		err = ctx.Err()
	}
	return goOn, err
}

// backwards gives each line of the first size bytes of r to line, the last first and without its end, until line
// returns false. Lines longer than maxLine are passed over. A line is only valid until line returns.
func backwards(r io.ReaderAt, size int64, line func([]byte) bool) (goOn bool, err error) {
	var rest []byte // the end of a line whose beginning is still to come
	tooLong := false
	for end := size; end > 0; {
		n := min(end, chunk)
		buf := make([]byte, n, n+int64(len(rest)))
		if _, err := r.ReadAt(buf, end-n); err != nil {
			return false, err
		}
		buf = append(buf, rest...)
		end -= n
		for {
			i := bytes.LastIndexByte(buf, '\n')
			if i < 0 {
				break
			}
			if l := buf[i+1:]; !tooLong && len(l) > 0 && len(l) <= maxLine && !line(l) {
				return false, nil
			}
			tooLong, buf = false, buf[:i]
		}
		rest = buf
		if len(rest) > maxLine {
			tooLong, rest = true, nil
		}
	}
	if tooLong || len(rest) == 0 {
		return true, nil
	}
	return line(rest), nil
}

// plainAccount tells whether an account's SID stands in a line as it is.
func plainAccount(sid string) bool {
	for _, c := range []byte(sid) {
		if (c < '0' || c > '9') && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') {
			return false
		}
	}
	return true
}
