package openslo

import (
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"plimsoll/internal/nearest"
)

// node is a YAML value with its place, so that whatever is wrong with it can be reported where it stands.
type node struct {
	*yaml.Node
	file     string
	path     string
	problems *Problems
}

// fail reports a problem with n.
func (n node) fail(format string, args ...any) {
	*n.problems = append(*n.problems, Problem{
		File: n.file, Line: n.Line, Column: n.Column, Path: n.path, Message: fmt.Sprintf(format, args...),
	})
}

// child returns the value y at the given path, seen through an alias.
func (n node) child(y *yaml.Node, path string) node {
	if y.Kind == yaml.AliasNode {
		y = y.Alias
	}
	return node{Node: y, file: n.file, path: path, problems: n.problems}
}

// field describes one key that OpenSLO v1 allows in a mapping.
type field struct {
	name        string
	required    bool
	unsupported string // if set, why this key is not accepted and what is
}

// object is a mapping whose keys have been checked.
type object struct {
	node
	values map[string]node
}

// object checks that n is a mapping of known keys. It reports what is wrong and returns the keys that can be used.
func (n node) object(fields ...field) object {
	o := object{node: n, values: map[string]node{}}
	if n.Kind != yaml.MappingNode {
		n.fail("found %s where a mapping is expected", n.describe())
		return o
	}
	var names, allowed []string
	for _, f := range fields {
		names = append(names, f.name)
		if f.unsupported == "" {
			allowed = append(allowed, f.name)
		}
	}
	seen := map[string]bool{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := n.Content[i]
		value, at := n.child(n.Content[i+1], join(n.path, key.Value)), n.child(key, join(n.path, key.Value))
		if seen[key.Value] {
			at.fail("the key stands twice")
			continue
		}
		seen[key.Value] = true
		switch i := slices.Index(names, key.Value); {
		case i < 0:
			at.fail("unknown field %q%s; allowed: %s", key.Value, nearest.Hint(key.Value, names), strings.Join(allowed, ", "))
		case fields[i].unsupported != "":
			at.fail("%s", fields[i].unsupported)
		case value.Tag == "!!null":
			value.fail("has no value")
		default:
			o.values[key.Value] = value
		}
	}
	for _, f := range fields {
		if f.required && !seen[f.name] {
			n.fail("%s is missing", f.name)
		}
	}
	return o
}

func (o object) get(name string) (node, bool) {
	n, ok := o.values[name]
	return n, ok
}

// text returns the string at name; empty, and reported unless it is merely absent, if there is none.
func (o object) text(name string) string {
	if n, ok := o.get(name); ok {
		return n.text()
	}
	return ""
}

// text returns the scalar as it is written.
func (n node) text() string {
	if n.Kind != yaml.ScalarNode {
		n.fail("found %s where text is expected", n.describe())
		return ""
	}
	if n.Value == "" {
		n.fail("is empty")
	}
	return n.Value
}

// list returns the items of a sequence.
func (n node) list() []node {
	if n.Kind != yaml.SequenceNode {
		n.fail("found %s where a list is expected", n.describe())
		return nil
	}
	items := make([]node, len(n.Content))
	for i, y := range n.Content {
		items[i] = n.child(y, fmt.Sprintf("%s[%d]", n.path, i))
	}
	return items
}

// oneOf returns the text if it is among the allowed words and reports it otherwise.
func (n node) oneOf(allowed ...string) (string, bool) {
	s := n.text()
	if s == "" || slices.Contains(allowed, s) {
		return s, s != ""
	}
	n.fail("found %q%s; allowed: %s", s, nearest.Hint(s, allowed), strings.Join(allowed, ", "))
	return "", false
}

// isTrue reports whether the value is the boolean true; anything but a boolean is reported.
func (n node) isTrue() (value, ok bool) {
	if n.Kind != yaml.ScalarNode || n.Tag != "!!bool" {
		n.fail("found %s where true or false is expected", n.describe())
		return false, false
	}
	return strings.EqualFold(n.Value, "true"), true
}

// describe names what was found, for messages.
func (n node) describe() string {
	switch n.Kind {
	case yaml.MappingNode:
		return "a mapping"
	case yaml.SequenceNode:
		return "a list"
	default:
		if n.Tag == "!!null" {
			return "nothing"
		}
		return fmt.Sprintf("%q", n.Value)
	}
}

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}

func (n node) isMapping() bool { return n.Kind == yaml.MappingNode }
func (n node) isList() bool    { return n.Kind == yaml.SequenceNode }
