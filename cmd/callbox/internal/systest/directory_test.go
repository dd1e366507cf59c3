package systest

import (
	"strings"
	"testing"
	"text/template"
)

// target is one call centre of a test's own directory.
type target struct {
	id, uri string
	ring    string // "" is 20s
	answer  string // YAML flow mapping of the answer policy, "" for the default
	deliver string // pidf or sip, "" for the default
	ng      string // YAML flow mapping of a next-generation centre, "" for a legacy one
}

// ID, URI, Ring, Answer, Deliver and NG are for the template.
func (t target) ID() string      { return t.id }
func (t target) URI() string     { return t.uri }
func (t target) Ring() string    { return t.ring }
func (t target) Answer() string  { return t.answer }
func (t target) Deliver() string { return t.deliver }
func (t target) NG() string      { return t.ng }

var directoryText = template.Must(template.New("directory.yaml").Parse(`
accounts:
  - {sid: AC00000000000000000000000000000911, name: Systest}
acls:
  - {name: here, networks: ["{{.Network}}"]}
domains:
  - {name: lab.sip.us1.twilio.com, emergency_calling: true, acls: [here]}
addresses:
  - {id: sf, customer: Systest, street: 645 Harrison St, secondary: Fl 4, city: San Francisco, state: CA, postal_code: "94105", country: US}
numbers:
  - {number: "+14155550100", service: e911, address: sf}
  - {number: "+14155550101", service: basic911, address: sf}
psaps:
{{- range $i, $t := .PSAPs}}
  - id: {{$t.ID}}
    name: Centre {{$t.ID}}
    uri: {{$t.URI}}
    ring: {{or $t.Ring "20s"}}
    {{- with $t.Answer}}
    answer: {{.}}{{end}}
    {{- with $t.Deliver}}
    deliver: {{.}}{{end}}
    {{- with $t.NG}}
    delivery: ng911
    ng911: {{.}}{{end}}
    {{- if not $i}}
    serves: {country: US, postal_codes: ["941"]}
    {{- with $.Overflow}}
    overflow: [{{.}}]{{end}}{{end}}
{{- end}}
eccs:
  - {id: {{.ECC.ID}}, name: National centre, country: US, uri: "{{.ECC.URI}}", ring: {{or .ECC.Ring "20s"}}}
test_service: {uri: "sip:test-service@sim"}
announcement: sip:announce@sim
`))

// directoryOf returns the text of a directory whose +14155550100 reaches the targets in order; the last is the ECC.
func directoryOf(t *testing.T, targets ...target) string {
	t.Helper()
	return directoryFor(t, "127.0.0.0/8", targets...)
}

// directoryFor is directoryOf with callers from one network only.
func directoryFor(t *testing.T, network string, targets ...target) string {
	t.Helper()
	psaps, ecc := targets[:len(targets)-1], targets[len(targets)-1]
	var overflow []string
	for _, p := range psaps[1:] {
		overflow = append(overflow, p.id)
	}
	var text strings.Builder
	if err := directoryText.Execute(&text, map[string]any{
		"Network": network, "PSAPs": psaps, "ECC": ecc, "Overflow": strings.Join(overflow, ", "),
	}); err != nil {
		t.Fatal(err)
	}
	return text.String()
}
