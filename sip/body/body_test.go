package body

import (
	"errors"
	"strings"
	"testing"
)

const (
	callers = "v=0\r\no=alice 1 1 IN IP4 192.0.2.7\r\n"
	ours    = "v=0\r\no=callbox 9 9 IN IP4 127.0.0.1\r\nm=audio 30002 RTP/AVP 0\r\n"
)

const mixed = `multipart/mixed; boundary="b/1"`

// crlf writes a body as it goes over the wire.
func crlf(lines ...string) string { return strings.Join(lines, "\r\n") }

func split(t *testing.T, contentType, raw string) Body {
	t.Helper()
	b, err := Split(contentType, []byte(raw))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// exchanges are bodies as they come and as they go on.
var exchanges = []struct{ name, kind, raw, want string }{
	{"nothing but a description", "application/sdp", callers, ours},
	{
		"two parts with what a reader would skip", mixed,
		"preamble\r\n\r\n--b/1 \t\r\nContent-Type : application/sdp\r\nX-Odd:  1 \r\n\r\n" + callers + "\r\n--b/1\r\ncontent-type: TEXT/x\r\n\r\n\x00\xff\n--b/1x\r\n--b/\r\n\r\n--b/1--\r\nepilogue --b/1",
		"preamble\r\n\r\n--b/1 \t\r\nContent-Type : application/sdp\r\nX-Odd:  1 \r\n\r\n" + ours + "\r\n--b/1\r\ncontent-type: TEXT/x\r\n\r\n\x00\xff\n--b/1x\r\n--b/\r\n\r\n--b/1--\r\nepilogue --b/1",
	},
	{
		"line ends without a CR", mixed,
		"--b/1\nContent-Type: application/sdp\n\nv=0\n--b/1\n\nhelp\n--b/1--\n",
		"--b/1\nContent-Type: application/sdp\n\n" + ours + "\n--b/1\n\nhelp\n--b/1--\n",
	},
	{
		"no end", mixed,
		"--b/1\r\n\r\nhelp\r\n--b/1\r\nContent-Type: application/sdp\r\n\r\n" + callers,
		"--b/1\r\n\r\nhelp\r\n--b/1\r\nContent-Type: application/sdp\r\n\r\n" + ours,
	},
	{
		"a description within a multipart", mixed,
		"--b/1\r\nContent-Type: multipart/alternative;\r\n boundary=c\r\n\r\n--c\r\nContent-Type: application/sdp\r\n\r\n" + callers + "\r\n--c--\r\n\r\n--b/1--",
		"--b/1\r\nContent-Type: multipart/alternative;\r\n boundary=c\r\n\r\n--c\r\nContent-Type: application/sdp\r\n\r\n" + ours + "\r\n--c--\r\n\r\n--b/1--",
	},
	{
		"a transfer encoding", mixed,
		"--b/1\r\nContent-Type: application/sdp\r\nContent-Transfer-Encoding: base64\r\n\r\ndj0wDQo=\r\n--b/1--",
		"--b/1\r\nContent-Type: application/sdp\r\nContent-Transfer-Encoding: base64\r\n\r\n" +
			"dj0wDQpvPWNhbGxib3ggOSA5IElOIElQNCAxMjcuMC4wLjENCm09YXVkaW8gMzAwMDIgUlRQL0FW\r\nUCAwDQo=\r\n--b/1--",
	},
	{
		"the length of the description", mixed,
		"--b/1\r\nContent-Length: 5\r\nContent-Type: application/sdp\r\n\r\n" + callers + "\r\n--b/1\r\nContent-Length: 4\r\n\r\nhelp\r\n--b/1--",
		"--b/1\r\nContent-Type: application/sdp\r\n\r\n" + ours + "\r\n--b/1\r\nContent-Length: 4\r\n\r\nhelp\r\n--b/1--",
	},
	{
		"a second description goes, which names the caller's own address", mixed,
		"--b/1\r\nContent-Type: application/sdp\r\n\r\n" + callers + "\r\n--b/1\r\nContent-Type: application/ sdp (x);a=b\r\nContent-Disposition: early-session\r\n\r\n" + callers + "\r\n--b/1\r\n\r\nhelp\r\n--b/1--",
		"--b/1\r\nContent-Type: application/sdp\r\n\r\n" + ours + "\r\n--b/1\r\n\r\nhelp\r\n--b/1--",
	},
	{
		"one that says two types", mixed,
		"--b/1\r\nContent-Type: text/plain\r\nContent-Type: application/sdp\r\n\r\n" + callers + "\r\n--b/1--",
		"--b/1\r\nContent-Type: text/plain\r\nContent-Type: application/sdp\r\n\r\n" + ours + "\r\n--b/1--",
	},
	{
		"one that a reader of bare line feeds sees", mixed,
		"--b/1\r\n\r\nhelp\n--b/1\nContent-Type: application/sdp\n\nv=0\n--b/1\r\nContent-Type: application/sdp\r\n\r\n" + callers + "\r\n--b/1--",
		"--b/1\r\n\r\nhelp\n--b/1\nContent-Type: application/sdp\n\n" + ours + "\r\n--b/1--",
	},
}

func TestEveryOtherByteStays(t *testing.T) {
	t.Parallel()
	for _, r := range exchanges {
		t.Run(r.name, func(t *testing.T) {
			t.Parallel()
			b := split(t, r.kind, r.raw)
			kind, got := b.Write([]byte(ours), nil, "spare")
			if kind != r.kind || string(got) != r.want {
				t.Errorf("%s:\n%q\nwant\n%q", kind, got, r.want)
			}
			if n := strings.Count(string(got), "192.0.2.7"); n > 0 {
				t.Errorf("the caller's address is in\n%s", got)
			}
		})
	}
}

var where = []Addition{{Type: PIDF, ID: "x@y", Disposition: "by-reference", Content: []byte("<here/>")}}

const partOfOurs = "Content-Type: application/pidf+xml\r\nContent-ID: <x@y>\r\nContent-Disposition: by-reference\r\n\r\n<here/>"

// additions are bodies as they come and as they go on with a part of ours.
var additions = []struct{ name, kind, raw, wantKind, want string }{
	{
		"beside a description", SDP, callers,
		`multipart/mixed;boundary="spare"`,
		"--spare\r\nContent-Type: application/sdp\r\n\r\n" + ours + "\r\n--spare\r\n" + partOfOurs + "\r\n--spare--\r\n",
	},
	{
		"within the caller's multipart", mixed,
		"--b/1\r\nContent-Type: application/sdp\r\n\r\n" + callers + "\r\n--b/1--\r\nbye",
		mixed, "--b/1\r\nContent-Type: application/sdp\r\n\r\n" + ours + "\r\n--b/1\r\n" + partOfOurs + "\r\n--b/1--\r\nbye",
	},
	{
		"within one that has no end", mixed,
		"--b/1\r\nContent-Type: application/sdp\r\n\r\n" + callers,
		mixed, "--b/1\r\nContent-Type: application/sdp\r\n\r\n" + ours + "\r\n--b/1\r\n" + partOfOurs + "\r\n--b/1--\r\n",
	},
	{
		"after a part without anything", mixed,
		"--b/1\r\nContent-Type: application/sdp\r\n\r\n" + callers + "\r\n--b/1\r\n--b/1--",
		mixed, "--b/1\r\nContent-Type: application/sdp\r\n\r\n" + ours + "\r\n--b/1\r\n\r\n--b/1\r\n" + partOfOurs + "\r\n--b/1--",
	},
	{
		"around parts that stand for one another", "multipart/alternative;boundary=b",
		"--b\r\nContent-Type: application/sdp\r\n\r\n" + callers + "\r\n--b--",
		`multipart/mixed;boundary="spare"`,
		"--spare\r\nContent-Type: multipart/alternative;boundary=b\r\n\r\n--b\r\nContent-Type: application/sdp\r\n\r\n" + ours +
			"\r\n--b--\r\n--spare\r\n" + partOfOurs + "\r\n--spare--\r\n",
	},
	{"alone", "", "", `multipart/mixed;boundary="spare"`, "--spare\r\n" + partOfOurs + "\r\n--spare--\r\n"},
	{
		"under another boundary where the caller knows ours", SDP + ";x", "v=0\r\ns=--spare\r\n",
		`multipart/mixed;boundary="spare"`,
		"--spare\r\nContent-Type: application/sdp;x\r\n\r\n" + ours + "\r\n--spare\r\n" + partOfOurs + "\r\n--spare--\r\n",
	},
}

func TestPartsOfOursComeLast(t *testing.T) {
	t.Parallel()
	for _, r := range additions {
		t.Run(r.name, func(t *testing.T) {
			t.Parallel()
			b := split(t, r.kind, r.raw)
			session := []byte(ours)
			if r.raw == "" {
				session = nil
			}
			kind, got := b.Write(session, where, "spare")
			if kind != r.wantKind || string(got) != r.want {
				t.Errorf("%s:\n%q\nwant %s\n%q", kind, got, r.wantKind, r.want)
			}
		})
	}
	b := split(t, SDP, callers)
	kind, _ := b.Write([]byte("v=0\r\n--spare\r\n--spare-1"), where, "spare")
	if kind != `multipart/mixed;boundary="spare-2"` {
		t.Errorf("the boundary of a body that holds it is in %s", kind)
	}
	b = split(t, PIDF, "<p/>")
	_, got := b.Write(nil, where, "s", Header("Content-ID", "<a@b>"))
	if want := "--s\r\nContent-Type: application/pidf+xml\r\nContent-ID: <a@b>\r\n\r\n<p/>\r\n--s\r\n" + partOfOurs + "\r\n--s--\r\n"; string(got) != want {
		t.Errorf("a location alone:\n%q\nwant\n%q", got, want)
	}
}

func TestWhatPartsSayOfThemselves(t *testing.T) {
	t.Parallel()
	b := split(t, `multipart/mixed; BOUNDARY="a\"b"; x="boundary=no"`, crlf(
		`--a"b`, "Content-ID: <one@host>", "Content-Type: Application/PIDF+XML;charset=utf-8", "", "<p/>",
		`--a"b`, "Content-Id: <two%40host>", "Content-Transfer-Encoding: Quoted-Printable", "Content-Disposition: By-Reference;handling=optional", "", "a=3Db=",
		"", `--a"b`, "Content-Transfer-Encoding: x-gzip", "", "?", `--a"b`, "Content-Type: multipart/mixed;boundary=q", "", "none",
		`--a"b`, "Content-ID: <one@host>", "", "second", `--a"b--`,
	))
	if len(b.Parts) != 5 || b.Parts[0].Type != PIDF || b.Parts[1].Type != "text/plain" || b.Parts[1].Disposition != "by-reference" ||
		b.Parts[3].Type != "multipart/mixed" {
		t.Fatalf("%+v", b.Parts)
	}
	for uri, want := range map[string]int{
		"cid:one@host": 0, "CID:one%40host": 0, "cid:two%40host": 1, "cid:two%2540host": 1, "cid:": -1, "one@host": -1, "cid:three": -1, "cid:%zz": -1,
	} {
		if got := b.ByID(uri); got != want {
			t.Errorf("%s is part %d, want %d", uri, got, want)
		}
	}
	if got, err := b.Content(1); string(got) != "a=b" || err != nil {
		t.Errorf("%q, %v", got, err)
	}
	if _, err := b.Content(2); !errors.Is(err, ErrSyntax) {
		t.Errorf("x-gzip: %v", err)
	}
	if b.Session() != -1 || b.Find("none/such") != -1 {
		t.Error("a description that is not there")
	}
}

func TestWhatCannotBeTakenApartSaysWhy(t *testing.T) {
	t.Parallel()
	rows := []struct {
		name, kind, raw string
		is              error
		want            string
	}{
		{"too many bytes", SDP, strings.Repeat("x", MaxSize+1), ErrTooLarge, "body too large: 65537 bytes, the limit is 65536"},
		{"too many parts", mixed, strings.Repeat("--b/1\r\n\r\n\r\n", MaxParts+1) + "--b/1--", ErrTooLarge, "multipart body too large: more than 32 parts"},
		{"too many parts within a part", mixed, "--b/1\r\nContent-Type: multipart/mixed;boundary=c\r\n\r\n" + strings.Repeat("--c\r\n\r\n\r\n", MaxParts+1) + "--c--\r\n--b/1--", ErrTooLarge, "multipart body too large: more than 32 parts"},
		{"no boundary", "multipart/mixed", "x", ErrSyntax, "Content-Type: malformed: multipart/mixed without a boundary"},
		{"an empty boundary", `multipart/mixed;boundary=""`, "--\"\"\r\n\r\n--\"\"--", ErrSyntax, "Content-Type: malformed: multipart/mixed without a boundary"},
		{"two boundaries", "multipart/mixed;boundary=a;boundary=b", "--a\r\n\r\n--a--", ErrSyntax, "Content-Type: malformed: two boundaries"},
		{"a boundary of two lines", "multipart/mixed;boundary=\"a\r\nb\"", "--a\r\n\r\n--a--", ErrSyntax, "Content-Type: malformed: a boundary that no part can have"},
		{"no delimiter", mixed, "v=0", ErrSyntax, "malformed multipart body: a boundary is missing"},
		{"an end and no beginning", mixed, "--b/1--", ErrSyntax, "malformed multipart body: a boundary is missing"},
	}
	for _, r := range rows {
		t.Run(r.name, func(t *testing.T) {
			t.Parallel()
			if _, err := Split(r.kind, []byte(r.raw)); !errors.Is(err, r.is) || err.Error() != r.want {
				t.Errorf("%v", err)
			}
		})
	}
}

func TestWhatIsTooDeepIsOnePart(t *testing.T) {
	t.Parallel()
	raw := "x"
	for _, boundary := range []string{"e", "d", "c", "b"} {
		raw = "--" + boundary + "\r\nContent-Type: multipart/mixed;boundary=" + string(boundary[0]+1) + "\r\n\r\n" + raw + "\r\n--" + boundary + "--"
	}
	b := split(t, "multipart/mixed;boundary=b", strings.ReplaceAll(raw, "\r\n\r\nx", "\r\n\r\n--f\r\nContent-Type: application/sdp\r\n\r\nv=0\r\n--f--"))
	if len(b.Parts) != 1 || b.Parts[0].Type != "multipart/mixed" {
		t.Errorf("%+v", b.Parts)
	}
}

func FuzzSplit(f *testing.F) {
	f.Add(mixed, "--b/1\r\nContent-Type: application/sdp\r\n\r\n"+callers+"\r\n--b/1\r\nContent-Type: multipart/alternative;boundary=c\r\n\r\n--c\r\n\r\nx\r\n--c--\r\n--b/1--")
	f.Add("multipart/related;boundary=b", "--b\n\n--b\nContent-Type: application/sdp\n\n--b--")
	f.Add("application/sdp", callers)
	f.Add("multipart/mixed;boundary=b", "\n--b\n\nx\n--b--")
	f.Add("multipart/mixed;boundary=b", "pre\r\n--b\r\nContent-Transfer-Encoding: base64\r\nContent-Type: application/sdp\r\n\r\n--b\r\nContent-ID: <x>\r\n")
	f.Add("multipart/mixed;boundary=\"\"", "--\r\n\r\n--\r\n")
	f.Add("multipart/alternative;boundary=a", "--a\r\nContent-Type: application/sdp\r\nContent-Length: 1\r\n\r\nx\r\n--a\r\nContent-Type: application/sdp\r\n\r\ny\r\n--a--")
	f.Fuzz(func(t *testing.T, kind, raw string) {
		b, err := Split(kind, []byte(raw))
		if err != nil {
			return
		}
		for i := range b.Parts {
			_, _ = b.Content(i)
		}
		mine := b.Session()
		session := []byte(nil)
		if mine >= 0 {
			session = []byte(ours)
		}
		for _, more := range [][]Addition{nil, where} {
			writtenKind, out := b.Write(session, more, "spare")
			if len(out) > MaxSize {
				continue
			}
			again, err := Split(writtenKind, out)
			if err != nil {
				t.Fatalf("what was written cannot be read: %v\n%q", err, out)
			}
			descriptions := 0
			for i, p := range again.Parts {
				if p.Type == SDP {
					descriptions++
					if got, err := again.Content(i); err == nil && string(got) != ours {
						t.Fatalf("a description that is not ours: %q\n%q", got, out)
					}
				}
			}
			if want := min(1, mine+1); descriptions != max(0, want) {
				t.Fatalf("%d descriptions, want %d\n%q", descriptions, want, out)
			}
			if more != nil {
				i := again.ByID("cid:x@y")
				if i < 0 {
					t.Fatalf("the part of ours is not there\n%q", out)
				}
				if len(raw) > 0 && b.ByID("cid:x@y") < 0 && again.Parts[i].Type != PIDF {
					t.Fatalf("the part of ours is a %s\n%q", again.Parts[i].Type, out)
				}
			}
		}
		if mine < 0 {
			if _, out := b.Write(nil, nil, ""); string(out) != raw {
				t.Fatalf("without a description it is not what it was")
			}
		}
	})
}
