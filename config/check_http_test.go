package config

import (
	"strings"
	"testing"
)

func TestHTTPLeavesTheMachineWithTLSOrByAWord(t *testing.T) {
	for src, ok := range map[string]bool{
		`http: {address: "127.0.0.1:8080"}`:                true,
		`http: {address: "127.9.9.9:8080"}`:                true,
		`http: {address: "[::1]:8080"}`:                    true,
		`http: {address: "0.0.0.0:8080"}`:                  false,
		`http: {address: "[::]:8080"}`:                     false,
		`http: {address: "192.0.2.1:8080"}`:                false,
		`http: {address: "[fe80::1%eth0]:8080"}`:           false,
		`http: {address: "0.0.0.0:8080", tls: off}`:        false,
		`http: {address: "0.0.0.0:8080", plain: false}`:    false,
		`http: {address: "0.0.0.0:8080", tls: auto}`:       true,
		`http: {address: "0.0.0.0:8080", plain: true}`:     true,
		`http: {address: "[::1]:8080", tls: auto}`:         true,
		`http: {address: "[::ffff:127.0.0.1]:8080"}`:       false, // to be written as IPv4
		`http: {address: "[::ffff:192.0.2.1]:80"}`:         false,
		`http: {address: "127.0.0.1:8080", tls: required}`: false,
	} {
		_, problems := Parse("c.yaml", []byte(src), nil)
		if ok != (len(problems) == 0) || len(problems) > 1 {
			t.Errorf("%s: %v", src, problems)
		}
	}
}

func TestAVariableIsEnoughToServePlainHTTP(t *testing.T) {
	if _, problems := Parse("", nil, []string{"CALLBOX_HTTP_ADDRESS=0.0.0.0:8080", "CALLBOX_HTTP_PLAIN=true"}); len(problems) > 0 {
		t.Error(problems)
	}
	_, problems := Parse("", nil, []string{"CALLBOX_HTTP_ADDRESS=0.0.0.0:8080"})
	if len(problems) != 1 || problems[0].File != "CALLBOX_HTTP_ADDRESS" || !strings.Contains(problems[0].Mend, "CALLBOX_HTTP_PLAIN=true") {
		t.Error(problems)
	}
}

func TestDatabaseURLs(t *testing.T) {
	const password = "Callbox-lab-911"
	for _, test := range []struct{ url, shown, problem string }{
		{"postgres://callbox:" + password + "@db.example.com/callbox", "postgres://callbox@db.example.com/callbox", ""},
		{"postgresql://callbox@[2001:db8::1]:5433/callbox", "postgresql://callbox@[2001:db8::1]:5433/callbox", ""},
		{"postgres://db/callbox?password=" + password, "postgres://db/callbox", ""},
		{"postgres:///callbox?host=/run/postgresql", "postgres:///callbox", ""},
		{"postgres://callbox:a%40%23@db/callbox", "postgres://callbox@db/callbox", ""},
		{"sqlite:callbox.db", "sqlite:callbox.db", ""},
		{"", "", ""},
		{"sqlite:", "sqlite:", "does not name a file"},
		{"sqlite:///var/x.db", "sqlite:///var/x.db", "does not name a file"},
		{"sqlite:x.db?mode=memory", "sqlite:x.db?mode=memory", "does not name a file"},
		{"postgres://db", "postgres://db", "names no database"},
		{"postgres:///callbox", "postgres:///callbox", "names no host"},
		{"postgres://callbox:" + password + "#@db/callbox", "***", "is not a URL"},
		{"postgres://callbox:" + password + "/@db/callbox", "***", "is not a URL"},
		{"postgres://db/callbox#" + password, "postgres://db/callbox", "has a # in it"},
		{"host=db password=" + password, "", "is no database that callbox knows"},
		{"db.example.com", "", "is no database that callbox knows"},
	} {
		o, problems := Parse("", nil, []string{"CALLBOX_DATABASE_URL=" + test.url})
		if (test.problem == "") != (len(problems) == 0) || !strings.Contains(problems.Error(), test.problem) {
			t.Errorf("%s: %v", test.url, problems)
		}
		if test.shown != "" && o.Database.Shown() != test.shown {
			t.Errorf("%s is shown as %s", test.url, o.Database.Shown())
		}
		if strings.Contains(o.Database.Shown(), password) || strings.Contains(problems.Error(), password) {
			t.Errorf("%s: the password shows in %q or %q", test.url, o.Database.Shown(), problems.Error())
		}
	}
}

func TestASQLiteFileIsRelativeToItsConfiguration(t *testing.T) {
	o, problems := Parse("/etc/callbox/callbox.yaml", []byte("database: {url: sqlite:lab.db}"), nil)
	if len(problems) > 0 || string(o.Database.URL) != "sqlite:/etc/callbox/lab.db" {
		t.Error(string(o.Database.URL), problems)
	}
	o, _ = Parse("/etc/callbox/callbox.yaml", nil, []string{"CALLBOX_DATABASE_URL=sqlite:lab.db"})
	if string(o.Database.URL) != "sqlite:lab.db" {
		t.Error(string(o.Database.URL))
	}
}
