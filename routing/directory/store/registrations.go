package store

import (
	"context"
	"errors"
	"strings"
)

// Registration is a binding of a phone (RFC 3261 section 10). It is no Row: bindings come and go by the thousand, leave no
// audit entries and wake no Mirror.
type Registration struct {
	SID        string `db:"sid"` // RG and 32 hex digits
	Rev        int64  `db:"rev"`
	Writer     string `db:"writer"` // the edge that wrote it last, by a name it gave itself at its start
	AccountSID string `db:"account_sid"`
	DomainSID  string `db:"domain_sid"`
	Username   string `db:"username"`
	Contact    string `db:"contact"` // URI
	Q          int    `db:"q"`       // thousandths
	Instance   string `db:"instance"`
	RegID      int    `db:"reg_id"`
	CallID     string `db:"call_id"`
	CSeq       int64  `db:"cseq"`
	Transport  string `db:"transport"`
	Source     string `db:"source"` // address:port that it came from
	Local      string `db:"local"`  // address:port of the edge that it came to
	Path       string `db:"path"`   // values of Path, one a line
	UserAgent  string `db:"user_agent"`
	Natted     bool   `db:"natted"`    // the Contact names another address than it came from
	Created    int64  `db:"created"`   // Unix ms
	Refreshed  int64  `db:"refreshed"` // Unix ms
	Expires    int64  `db:"expires"`   // Unix ms; 0: removed
}

// registrationColumns are those of the table, in the order of values.
var registrationColumns = []string{
	"sid", "rev", "writer", "account_sid", "domain_sid", "username", "contact", "q", "instance", "reg_id", "call_id", "cseq",
	"transport", "source", "local", "path", "user_agent", "natted", "created", "refreshed", "expires",
}

func (r *Registration) values(rev int64) []any {
	return []any{
		r.SID, rev, r.Writer, r.AccountSID, r.DomainSID, r.Username, r.Contact, r.Q, r.Instance, r.RegID, r.CallID, r.CSeq,
		r.Transport, r.Source, r.Local, r.Path, r.UserAgent, r.Natted, r.Created, r.Refreshed, r.Expires,
	}
}

// registrationChunk is how many rows one statement writes: SQLite takes 32766 arguments.
const registrationChunk = 200

// PutRegistrations writes bindings over what has their SIDs, all or nothing. When it returns nil they are on disk. They
// must have different SIDs. An error is ErrAway where the database cannot be used now.
func (s *Store) PutRegistrations(ctx context.Context, rows []Registration) error {
	err := s.putRegistrations(ctx, rows)
	if err == nil || errors.Is(err, ErrAway) {
		s.opts.Written(err)
	}
	return err
}

func (s *Store) putRegistrations(ctx context.Context, rows []Registration) error {
	return s.registering(ctx, func(t *Tx) error {
		// The row keeps other edges out until the commit, so that revisions grow in the order of commits.
		if _, err := t.exec("UPDATE registration_revision SET rev = rev + 1"); err != nil {
			return err
		}
		var rev []int64
		if err := t.Select(&rev, "SELECT rev FROM registration_revision"); err != nil || len(rev) == 0 {
			return err
		}
		for len(rows) > 0 {
			n := min(len(rows), registrationChunk)
			args := make([]any, 0, n*len(registrationColumns))
			for i := range rows[:n] {
				args = append(args, rows[i].values(rev[0])...)
			}
			if _, err := t.exec(putRegistrationsQuery(n), args...); err != nil {
				return err
			}
			rows = rows[n:]
		}
		return nil
	})
}

// putRegistrationsQuery writes n rows.
func putRegistrationsQuery(n int) string {
	one := marks(len(registrationColumns))
	var b strings.Builder
	b.WriteString("INSERT INTO registrations (" + strings.Join(registrationColumns, ", ") + ") VALUES ")
	b.WriteString(one + strings.Repeat(", "+one, n-1))
	b.WriteString(" ON CONFLICT (sid) DO UPDATE SET ")
	for i, c := range registrationColumns[1:] {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(c + " = excluded." + c)
	}
	return b.String()
}

// registering runs fn in a transaction that writes nothing of the directory.
func (s *Store) registering(ctx context.Context, fn func(*Tx) error) error {
	select {
	case s.turn <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { <-s.turn }()
	if err := s.engine.intact(); err != nil {
		return err
	}
	conn, tx, err := s.begin(ctx, s.engine.writer(), nil)
	if err != nil {
		return s.known(ctx, "", err)
	}
	defer func() { _ = conn.Close() }()
	defer func() { _ = tx.Rollback() }()
	if err := fn(&Tx{ctx: ctx, tx: tx, conn: conn, s: s, writer: true, now: s.opts.Now().UnixMilli()}); err != nil {
		return err
	}
	if err := tx.Commit(); err != nil {
		return s.known(ctx, "", err)
	}
	return nil
}

// Registrations returns the bindings that others than a writer have written after a revision, removed ones among them, and
// the revision they lead to; since 0 all that there are. Where the database is at the revision already it asks for nothing more. A revision
// below since says that the database is another one: then everything is to be read anew.
func (s *Store) Registrations(ctx context.Context, since int64, except string) (rows []Registration, rev int64, err error) {
	if err = s.engine.reader().GetContext(ctx, &rev, "SELECT rev FROM registration_revision"); err != nil || rev <= since {
		return nil, rev, s.known(ctx, "registration", err)
	}
	err = s.View(ctx, func(t *Tx) error {
		var at []int64
		if err := t.Select(&at, "SELECT rev FROM registration_revision"); err != nil || len(at) == 0 {
			return err
		}
		rev = at[0]
		return t.Select(&rows, "SELECT "+strings.Join(registrationColumns, ", ")+" FROM registrations WHERE rev > ? AND writer <> ? ORDER BY rev",
			since, except)
	})
	return rows, rev, err
}

// ForgetRegistrations deletes the bindings that were removed, or had expired, before a time in Unix ms: other edges have
// heard of them by then.
func (s *Store) ForgetRegistrations(ctx context.Context, before int64) error {
	return s.registering(ctx, func(t *Tx) error {
		_, err := t.exec("DELETE FROM registrations WHERE expires < ? AND refreshed < ?", before, before)
		return err
	})
}
