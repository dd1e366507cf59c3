package ali

import (
	"bytes"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const (
	offer    = "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\n"
	document = "<presence/>\n"
)

func TestMultipart(t *testing.T) {
	contentType, body := Multipart([]byte(offer), []byte(document), "CA1@edge.example", "b1")
	golden(t, "multipart.txt", append([]byte(contentType+"\r\n\r\n"), body...))

	sdp, pidf, err := SplitMultipart(contentType, body)
	if err != nil || string(sdp) != offer || string(pidf) != document {
		t.Errorf("read back: %q, %q, %v", sdp, pidf, err)
	}
	parts, err := Parts(contentType, body)
	if err != nil {
		t.Fatal(err)
	}
	part, ok := ByReference(parts, "<cid:CA1@edge.example>")
	if !ok || part.ContentType != typePIDF || string(part.Body) != document {
		t.Errorf("by reference: %+v, %v", part, ok)
	}
}

func TestMultipartChoosesAFreeBoundary(t *testing.T) {
	tests := []struct{ name, boundary, sdp string }{
		{"a boundary that occurs in a part", "b1", offer + "--b1\r\n--b1-1--\r\n"},
		{"no boundary", "", offer},
		{"a boundary with a quote and a line end", "a\"\r\nX-Evil: 1", offer},
		{"a boundary beyond 70 characters", strings.Repeat("x", 100), offer + "--" + strings.Repeat("x", 50)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			contentType, body := Multipart([]byte(tt.sdp), []byte(document), "<a\r\n@b>", tt.boundary)
			if strings.ContainsAny(contentType, "\r\n") {
				t.Errorf("content type %q", contentType)
			}
			_, params, err := mime.ParseMediaType(contentType)
			if err != nil || len(params["boundary"]) > 70 {
				t.Fatalf("content type %q: %v", contentType, err)
			}
			parts, err := Parts(contentType, body)
			if err != nil {
				t.Fatal(err)
			}
			want := []Part{{typeSDP, "", []byte(tt.sdp)}, {typePIDF, "a@b", []byte(document)}}
			if diff := cmp.Diff(want, parts); diff != "" {
				t.Errorf("parts (-want +got):\n%s", diff)
			}
		})
	}
}

func TestSplitMultipart(t *testing.T) {
	tests := []struct {
		name, contentType, body string
		sdp, pidf               string
	}{
		{"SDP alone", "application/sdp", offer, offer, ""},
		{"SDP alone with a parameter and capitals", "Application/SDP;charset=utf-8", offer, offer, ""},
		{"a location alone", "application/pidf+xml", document, "", document},
		{"a quoted boundary with a space and a colon", `multipart/mixed; boundary="a b:c"`,
			"--a b:c\r\nContent-Type: application/sdp\r\n\r\nv=0\r\n\r\n--a b:c--\r\n", "v=0\r\n", ""},
		{"LF line ends, a preamble and an epilogue", "multipart/mixed;boundary=x",
			"preamble\n--x\nContent-Type: application/pidf+xml\n\n<a/>\n--x\nContent-Type: application/sdp\n\nv=0\n--x--\nepilogue", "v=0", "<a/>"},
		{"the first of two descriptions counts", "multipart/alternative;boundary=x",
			"--x\r\nContent-Type: application/sdp\r\n\r\none\r\n--x\r\nContent-Type: application/sdp\r\n\r\ntwo\r\n--x--", "one", ""},
		{"parts of other types are passed over", "multipart/mixed;boundary=x",
			"--x\r\n\r\nhello\r\n--x\r\nContent-Type: application/isup\r\n\r\n\x01\x02\r\n--x\r\nContent-Type: application/sdp\r\n\r\nv=0\r\n--x--", "v=0", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			sdp, pidf, err := SplitMultipart(tt.contentType, []byte(tt.body))
			if err != nil || string(sdp) != tt.sdp || string(pidf) != tt.pidf {
				t.Errorf("got %q, %q, %v, want %q, %q", sdp, pidf, err, tt.sdp, tt.pidf)
			}
		})
	}
}

func TestSplitMultipartRefuses(t *testing.T) {
	part := "--x\r\nContent-Type: application/sdp\r\n\r\nv=0\r\n"
	tests := []struct {
		name, contentType, body string
		want                    error
	}{
		{"no content type", "", offer, ErrSyntax},
		{"another type", "text/plain", "hello", ErrUnsupported},
		{"no part that is known", "multipart/mixed;boundary=x", "--x\r\n\r\nhello\r\n--x--", ErrUnsupported},
		{"no boundary", "multipart/mixed", part + "--x--", ErrSyntax},
		{"a boundary that is not in the body", "multipart/mixed;boundary=y", part + "--x--", ErrSyntax},
		{"a body cut short", "multipart/mixed;boundary=x", part, ErrSyntax},
		{"a multipart within", "multipart/mixed;boundary=x",
			"--x\r\nContent-Type: multipart/mixed;boundary=y\r\n\r\n--y\r\n\r\na\r\n--y--\r\n--x--", ErrUnsupported},
		{"too many parts", "multipart/mixed;boundary=x", strings.Repeat(part, MaxParts+1) + "--x--", ErrTooLarge},
		{"too many bytes", "application/sdp", strings.Repeat("x", MaxSize+1), ErrTooLarge},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			sdp, pidf, err := SplitMultipart(tt.contentType, []byte(tt.body))
			if !errors.Is(err, tt.want) || sdp != nil || pidf != nil {
				t.Errorf("got %q, %q, %v, want %v", sdp, pidf, err, tt.want)
			}
		})
	}
}

func TestByReference(t *testing.T) {
	parts := []Part{{ID: "one@b"}, {ID: "two%@b"}}
	tests := []struct {
		name, ref, want string
	}{
		{"in angle brackets", "<cid:one@b>", "one@b"},
		{"bare", "cid:one@b", "one@b"},
		{"with header parameters behind it", " <CID:one@b>;inserted-by=edge", "one@b"},
		{"percent-encoded", "<cid:two%25@b>", "two%@b"},
		{"unknown", "<cid:three@b>", ""},
		{"another scheme", "<https://one@b>", ""},
		{"empty", "", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			part, ok := ByReference(parts, tt.ref)
			if part.ID != tt.want || ok != (tt.want != "") {
				t.Errorf("got %q, %v, want %q", part.ID, ok, tt.want)
			}
		})
	}
}

func FuzzParts(f *testing.F) {
	contentType, body := Multipart([]byte(offer), []byte(document), "a@b", "x")
	f.Add(contentType, body)
	f.Add("application/sdp", []byte(offer))
	f.Add(`multipart/mixed; boundary="a b"`, []byte("--a b\n\n\n--a b--"))
	f.Fuzz(func(t *testing.T, contentType string, body []byte) {
		parts, err := Parts(contentType, body)
		if err != nil && parts != nil {
			t.Fatal("parts beside an error")
		}
		if len(parts) > MaxParts {
			t.Fatalf("%d parts", len(parts))
		}
		for _, part := range parts {
			if !bytes.Contains(body, part.Body) {
				t.Fatalf("part %q is not in the body", part.Body)
			}
		}
		// Whatever the bytes are, a body made of them must come apart again.
		made, wrapped := Multipart(body, []byte(contentType), contentType, contentType)
		_, params, err := mime.ParseMediaType(made)
		if err != nil {
			t.Fatalf("own content type %q: %v", made, err)
		}
		reader := multipart.NewReader(bytes.NewReader(wrapped), params["boundary"])
		for _, want := range [][]byte{body, []byte(contentType)} {
			part, err := reader.NextRawPart()
			if err != nil {
				t.Fatal(err)
			}
			if got, err := io.ReadAll(part); err != nil || !bytes.Equal(got, want) {
				t.Fatalf("got %q, %v, want %q", got, err, want)
			}
		}
	})
}

func TestPartsWithinPartsAndTransferEncodings(t *testing.T) {
	t.Parallel()
	body := "--x\r\nContent-Type: multipart/alternative;boundary=y\r\n\r\n--y\r\nContent-Type: application/sdp\r\n" +
		"Content-Transfer-Encoding: Base64\r\n\r\ndj0w\r\n--y--\r\n--x\r\nContent-Type: multipart/mixed;boundary=z\r\n\r\nno boundary\r\n" +
		"--x\r\nContent-Type: application/pidf+xml\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n<a b=3D'c'/>\r\n" +
		"--x\r\nContent-Transfer-Encoding: base64\r\n\r\n%%%\r\n--x--"
	parts, err := Parts("multipart/mixed;boundary=x", []byte(body))
	if err != nil || len(parts) != 4 || string(parts[0].Body) != "v=0" || string(parts[2].Body) != "<a b='c'/>" || string(parts[3].Body) != "%%%" {
		t.Errorf("%v %q", err, parts)
	}
}
