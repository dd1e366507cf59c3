package b2bua

import (
	"testing"

	"callbox/sip/agent"
)

func TestAgentEventsComeThroughWhole(t *testing.T) {
	l, r := new(agent.Leg), &agent.Request{Method: "INFO", Message: agent.Message{Body: []byte("x")}}
	var got event
	sink := adapt(func(ev event) { got = ev })
	sink(agent.Event{
		Leg: l, Kind: agent.KindRequest, ID: 7, Status: 480, Reason: "no", Local: true, Fork: "f",
		Message: agent.Message{ContentType: "a/b"}, Request: r,
	})
	if got.leg != leg(l) || got.kind != agent.KindRequest || got.id != 7 || got.status != 480 || got.reason != "no" ||
		!got.local || got.fork != "f" || got.message.ContentType != "a/b" {
		t.Errorf("event is %+v", got)
	}
	if got.request.method() != "INFO" || string(got.request.message().Body) != "x" {
		t.Errorf("request is %+v", got.request)
	}
	first := got.request
	sink(agent.Event{Leg: l, Kind: agent.KindRequestGone, Request: r})
	if got.request != first {
		t.Error("the same request of the agent is another one here")
	}
	sink(agent.Event{Leg: l, Kind: agent.KindBye})
	if got.request != nil {
		t.Error("an event without a request has one")
	}
}
