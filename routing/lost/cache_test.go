package lost

import (
	"testing"
	"time"

	"callbox/routing"
	"callbox/routing/directory"
	"callbox/sip/location"
)

func TestTheClientKeepsAnswers(t *testing.T) {
	in := func(d time.Duration) string { return stamp(noon.Add(d)) }
	civics := `<serviceBoundary profile="civic"><c:civicAddress xmlns:c="` + location.CivicNS + `"><c:country>US</c:country><c:A3>Raleigh</c:A3></c:civicAddress></serviceBoundary>`
	raleigh := func(number string) routing.Question {
		return routing.Question{Place: routing.Place{Civic: &directory.Civic{Street: number + " Elm St", City: "RALEIGH", Country: "US"}}}
	}
	elsewhere := routing.Question{Place: routing.Place{Civic: &directory.Civic{Street: "1 Elm St", City: "Durham", Country: "US"}}}
	police := question(0.5, 0.5)
	police.Service = "urn:service:sos.police"
	tests := []struct {
		name          string
		answer        string
		cache         time.Duration
		first, second routing.Question
		later         time.Duration
		asked         int32
	}{
		{"for the same point", mapped(in(time.Hour), "sip:a@b", ""), time.Hour, question(1, 2), question(1, 2), time.Minute, 1},
		{"not for another point", mapped(in(time.Hour), "sip:a@b", ""), time.Hour, question(1, 2), question(1, 3), time.Minute, 2},
		{"for another point within the boundary", mapped(in(time.Hour), "sip:a@b", unitSquare), time.Hour, question(0.5, 0.5), question(0.7, 0.1), time.Minute, 1},
		{"not for a point outside of it", mapped(in(time.Hour), "sip:a@b", unitSquare), time.Hour, question(0.5, 0.5), question(1.7, 0.1), time.Minute, 2},
		{"not for another service", mapped(in(time.Hour), "sip:a@b", unitSquare), time.Hour, question(0.5, 0.5), police, time.Minute, 2},
		{"for an address that matches", mapped(in(time.Hour), "sip:a@b", civics), time.Hour, raleigh("1"), raleigh("99"), time.Minute, 1},
		{"not for one that does not", mapped(in(time.Hour), "sip:a@b", civics), time.Hour, raleigh("1"), elsewhere, time.Minute, 2},
		{"not for longer than it says", mapped(in(time.Hour), "sip:a@b", ""), 2 * time.Hour, question(1, 2), question(1, 2), time.Hour, 2},
		{"not for longer than the directory says", mapped(in(3*time.Hour), "sip:a@b", ""), 2 * time.Hour, question(1, 2), question(1, 2), 2 * time.Hour, 2},
		{"as long as the directory says where it does not expire", mapped("NO-EXPIRATION", "sip:a@b", ""), 2 * time.Hour, question(1, 2), question(1, 2), 2*time.Hour - 1, 1},
		{"not where it says so", mapped("NO-CACHE", "sip:a@b", ""), time.Hour, question(1, 2), question(1, 2), 0, 2},
		{"not where its end cannot be read", mapped("tomorrow", "sip:a@b", ""), time.Hour, question(1, 2), question(1, 2), 0, 2},
		{"not where the directory says so", mapped(in(time.Hour), "sip:a@b", ""), 0, question(1, 2), question(1, 2), 0, 2},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r, now := newRemote(t), noon
			r.answers(says(tt.answer))
			r.Cache = tt.cache
			c := newClient(t, func() time.Time { return now })
			for i, q := range []routing.Question{tt.first, tt.second} {
				got := c.Ask(t.Context(), of(r.LoST, q))
				if got.Err != "" || len(got.URIs) != 1 || got.URIs[0] != "sip:a@b" || got.DisplayName != "Remote" || got.Status != 200 || got.Elapsed != 0 {
					t.Errorf("answer %d: %+v", i+1, got)
				}
				if kept := got.Kept != ""; kept != (i == 1 && tt.asked == 1) {
					t.Errorf("answer %d: kept %q", i+1, got.Kept)
				}
				now = noon.Add(tt.later)
			}
			if n := r.asked.Load(); n != tt.asked {
				t.Errorf("asked %d times, want %d", n, tt.asked)
			}
		})
	}
}

func TestTheCacheIsBounded(t *testing.T) {
	r := newRemote(t)
	r.answers(says(mapped("NO-EXPIRATION", "sip:a@b", "")))
	c := newClient(t, nil)
	for i := range maxKept + 5 {
		c.Ask(t.Context(), of(r.LoST, question(1, float64(i)/10)))
	}
	if len(c.cache.list) != maxKept {
		t.Errorf("%d answers are kept", len(c.cache.list))
	}
	if c.Ask(t.Context(), of(r.LoST, question(1, float64(maxKept+4)/10))).Kept == "" {
		t.Error("the newest answer is not kept")
	}
	if c.Ask(t.Context(), of(r.LoST, question(1, 0))).Kept != "" {
		t.Error("the oldest answer is kept")
	}
}
