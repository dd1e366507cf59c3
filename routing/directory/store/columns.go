package store

import (
	"reflect"
	"strings"
)

// table is a kind of rows as the statements about it need it.
type table struct {
	kind    kind
	columns []column
	byName  map[string]*column
	list    string // the columns of a SELECT
	parent  *column
	key     *column // that names a row in its account, nil for none
}

// column is a field of a row.
type column struct {
	name     string
	index    []int // of the field
	own      bool  // of the kind, rather than of every row
	ref      bool  // "" is NULL in the database
	secret   bool  // the audit log has *** for it
	parent   bool  // SID of what the row belongs to
	key      bool  // names the row in its account
	settings bool  // directory.Settings as JSON: "" is {} in the database
}

// noSettings is what a column of settings has where there are none.
const noSettings = "{}"

// tables describes every type of rows.
func tables() map[reflect.Type]*table {
	all := map[reflect.Type]*table{}
	for _, r := range []Row{
		Account{}, Address{}, Number{}, Domain{}, CredentialList{}, Credential{}, ACL{}, ACLEntry{}, Mapping{}, Trunk{},
		OriginationURL{}, Key{}, Fee{}, AuditEntry{}, Notification{}, Location{}, Endpoint{}, EmergencyNumber{}, Recipient{}, Group{},
		GroupRecipient{}, GroupEndpoint{}, Order{}, OrderItem{},
	} {
		all[reflect.TypeOf(r)] = describe(r)
	}
	return all
}

func describe(r Row) *table {
	t := &table{kind: r.kind(), byName: map[string]*column{}}
	for _, f := range reflect.VisibleFields(reflect.TypeOf(r)) {
		name := f.Tag.Get("db")
		if name == "" {
			continue
		}
		t.columns = append(t.columns, column{name: name, index: f.Index, own: len(f.Index) == 1,
			ref: f.Tag.Get("row") == "ref", secret: f.Tag.Get("row") == "secret", parent: f.Tag.Get("row") == "parent",
			key: f.Tag.Get("row") == "key", settings: f.Tag.Get("row") == "settings"})
	}
	names := make([]string, len(t.columns))
	for i := range t.columns {
		c := &t.columns[i]
		if c.parent {
			t.parent = c
		}
		if c.key {
			t.key = c
		}
		t.byName[c.name] = c
		names[i] = c.name
		switch {
		case c.ref:
			names[i] = "COALESCE(" + c.name + ", '') AS " + c.name
		case c.settings: // a row is then the same however its defaults are spelled
			names[i] = "COALESCE(NULLIF(" + c.name + ", '" + noSettings + "'), '') AS " + c.name
		}
	}
	t.list = strings.Join(names, ", ")
	return t
}

// tableOf describes rows of type R.
func tableOf[R Row](t *Tx) *table { return t.s.tables[reflect.TypeFor[R]()] }

// commonOf returns the part of a row that every row has.
func commonOf[R Row](r *R) *Common { return any(r).(interface{ common() *Common }).common() }

func rowOf[R Row](r *R) reflect.Value { return reflect.ValueOf(r).Elem() }

func (c *Common) common() *Common { return c }

// stored is the value of a column as it goes to the database.
func (c *column) stored(row reflect.Value) any {
	v := row.FieldByIndex(c.index).Interface()
	switch {
	case c.ref && v == "":
		return nil
	case c.settings && v == "":
		return noSettings
	}
	return v
}

// columnNames are the columns in the order of values.
func (t *table) columnNames() []string {
	names := make([]string, len(t.columns))
	for i, c := range t.columns {
		names[i] = c.name
	}
	return names
}

// insertion is the statement that adds a row.
func (t *table) insertion() string {
	marks := strings.TrimSuffix(strings.Repeat("?, ", len(t.columns)), ", ")
	return "INSERT INTO " + t.kind.table + " (" + strings.Join(t.columnNames(), ", ") + ") VALUES (" + marks + ")"
}

// values are those of a row, in the order of columnNames.
func (t *table) values(row reflect.Value) []any {
	args := make([]any, len(t.columns))
	for i := range t.columns {
		args[i] = t.columns[i].stored(row)
	}
	return args
}
