package app

import (
	"context"
	"fmt"
	"net"
	"time"

	"github.com/rs/zerolog"

	"callbox/cmd/callbox/internal/web"
	"callbox/psap/ali"
	"callbox/psap/ali/link"
	"callbox/routing"
	"callbox/routing/directory"
	"callbox/sip/call"
	"callbox/sip/location"
)

// screens keeps the ALI records of calls: it is told by the edge what centre rings for whom, and when a call is over.
type screens struct {
	book     *ali.Book
	snapshot func() *directory.Snapshot
	company  string
	static   ali.Class // of calls from a registered address; "" goes by the host called
	now      func() time.Time
	log      zerolog.Logger
}

// Rung implements b2bua.ALI. A next-generation centre is told all by the INVITE; another that is delivered no address has
// nothing to ask for, unless it is shown a number that leads nowhere by itself.
func (s *screens) Rung(t *routing.Target, d *routing.Decision, r *call.Record) (instead, detail string) {
	if t.NG != nil {
		return "", ""
	}
	centre, _ := s.snapshot().Centre(t.ID)
	if centre != nil && centre.PANI.Any() && (centre.PANI.Always || d.Caller.Number == "") {
		instead, detail = s.lend(centre, r)
	}
	if !t.Deliver.Address && instead == "" {
		return instead, detail
	}
	screen := s.screen(t, d)
	screen.PANI, screen.Call, screen.At, screen.Company = instead, string(r.ID), s.now(), s.company
	s.book.Put(screen)
	return instead, detail
}

// lend gives a call one of a centre's numbers.
func (s *screens) lend(p *directory.PSAP, r *call.Record) (number, detail string) {
	number, early, ok := s.book.Take(string(r.ID), p.ID, p.PANI.All())
	switch {
	case !ok && r.Caller == "":
		detail = "every pANI of " + p.ID + " is in use, and the caller has no number: the centre is shown none"
	case !ok:
		detail = fmt.Sprintf("every pANI of %s is in use: it is shown %s", p.ID, r.Caller)
	case early:
		detail = fmt.Sprintf("%s is shown the pANI %s, whose rest was not over", p.ID, number)
	default:
		return number, fmt.Sprintf("%s is shown the pANI %s", p.ID, number)
	}
	s.log.Warn().Str("call_id", string(r.ID)).Str("psap", p.ID).Str("detail", detail).
		Msg("a call centre has too few pANIs; add some to its pani.numbers")
	return number, detail
}

// screen is what a centre's screen shows of a caller.
func (s *screens) screen(t *routing.Target, d *routing.Decision) ali.Screen {
	place, esn := location.Civic{}, ""
	if t.Deliver.Address {
		place, esn = s.civic(d)
	}
	if d.Caller.Name != "" {
		place.NAM = d.Caller.Name
	}
	screen := ali.NewScreen(d.Caller.Number, place)
	screen.ESN, screen.PSAP, screen.Class = esn, t.ID, s.class(d)
	if r, ok := s.snapshot().Network().Responders(esn); ok && esn != "" {
		screen.Police, screen.Fire, screen.EMS = r.Police, r.Fire, r.EMS
	}
	if p := d.Place.Point; p != nil && t.Deliver.Address {
		screen.Point = &ali.Point{Lat: p.Lat, Lon: p.Lon, Altitude: p.Alt, Uncertainty: d.Place.Uncertainty}
		if d.Place.Uncertainty > 0 {
			screen.Point.Confidence = ali.Confidence
		}
	}
	return screen
}

// civic is the address of the place where help is needed, or the known one next to it, and its emergency service number.
func (s *screens) civic(d *routing.Decision) (place location.Civic, esn string) {
	switch p := &d.Place; {
	case p.Value != nil && p.Value.Civic != nil && p.By == routing.PlaceValue:
		place = *p.Value.Civic
		if p.Civic != nil {
			esn = s.esn(*p.Civic)
		}
	case p.Address != nil:
		place, esn = p.Address.Civic().Lines().Civic(), p.Address.ESN()
	case p.Civic != nil:
		place, esn = p.Civic.Lines().Civic(), s.esn(*p.Civic)
	case p.Nearest != nil:
		place, esn = p.Nearest.Civic.Lines().Civic(), s.esn(p.Nearest.Civic)
		place.NAM = "" // whoever lives there did not call
		place.LOC = fmt.Sprintf("nearest known address, %.0f m away", p.Nearest.Metres)
	}
	return place, esn
}

func (s *screens) esn(c directory.Civic) string { return s.snapshot().Network().ESN(c) }

// class is the class of service of a call: how far the address on the screen is to be trusted.
func (s *screens) class(d *routing.Decision) ali.Class {
	switch by := d.Place.By; {
	case (by == routing.PlaceHook || by == routing.PlaceValue) && d.Place.Point != nil:
		return ali.ClassMobile
	case by == routing.PlaceHook || by == routing.PlaceValue || by == routing.PlaceID:
		return ali.ClassNomadic
	case s.static != "":
		return s.static
	case d.Trunk && d.Caller.Endpoint == nil:
		return ali.ClassEnterprise
	}
	return ali.ClassVoIP
}

// listenALI serves the line protocol where one is configured. It comes before SIP: a centre that is rung may ask.
func (a *App) listenALI(ctx context.Context) error {
	o := a.settings.ALI
	if !o.Listen.IsValid() {
		return nil
	}
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", o.Listen.String())
	if err != nil {
		return bindError("ali", o.Listen.String(), "ali.listen", err)
	}
	server := link.New(link.Options{Records: a.screens.book, Allow: o.Allow, Logger: a.part("ali")})
	server.Start(a.reserve.listen(l))
	a.started(server.Close)
	log := a.part("ali")
	log.Info().Stringer("address", l.Addr()).Msg("the ALI link is listening")
	return web.Watch(a.metrics, server.Figures, linkFigures()...)
}

func linkFigures() []web.Figure[link.Figures] {
	answered := func(how string, value func(link.Figures) uint64) web.Figure[link.Figures] {
		return web.Figure[link.Figures]{
			Name: "callbox_ali_queries_total", Help: "Lines of the ALI link by their answer: found, missed (no record), heartbeat or wrong (no query).",
			Labels: map[string]string{"answer": how}, Counter: true, Value: func(f link.Figures) float64 { return float64(value(f)) },
		}
	}
	return []web.Figure[link.Figures]{
		answered("found", func(f link.Figures) uint64 { return f.Found }),
		answered("missed", func(f link.Figures) uint64 { return f.Missed }),
		answered("heartbeat", func(f link.Figures) uint64 { return f.Heartbeats }),
		answered("wrong", func(f link.Figures) uint64 { return f.Wrong }),
		{Name: "callbox_ali_connections", Help: "Connections of the ALI link.", Value: func(f link.Figures) float64 { return float64(f.Connections) }},
		{Name: "callbox_ali_connections_refused_total", Help: "Connections of the ALI link that were refused: from elsewhere, or too many.",
			Counter: true, Value: func(f link.Figures) float64 { return float64(f.Refused) }},
	}
}

func screenFigures() []web.Figure[ali.Figures] {
	return []web.Figure[ali.Figures]{
		{Name: "callbox_ali_records", Help: "ALI records of calls that are up or have just ended.", Value: func(f ali.Figures) float64 { return float64(f.Records) }},
		{Name: "callbox_ali_panis_in_use", Help: "Numbers that call centres are shown in the place of callers'.", Value: func(f ali.Figures) float64 { return float64(f.PANIs) }},
	}
}

// watchers are told every event of every call.
type watchers struct {
	metrics *web.Metrics
	screens *screens
}

// Observe implements b2bua.Observer.
func (w watchers) Observe(e call.Event) {
	w.metrics.Observe(e)
	if e.Kind == call.EventEnded {
		w.screens.book.End(string(e.Call))
	}
}

// buildScreens comes before the edge.
func (a *App) buildScreens() {
	linger := a.settings.ALI.Linger
	a.screens = &screens{
		book: ali.NewBook(ali.BookOptions{Linger: orNever(linger), Rest: max(2*linger, time.Minute)}), company: a.settings.ALI.Company, static: ali.Class(a.settings.ALI.Class), snapshot: a.plan.snapshot.Load, now: time.Now, log: a.part("ali"),
	}
}
