package store_test

import (
	"database/sql"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	. "callbox/routing/directory/store"
	"callbox/routing/directory/store/storetest"
)

func TestADatabaseThatCannotBeOpenedSaysTheMend(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	garbage := filepath.Join(dir, "garbage.db")
	must(t, os.WriteFile(garbage, []byte(strings.Repeat("not a database ", 1000)), 0o600))
	for name, c := range map[string]struct{ url, want string }{
		"an unknown kind":        {"mysql://u:sekrit@h/d", "write sqlite:<path> or postgres://"},
		"no kind":                {"sekrit", "write sqlite:<path> or postgres://"},
		"no file":                {"sqlite:", "names no file; write sqlite:<path>"},
		"a directory":            {"sqlite:" + dir, "is a directory; name a file in it"},
		"in no directory":        {"sqlite:" + dir + "/none/callbox.db", "its directory is not there; make it"},
		"below a file":           {"sqlite:" + garbage + "/callbox.db", garbage},
		"no database":            {"sqlite:" + garbage, "is not a SQLite database; name another file"},
		"a broken URL":           {"postgres://u:sekrit%zz@h/d", "cannot be read, or a file it names; write postgres://"},
		"a wrong port":           {"postgres://u:sekrit@h:port/d", "write postgres://"},
		"a server that is away":  {"postgres://u:sekrit@127.0.0.1:1/d", `database "d" of user "u" at 127.0.0.1:1 cannot be used; see that the server runs`},
		"a name without address": {"postgres://u:sekrit@nowhere.invalid/d?connect_timeout=1", "see that the server runs"},
	} {
		s, err := Open(t.Context(), c.url, Options{})
		if err == nil {
			_ = s.Close()
			t.Errorf("%s was opened", name)
			continue
		}
		if !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "sekrit") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestADatabaseOfANewerCallboxIsLeftAlone(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, engine string) {
		url := storetest.URL(t, engine)
		s := storetest.OpenURL(t, url, Options{})
		must(t, s.WriterExec(t.Context(), "INSERT INTO goose_db_version (version_id, is_applied) VALUES (9999, TRUE)"))
		_, err := Open(t.Context(), url, Options{})
		if err == nil || !strings.Contains(err.Error(), "its schema is version 9999") || !strings.Contains(err.Error(), "run the callbox that wrote it") {
			t.Error(err)
		}
	})
}

func TestADamagedFileIsNamedAsSuch(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "callbox.db")
	s := storetest.OpenURL(t, "sqlite:"+path, Options{})
	addAccounts(t, s)
	importNumbers(t, s, 0, 2000)
	must(t, s.Close())
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	must(t, err)
	info, err := f.Stat()
	must(t, err)
	noise := []byte(strings.Repeat("noise", 2000))
	for at := int64(16 * 4096); at < info.Size()-int64(len(noise)); at += 5 * 4096 {
		_, err = f.WriteAt(noise, at)
		must(t, err)
	}
	must(t, f.Close())
	broken, err := Open(t.Context(), "sqlite:"+path, Options{})
	if err == nil {
		defer broken.Close()
		err = broken.View(t.Context(), func(tx *Tx) error {
			_, err := Find[Number](tx, Query{})
			return err
		})
		if !errors.Is(err, ErrAway) {
			t.Error("not ErrAway:", err)
		}
	}
	if err == nil || !strings.Contains(err.Error(), "is damaged") || !strings.Contains(err.Error(), "backup") {
		t.Error(err)
	}
}

func TestTheFileIsForItsOwnerOnly(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "with space?.db") // and a name that must be escaped in the driver's URL
	addAccounts(t, storetest.OpenURL(t, "sqlite:"+path, Options{}))
	files, err := filepath.Glob(filepath.Dir(path) + "/*")
	if len(files) < 2 || err != nil {
		t.Errorf("files: %v, %v", files, err)
	}
	for _, f := range files {
		if info, err := os.Stat(f); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v", f, info.Mode(), err)
		}
	}
}

func TestAFullDiskLosesNothingAndPasses(t *testing.T) {
	t.Parallel()
	told := errors.New("nothing")
	s := storetest.Open(t, storetest.SQLite, Options{Written: func(err error) { told = err }})
	update(t, s, func(tx *Tx) error { return Insert(tx, &Account{Common: Common{SID: lab}}) })
	must(t, s.WriterExec(t.Context(), "PRAGMA max_page_count = 160"))
	n := 0
	var err error
	for ; err == nil && n < 1000; n++ {
		err = s.Update(t.Context(), tester, func(tx *Tx) error {
			return Insert(tx, &Address{Common: Common{AccountSID: lab}, Street: strings.Repeat("long ", 1000)})
		})
	}
	if !errors.Is(err, ErrAway) || !strings.Contains(err.Error(), "the disk is full: make room for") || !errors.Is(told, ErrAway) {
		t.Fatal(err, told)
	}
	check := func(want int) {
		t.Helper()
		view(t, s, func(tx *Tx) error {
			rows, err := Count[Address](tx, Query{})
			entries, _ := Count[AuditEntry](tx, Where("kind", "address"))
			if rows != want || entries != want || err != nil {
				t.Errorf("%d rows, %d audit entries, want %d: %v", rows, entries, want, err)
			}
			return nil
		})
	}
	check(n - 1)
	must(t, s.WriterExec(t.Context(), "PRAGMA max_page_count = 100000"))
	update(t, s, func(tx *Tx) error { return Insert(tx, &Address{Common: Common{AccountSID: lab}}) })
	check(n)
	if told != nil {
		t.Error("the end of it was not told:", told)
	}
}

// TestReadOnlyChild is no test of its own: it is TestAFileThatMayOnlyBeRead… without the rights that root has to write
// whatever it likes.
func TestReadOnlyChild(t *testing.T) {
	url := os.Getenv("CALLBOX_STORE_READONLY")
	if url == "" {
		t.Skip("for the test that takes its rights")
	}
	s := storetest.OpenURL(t, url, Options{})
	view(t, s, func(tx *Tx) error {
		_, err := Get[Account](tx, lab, lab)
		return err
	})
	_, out := mirror(t, s)
	if len(out.now().Accounts()) != 2 {
		t.Errorf("%d accounts in the snapshot", len(out.now().Accounts()))
	}
	err := s.Update(t.Context(), tester, func(tx *Tx) error {
		return Insert(tx, &Address{Common: Common{AccountSID: lab}})
	})
	if !errors.Is(err, ErrAway) || !strings.Contains(err.Error(), "may only be read: give callbox the right to write it") {
		t.Error(err)
	}
}

func TestAFileThatMayOnlyBeReadCanBeRead(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "callbox.db")
	s := storetest.OpenURL(t, "sqlite:"+path, Options{})
	addAccounts(t, s)
	must(t, s.Close())
	must(t, os.Chmod(path, 0o400))
	must(t, os.Chmod(dir, 0o500))
	defer os.Chmod(dir, 0o700)
	command := []string{os.Args[0], "-test.run=^TestReadOnlyChild$", "-test.timeout=60s"}
	if os.Getuid() == 0 {
		if _, err := exec.LookPath("setpriv"); err != nil {
			t.Skip("root may write anything, and setpriv is not installed")
		}
		command = append([]string{"setpriv", "--bounding-set", "-dac_override,-dac_read_search", "--"}, command...)
	}
	cmd := exec.CommandContext(t.Context(), command[0], command[1:]...)
	cmd.Env = append(os.Environ(), "CALLBOX_STORE_READONLY=sqlite:"+path)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

func TestAnOlderSchemaIsBroughtUpToDate(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "callbox.db")
	db, err := sql.Open("sqlite", path) // a database as goose leaves it before the first migration
	must(t, err)
	_, err = db.ExecContext(t.Context(), `CREATE TABLE goose_db_version (id INTEGER PRIMARY KEY AUTOINCREMENT, version_id INTEGER NOT NULL,
		is_applied INTEGER NOT NULL, tstamp TIMESTAMP DEFAULT (datetime('now'))); INSERT INTO goose_db_version (version_id, is_applied) VALUES (0, 1)`)
	must(t, errors.Join(err, db.Close()))
	addAccounts(t, storetest.OpenURL(t, "sqlite:"+path, Options{}))
}

func TestEdgesThatOpenANewDatabaseAtOnceAllHaveIt(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, engine string) {
		url := storetest.URL(t, engine)
		var edges sync.WaitGroup
		for range 6 {
			edges.Go(func() {
				s, err := Open(t.Context(), url, Options{})
				if err != nil {
					t.Error(err)
					return
				}
				if err := s.Close(); err != nil {
					t.Error(err)
				}
			})
		}
		edges.Wait()
	})
}
