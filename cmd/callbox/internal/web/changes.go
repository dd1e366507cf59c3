package web

import (
	"context"
	"time"

	"github.com/rs/zerolog"

	"callbox/routing/directory/store"
	"callbox/routing/keys"
)

// changeLog writes into the audit log what is changed outside of the store: a centre taken out of service, a script. Such
// a change stands whether or not it could be written down; then the log says so.
type changeLog struct {
	store *store.Store // nil: only the log
	log   zerolog.Logger
}

// noteTimeout bounds how long a change that is in force already waits to be written down.
const noteTimeout = 2 * time.Second

// note writes down that the caller of ctx did action to the thing of a kind with an ID. changes is a JSON object.
func (c *changeLog) note(ctx context.Context, action, kind, id, changes string) {
	who := keys.FromContext(ctx).Actor()
	c.log.Info().Str("action", action).Str("kind", kind).Str("id", id).Str("actor", who.Name).Str("source", who.Source).Msg("changed by the API")
	if c.store == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), noteTimeout)
	defer cancel()
	err := c.store.Update(ctx, who, func(t *store.Tx) error {
		e := store.AuditEntry{Action: action, Kind: kind, Changes: changes}
		e.SID = id
		return t.Note(e)
	})
	if err != nil {
		c.log.Warn().Err(err).Str("action", action).Str("kind", kind).Str("id", id).Msg("a change is in force, but not in the audit log")
	}
}
