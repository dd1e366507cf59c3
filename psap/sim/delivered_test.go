package sim

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"callbox/sip/agent"
	"callbox/sip/location"
)

const description = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\n"

// parts is a multipart body of an offer and of what follows: type, Content-ID and content of each part.
func parts(rest ...[3]string) (contentType, body string) {
	var b strings.Builder
	b.WriteString("--x\r\nContent-Type: application/sdp\r\n\r\n" + description)
	for _, p := range rest {
		b.WriteString("\r\n--x\r\nContent-Type: " + p[0] + "\r\nContent-ID: <" + p[1] + ">\r\n\r\n" + p[2])
	}
	return "multipart/mixed;boundary=x", b.String() + "\r\n--x--\r\n"
}

func circle(lat, lon, radius float64) string {
	return string(location.Build(location.Location{Shape: &location.Shape{
		Kind: location.KindCircle, Centre: location.Point{Lat: lat, Lon: lon}, Radius: radius,
	}}))
}

func civicAt(street string) string {
	c := location.Lines{Name: "Ada", Street: street, City: "Raleigh", State: "NC", Country: "US"}.Civic()
	return string(location.Build(location.Location{Civic: &c}))
}

func TestDelivered(t *testing.T) {
	t.Parallel()
	const pidf = "application/pidf+xml"
	for _, tt := range []struct {
		name        string
		geolocation string
		rest        [][3]string
		address     string
		point       *Point
	}{
		{"a circle by value", "<cid:a@b>", [][3]string{{pidf, "a@b", circle(35.5, -78.5, 50)}}, "", &Point{35.5, -78.5, 50}},
		{"the first of two that can be read", "<cid:bad@b>, <cid:a@b>, <cid:c@b>",
			[][3]string{{pidf, "bad@b", "<presence"}, {pidf, "a@b", civicAt("100 Elm St")}, {pidf, "c@b", civicAt("1 Oak St")}}, "100 Elm St, Raleigh, NC, US", nil},
		{"that of the edge before the caller's", "<cid:a@b>, <cid:location.CA0123@callbox.invalid>",
			[][3]string{{pidf, "a@b", circle(1, 2, 3)}, {pidf, "location.CA0123@callbox.invalid", civicAt("100 Elm St")}}, "100 Elm St, Raleigh, NC, US", nil},
		{"one that nothing names", "", [][3]string{{"text/plain", "t@b", "x"}, {pidf, "a@b", civicAt("100 Elm St")}}, "100 Elm St, Raleigh, NC, US", nil},
		{"coordinates in the header", "<geo:35.5,-78.5;u=20>", nil, "", &Point{35.5, -78.5, 20}},
		{"by reference alone", "<https://lis.example/1>", nil, "", nil},
		{"nothing that can be read", "<cid:a@b>", [][3]string{{pidf, "a@b", "<!DOCTYPE x>"}}, "", nil},
	} {
		m := agent.Message{}
		kind, text := parts(tt.rest...)
		m.ContentType, m.Body = kind, []byte(text)
		m = m.With("X-Callbox-Call", "CA0123")
		if tt.geolocation != "" {
			m = m.With("Geolocation", tt.geolocation)
		}
		d, err := read(&agent.Incoming{Message: m})
		if err != nil || string(d.sdp) != description || d.address.String() != tt.address || cmp.Diff(tt.point, d.point) != "" {
			t.Errorf("%s: %v, address %q, point %+v, SDP %q", tt.name, err, d.address.String(), d.point, d.sdp)
		}
		if n := len(d.beside.Geolocation); n != strings.Count(tt.geolocation, "<") {
			t.Errorf("%s: %d values of Geolocation", tt.name, n)
		}
	}
}

func TestWhatComesBesideIsKeptAndBounded(t *testing.T) {
	t.Parallel()
	kind, text := parts([3]string{"application/EmergencyCallData.ProviderInfo+xml", "p@b", "<ad:x/>" + strings.Repeat("y", 9000)})
	m := agent.Message{ContentType: kind, Body: []byte(text)}
	m.Headers = []agent.Header{
		{Name: "Call-Info", Value: `<urn:emergency:uid:callid:abc:bcf.example>;purpose=emergency-CallId, <cid:p@b>;purpose="EmergencyCallData.ProviderInfo"`},
		{Name: "call-info", Value: "<https://edge.example/1/ServiceInfo>;purpose=EmergencyCallData.ServiceInfo;x=y"},
		{Name: "Call-Info", Value: "<https://p.example/icon.png>;purpose=icon"},
		{Name: "Geolocation-Routing", Value: "yes\x00"},
	}
	for range 40 {
		m.Headers = append(m.Headers, agent.Header{Name: "Geolocation", Value: "<sip:" + strings.Repeat("a", 1000) + "@x>"})
	}
	d, err := read(&agent.Incoming{Message: m, From: agent.Address{Display: "Ada\r\nEvil: x", User: "+1415"}})
	if err != nil {
		t.Fatal(err)
	}
	b := d.beside
	if d.name != "Ada  Evil: x" || b.Routing != "yes" || len(b.Geolocation) != maxValues || len(b.Geolocation[0]) != maxValue || len(b.CallInfo) != 4 {
		t.Errorf("%q %q %d %d %q", d.name, b.Routing, len(b.Geolocation), len(b.Geolocation[0]), b.CallInfo)
	}
	if len(b.Data) != 2 || b.Data[0].Block != "ProviderInfo" || b.Data[0].URL != "" || !strings.HasPrefix(b.Data[0].Content, "<ad:x/>y") ||
		len(b.Data[0].Content) != maxBlock || b.Data[1] != (Data{Block: "ServiceInfo", URL: "https://edge.example/1/ServiceInfo"}) {
		t.Errorf("data: %.200v", b.Data)
	}
}

func TestTheBlockThatAPurposeNames(t *testing.T) {
	t.Parallel()
	for params, want := range map[string]string{
		";purpose=EmergencyCallData.ServiceInfo":           "ServiceInfo",
		` ; Purpose = "EmergencyCallData.Comment" ;x=y`:    "Comment",
		";purpose=emergencycalldata.DeviceInfo":            "DeviceInfo",
		";x=EmergencyCallData.ServiceInfo;purpose=icon":    "",
		";purpose=icon;title=purpose=EmergencyCallData.No": "",
		";purpose=EmergencyCallData.":                      "",
		";purpose":                                         "",
		"":                                                 "",
	} {
		if got := blockOf(params); got != want {
			t.Errorf("%q names %q, want %q", params, got, want)
		}
	}
}

func TestABodyOfNothingKnownIsRefused(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"text/plain", "multipart/mixed", "multipart/mixed;boundary=x", ""} {
		if _, err := read(&agent.Incoming{Message: agent.Message{ContentType: kind, Body: []byte("hello")}}); err == nil {
			t.Errorf("%q was taken", kind)
		}
	}
}

func FuzzDelivered(f *testing.F) {
	kind, text := parts([3]string{"application/pidf+xml", "a@b", circle(1, 2, 3)}, [3]string{"x/y", "p@b", "z"})
	f.Add(kind, text, "<cid:a@b>, <geo:1,2>", "<cid:p@b>;purpose=EmergencyCallData.Comment", "CA1")
	f.Add("application/sdp", description, "<cid:%zz>", "<a>;purpose=EmergencyCallData.", "")
	f.Fuzz(func(t *testing.T, kind, text, geolocation, info, call string) {
		m := agent.Message{ContentType: kind, Body: []byte(text), Headers: []agent.Header{
			{Name: "Geolocation", Value: geolocation}, {Name: "Call-Info", Value: info}, {Name: "X-Callbox-Call", Value: call},
		}}
		d, err := read(&agent.Incoming{Message: m})
		if err != nil {
			return
		}
		for _, v := range append(d.beside.Geolocation, d.beside.CallInfo...) {
			if len(v) > 3*maxValue || strings.ContainsAny(v, "\r\n\x00") {
				t.Fatalf("kept %q", v)
			}
		}
		for _, s := range (Script{ReadBack: true, Greeting: "x"}).sentences("x", d) {
			_ = s.String()
		}
	})
}
