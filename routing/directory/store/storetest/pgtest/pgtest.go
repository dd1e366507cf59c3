// Package pgtest runs a PostgreSQL server of a test binary's own, and gives each test a database in it. It knows nothing
// of what is kept there.
package pgtest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// script makes a cluster in the directory $2 with the programs of $1 and runs its server until standard input ends,
// which it does when the test binary does, however that ends. Then nothing of it stays.
const script = `
trap 'rm -rf "$2"' EXIT
"$1/initdb" -D "$2/data" -U callbox -A trust -E UTF8 --no-locale --no-sync --no-instructions || exit 1
"$1/postgres" -D "$2/data" -k "$2" -c listen_addresses= -c fsync=off -c full_page_writes=off -c max_connections=200 &
read -r _
kill -QUIT $!
wait $!
`

// cluster starts the test binary's own PostgreSQL server, the first time it is asked for.
var cluster = sync.OnceValues(startCluster)

// server is a PostgreSQL server of the test binary's own.
type server struct {
	dir  string
	life io.Closer // the server's standard input: with it the server goes, so it must stay reachable
}

// databases counts those made in it.
var databases atomic.Int64

// errMissing says that PostgreSQL is not there.
var errMissing = errors.New("PostgreSQL is not installed: apt-get install postgresql")

func startCluster() (*server, error) {
	programs, err := filepath.Glob("/usr/lib/postgresql/*/bin")
	if err != nil || len(programs) == 0 {
		return nil, errMissing
	}
	slices.SortFunc(programs, func(a, b string) int { return len(a) - len(b) }) // 9 before 15
	dir, err := os.MkdirTemp("", "callbox-pg-")
	if err != nil {
		return nil, err
	}
	cmd := exec.Command("/bin/sh", "-c", script, "sh", programs[len(programs)-1], dir)
	cmd.Dir = "/"
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // so that ^C leaves it the time to clean up
	if os.Getuid() == 0 {                                 // as which initdb refuses to run
		if err := giveToPostgres(dir, cmd.SysProcAttr); err != nil {
			return nil, errors.Join(err, os.RemoveAll(dir))
		}
	}
	log, err := os.Create(filepath.Join(dir, "log"))
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	cmd.Stdout, cmd.Stderr = log, log
	life, err := cmd.StdinPipe()
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	if err := cmd.Start(); err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	return &server{dir, life}, awaitServer(dir, log)
}

// giveToPostgres lets a command run as the user postgres in a directory of its own.
func giveToPostgres(dir string, attr *syscall.SysProcAttr) error {
	u, err := user.Lookup("postgres")
	if err != nil {
		return errMissing
	}
	uid, err := strconv.ParseUint(u.Uid, 10, 32)
	if err != nil {
		return err
	}
	gid, err := strconv.ParseUint(u.Gid, 10, 32)
	if err != nil {
		return err
	}
	attr.Credential = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
	return os.Chown(dir, int(uid), int(gid))
}

// awaitServer waits until the server takes connections, or says what it logged instead.
func awaitServer(dir string, log *os.File) error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		err := execute(ctx, dir, "SELECT 1")
		if err == nil {
			return nil
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			said, _ := os.ReadFile(log.Name())
			return fmt.Errorf("PostgreSQL does not start: %w\n%s", err, said)
		}
	}
}

// execute runs one statement in the cluster's first database.
func execute(ctx context.Context, dir, statement string) error {
	c, err := pgx.Connect(ctx, address(dir, "postgres"))
	if err != nil {
		return err
	}
	_, err = c.Exec(ctx, statement)
	return errors.Join(err, c.Close(ctx))
}

func address(dir, database string) string {
	return "postgres://callbox@/" + database + "?" + url.Values{"host": {dir}, "sslmode": {"disable"}}.Encode()
}

// URL makes an empty database for one test, or benchmark, and returns its URL; it goes at the test's end. The test is
// skipped where no server is installed, and fails there if CALLBOX_REQUIRE_TOOLS is set, as in CI.
func URL(t testing.TB) string {
	t.Helper()
	pg, err := cluster()
	switch {
	case errors.Is(err, errMissing) && os.Getenv("CALLBOX_REQUIRE_TOOLS") == "":
		t.Skip(err)
	case err != nil:
		t.Fatal(err)
	}
	// The name says whose it is in the server's log; the number makes it unique.
	name := strings.Trim(strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			return r
		}
		return '_'
	}, strings.ToLower(t.Name())), "_")
	name = fmt.Sprintf("%.40s_%d", name, databases.Add(1))
	if err := execute(t.Context(), pg.dir, "CREATE DATABASE "+name); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := execute(context.Background(), pg.dir, "DROP DATABASE "+name+" WITH (FORCE)"); err != nil {
			t.Error(err)
		}
	})
	return address(pg.dir, name)
}
