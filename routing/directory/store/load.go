package store

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"strings"

	"github.com/jmoiron/sqlx"

	"callbox/routing/directory"
)

// numberColumns are what a NumberRecord is made of, as numberReader takes them.
const numberColumns = `SELECT n.sid, n.account_sid, n.phone_number, n.country, n.service, n.emergency_address_status,
	COALESCE(n.trunk_sid, ''), n.ties, a.sid, a.account_sid, a.file_id, a.customer_name, a.street, a.street_secondary,
	a.city, a.region, a.postal_code, a.iso_country, a.esn, n.emergency_status
	FROM `

// addressed joins numbers, as n, to their addresses.
const addressed = ` n LEFT JOIN addresses a ON a.sid = n.emergency_address_sid `

// numberFields is how many they are.
const numberFields = 20

// active is the EmergencyStatus of a number whose emergency calls the provider takes.
const active = "Active"

// batch is how many records go from one goroutine to another at once.
const batch = 512

// streamNumbers reads numbers with their addresses on a driver's connection, where a million of them take seconds rather
// than minutes, and hands them on in batches. from is what stands after FROM, written with ? for its arguments.
func (s *Store) streamNumbers(ctx context.Context, conn *sqlx.Conn, from string, args []any, emit func([]directory.NumberRecord) error) error {
	var result error
	err := conn.Raw(func(c any) error {
		result = s.streamRaw(ctx, c, conn.Rebind(numberColumns+from), args, emit)
		return nil
	})
	return s.known(ctx, "number", errors.Join(err, result))
}

func (s *Store) streamRaw(ctx context.Context, conn any, query string, args []any, emit func([]directory.NumberRecord) error) error {
	q, ok := conn.(driver.QueryerContext)
	if !ok {
		return fmt.Errorf("store: %T takes no queries", conn)
	}
	named := make([]driver.NamedValue, len(args))
	for i, a := range args {
		named[i] = driver.NamedValue{Ordinal: i + 1, Value: a}
	}
	rows, err := q.QueryContext(ctx, query, named)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	r := numberReader{statuses: statuses(), trunks: map[string]*[]string{}, requireActive: s.opts.RequireActive}
	values := make([]driver.Value, numberFields)
	records := make([]directory.NumberRecord, 0, batch)
	for {
		err := rows.Next(values)
		if err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		if err == nil {
			records = append(records, r.record(values))
		}
		if len(records) > 0 && (err != nil || len(records) == batch) {
			if err := emit(records); err != nil {
				return err
			}
			records = make([]directory.NumberRecord, 0, batch)
		}
		if err != nil {
			return nil
		}
	}
}

// numberReader makes records of rows.
type numberReader struct {
	statuses map[string]directory.AddressStatus
	trunks   map[string]*[]string // by SID, to have one list for all numbers of a trunk
	last     *directory.AddressRecord

	requireActive bool // as in Options
}

// record makes a record of the values of numberColumns.
func (r *numberReader) record(v []driver.Value) directory.NumberRecord {
	n := directory.NumberRecord{
		SID: text(v[0]), AccountSID: text(v[1]), E164: text(v[2]), Country: text(v[3]),
		Service: serviceOf(text(v[4])), Status: r.statuses[text(v[5])],
	}
	if ties := text(v[7]); ties != "" {
		n.Domains, n.Trunks = parseTies(ties)
	} else {
		n.Trunks = r.trunk(text(v[6]))
	}
	if r.requireActive && text(v[19]) != active { // a deactivation on its way has it Active still
		n.Status = directory.StatusUnregistered
		return n
	}
	if v[8] == nil {
		return n
	}
	sid := text(v[8])
	if r.last == nil || r.last.SID != sid {
		r.last = &directory.AddressRecord{
			SID: sid, AccountSID: text(v[9]), ID: text(v[10]),
			Civic: directory.Civic{
				Customer: text(v[11]), Street: text(v[12]), Secondary: text(v[13]), City: text(v[14]), State: text(v[15]),
				PostalCode: text(v[16]), Country: text(v[17]),
			},
			ESN: text(v[18]),
		}
	}
	n.Address = r.last
	return n
}

// trunk is the list of the one trunk a number of the API is tied to, or of none.
func (r *numberReader) trunk(sid string) *[]string {
	list, ok := r.trunks[sid]
	if !ok {
		list = &[]string{}
		if sid != "" {
			*list = append(*list, sid)
		}
		r.trunks[sid] = list
	}
	return list
}

func text(v driver.Value) string {
	switch v := v.(type) {
	case string:
		return v
	case []byte:
		return string(v)
	}
	return ""
}

// statuses are the states of an emergency address by their words.
func statuses() map[string]directory.AddressStatus {
	m := map[string]directory.AddressStatus{}
	for s := directory.StatusUnregistered; s <= directory.StatusUnregistrationFailed; s++ {
		m[s.String()] = s
	}
	return m
}

func serviceOf(word string) directory.Service {
	switch word {
	case directory.ServiceE911.String():
		return directory.ServiceE911
	case directory.ServiceBasic911.String():
		return directory.ServiceBasic911
	default:
		return directory.ServiceNone
	}
}

// loadCustomers reads the small part whole.
func loadCustomers(t *Tx) (directory.Customers, error) {
	l := loader{t: t}
	l.accounts()
	l.lists()
	l.hosts()
	l.emergency()
	return l.c, l.err
}

// loader reads customers; after an error it reads no more.
type loader struct {
	t   *Tx
	c   directory.Customers
	err error
}

// all reads every row of a kind, oldest first.
func all[R Row](l *loader) []R {
	if l.err != nil {
		return nil
	}
	var rows []R
	rows, l.err = Find[R](l.t, Query{Oldest: true})
	return rows
}

func (l *loader) accounts() {
	for _, a := range all[Account](l) {
		l.c.Accounts = append(l.c.Accounts, directory.AccountRecord{SID: a.SID, Name: a.FriendlyName, BandwidthID: a.BandwidthID})
	}
}

func (l *loader) lists() {
	networks := map[string][]ACLEntry{}
	for _, e := range all[ACLEntry](l) {
		networks[e.ListSID] = append(networks[e.ListSID], e)
	}
	for _, a := range all[ACL](l) {
		r := directory.ACLRecord{SID: a.SID, AccountSID: a.AccountSID, Name: a.FriendlyName}
		for _, e := range networks[a.SID] {
			if p, err := e.Prefix(); err == nil { // what is no network lets nobody through
				r.Networks = append(r.Networks, p)
			}
		}
		l.c.ACLs = append(l.c.ACLs, r)
	}
	users := map[string][]directory.UserRecord{}
	for _, c := range all[Credential](l) {
		users[c.ListSID] = append(users[c.ListSID], directory.UserRecord{
			SID: c.SID, Name: c.Username, HA1: directory.HA1{MD5: c.HA1MD5, SHA256: c.HA1SHA256},
		})
	}
	for _, c := range all[CredentialList](l) {
		l.c.CredentialLists = append(l.c.CredentialLists, directory.CredentialListRecord{
			SID: c.SID, AccountSID: c.AccountSID, Name: c.FriendlyName, Users: users[c.SID],
		})
	}
}

// Prefix returns the network of an entry.
func (e ACLEntry) Prefix() (netip.Prefix, error) {
	a, err := netip.ParseAddr(e.IPAddress)
	if err != nil {
		return netip.Prefix{}, err
	}
	p := netip.PrefixFrom(a, e.CIDRPrefixLength).Masked()
	if !p.IsValid() {
		return netip.Prefix{}, fmt.Errorf("%s/%d is no network", e.IPAddress, e.CIDRPrefixLength)
	}
	return p, nil
}

func (l *loader) hosts() {
	guards := map[string][]Mapping{}
	for _, m := range all[Mapping](l) {
		guards[m.ParentSID] = append(guards[m.ParentSID], m)
	}
	callers := l.callers()
	for _, d := range all[Domain](l) {
		r := directory.DomainRecord{
			SID: d.SID, AccountSID: d.AccountSID, Name: d.DomainName, Aliases: strings.Fields(d.Aliases),
			Emergency: d.EmergencyCallingEnabled, CallerID: callers[d.EmergencyCallerSID],
			Registration: d.SipRegistration, Secure: d.Secure, Settings: l.settings(d.SID, d.Settings),
		}
		if d.CallerIDMode == directory.CallerIDAlways.String() {
			r.CallerIDMode = directory.CallerIDAlways
		}
		for _, m := range guards[d.SID] {
			switch {
			case m.Use == UseRegistrations && m.Kind == KindCredentials:
				r.RegistrationCredentials = append(r.RegistrationCredentials, m.ListSID)
			case m.Use == UseCalls && m.Kind == KindACL:
				r.ACLs = append(r.ACLs, m.ListSID)
			case m.Use == UseCalls && m.Kind == KindCredentials:
				r.Credentials = append(r.Credentials, m.ListSID)
			}
		}
		l.c.Domains = append(l.c.Domains, r)
	}
	for _, k := range all[Trunk](l) {
		if k.DomainName == "" { // calls have no way to it
			continue
		}
		r := directory.TrunkRecord{
			SID: k.SID, AccountSID: k.AccountSID, Name: k.DomainName, Aliases: strings.Fields(k.Aliases), Secure: k.Secure,
			Settings: l.settings(k.SID, k.Settings),
		}
		for _, m := range guards[k.SID] {
			if m.Kind == KindACL {
				r.ACLs = append(r.ACLs, m.ListSID)
			} else {
				r.Credentials = append(r.Credentials, m.ListSID)
			}
		}
		l.c.Trunks = append(l.c.Trunks, r)
	}
}

// settings reads the settings of a domain or trunk. Where they cannot be read the defaults hold: its calls go on.
func (l *loader) settings(sid, stored string) directory.Settings {
	s, err := directory.ReadStored(stored)
	if err != nil {
		l.t.s.opts.Logger.Warn().Err(err).Str("sid", sid).Msg("a domain or trunk has the default settings")
	}
	return s
}

// callers are the numbers that domains have as Emergency Caller ID, by SID.
func (l *loader) callers() map[string]string {
	if l.err != nil {
		return nil
	}
	var rows []struct {
		SID    string `db:"sid"`
		Number string `db:"phone_number"`
	}
	l.err = l.t.Select(&rows, `SELECT n.sid, n.phone_number FROM numbers n JOIN domains d ON d.emergency_caller_sid = n.sid`)
	m := make(map[string]string, len(rows))
	for _, r := range rows {
		m[r.SID] = r.Number
	}
	return m
}
