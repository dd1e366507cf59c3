package hook_test

import (
	"net"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"callbox/routing/bandwidth/hook"
)

func TestACircuitShowsAndNeverSkips(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		status, asked := "500 X", 0
		p := &pipes{t: t, serve: func(t *testing.T, c net.Conn, _ *http.Request) { asked++; whole(t, c, status, good) }}
		c := p.client()
		tries := 0
		expect := func(what string, want hook.State) {
			t.Helper()
			x, _ := c.Circuit(request().Number)
			if x.State != want || asked != tries || x.Asked != uint64(tries) {
				t.Errorf("%s: %s, want %s; asked %d times of %d", what, x.State, want, asked, tries)
			}
		}
		try := func(n int, with string) {
			for range n {
				status = with
				tries++
				c.Try(t.Context(), request())
			}
		}
		expect("never asked", hook.StateClosed)
		try(4, "500 X")
		expect("four failures", hook.StateClosed)
		try(1, "404 X")
		try(4, "500 X")
		expect("a 404 between failures is an answer", hook.StateClosed)
		try(1, "500 X")
		expect("five failures", hook.StateOpen)
		try(1, "200 OK")
		expect("one answer", hook.StateHalf)
		try(1, "500 X")
		expect("and a failure", hook.StateOpen)
		time.Sleep(29 * time.Second)
		expect("not long after", hook.StateOpen)
		time.Sleep(time.Second)
		expect("half a minute after", hook.StateHalf)
		try(2, "200 OK")
		expect("two answers", hook.StateHalf)
		try(1, "200 OK")
		expect("three answers", hook.StateClosed)
		if all := c.Circuits(); len(all) != 1 || all[0].Failed != 10 || all[0].Status != 200 || all[0].Err != "" {
			t.Errorf("circuits %+v", all)
		}
		c.Close()
		p.running.Wait()
	})
}
