package notify

import (
	"strings"
	"time"
)

// title is a notification in one line.
func title(f Facts) string {
	what := "Emergency call"
	if f.Test {
		what = "Test call"
	}
	switch f.Event {
	case EventAnswered:
		return what + " to " + f.Dialled + " answered: " + f.Caller
	case EventEnded:
		return what + " to " + f.Dialled + " ended: " + f.Caller
	}
	return what + ": " + f.Caller + " dialled " + f.Dialled
}

// text is a notification for people to read, a fact a line.
func text(n Notice) string {
	f := n.Facts
	var b strings.Builder
	line := func(name, value string) {
		if value != "" {
			b.WriteString(name + ": " + value + "\r\n")
		}
	}
	b.WriteString(title(f) + "\r\n")
	if f.Address != "" || f.Lat == nil {
		line("Address", orUnknown(f.Address))
	}
	line("Point", f.point())
	line("Nearest known address", f.Nearest)
	line("Floor, suite", f.Secondary)
	line("Name", f.Customer)
	line("Endpoint", f.Endpoint)
	line("Caller name", f.Name)
	line("Caller", f.Caller)
	line("Instead of", f.Original)
	line("Dialled", f.Dialled)
	if f.Callback != "" {
		line("Call back", f.Callback)
	} else if f.Caller != f.Endpoint {
		line("Call back", f.Caller)
	}
	line("Time", f.Began.Format(time.RFC1123))
	centre := f.CentreName
	if centre == "" {
		centre = f.Centre
	} else if f.Centre != "" {
		centre += " (" + f.Centre + ")"
	}
	if f.AnsweredBy != "" {
		line("Answered by", centre)
	} else {
		line("Call centre", centre)
	}
	if f.Event == EventEnded {
		line("Ended", strings.ReplaceAll(f.EndReason, "_", " "))
		line("Duration", (time.Duration(f.DurationMS) * time.Millisecond).Round(time.Second).String())
	}
	line("Domain", f.Domain)
	line("Account", f.Account)
	line("Call", f.Call)
	line("Notification", n.ID)
	return b.String()
}

func orUnknown(s string) string {
	if s == "" {
		return "none is registered"
	}
	return s
}
