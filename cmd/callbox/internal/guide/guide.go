// Package guide has the step-by-step guides for pointing PBXs and softphones at an edge, as Markdown. It knows nothing of
// the edge: what the guides promise is run by the system tests.
package guide

import (
	"embed"
	"fmt"
	"strings"
)

//go:embed *.md
var pages embed.FS

// Guide is one guide.
type Guide struct {
	Name  string // as the command line has it
	About string // what it is about, in a few words
}

// All returns the guides, PBXs first.
func All() []Guide {
	return []Guide{
		{"3cx", "3CX on a secure trunk, from the trunk to 933, callback and notification"},
		{"freepbx", "FreePBX on a trunk"},
		{"asterisk", "Asterisk's pjsip.conf and dial plan for a trunk"},
		{"linphone", "Linphone, registered or not"},
		{"baresip", "baresip, registered or not"},
	}
}

// Text returns a guide in Markdown. Its error names the guides there are.
func Text(name string) (string, error) {
	var names []string
	for _, g := range All() {
		if g.Name == strings.ToLower(name) {
			text, err := pages.ReadFile(g.Name + ".md")
			return string(text), err
		}
		names = append(names, g.Name)
	}
	return "", fmt.Errorf("there is no guide %q: there are %s", name, strings.Join(names, ", "))
}
