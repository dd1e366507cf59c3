package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"callbox/cmd/callbox/internal/app"
	"callbox/cmd/callbox/internal/explain"
	"callbox/config"
)

// newExplain returns the command that decides a call nobody made.
func newExplain(s streams) *cobra.Command {
	var set settings
	var q explain.Question
	var out outputFlag
	var at whereFlags
	edge := client{user: os.Getenv("CALLBOX_USER")}
	cmd := &cobra.Command{
		Use:   "explain",
		Short: "Say what would become of a call, and why",
		Long: "Say what would become of a call: the verdict, the targets in ring order, and what every rule saw. The decision is\n" +
			"the one that routes calls. No call is made, and neither\n" +
			"a web service nor a LoST server is asked: --hook-answer and --lost-answer say what they would answer. The directory file alone decides, and every call centre counts as in\n" +
			"service; with --url a running edge is asked, which also knows what was provisioned by its API and which centres are up.",
		Example: "  callbox explain --from +14155550102 --to 911\n" +
			"  callbox explain --from +442079460100 --to urn:service:sos.police -o json\n" +
			"  callbox explain --from +14155550123 --to 911 --url http://127.0.0.1:8080\n" +
			"  callbox explain --from +14155550100 --to 911 --domain phones.sip.us1.twilio.com --user alice --password Callbox-lab-911\n" +
			"  callbox explain --from +14155550100 --to 911 --lat 37.7841 --lon -122.3964 --uncertainty 50\n" +
			"  callbox explain --aeui alicePhone0001 --to 911 --location-id elmStreet100\n" +
			"  callbox explain --from +14155550177 --to +19195550911 --hook-answer answer.json\n" +
			"  callbox explain --from 10001 --pai +14155550100 --to 911 --domain lab.pstn.ashburn.twilio.com --user alice --password Callbox-lab-911",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if q.From == "" && q.AEUI == "" || q.To == "" {
				return usage("say who calls with --from or --aeui and what is dialled with --to")
			}
			if err := at.fill(cmd, &q); err != nil {
				return err
			}
			answer, err := decide(cmd.Context(), s, &set, edge, q)
			switch {
			case err != nil:
				return err
			case out.json:
				return printJSON(s.out, answer)
			}
			_, err = fmt.Fprint(s.out, answer.Text)
			return err
		},
	}
	f := cmd.Flags()
	set.addFiles(f)
	f.StringVar(&q.From, "from", "", "the caller: a `number`, a SIP URI, or anonymous")
	f.StringVar(&q.To, "to", "", "what is dialled: a `number`, a SIP URI, or a service URN such as urn:service:sos")
	f.StringVar(&q.Domain, "domain", "", "the `domain` or trunk the call is sent to (default "+explain.DefaultDomain+
		", with --aeui or --location-id "+explain.EndpointDomain+")")
	f.StringVar(&q.Source, "source", explain.DefaultSource, "the IP `address` it comes from")
	f.StringVar(&q.Transport, "transport", explain.DefaultTransport, "udp, tcp, tls, ws or wss")
	f.StringVar(&q.User, "user", "", "digest user `name`; none is sent without it")
	f.StringVar(&q.Password, "password", "", "its password")
	f.StringArrayVar(&q.Asserted, "pai", nil, "a P-Asserted-Identity, as --from has it; may be there several times")
	f.StringArrayVar(&q.RemoteParty, "rpid", nil, "a Remote-Party-ID of the calling party")
	f.StringArrayVar(&q.Preferred, "ppi", nil, "a P-Preferred-Identity")
	f.StringArrayVar(&q.Diversion, "diversion", nil, "a Diversion")
	at.add(f, &q)
	f.StringVar(&edge.url, "url", "", "`address` of the API of a running edge, which decides in place of the directory file")
	f.StringVar(&edge.tokenFile, "token-file", "", "`file` with the edge's auth token or a key's secret, where CALLBOX_USER says whose; not needed on its own machine")
	out.add(cmd)
	return cmd
}

// decide asks the directory file, or the edge where one is named.
func decide(ctx context.Context, s streams, set *settings, edge client, q explain.Question) (explain.Answer, error) {
	if edge.url != "" {
		return ask(ctx, edge, q)
	}
	o, problems := set.load()
	if len(problems) > 0 {
		return explain.Answer{}, blame(problems)
	}
	snapshot, problems := app.LoadDirectory(o.Directory, o.Sim.Address)
	if len(problems) > 0 {
		return explain.Answer{}, problems
	}
	d, err := explain.Ask(snapshot, nil, q)
	if err != nil {
		return explain.Answer{}, usage("%w", err)
	}
	if provisioned(o) {
		fmt.Fprintln(s.err, "note: this is by the directory file alone; --url", defaultURL, "asks an edge that also knows what was provisioned")
	}
	return explain.Describe(d), nil
}

// provisioned tells whether an edge with these options has kept a directory of its own.
func provisioned(o config.Options) bool {
	_, err := os.Stat(filepath.Join(o.Data, app.DatabaseName))
	return err == nil || o.Database.URL != ""
}

// ask has a running edge decide.
func ask(ctx context.Context, edge client, q explain.Question) (explain.Answer, error) {
	var answer explain.Answer
	text, err := json.Marshal(q)
	if err != nil {
		return answer, err
	}
	r, err := edge.request(ctx, http.MethodPost, "/api/v1/explain", nil, bytes.NewReader(text))
	if err != nil {
		return answer, err
	}
	if q.Password != "" && inTheClear(r.URL) {
		return answer, usage("the password would go to %s in the clear; use https", r.URL.Host)
	}
	r.Header.Set("Content-Type", "application/json")
	resp, err := edge.do(r)
	if err != nil {
		return answer, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	switch {
	case err != nil:
		return answer, fmt.Errorf("ask the edge: %w", err)
	case resp.StatusCode != http.StatusOK:
		return answer, edge.refusal(resp, body)
	}
	if err := json.Unmarshal(body, &answer); err != nil {
		return answer, fmt.Errorf("the edge at %s answers what is no decision: %w", edge.url, err)
	}
	return answer, nil
}
