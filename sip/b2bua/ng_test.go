package b2bua

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"callbox/psap/ng911"
	"callbox/routing"
	"callbox/routing/directory"
	"callbox/sip/agent"
	"callbox/sip/call"
)

// next makes every target of the plan a next-generation centre.
func (w *world) next(ng directory.NG911) {
	ng.On = true
	for i := range w.plan.Targets {
		w.plan.Targets[i].NG = &ng
	}
	w.plan.Place = routing.Place{By: routing.PlaceAddress, Address: w.plan.Caller.Address}
}

var lab = Options{NG: NextGeneration{Domain: "edge.example", Provider: ng911.Provider{Name: "Lab Telephony", Contact: "tel:+14155550199"}}}

// callInfos are the values of Call-Info by their purpose.
func callInfos(m agent.Message) map[string][]string {
	out := map[string][]string{}
	for _, v := range fields(m, "Call-Info") {
		uri, purpose, _ := strings.Cut(v, ">;purpose=")
		out[purpose] = append(out[purpose], strings.TrimPrefix(uri, "<"))
	}
	return out
}

func TestANextGenerationCentreIsAskedForTheService(t *testing.T) {
	playWith(t, lab, func(w *world) {
		w.next(directory.NG911{Priority: "esnet.1"})
		w.plan.Service = "sos.police"
		w.plan.Targets[1].NG = &directory.NG911{On: true, RequestURI: directory.RequestCentre}
		a := w.invite(offerA, header("User-Agent", "Desk Phone 5"), header("Supported", "geolocation-http, outbound"),
			header("Call-Info", "<urn:emergency:uid:callid:forged1234:evil>;purpose=emergency-CallId"),
			header("Call-Info", `<https://forged.example/>;purpose="emergency\-Call\Id"`))
		b := w.b(1)
		if b.out.Service != "urn:service:sos.police" || b.out.To.Scheme != "urn" || b.out.To.User != "service:sos" {
			t.Errorf("for %q, to %+v", b.out.Service, b.out.To)
		}
		m := b.out.Message
		lacks(b, m, "forged")
		wantFields(t, m, "Resource-Priority", "esnet.1")
		wantFields(t, m, "Priority", "emergency")
		wantFields(t, m, "P-Asserted-Identity", "<sip:+14155550100@127.0.0.1>")
		if !slices.Equal(b.out.Tags, []string{"geolocation-http"}) {
			t.Errorf("option tags %q", b.out.Tags)
		}
		ids := callInfos(m)
		form := regexp.MustCompile(`^urn:emergency:uid:(callid|incidentid):[0-9A-Za-z]{10,32}:edge\.example$`)
		for _, purpose := range []string{"emergency-CallId", "emergency-IncidentId"} {
			if len(ids[purpose]) != 1 || !form.MatchString(ids[purpose][0]) {
				t.Errorf("%s is %q", purpose, ids[purpose])
			}
		}
		for _, kind := range []string{"ProviderInfo", "ServiceInfo", "SubscriberInfo", "DeviceInfo", "Comment"} {
			uri := ids["EmergencyCallData."+kind]
			if len(uri) != 1 || !strings.HasPrefix(uri[0], "cid:") {
				t.Errorf("%s is %q", kind, uri)
				continue
			}
			has(b, m, "Content-Type: application/EmergencyCallData."+kind+"+xml\r\nContent-ID: <"+uri[0][4:]+">\r\nContent-Disposition: by-reference")
		}
		has(b, m, "Lab Telephony", "<street>645 Harrison St</street>", "Desk Phone 5", "<ServiceMobility>Fixed</ServiceMobility>", "Content-Type: application/pidf+xml")
		lacks(b, m, "forged", "outbound")

		b.fails(503) // the next is known by the same identifiers, addressed by its URI
		b = w.b(2)
		if b.out.Service != "" || b.out.To.Scheme != "urn" || b.out.Route.URI != "sip:psap-oak@127.0.0.1:5070" {
			t.Errorf("for %q at %s, to %+v", b.out.Service, b.out.Route.URI, b.out.To)
		}
		wantFields(t, b.out.Message, "Resource-Priority")
		again := callInfos(b.out.Message)
		if again["emergency-CallId"][0] != ids["emergency-CallId"][0] || again["emergency-IncidentId"][0] != ids["emergency-IncidentId"][0] {
			t.Errorf("other identifiers: %q", again)
		}
		a.cancels()
		w.settle()
		r := w.ended(call.EndCallerCancelled)
		if r.EmergencyCallID != ids["emergency-CallId"][0] || r.IncidentID != ids["emergency-IncidentId"][0] {
			t.Errorf("the record has %q and %q", r.EmergencyCallID, r.IncidentID)
		}
	})
}

func TestACentresResourcePriorityTakesThePlaceOfTheCallers(t *testing.T) {
	for own, want := range map[string]string{"esnet.1": "esnet.1", "": "esnet.0"} {
		playWith(t, lab, func(w *world) {
			w.next(directory.NG911{Priority: own})
			a := w.invite(offerA, header("Resource-Priority", "esnet.0"), header("Resource-Priority", "wps.1"))
			wantFields(t, w.b(1).out.Message, "Resource-Priority", want)
			a.cancels()
		})
	}
}

func TestWhereANextGenerationCentreMovesTheCallIsAskedByItsOwnName(t *testing.T) {
	playWith(t, lab, func(w *world) {
		w.next(directory.NG911{})
		w.plan.Targets[0].Policy.FollowRedirects = true
		a := w.invite(offerA)
		w.b(1).state = legOver
		w.b(1).does(event{kind: agent.KindFailed, status: 302, reason: "Moved", contact: "sip:desk@127.0.0.2:5080"})
		if o := w.b(2).out; o.Service != "" || o.Route.URI != "sip:desk@127.0.0.2:5080" || len(callInfos(o.Message)["emergency-CallId"]) != 1 {
			t.Errorf("for %q at %s", o.Service, o.Route.URI)
		}
		a.cancels()
	})
}

func TestANextGenerationCentreThatIsGivenNothingKnowsTheCallAlone(t *testing.T) {
	playWith(t, lab, func(w *world) {
		w.next(directory.NG911{Priority: "esnet.1"})
		w.plan.Targets[0].Deliver = directory.Delivery{}
		a := w.located()
		b := w.b(1)
		if len(callInfos(b.out.Message)) != 2 || b.out.Message.ContentType != typeSDP || !b.out.Anonymous {
			t.Errorf("%q", callInfos(b.out.Message))
		}
		lacks(b, b.out.Message, "Harrison", "+1415", "EmergencyCallData", "Geolocation")
		a.cancels()
	})
}

// shelf is an EmergencyData that remembers what it was told.
type shelf struct {
	blocks map[string]int
	ended  []string
}

func (s *shelf) Put(id string, blocks []ng911.Block) (urls []string) {
	s.blocks[id] += len(blocks)
	for _, b := range blocks {
		urls = append(urls, "https://edge.example/emergency-data/"+id+"/SECRET/"+b.Kind)
	}
	return urls
}
func (s *shelf) End(id string) { s.ended = append(s.ended, id) }

func TestAdditionalDataByReference(t *testing.T) {
	for _, tt := range []struct {
		name string
		data directory.AdditionalData
		have bool // somebody keeps it
		want string
	}{
		{"where somebody keeps it", directory.DataByReference, true, "https://edge.example/emergency-data/"},
		{"by value where nobody does", directory.DataByReference, false, "cid:"},
		{"by value", directory.DataByValue, true, "cid:"},
		{"none", directory.DataNone, true, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s, o := &shelf{blocks: map[string]int{}}, lab
			if tt.have {
				o.NG.Data = s
			}
			playWith(t, o, func(w *world) {
				w.next(directory.NG911{Data: tt.data})
				a := w.invite(offerA)
				b := w.b(1)
				got := callInfos(b.out.Message)["EmergencyCallData.SubscriberInfo"]
				if tt.want == "" && got != nil || tt.want != "" && (len(got) != 1 || !strings.HasPrefix(got[0], tt.want)) {
					t.Errorf("%q", got)
				}
				if tt.want != "cid:" {
					lacks(b, b.out.Message, "EmergencyCallData:SubscriberInfo")
				}
				a.cancels()
			})
			if kept := len(s.blocks) > 0; kept != (tt.want != "" && tt.want != "cid:") || kept && len(s.ended) != 1 || !kept && len(s.ended) > 0 {
				t.Errorf("kept %v, ended %q", s.blocks, s.ended)
			}
		})
	}
}
