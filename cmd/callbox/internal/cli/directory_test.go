package cli

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"callbox/cmd/callbox/internal/web"
	"callbox/routing/directory/store"
	"callbox/routing/directory/store/storetest"
	"callbox/routing/transfer"
)

const (
	firstAccount  = "AC00000000000000000000000000000911"
	secondAccount = "AC00000000000000000000000000000912"
)

// noCentres is the call centres of an edge that has none.
type noCentres struct{ web.Centres }

// api is the API of an edge with these accounts.
func api(t *testing.T, accounts ...string) *httptest.Server {
	t.Helper()
	s := storetest.Open(t, storetest.SQLite, store.Options{})
	err := s.Update(t.Context(), store.Actor{}, func(tx *store.Tx) error {
		for _, sid := range accounts {
			if err := store.Insert(tx, &store.Account{Common: store.Common{SID: sid}, FriendlyName: sid, Status: "active"}); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(web.Handler(web.Options{Store: s, Spool: t.TempDir(), Metrics: http.NotFoundHandler(), Centres: noCentres{}}))
	t.Cleanup(server.Close)
	return server
}

// runs runs callbox and returns its exit code, stdout and stderr.
func runs(t *testing.T, stdin string, args ...string) (code int, out, talk string) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	code = Run(t.Context(), "v1", args, strings.NewReader(stdin), &stdout, &stderr)
	return code, stdout.String(), stderr.String()
}

// written is a file with this text.
func written(t *testing.T, text string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "numbers.csv")
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

func TestNumbersComeInAndGoOut(t *testing.T) {
	t.Parallel()
	url := "--url=" + api(t, firstAccount).URL
	name := written(t, "phone_number,friendly_name,street,city,region,postal_code,iso_country\n+14155550100,Desk,645 Harrison St,San Francisco,CA,94105,US\n")
	code, out, talk := runs(t, "", "directory", "import", url, name)
	if want := name + ": 1 lines, 0 bad; 1 numbers new, 0 changed, 0 as they were, 0 skipped; 1 new addresses, 0 corrected; done\n"; code != 0 || out != want || talk != "" {
		t.Errorf("%d %q %q", code, out, talk)
	}
	code, exported, talk := runs(t, "", "directory", "export", url)
	if code != 0 || strings.Count(exported, "\n") != 2 || talk != "" {
		t.Errorf("%d %q %q", code, exported, talk)
	}
	code, out, _ = runs(t, exported, "directory", "import", url, "-o", "json", "-")
	var report transfer.Report
	if err := json.Unmarshal([]byte(out), &report); err != nil || code != 0 {
		t.Errorf("%d %q %v", code, out, err)
	}
	if diff := cmp.Diff(transfer.Report{Applied: true, Lines: 1, Unchanged: 1, Problems: []transfer.Problem{}}, report); diff != "" {
		t.Error(diff)
	}
	to := filepath.Join(t.TempDir(), "out.csv")
	if code, out, talk := runs(t, "", "directory", "export", url, "--to", to, "--account", firstAccount); code != 0 || out != "" || talk != "" {
		t.Errorf("%d %q %q", code, out, talk)
	}
	if text, err := os.ReadFile(to); err != nil || string(text) != exported {
		t.Errorf("%q, %v", text, err)
	}
}

func TestProblemsOfAnImportAreToldWithTheirLines(t *testing.T) {
	t.Parallel()
	url := "--url=" + api(t, firstAccount).URL
	name := written(t, "phone_number,service\n+14155550100,e911\n5550100,none\n")
	want := name + `:3: phone_number: "5550100": is not E.164; write "+", the country's calling code and the rest of the number, such as +14155550100` + "\n"
	for _, test := range []struct {
		flag, end string
	}{{"--dry-run", "nothing was to be changed\n"}, {"--on-conflict=update", "nothing was changed\n"}, {"--good-lines-only", "done\n"}} {
		code, out, talk := runs(t, "", "directory", "import", url, test.flag, name)
		if code != 3 || talk != want || !strings.HasPrefix(out, name+": 2 lines, 1 bad; 1 numbers new, ") || !strings.HasSuffix(out, test.end) {
			t.Errorf("%s: %d\n%s%s", test.flag, code, talk, out)
		}
	}
}

func TestWhatIsNoImportEndsWithItsCode(t *testing.T) {
	t.Setenv("CALLBOX_AUTH_TOKEN", "")
	one, two := api(t, firstAccount), api(t, firstAccount, secondAccount)
	gone := httptest.NewServer(nil)
	gone.Close()
	stranger := httptest.NewServer(http.NotFoundHandler())
	defer stranger.Close()
	name := written(t, "phone_number\n")
	for _, test := range []struct {
		args string
		code int
		want string
	}{
		{"import --url=" + gone.URL + " " + name, 1, "callbox: no edge answers at " + gone.URL + ": connect: connection refused; start one with callbox serve, or name another with --url\n"},
		{"export --url=" + stranger.URL, 1, "callbox: the edge at " + stranger.URL + " answers 404 Not Found: is it a callbox?\n"},
		{"import --url=" + two.URL + " " + name, 1, "callbox: the edge refuses: validation failed; account_sid: there are several accounts: say which\n"},
		{"export --url=" + one.URL + " --account=AC1", 1, "callbox: the edge refuses: there is no account AC1\n"},
		{"import --url=" + one.URL + " --register=pending " + name, 1, "callbox: the edge refuses: cannot import: nothing here moves registrations on; use register=registered; nothing was changed\n"},
		{"import /nowhere", 1, "callbox: import /nowhere: no such file or directory\n"},
		{"import /", 1, "callbox: import /: it is no file\n"},
		{"import", 2, "callbox: accepts 1 arg(s), received 0\nTry 'callbox directory import --help'.\n"},
		{"import --on-conflict=merge x", 2, "callbox: invalid argument \"merge\" for \"--on-conflict\" flag: \"merge\" is none of error, update, skip\nTry 'callbox directory import --help'.\n"},
		{"import --url=127.0.0.1:8080 " + name, 2, "callbox: --url \"127.0.0.1:8080\" is no address of an API; write one such as http://127.0.0.1:8080\nTry 'callbox directory import --help'.\n"},
		{"export --user=" + firstAccount, 2, "callbox: --user " + firstAccount + " needs a token: name its file with --token-file, or set CALLBOX_AUTH_TOKEN\nTry 'callbox directory export --help'.\n"},
		{"export --url=http://192.0.2.1 --user=AC1 --token-file=" + name, 2, "callbox: the token would go to 192.0.2.1 in the clear; use https\nTry 'callbox directory export --help'.\n"},
		{"impart x", 2, "callbox: there is no command \"impart\"; did you mean import?\nTry 'callbox directory --help'.\n"},
	} {
		code, out, talk := runs(t, "", append([]string{"directory"}, strings.Fields(test.args)...)...)
		if code != test.code || out != "" || talk != test.want {
			t.Errorf("%s: %d %q\n%s", test.args, code, out, talk)
		}
	}
}

func TestAnExportThatBreaksOffLeavesNoFile(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "phone_number\n")
		control := http.NewResponseController(w)
		_ = control.Flush()
		if conn, _, err := control.Hijack(); err == nil {
			_ = conn.Close()
		}
	}))
	defer server.Close()
	dir := t.TempDir()
	code, _, talk := runs(t, "", "directory", "export", "--url="+server.URL, "--to="+filepath.Join(dir, "out.csv"))
	if code != 1 || talk != "callbox: the export is not whole: the edge broke it off\n" {
		t.Errorf("%d %q", code, talk)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("%v %v", left, err)
	}
}
