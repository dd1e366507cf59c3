package web

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"callbox/routing/directory/store"
	"callbox/routing/keys"
	"callbox/routing/labclock"
	"callbox/routing/registration"
)

// Lab is what a tester may do with time and fortune. Its errors are those of labclock, registration and the store.
type Lab interface {
	Now() (now time.Time, ahead time.Duration)
	Step(ctx context.Context, who store.Actor, d time.Duration) error
	StepTo(ctx context.Context, who store.Actor, to time.Time) error
	Fail(ctx context.Context, who store.Actor, phone string, what registration.What, times int) (left int, err error)
}

// LabClock is the time by which emergency addresses are registered and numbers charged.
type LabClock struct {
	Now          time.Time `json:"now" doc:"The time of the lab."`
	AheadSeconds float64   `json:"ahead_seconds" doc:"How far that is ahead of the real time, by which calls go."`
}

type clockOutput struct{ Body LabClock }

type stepInput struct {
	Body struct {
		StepSeconds *int64     `json:"step_seconds,omitempty" doc:"Take the clock forwards by so much. It never goes back."`
		To          *time.Time `json:"to,omitempty" doc:"Or take it forwards to this time."`
	}
}

type failureInput struct {
	Body struct {
		PhoneNumber string `json:"phone_number" pattern:"^\\+[1-9][0-9]{6,14}$" patternDescription:"E.164 number" doc:"Whose movements fail. It need not be there yet."`
		What        string `json:"what" enum:"registration,unregistration" doc:"Which of its movements."`
		Times       *int   `json:"times,omitempty" minimum:"0" maximum:"1000" doc:"How many of them, 1 if it is not said; 0 takes back what was ordered before. One that is on its way is the first."`
	}
}

// LabFailures says what is ordered.
type LabFailures struct {
	PhoneNumber string `json:"phone_number"`
	What        string `json:"what"`
	Left        int    `json:"left" doc:"How many are still to begin and fail; one that is on its way and will fail is not among them."`
}

type failureOutput struct{ Body LabFailures }

// registerLab adds the pages about time and fortune.
func registerLab(api huma.API, l Lab) {
	huma.Register(api, huma.Operation{
		OperationID: "get-lab-clock", Method: http.MethodGet, Path: "/api/v1/lab/clock", Tags: []string{"lab"},
		Summary: "Tell the time of the lab",
	}, func(context.Context, *struct{}) (*clockOutput, error) { return clockOf(l), nil })
	huma.Register(api, huma.Operation{
		OperationID: "step-lab-clock", Method: http.MethodPost, Path: "/api/v1/lab/clock", Tags: []string{"lab"},
		Summary:     "Step the time of the lab",
		Description: "Every edge that shares the database follows. Emergency address statuses that were due by then move at once, and each month that began meanwhile is charged.",
		Errors:      []int{http.StatusServiceUnavailable},
	}, func(ctx context.Context, in *stepInput) (*clockOutput, error) {
		if err := step(ctx, l, in); err != nil {
			return nil, err
		}
		return clockOf(l), nil
	})
	huma.Register(api, huma.Operation{
		OperationID: "order-lab-failures", Method: http.MethodPost, Path: "/api/v1/lab/failures", Tags: []string{"lab"},
		Summary:     "Have a number's registrations fail",
		Description: "The next registrations or unregistrations of its emergency address end in failure, on every edge that shares the database, until so many have.",
		Errors:      []int{http.StatusServiceUnavailable},
	}, func(ctx context.Context, in *failureInput) (*failureOutput, error) {
		times := 1
		if in.Body.Times != nil {
			times = *in.Body.Times
		}
		left, err := l.Fail(ctx, keys.FromContext(ctx).Actor(), in.Body.PhoneNumber, registration.What(in.Body.What), times)
		if errors.Is(err, registration.ErrOrder) {
			return nil, huma.Error422UnprocessableEntity(err.Error())
		}
		if err != nil {
			return nil, storeError(err, "")
		}
		return &failureOutput{LabFailures{in.Body.PhoneNumber, in.Body.What, left}}, nil
	})
}

func clockOf(l Lab) *clockOutput {
	now, ahead := l.Now()
	return &clockOutput{LabClock{Now: now.UTC(), AheadSeconds: ahead.Seconds()}}
}

// step steps the clock by one of the two ways.
func step(ctx context.Context, l Lab, in *stepInput) error {
	by, to, where := in.Body.StepSeconds, in.Body.To, "body.step_seconds"
	if (by == nil) == (to == nil) {
		return huma.Error422UnprocessableEntity("write step_seconds or to, one of them")
	}
	who := keys.FromContext(ctx).Actor()
	var err error
	if by != nil {
		const beyond = int64(labclock.MaxStep/time.Second) + 1 // whatever lies further is refused alike
		err = l.Step(ctx, who, time.Duration(max(min(*by, beyond), -beyond))*time.Second)
	} else {
		where = "body.to"
		err = l.StepTo(ctx, who, *to)
	}
	if errors.Is(err, labclock.ErrBackwards) || errors.Is(err, labclock.ErrTooFar) {
		return huma.Error422UnprocessableEntity("the clock was not stepped", &huma.ErrorDetail{Message: err.Error(), Location: where})
	}
	return storeError(err, "")
}
