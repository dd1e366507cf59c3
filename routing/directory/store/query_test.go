package store_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	. "callbox/routing/directory/store"
	"callbox/routing/directory/store/storetest"
)

// chosen is a query and the names of the numbers it chooses, in order.
type chosen struct {
	q    Query
	want string
}

// queries are by what they try; ids are those of numbers by name.
func queries(ids map[string]int64) map[string]chosen {
	return map[string]chosen{
		"all, newest first":          {Query{}, ",lobby_1,Café,desk 100%,Desk"},
		"oldest first":               {Query{Oldest: true, Limit: 2}, "Desk,desk 100%"},
		"one account":                {Query{Account: other}, ""},
		"a page":                     {Query{Limit: 2, Before: ids["lobby_1"]}, "Café,desk 100%"},
		"after a row":                {Query{Oldest: true, After: ids["Café"]}, "lobby_1,"},
		"an offset":                  {Query{Limit: 2, Offset: 1}, "lobby_1,Café"},
		"equal minds case":           {Where("friendly_name", "desk"), "none"},
		"like does not":              {Query{Where: []Cond{{"friendly_name", Like, "DESK%"}}}, "desk 100%,Desk"},
		"like of an escaped pattern": {Query{Where: []Cond{{"friendly_name", Like, "%" + EscapeLike("100%")}}}, "desk 100%"},
		"an escaped underscore":      {Query{Where: []Cond{{"friendly_name", Like, EscapeLike("lobby_") + "_"}}}, "lobby_1"},
		"accents":                    {Where("friendly_name", "Café"), "Café"},
		"in":                         {Query{Where: []Cond{{"friendly_name", In, []string{"Desk", "Café", "x"}}}}, "Café,Desk"},
		"in nothing":                 {Query{Where: []Cond{{"friendly_name", In, []string{}}}}, "none"},
		"a range":                    {Query{Where: []Cond{{"status_due", GreaterEq, 2}, {"status_due", Less, 4}}}, "lobby_1,Café"},
		"no reference":               {Where("trunk_sid", ""), ",lobby_1,Café,Desk"},
		"not that reference":         {Query{Where: []Cond{{"trunk_sid", NotEqual, "TK1"}}}, ",lobby_1,Café,desk 100%,Desk"},
		"a reference":                {Query{Where: []Cond{{"trunk_sid", NotEqual, ""}}}, "desk 100%"},
		"a boolean":                  {Query{Where: []Cond{{"voice_caller_id_lookup", Equal, false}}, Limit: 1, Oldest: true}, "Desk"},
		"text no row can have":       {Where("friendly_name", "a\x00"), "none"},
		"text that is not UTF-8":     {Where("friendly_name", "\xff"), "none"},
		"injection":                  {Where("friendly_name", "' OR '1'='1"), "none"},
	}
}

func TestQueriesChooseTheSameRowsOnBothEngines(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, engine string) {
		s := open(t, engine)
		ids := map[string]int64{}
		update(t, s, func(tx *Tx) error {
			trunk := Trunk{Common: Common{AccountSID: lab}}
			must(t, Insert(tx, &trunk))
			for i, name := range []string{"Desk", "desk 100%", "Café", "lobby_1", ""} {
				n := Number{Common: Common{AccountSID: lab}, PhoneNumber: e164(i), FriendlyName: name, StatusDue: int64(i)}
				switch i {
				case 1:
					n.TrunkSID = trunk.SID
				case 4:
					n.AccountSID = other
				}
				must(t, Insert(tx, &n))
				ids[name] = n.ID
			}
			return nil
		})
		for name, c := range queries(ids) {
			view(t, s, func(tx *Tx) error {
				rows, err := Find[Number](tx, c.q)
				names := make([]string, len(rows))
				for i, r := range rows {
					names[i] = r.FriendlyName
				}
				got := strings.Join(names, ",")
				if len(rows) == 0 {
					got = "none"
				}
				if diff := cmp.Diff(c.want, got); diff != "" || err != nil {
					t.Errorf("%s: %s %v", name, diff, err)
				}
				if n, err := Count[Number](tx, c.q); c.q.Limit == 0 && (n != len(rows) || err != nil) {
					t.Errorf("%s: counted %d, %v", name, n, err)
				}
				return nil
			})
		}
		view(t, s, func(tx *Tx) error {
			for _, q := range []Query{Where("no_such", 1), {Where: []Cond{{"sid", "; DROP TABLE numbers", ""}}}, {Offset: 1}, {Where: []Cond{{"sid", In, "x"}}}} {
				if _, err := Find[Number](tx, q); err == nil {
					t.Errorf("%+v was asked", q)
				}
			}
			return nil
		})
	})
}

func TestTheAuditLogHasWhoAndWhatButNoSecret(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, engine string) {
		s := open(t, engine)
		list := CredentialList{Common: Common{AccountSID: lab}, FriendlyName: "phones"}
		user := Credential{Common: Common{AccountSID: lab}, Username: "alice", HA1MD5: "secret-one", HA1SHA256: "secret-two"}
		update(t, s, func(tx *Tx) error {
			must(t, Insert(tx, &list))
			user.ListSID = list.SID
			return Insert(tx, &user)
		})
		update(t, s, func(tx *Tx) error {
			user.HA1MD5 = "secret-three"
			return Save(tx, &user)
		})
		update(t, s, func(tx *Tx) error { return Save(tx, &user) }) // nothing new
		update(t, s, func(tx *Tx) error { return Delete(tx, &user) })
		view(t, s, func(tx *Tx) error {
			entries, err := Find[AuditEntry](tx, Query{Where: []Cond{{"sid", Equal, user.SID}}, Oldest: true})
			must(t, err)
			var got []string
			for _, e := range entries {
				got = append(got, e.Actor+" "+e.Source+" "+e.Action+" "+e.Kind+" "+e.AccountSID+" "+e.Changes)
			}
			by := lab + " 192.0.2.1 "
			want := []string{
				by + "insert credential " + lab + ` {"ha1_md5":{"new":"***"},"ha1_sha256":{"new":"***"},"list_sid":{"new":"` + list.SID + `"},"username":{"new":"alice"}}`,
				by + "update credential " + lab + ` {"ha1_md5":{"old":"***","new":"***"}}`,
				by + "delete credential " + lab + ` {"ha1_md5":{"old":"***"},"ha1_sha256":{"old":"***"},"list_sid":{"old":"` + list.SID + `"},"username":{"old":"alice"}}`,
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
			return nil
		})
	})
}

func TestWhatGoesWithARowAndWhatHoldsIt(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, engine string) {
		s := open(t, engine)
		var x site
		update(t, s, func(tx *Tx) error { x.insert(t, tx); return nil })
		for name, c := range map[string]struct {
			want error
			try  func(tx *Tx) error
		}{
			"a mapped list":     {ErrInUse, func(tx *Tx) error { return Delete(tx, &x.acl) }},
			"an address in use": {ErrInUse, func(tx *Tx) error { return Delete(tx, &x.address) }},
			"a caller ID":       {ErrInUse, func(tx *Tx) error { return Delete(tx, &x.number) }},
			"an account in use": {ErrInUse, func(tx *Tx) error { a, _ := Get[Account](tx, lab, lab); return Delete(tx, &a) }},
			"an older domain":   {ErrConflict, func(tx *Tx) error { d := x.domain; d.Rev--; return Delete(tx, &d) }},
			"a domain of old":   {ErrConflict, func(tx *Tx) error { d := x.domain; d.Rev--; return Save(tx, &d) }},
			"a row that is not": {ErrNotFound, func(tx *Tx) error { d := x.domain; d.SID = "SD404"; return Delete(tx, &d) }},
			"saving that":       {ErrNotFound, func(tx *Tx) error { d := x.domain; d.SID = "SD404"; return Save(tx, &d) }},
			"the same mapping":  {ErrTaken, func(tx *Tx) error { m := x.guard; m.SID = ""; return Insert(tx, &m) }},
			"a host in capitals": {ErrTaken, func(tx *Tx) error {
				return Insert(tx, &Domain{Common: Common{AccountSID: lab}, DomainName: "A.SIP.twilio.com"})
			}},
		} {
			if err := s.Update(t.Context(), tester, c.try); !errors.Is(err, c.want) {
				t.Errorf("%s: %v", name, err)
			}
		}
		update(t, s, func(tx *Tx) error {
			must(t, Insert(tx, &OriginationURL{Common: Common{AccountSID: lab}, TrunkSID: x.trunk.SID}))
			must(t, Delete(tx, &x.domain)) // with its mapping, so that the list is free
			must(t, Delete(tx, &x.acl))
			return Delete(tx, &x.trunk)
		})
		view(t, s, func(tx *Tx) error {
			mappings, _ := Count[Mapping](tx, Query{})
			entries, _ := Count[ACLEntry](tx, Query{})
			urls, _ := Count[OriginationURL](tx, Query{})
			if mappings+entries+urls != 0 {
				t.Errorf("%d mappings, %d entries, %d origination URLs stayed", mappings, entries, urls)
			}
			return nil
		})
	})
}
