package strict

import (
	"fmt"
	"reflect"
	"strings"

	"gopkg.in/yaml.v3"
)

// entry is one key of a mapping and its value.
type entry struct {
	key, value *yaml.Node
	again      bool // the key was there before
}

// entries returns the keys of a mapping in the order written, those of merge keys ("<<: *anchor") last and only where
// the mapping does not have them itself. It reports keys that are there twice or are no text.
func (d *decoder) entries(n *yaml.Node, at place) []entry {
	report := func(k *yaml.Node, at place, message, mend string) { d.wrongKey(k, at, message, mend) }
	return mapping(n, at, report, map[*yaml.Node]bool{})
}

// mapping is entries with the reporting left to its caller. merging holds the mappings being merged, to notice one that
// merges itself.
func mapping(n *yaml.Node, at place, report func(*yaml.Node, place, string, string), merging map[*yaml.Node]bool) []entry {
	out := make([]entry, 0, len(n.Content)/2)
	seen := make(map[string]int, len(n.Content)/2)
	var merges []*yaml.Node
	merging[n] = true
	defer delete(merging, n)
	for i := 0; i+1 < len(n.Content); i += 2 {
		k, v := target(n.Content[i]), n.Content[i+1]
		switch {
		case k.Kind != yaml.ScalarNode || isNull(k):
			report(n.Content[i], at, "has a key that is not text", "write a name before the colon")
		case isMerge(k):
			merges = append(merges, v)
		default:
			line, again := seen[k.Value]
			if again {
				report(n.Content[i], at.key(k.Value), fmt.Sprintf("is there twice, first on line %d", line), "remove one of the two")
			} else {
				seen[k.Value] = n.Content[i].Line
			}
			out = append(out, entry{k, v, again})
		}
	}
	for _, m := range merges {
		for _, e := range merged(m, at, report, merging) {
			if _, own := seen[e.key.Value]; !own {
				seen[e.key.Value] = e.key.Line
				out = append(out, e)
			}
		}
	}
	return out
}

// merged returns the entries that the value m of a merge key brings: of one mapping, or of a list of them.
func merged(m *yaml.Node, at place, report func(*yaml.Node, place, string, string), merging map[*yaml.Node]bool) []entry {
	sources := []*yaml.Node{m}
	if t := target(m); t.Kind == yaml.SequenceNode {
		sources = t.Content
	}
	var out []entry
	for _, s := range sources {
		t := target(s)
		switch {
		case t.Kind != yaml.MappingNode:
			report(s, at.key("<<"), "must be an alias to keys and values", "write <<: *anchor")
		case merging[t]:
			report(s, at.key("<<"), "merges itself", "remove it")
		case len(merging) > 16:
			report(s, at.key("<<"), "merges more than 16 deep", "write the keys out")
		default:
			silent := func(*yaml.Node, place, string, string) {} // reported where the mapping itself stands
			for _, e := range mapping(t, at, silent, merging) {
				if !e.again {
					out = append(out, e)
				}
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
