package media

import (
	"math"

	"golang.org/x/sys/unix"
)

// maxAnnexes bounds the threads that a low limit of open files leads to.
const maxAnnexes = 4

// division is how the sockets of a port range are spread over descriptor tables.
type division struct {
	own     int // sockets in the process's table
	annexes int // tables besides it
}

// divide spreads sockets over tables of limit descriptors. A quarter of the process's own is left to the rest of it:
// SIP over TCP and TLS, HTTP, files. Where all fits there, and that is so with the limits that service managers set,
// nothing is annexed.
func divide(limit, sockets int) division {
	d := division{own: limit - limit/4}
	if sockets > d.own {
		d.annexes = min(maxAnnexes, (sockets-d.own+limit-1)/limit)
	}
	return d
}

// descriptorLimit returns RLIMIT_NOFILE, which the Go runtime has raised as far as it may.
func descriptorLimit() int {
	var l unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &l); err != nil || l.Cur > math.MaxInt32 {
		return math.MaxInt32
	}
	return int(l.Cur)
}
