package strict

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"
)

// entry is one key of a mapping and its value.
type entry struct {
	key, value *yaml.Node
	again      bool // the key was there before
}

// merger lists the keys of mappings with those that their merge keys ("<<: *anchor") bring.
type merger struct {
	report func(key *yaml.Node, at place, message, mend string)
	active map[*yaml.Node]bool // mappings being listed, to notice one that merges itself
	left   int                 // keys that merging may still bring
}

func newMerger(report func(*yaml.Node, place, string, string)) merger {
	return merger{report, map[*yaml.Node]bool{}, MaxExpanded}
}

// entries returns the keys of a mapping in the order written, those of merge keys last and only where the mapping does not
// have them itself. It reports keys that are there twice or are no text.
func (m *merger) entries(n *yaml.Node, at place) []entry {
	out := make([]entry, 0, len(n.Content)/2)
	seen := make(map[string]int, len(n.Content)/2)
	var merges []*yaml.Node
	m.active[n] = true
	defer delete(m.active, n)
	for i := 0; i+1 < len(n.Content); i += 2 {
		k, v := target(n.Content[i]), n.Content[i+1]
		switch {
		case k.Kind != yaml.ScalarNode || isNull(k):
			m.report(n.Content[i], at, "has a key that is not text", "write a name before the colon")
		case isMerge(k):
			merges = append(merges, v)
		default:
			line, again := seen[k.Value]
			if again {
				m.report(n.Content[i], at.key(k.Value), fmt.Sprintf("is there twice, first on line %d", line), "remove one of the two")
			} else {
				seen[k.Value] = n.Content[i].Line
			}
			out = append(out, entry{k, v, again})
		}
	}
	for _, from := range merges {
		for _, e := range m.merged(from, at) {
			if _, own := seen[e.key.Value]; !own {
				seen[e.key.Value] = e.key.Line
				out = append(out, e)
			}
		}
	}
	return out
}

// merged returns the entries that the value of a merge key brings: of one mapping, or of a list of them.
func (m *merger) merged(value *yaml.Node, at place) []entry {
	at = at.key("<<")
	sources := []*yaml.Node{value}
	if t := target(value); t.Kind == yaml.SequenceNode {
		sources = t.Content
	}
	var out []entry
	for _, s := range sources {
		t := target(s)
		switch {
		case m.left < 0: // reported already
		case t.Kind != yaml.MappingNode:
			m.report(s, at, "must be an alias to keys and values", "write <<: *anchor")
		case m.active[t]:
			m.report(s, at, "merges itself", "remove it")
		default:
			if m.left -= 1 + len(t.Content)/2; m.left < 0 {
				m.report(s, at, fmt.Sprintf("merge keys bring more than %d keys", MaxExpanded), "write fewer of them")
				return nil
			}
			inner := merger{func(*yaml.Node, place, string, string) {}, m.active, m.left} // t's problems are reported where it stands
			out = append(out, slices.DeleteFunc(inner.entries(t, at), func(e entry) bool { return e.again })...)
			if m.left = inner.left; m.left < 0 {
				m.report(s, at, fmt.Sprintf("merge keys bring more than %d keys", MaxExpanded), "write fewer of them")
			}
		}
	}
	return out
}

// target follows an alias. An alias never points at another alias.
func target(n *yaml.Node) *yaml.Node {
	if n.Kind == yaml.AliasNode {
		return n.Alias
	}
	return n
}

func isNull(n *yaml.Node) bool {
	n = target(n)
	return n.Kind == yaml.ScalarNode && n.ShortTag() == "!!null"
}

func isMerge(k *yaml.Node) bool {
	return k.Value == "<<" && k.ShortTag() == "!!merge"
}

// customTag tells whether n carries a tag outside of YAML's core schema: it would promise a type that is not there.
func customTag(n *yaml.Node) bool {
	if n.Style&yaml.TaggedStyle == 0 {
		return false
	}
	switch n.ShortTag() {
	case "!!str", "!!int", "!!float", "!!bool", "!!null", "!!map", "!!seq":
		return false
	}
	return true
}

// kindOf names what n is, to say that something else was wanted.
func kindOf(n *yaml.Node) string {
	switch n.Kind {
	case yaml.MappingNode:
		return "keys and values"
	case yaml.SequenceNode:
		return "a list"
	}
	switch n.ShortTag() {
	case "!!int", "!!float":
		return "a number"
	case "!!bool":
		return "true or false"
	case "!!null":
		return "nothing"
	}
	return "text"
}

// textNode builds the node that DecodeText decodes: a scalar, or for a slice a list of scalars.
func textNode(text string, t reflect.Type) *yaml.Node {
	if t.Kind() != reflect.Slice {
		return &yaml.Node{Kind: yaml.ScalarNode, Value: text}
	}
	list := &yaml.Node{Kind: yaml.SequenceNode}
	for part := range strings.SplitSeq(text, ",") {
		if part = strings.TrimSpace(part); part != "" {
			list.Content = append(list.Content, &yaml.Node{Kind: yaml.ScalarNode, Value: part})
		}
	}
	return list
}
