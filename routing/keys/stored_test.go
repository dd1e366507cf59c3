package keys

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"callbox/routing/directory"
	"callbox/routing/directory/store"
	"callbox/routing/directory/store/storetest"
)

// stored opens an empty store with one account in it.
func stored(t *testing.T, url string) (*store.Store, Stored) {
	t.Helper()
	s := storetest.OpenURL(t, url, store.Options{})
	account := store.Account{FriendlyName: "Other", Status: "active"}
	account.SID = otherAccount
	if err := s.Update(t.Context(), store.Actor{}, func(tx *store.Tx) error { return store.Insert(tx, &account) }); err != nil {
		t.Fatal(err)
	}
	return s, NewStored(s)
}

func TestAKeyOpensUntilItIsRevoked(t *testing.T) {
	storetest.Each(t, func(t *testing.T, engine string) { opensUntilRevoked(t, storetest.URL(t, engine)) })
}

func opensUntilRevoked(t *testing.T, url string) {
	s, keys := stored(t, url)
	g := NewGuard(Options{Account: accounts, Rows: keys})
	who := Caller{Principal{Name: mainAccount}, netip.MustParseAddr("192.0.2.1")}.Actor()
	key, secret, err := keys.Make(t.Context(), who, Wish{"CI", otherAccount, ScopeRead})
	if err != nil {
		t.Fatal(err)
	}
	p, err := g.Check(t.Context(), Login{key.SID, string(secret), office})
	if err != nil || p != (Principal{key.SID, otherAccount, true}) {
		t.Errorf("%+v, %v", p, err)
	}
	all, err := keys.Keys(t.Context())
	if err != nil || len(all) != 1 || all[0] != key || key.CreatedAt.IsZero() || !strings.HasPrefix(key.SID, "SK") {
		t.Errorf("%+v, %v", all, err)
	}
	if strings.Contains(fmt.Sprintf("%+v %#v", secret, key), string(secret)) {
		t.Error("the secret shows")
	}
	if err := keys.Revoke(t.Context(), who, key.SID); err != nil {
		t.Fatal(err)
	}
	if _, err := g.Check(t.Context(), Login{key.SID, string(secret), office}); !errors.Is(err, ErrWrong) {
		t.Errorf("a revoked key: %v", err)
	}
	if err := keys.Revoke(t.Context(), who, key.SID); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("revoked twice: %v", err)
	}
	var audit []store.AuditEntry
	if err := s.View(t.Context(), func(tx *store.Tx) (err error) {
		audit, err = store.Find[store.AuditEntry](tx, store.Query{})
		return err
	}); err != nil {
		t.Fatal(err)
	}
	said := fmt.Sprintf("%+v", audit)
	if !strings.Contains(said, "192.0.2.1") || !strings.Contains(said, mainAccount) || strings.Contains(said, key.Hash) || strings.Contains(said, string(secret)) {
		t.Errorf("the audit log: %s", said)
	}
}

func TestAKeyRevokedOnOneEdgeOpensNoOther(t *testing.T) {
	storetest.Each(t, func(t *testing.T, engine string) {
		url := storetest.URL(t, engine)
		_, here := stored(t, url)
		there := storetest.OpenURL(t, url, store.Options{})
		m, err := there.Mirror(t.Context(), directory.LabContents(netip.AddrPort{}).Network, func(*directory.Snapshot) {})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(m.Close)
		g := NewGuard(Options{Account: accounts, Rows: NewStored(there)})
		key, secret, err := here.Make(t.Context(), store.Actor{}, Wish{"x", "", ScopeFull})
		if err != nil {
			t.Fatal(err)
		}
		// becomes waits for as long as is promised.
		becomes := func(in bool) {
			t.Helper()
			for began := time.Now(); ; {
				_, err := g.Check(t.Context(), Login{key.SID, string(secret), office})
				if (err == nil) == in {
					return
				}
				if time.Since(began) > time.Second {
					t.Fatalf("after %v: %v", time.Since(began), err)
				}
				<-time.After(10 * time.Millisecond)
			}
		}
		becomes(true)
		if err := here.Revoke(t.Context(), store.Actor{}, key.SID); err != nil {
			t.Fatal(err)
		}
		becomes(false)
	})
}

func TestTwoKeysHaveTwoSecrets(t *testing.T) {
	t.Parallel()
	_, keys := stored(t, storetest.URL(t, storetest.SQLite))
	seen := map[string]bool{}
	for range 20 {
		k, secret, err := keys.Make(t.Context(), store.Actor{}, Wish{"x", "", ScopeFull})
		if err != nil {
			t.Fatal(err)
		}
		if len(secret) != 64 || seen[string(secret)] || seen[k.SID] {
			t.Errorf("%s again, or of %d letters", k.SID, len(secret))
		}
		seen[string(secret)], seen[k.SID] = true, true
	}
}

func TestWishesThatCannotBeHad(t *testing.T) {
	t.Parallel()
	_, keys := stored(t, storetest.URL(t, storetest.SQLite))
	for _, tt := range []struct {
		wish  Wish
		field string
	}{
		{Wish{"", "", ScopeFull}, "name"},
		{Wish{strings.Repeat("é", 65), "", ScopeFull}, "name"},
		{Wish{"two\nlines", "", ScopeFull}, "name"},
		{Wish{"not \xff UTF-8", "", ScopeFull}, "name"},
		{Wish{"x", "", ""}, "scope"},
		{Wish{"x", "", "write"}, "scope"},
		{Wish{"x", mainAccount, ScopeFull}, "account_sid"}, // the store has the other one only
		{Wish{"x", "' OR 1=1", ScopeFull}, "account_sid"},
	} {
		_, _, err := keys.Make(t.Context(), store.Actor{}, tt.wish)
		var invalid *InvalidError
		if !errors.As(err, &invalid) || invalid.Field != tt.field || invalid.Message == "" {
			t.Errorf("%+v: %v, want a problem of %s", tt.wish, err, tt.field)
		}
	}
	if all, err := keys.Keys(t.Context()); err != nil || len(all) != 0 {
		t.Errorf("%v, %v: there are keys", all, err)
	}
}
