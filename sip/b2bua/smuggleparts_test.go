package b2bua

import (
	"strconv"
	"strings"
	"testing"
)

// partPlaces are the stretches of a body of several parts that are the caller's to write.
var partPlaces = []string{
	"parameter", "preamble", "first", "line", "type", "encoding", "between", "cid", "content", "last", "epilogue",
	"geolocation", "routing", "info", "language",
}

const partsTemplate = "{preamble}--b{first}\r\nX-Line: a{line}\r\nContent-Type: application/sdp{type}\r\n{encoding}\r\n$SDP" +
	"\r\n--b{between}\r\nContent-ID: <a@b{cid}>\r\nContent-Type: application/pidf+xml\r\n\r\n<p/>{content}\r\n--b--{last}\r\n{epilogue}"

// partsWith writes an INVITE with parts and what is put in the places.
func (w *wire) partsWith(id string, put map[string]string) string {
	var fill []string
	for _, place := range partPlaces {
		fill = append(fill, "{"+place+"}", put[place])
	}
	r := strings.NewReplacer(fill...)
	body := strings.ReplaceAll(r.Replace(partsTemplate), "$SDP", strings.NewReplacer("{session}", "", "{media}", "").Replace(bodyTemplate))
	head, _, _ := strings.Cut(w.inviteWith(id, map[string]string{"body": "x"}), "Content-Type:")
	return head + "Geolocation: <cid:a@b>" + put["geolocation"] + "\r\nGeolocation-Routing: yes" + put["routing"] +
		"\r\nCall-Info: <http://x>;purpose=icon" + put["info"] + "\r\nContent-Language: en" + put["language"] +
		"\r\nContent-Type: multipart/mixed;boundary=b" + put["parameter"] +
		"\r\nContent-Length: " + strconv.Itoa(len(body)) + "\r\n\r\n" + body
}

// evilParts are what a hostile caller writes between its parts, beside evils.
var evilParts = []string{
	"\r\n--b\r\nContent-Type: application/sdp\r\n\r\nv=0\r\nc=IN IP4 203.0.113.9\r\n",
	"\n--b\nContent-Type: application/sdp\n\nv=0\nc=IN IP4 203.0.113.9\n",
	"\r\nContent-Type: application/sdp\r\n", "\r\nContent-Type: multipart/mixed;boundary=c\r\n\r\n--c\r\nContent-Type: application/sdp\r\n\r\nc=IN IP4 203.0.113.9\r\n--c--\r\n",
	"--", "--\r\n", " \r\n--b", ";boundary=c", `;boundary="b"`, "\"", "\r\nContent-Transfer-Encoding: base64\r\n", "Content-Transfer-Encoding: base64\r\n",
	"Content-Transfer-Encoding: quoted-printable\r\n", "\r\nContent-Length: 3\r\n", "\r\n--b--\r\n--b\r\nContent-Type: application/sdp\r\n\r\nc=IN IP4 203.0.113.9\r\n--b--",
	"x", ", <cid:location.evil>", "\r\n--callbox-", strings.Repeat("\r\n--b\r\n\r\n", 40),
}

func TestNothingIsSmuggledInTheParts(t *testing.T) {
	t.Parallel()
	w := newWire(t)
	reached := map[string]bool{}
	for _, place := range partPlaces {
		for i, evil := range append(append([]string(nil), evilParts...), evils...) {
			if len(evil) > 2000 {
				continue
			}
			id := w.next()
			offered, final := w.play(id, w.partsWith(id, map[string]string{place: evil}), certain.endedByCentre(i%2 == 0), w.rings, w.takes)
			reached[place] = reached[place] || offered != "" && strings.HasPrefix(final, "SIP/2.0 200") && evil != ""
		}
	}
	for _, place := range partPlaces {
		if !reached[place] {
			t.Errorf("no call with something hostile in its %s came through", place)
		}
	}
}

func FuzzParts(f *testing.F) {
	for i := range partPlaces {
		for j, evil := range evilParts {
			if i%3 == j%3 {
				f.Add(byte(i), []byte(evil), byte(i+j), []byte(nil))
			}
		}
	}
	w := newWire(f)
	f.Fuzz(func(t *testing.T, place byte, evil []byte, other byte, more []byte) {
		if leavesTheMachine(append(append([]byte(nil), evil...), more...)) || len(evil)+len(more) > 8000 {
			return
		}
		w.t = t
		put := map[string]string{partPlaces[int(place)%len(partPlaces)]: string(evil)}
		if o := partPlaces[int(other)%len(partPlaces)]; put[o] == "" {
			put[o] = string(more)
		}
		id := w.next()
		w.play(id, w.partsWith(id, put), hasty.endedByCentre(place > 127), w.rings, w.takes)
	})
}
