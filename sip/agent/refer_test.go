package agent

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func referTo(values ...string) Message {
	var m Message
	for _, v := range values {
		m.Headers = append(m.Headers, Header{"Refer-To", v})
	}
	return m
}

func TestReferToIsReadStrictly(t *testing.T) {
	t.Parallel()
	sf := Address{Scheme: "sip", User: "psap-sf", Host: "psap.example"}
	consulted := &Replaces{CallID: "c1@10.0.0.1", ToTag: "t", FromTag: "f"}
	for name, c := range map[string]struct {
		values []string
		want   ReferTo
		uri    string
		status int
	}{
		"plain":               {values: []string{"<sip:psap-sf@psap.example>"}, want: ReferTo{Target: sf}, uri: "sip:psap-sf@psap.example"},
		"without brackets":    {values: []string{"sip:psap-sf@psap.example"}, want: ReferTo{Target: sf}, uri: "sip:psap-sf@psap.example"},
		"with a name":         {values: []string{`"SF" <sip:psap-sf@psap.example;method=INVITE>`}, want: ReferTo{Target: sf}, uri: "sip:psap-sf@psap.example"},
		"by TCP":              {values: []string{"<sip:psap-sf@psap.example;Transport=TCP>"}, want: ReferTo{Target: sf, Transport: "tcp"}, uri: "sip:psap-sf@psap.example;transport=tcp"},
		"attended":            {values: []string{"<sip:psap-sf@psap.example?Replaces=c1%4010.0.0.1%3Bto-tag%3Dt%3Bfrom-tag%3Df>"}, want: ReferTo{Target: sf, Replaces: consulted}, uri: "sip:psap-sf@psap.example"},
		"none":                {status: 400},
		"two":                 {values: []string{"<sip:a@h>", "<sip:b@h>"}, status: 400},
		"two in one line":     {values: []string{"<sip:a@h>, <sip:b@h>"}, status: 400},
		"nonsense":            {values: []string{"<sip:>"}, status: 400},
		"a telephone":         {values: []string{"<tel:+14155550100>"}, status: 416},
		"a page":              {values: []string{"<http://example.com/>"}, status: 416},
		"a service":           {values: []string{"<urn:service:sos>"}, status: 416},
		"BYE":                 {values: []string{"<sip:a@h;method=BYE>"}, status: 403},
		"past its host":       {values: []string{"<sip:a@h;maddr=10.0.0.1>"}, status: 403},
		"another transport":   {values: []string{"<sip:a@h;transport=sctp>"}, status: 403},
		"Route":               {values: []string{"<sip:a@h?Route=%3Csip%3Aevil.example%3Blr%3E>"}, status: 403},
		"Route beside":        {values: []string{"<sip:a@h?Replaces=c%3Bto-tag%3Dt%3Bfrom-tag%3Df&Route=x>"}, status: 403},
		"body":                {values: []string{"<sip:a@h?body=x>"}, status: 403},
		"Replaces twice":      {values: []string{"<sip:a@h?Replaces=c%3Bto-tag%3Dt%3Bfrom-tag%3Df&Replaces=c%3Bto-tag%3Dt%3Bfrom-tag%3Df>"}, status: 400},
		"Replaces, no tag":    {values: []string{"<sip:a@h?Replaces=c%3Bto-tag%3Dt>"}, status: 400},
		"Replaces, tag twice": {values: []string{"<sip:a@h?Replaces=c%3Bto-tag%3Dt%3Bto-tag%3Du%3Bfrom-tag%3Df>"}, status: 400},
		"Replaces, line end":  {values: []string{"<sip:a@h?Replaces=c%0d%0aRoute%3Bto-tag%3Dt%3Bfrom-tag%3Df>"}, status: 400},
		"Replaces, no escape": {values: []string{"<sip:a@h?Replaces=%zz>"}, status: 400},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := ReadRefer(referTo(c.values...))
			var refusal *ReferError
			if c.status != 0 {
				if !errors.As(err, &refusal) || refusal.Status != c.status || refusal.Sentence == "" {
					t.Fatalf("got %+v, %v; want it refused with %d", got, err, c.status)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(c.want, got); d != "" {
				t.Error(d)
			}
			if got.URI() != c.uri {
				t.Errorf("URI %q, want %q", got.URI(), c.uri)
			}
		})
	}
}

// FuzzReferTo holds that what is read, written again, is read the same: a Refer-To that means one thing to us and another
// to the next parser would get past the rules of who may be called.
func FuzzReferTo(f *testing.F) {
	for _, s := range []string{
		"<sip:psap-sf@127.0.0.1:5070;transport=tcp?Replaces=c1%40h%3Bto-tag%3Dt%3Bfrom-tag%3Df%3Bearly-only>", "sip:a@h",
		"<sips:a@[::1]?Replaces=c;to-tag=t;from-tag=f>", "<sip:a@h?Route=%3Csip:b%3E>", `"a, b" <sip:a@h>;x=","`, "<tel:+1>",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		r, err := ReadRefer(referTo(clean(s)))
		if err != nil {
			var refusal *ReferError
			if !errors.As(err, &refusal) || refusal.Status < 400 {
				t.Fatalf("%q: %v says no status", s, err)
			}
			return
		}
		again := "<" + r.URI()
		if r.Replaces != nil {
			again += "?" + r.Replaces.Escaped()
		}
		back, err := ReadRefer(referTo(again + ">"))
		if err != nil {
			t.Fatalf("%q was read as %q, which cannot be read: %v", s, again, err)
		}
		if d := cmp.Diff(r, back); d != "" {
			t.Fatalf("%q: %s", s, d)
		}
	})
}

func TestAnInviteWithReplacesNamesTheDialog(t *testing.T) {
	t.Parallel()
	p := newPair(t, offer)
	p.up(t)
	callID, local, remote := p.in.DialogID()
	replaces := Replaces{CallID: callID, ToTag: local, FromTag: remote}
	if c, l, r := p.out.DialogID(); c != callID || l != remote || r != local {
		t.Errorf("the caller's dialog is %s %s %s", c, l, r)
	}
	m := offer.With("Replaces", replaces.String()).With("Require", "replaces")

	third := newSide(t, "third")
	dialTo(t, p.caller, p.callee.uri("psap"), m, third.sink)
	if e := third.expect(KindFailed); e.Status != 420 || e.Message.Get("Unsupported") != "replaces" {
		t.Errorf("without the option: %d, Unsupported %q", e.Status, e.Message.Get("Unsupported"))
	}

	got := make(chan *Incoming, 1)
	able, err := New(Options{
		Listeners: []Listener{{Network: "udp", Address: "127.0.0.1:0"}}, OnInvite: func(in *Incoming) { got <- in }, Replaces: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := able.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { able.Close() })
	dialTo(t, p.caller, able.uri("psap"), m, third.sink)
	in := <-got
	if in.Replaces == nil || !in.Replaces.Is(p.in) || in.Replaces.Is(p.out) {
		t.Errorf("Replaces = %+v, want %+v", in.Replaces, replaces)
	}
	in.Accept(newSide(t, "able").sink).Answer(offer)
	if e := third.expect(KindAnswered); e.Message.Get("Supported") != "timer, replaces, 100rel" {
		t.Errorf("Supported = %q", e.Message.Get("Supported"))
	}
	dialTo(t, p.caller, able.uri("psap"), m.With("Replaces", "again;to-tag=a;from-tag=b"), third.sink)
	if e := third.expect(KindFailed); e.Status != 400 {
		t.Errorf("two Replaces: %d, want 400", e.Status)
	}
}
