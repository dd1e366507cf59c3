package explain

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"callbox/routing"
	"callbox/routing/bandwidth/hook"
	"callbox/sip/location"
)

// Where is what a call says of the place it is from, and what a web service would.
type Where struct {
	AEUI       string `json:"aeui,omitempty" maxLength:"64" doc:"The endpoint that calls: From, or P-Asserted-Identity beside from."`
	LocationID string `json:"location_id,omitempty" maxLength:"50" doc:"A location of the account that Geolocation names."`

	Lat         *float64 `json:"lat,omitempty" doc:"Latitude in the INVITE, degrees of WGS84, north positive."`
	Lon         *float64 `json:"lon,omitempty" doc:"Longitude, east positive."`
	Uncertainty float64  `json:"uncertainty_m,omitempty" minimum:"0" doc:"Metres around that point."`
	PIDF        string   `json:"pidf,omitempty" maxLength:"65536" doc:"A PIDF-LO document in the INVITE."`

	GeolocationRouting string `json:"geolocation_routing,omitempty" enum:"yes,no" doc:"Geolocation-Routing; not there when absent."`

	HookAnswer *HookAnswer `json:"hook_answer,omitempty" doc:"What the web service of a designated number would answer; no service is asked."`
	LoSTAnswer *LoSTAnswer `json:"lost_answer,omitempty" doc:"What the directory's LoST server would answer; it is not asked."`
}

// LoSTAnswer is what a LoST server would answer.
type LoSTAnswer struct {
	URIs  []string `json:"uris,omitempty" maxItems:"8" doc:"Of the service: sip or sips."`
	Name  string   `json:"name,omitempty" maxLength:"256" doc:"Of the service."`
	Error string   `json:"error,omitempty" maxLength:"256" doc:"In place of an answer: what kept it from coming, such as a time-out."`
}

// HookAnswer is what a web service would answer.
type HookAnswer struct {
	Status int    `json:"status,omitempty" minimum:"100" maximum:"599" doc:"Of HTTP; 200 when absent."`
	Body   string `json:"body,omitempty" maxLength:"65536" doc:"JSON with aeui, location_id, lat, lon, radius, callback and name."`
	Error  string `json:"error,omitempty" maxLength:"256" doc:"In place of an answer: what kept it from coming, such as a time-out."`
}

// where takes over what the question says of the place.
func (q *Question) where(r *routing.Request) error {
	if (q.Lat == nil) != (q.Lon == nil) {
		return errors.New("lat and lon go together: give both, or neither")
	}
	if q.Lat != nil {
		shape := location.NewCircle(location.Point{Lat: *q.Lat, Lon: *q.Lon}, q.Uncertainty)
		if err := shape.Check(); err != nil {
			return err
		}
		r.Locations = append(r.Locations, location.Location{Shape: &shape})
	} else if q.Uncertainty != 0 {
		return errors.New("uncertainty_m is around a point: give lat and lon, too")
	}
	if q.PIDF != "" {
		found, err := location.Parse([]byte(q.PIDF))
		if err != nil {
			r.LocationFault = err.Error()
		}
		r.Locations = append(r.Locations, found...)
	}
	if q.LocationID != "" {
		r.LocationRefs = []string{q.LocationID}
	}
	switch q.GeolocationRouting {
	case "":
	case "yes":
		r.Geolocation = routing.GeolocationRoutingYes
	default:
		r.Geolocation = routing.GeolocationRoutingNo
	}
	return nil
}

// reply is the answer that q has for a question, false for none.
func (q *Question) reply(asked *routing.Question) (routing.Reply, bool) {
	switch {
	case asked.Kind == routing.QuestionHook && q.HookAnswer != nil:
		return q.HookAnswer.reply(), true
	case asked.Kind == routing.QuestionLoST && q.LoSTAnswer != nil:
		a := q.LoSTAnswer
		return routing.Reply{Kind: asked.Kind, URIs: a.URIs, DisplayName: a.Name, Err: a.Error}, true
	}
	return routing.Reply{}, false
}

// reply is the answer as the client of web services would hand it on.
func (a *HookAnswer) reply() routing.Reply {
	if a.Error != "" {
		return routing.Reply{Kind: routing.QuestionHook, Err: a.Error}
	}
	res := hook.Result{Status: a.Status, Body: []byte(a.Body)}
	if res.Status == 0 {
		res.Status = http.StatusOK
	}
	res.Answer, res.Err = hook.Parse(res.Body)
	return hook.Reply(res)
}

// ReadHookAnswer reads a file with what a web service would answer: JSON alone, or after a status line and headers of HTTP, as
// curl -i prints it. A redirect is followed to what stands behind it, as curl -iL prints that; one that leads out of the file
// is an error, since an edge would ask there.
func ReadHookAnswer(src []byte) (*HookAnswer, error) {
	if !bytes.HasPrefix(src, []byte("HTTP/")) {
		return &HookAnswer{Body: string(src)}, nil
	}
	for {
		first, rest, _ := bytes.Cut(src, []byte("\n"))
		words := bytes.Fields(first)
		if len(words) < 2 {
			return nil, errors.New("line 1 has no status: write one such as HTTP/1.1 200 OK, or JSON alone")
		}
		status, err := strconv.Atoi(string(words[1]))
		if err != nil || status < 100 || status > 599 {
			return nil, fmt.Errorf("line 1: status %.20q is not a number from 100 to 599", words[1])
		}
		to, rest := redirect(rest)
		switch {
		case to == "" || status != 301 && status != 302 && status != 303:
			return &HookAnswer{Status: status, Body: string(rest)}, nil
		case !bytes.HasPrefix(rest, []byte("HTTP/")):
			return nil, fmt.Errorf("it redirects to %.200q, which an edge would ask: give what that URL answers, or both as curl -iL prints them", to)
		}
		src = rest
	}
}

// redirect reads the headers of an answer for their Location, and returns what stands behind them.
func redirect(src []byte) (to string, rest []byte) {
	for len(src) > 0 {
		var line []byte
		if line, src, _ = bytes.Cut(src, []byte("\n")); len(bytes.TrimSpace(line)) == 0 {
			break
		}
		if name, value, _ := bytes.Cut(line, []byte(":")); strings.EqualFold(string(name), "Location") {
			to = string(bytes.TrimSpace(value))
		}
	}
	return to, src
}
