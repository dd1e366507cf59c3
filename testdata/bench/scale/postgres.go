package main

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
	"strconv"
	"syscall"
	"time"
)

// errMissing says that PostgreSQL is not there.
var errMissing = errors.New("PostgreSQL is not installed and not measured: apt-get install postgresql")

// script makes a cluster with the settings of a fresh installation and runs its server until standard input ends, which
// it does when this process does, however that ends.
const script = `
trap 'rm -rf "$2"' EXIT
"$1/initdb" -D "$2/data" -U callbox -A trust -E UTF8 --no-locale --no-instructions || exit 1
"$1/postgres" -D "$2/data" -k "$2" -c listen_addresses= &
read -r _
kill -INT $!
wait $!
`

// postgres is a server of this run's own.
type postgres struct {
	dir  string
	url  string
	life io.Closer
	cmd  *exec.Cmd
}

func startPostgres(ctx context.Context, o options) (*postgres, error) {
	programs, _ := filepath.Glob("/usr/lib/postgresql/*/bin")
	if len(programs) == 0 {
		return nil, errMissing
	}
	bin := programs[len(programs)-1]
	dir, err := os.MkdirTemp(o.work, "callbox-scale-pg-")
	if err != nil {
		return nil, err
	}
	p := &postgres{dir: dir, cmd: exec.Command("/bin/sh", "-c", script, "sh", bin, dir)}
	p.url = "postgres://callbox@/postgres?" + url.Values{"host": {dir}, "sslmode": {"disable"}}.Encode()
	p.cmd.Dir, p.cmd.SysProcAttr = "/", &syscall.SysProcAttr{Setpgid: true}
	if os.Getuid() == 0 { // as which initdb refuses to run
		u, err := user.Lookup("postgres")
		if err != nil {
			return nil, errMissing
		}
		uid, _ := strconv.Atoi(u.Uid)
		gid, _ := strconv.Atoi(u.Gid)
		if err := os.Chown(dir, uid, gid); err != nil {
			return nil, err
		}
		p.cmd.SysProcAttr.Credential = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
	}
	if p.life, err = p.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	for ctx.Err() == nil {
		if exec.Command(filepath.Join(bin, "pg_isready"), "-q", "-h", dir).Run() == nil {
			return p, nil
		}
		time.Sleep(100 * time.Millisecond)
	}
	p.stop()
	return nil, fmt.Errorf("PostgreSQL does not start: %w", ctx.Err())
}

func (p *postgres) stop() {
	_ = p.life.Close()
	_ = p.cmd.Wait()
	_ = os.RemoveAll(p.dir)
}
