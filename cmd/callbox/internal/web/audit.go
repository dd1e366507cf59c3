package web

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"callbox/routing/directory/store"
)

// AuditEntry is one change of the directory.
type AuditEntry struct {
	ID         int64          `json:"id" doc:"Grows with every entry."`
	At         time.Time      `json:"at"`
	Actor      string         `json:"actor" doc:"Who: an account's or key's SID, local for somebody on this machine without credentials, or a part of the edge such as registration."`
	Source     string         `json:"source,omitempty" doc:"The address the request came from; absent where there was none."`
	Action     string         `json:"action" doc:"insert, update, delete, or a word for many changes at once, such as import."`
	Kind       string         `json:"kind" doc:"Of what: account, address, number, domain, …"`
	SID        string         `json:"sid,omitempty" doc:"Of what was changed."`
	AccountSID string         `json:"account_sid,omitempty"`
	Changes    map[string]any `json:"changes" doc:"The columns that changed, each with its old and new value; secrets as ***."`
}

// AuditPage is one page of the audit log.
type AuditPage struct {
	Entries    []AuditEntry `json:"entries" doc:"The changes, newest first."`
	NextBefore int64        `json:"next_before,omitempty" doc:"Ask with before set to this for the next page; absent on the last one."`
}

type auditInput struct {
	Limit   int       `query:"limit" minimum:"1" maximum:"1000" default:"50" doc:"How many entries at most."`
	Before  int64     `query:"before" minimum:"1" doc:"Only entries with a smaller ID. The next_before of the page before."`
	Kind    string    `query:"kind" maxLength:"32" doc:"Only changes of this kind of thing."`
	SID     string    `query:"sid" maxLength:"34" doc:"Only changes of this one."`
	Account string    `query:"account_sid" maxLength:"34" doc:"Only changes within this account."`
	Actor   string    `query:"actor" maxLength:"100" doc:"Only changes by this one."`
	Since   time.Time `query:"since" doc:"Only changes at this time or later."`
}

type auditOutput struct{ Body AuditPage }

// registerAudit adds the page about what was changed by whom.
func registerAudit(api huma.API, s *store.Store) {
	huma.Register(api, huma.Operation{
		OperationID: "list-audit", Method: http.MethodGet, Path: "/api/v1/audit", Tags: []string{"audit"},
		Summary: "List changes of the directory", Description: "Who changed what, and when: by the APIs, the directory file, imports, and by the edge itself.",
		Errors: []int{http.StatusServiceUnavailable},
	}, func(ctx context.Context, in *auditInput) (*auditOutput, error) {
		var rows []store.AuditEntry
		err := s.View(ctx, func(t *store.Tx) (err error) {
			rows, err = store.Find[store.AuditEntry](t, in.query())
			return err
		})
		if err != nil {
			return nil, storeError(err, "")
		}
		out := &auditOutput{AuditPage{Entries: []AuditEntry{}}}
		if len(rows) > in.Limit {
			rows = rows[:in.Limit]
			out.Body.NextBefore = rows[in.Limit-1].ID
		}
		for _, r := range rows {
			out.Body.Entries = append(out.Body.Entries, entryOf(r))
		}
		return out, nil
	})
}

// query asks for one entry more than the page holds, which tells whether there is another.
func (in *auditInput) query() store.Query {
	q := store.Query{Account: in.Account, Before: in.Before, Limit: in.Limit + 1}
	for column, value := range map[string]string{"kind": in.Kind, "sid": in.SID, "actor": in.Actor} {
		if value != "" {
			q.Where = append(q.Where, store.Cond{Column: column, Op: store.Equal, Value: value})
		}
	}
	if !in.Since.IsZero() {
		q.Where = append(q.Where, store.Cond{Column: "at", Op: store.GreaterEq, Value: in.Since.UnixMilli()})
	}
	return q
}

func entryOf(r store.AuditEntry) AuditEntry {
	e := AuditEntry{
		ID: r.ID, At: time.UnixMilli(r.At).UTC(), Actor: r.Actor, Source: r.Source, Action: r.Action, Kind: r.Kind,
		SID: r.SID, AccountSID: r.AccountSID, Changes: map[string]any{},
	}
	if err := json.Unmarshal([]byte(r.Changes), &e.Changes); err != nil { // of another callbox, perhaps
		e.Changes = map[string]any{"text": r.Changes}
	}
	return e
}
