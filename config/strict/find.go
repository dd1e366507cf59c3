package strict

import (
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"
)

// found is where a path led.
type found struct {
	key, value *yaml.Node // the last that exist on the way; key is nil in a list and at the root
	exact      bool       // the whole path exists
}

// position returns the line and column to point at: the value's where it is a scalar or a list's entry, else the key's,
// as the value of a block begins on a line of its own.
func (f found) position() (line, column int) {
	switch {
	case f.value == nil:
		return 0, 0
	case f.key != nil && f.value.Kind != yaml.ScalarNode:
		return f.key.Line, f.key.Column
	}
	return f.value.Line, f.value.Column
}

// find follows path from root as far as it goes. Keys may contain dots and brackets: the longest key that fits is taken.
func find(root *yaml.Node, path string) found {
	if root == nil {
		return found{}
	}
	at := found{value: root}
	for path != "" {
		n := target(at.value)
		var next found
		var rest string
		switch n.Kind {
		case yaml.MappingNode:
			next, rest = findKey(n, strings.TrimPrefix(path, "."))
		case yaml.SequenceNode:
			next, rest = findIndex(n, path)
		}
		if next.value == nil {
			return at
		}
		at, path = next, rest
	}
	at.exact = true
	at.value = scalarBehind(at.value)
	return at
}

// scalarBehind follows an alias to a scalar for its value, keeping the place of the alias.
func scalarBehind(n *yaml.Node) *yaml.Node {
	t := target(n)
	if t == n || t.Kind != yaml.ScalarNode {
		return n
	}
	here := *t
	here.Line, here.Column = n.Line, n.Column
	return &here
}

// findKey finds the key that path begins with and returns what is left of path behind it.
func findKey(n *yaml.Node, path string) (found, string) {
	var best found
	longest := -1
	m := newMerger(func(*yaml.Node, place, string, string) {})
	for _, e := range m.entries(n, place{}) {
		k := e.key.Value
		rest, ok := strings.CutPrefix(path, k)
		if ok && len(k) > longest && (rest == "" || rest[0] == '.' || rest[0] == '[') {
			best, longest = found{key: e.key, value: e.value}, len(k)
		}
	}
	if longest < 0 {
		return found{}, ""
	}
	return best, path[longest:]
}

// findIndex takes "[i]" from the front of path.
func findIndex(n *yaml.Node, path string) (found, string) {
	text, rest, ok := strings.Cut(strings.TrimPrefix(path, "["), "]")
	i, err := strconv.Atoi(text)
	if !ok || err != nil || i < 0 || i >= len(n.Content) {
		return found{}, ""
	}
	return found{value: n.Content[i]}, rest
}
