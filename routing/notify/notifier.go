package notify

import (
	"callbox/routing"
	"callbox/routing/directory"
	"callbox/sip/call"
)

// Notify queues what is to be said of a step of a call, to everybody the call's domain or trunk names for it. It never
// blocks and keeps nothing of d and r.
func (q *Queue) Notify(ev call.Event, d *routing.Decision, r *call.Record) {
	var event directory.NotificationEvent
	switch ev.Kind {
	case call.EventDecided:
		event = directory.NotifyPlaced
	case call.EventAnswered:
		event = directory.NotifyAnswered
	case call.EventEnded:
		event = directory.NotifyEnded
	default:
		return
	}
	var to []Target
	for _, n := range d.Notify {
		switch n.Kind {
		case directory.NotifyWebhook, directory.NotifyEmail, directory.NotifyMessage, directory.NotifySMS, directory.NotifyVoice:
			if n.Tells(event) && (d.Emergency || n.Test) {
				to = append(to, Target{Kind: n.Kind.String(), To: n.To, Secret: n.Secret})
			}
		}
	}
	if len(to) > 0 {
		q.Add(factsOf(event.String(), ev.At, d, r), to...)
	}
}
