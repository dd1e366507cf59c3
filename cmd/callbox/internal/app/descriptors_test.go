package app

import (
	"errors"
	"net"
	"syscall"
	"testing"
	"time"

	"callbox/sip/media"
)

// starving is a listener that finds no descriptor as often as it says.
type starving struct {
	net.Listener
	left int
}

func (s *starving) Accept() (net.Conn, error) {
	if s.left--; s.left >= 0 {
		return nil, &net.OpError{Op: "accept", Err: syscall.EMFILE}
	}
	return nil, net.ErrClosed
}

func TestTheReserveIsSpentOnTheAPIAndFilledAgain(t *testing.T) {
	t.Parallel()
	r := &reserve{}
	defer r.close()
	now := time.Now()
	if f := r.read(now); len(f) != 0 || len(r.files) != reserved {
		t.Fatalf("%+v, %d held", f, len(r.files))
	}
	l := r.listen(&starving{left: 3})
	if _, err := l.Accept(); !errors.Is(err, net.ErrClosed) || len(r.files) != reserved-3 {
		t.Errorf("%v, %d held", err, len(r.files))
	}
	l = r.listen(&starving{left: reserved})
	if _, err := l.Accept(); !errors.Is(err, syscall.EMFILE) || len(r.files) != 0 {
		t.Errorf("beyond the reserve: %v, %d held", err, len(r.files))
	}
	now = time.Now()
	if f := r.read(now); len(f) != 1 || len(r.files) != reserved {
		t.Errorf("told %+v, %d held", f, len(r.files))
	}
	if f := r.read(now.Add(starvedFor)); len(f) != 0 {
		t.Errorf("later: %+v", f)
	}
}

func TestWhyACallGotNoMediaIsToldApart(t *testing.T) {
	t.Parallel()
	a := &App{reserve: &reserve{}}
	a.noMedia(media.ErrNoPorts)
	if _, ok := a.reserve.missed.Report(); ok {
		t.Error("a range that is used up is taken for a lack of descriptors")
	}
	if _, ok := a.noPorts.Report(); !ok {
		t.Error("a range that is used up is no fault")
	}
	a.noMedia(syscall.ENFILE)
	if r, ok := a.reserve.missed.Report(); !ok || r.Met != 1 {
		t.Errorf("a lack of descriptors: %+v, %v", r, ok)
	}
}
