package doctree

import (
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"plimsoll/internal/nearest"
)

// Node is a YAML value with its place.
type Node struct {
	*yaml.Node
	File   string
	Path   string
	report *Report
}

func (n Node) add(severity Severity, format string, args []any) {
	n.report.problems = append(n.report.problems, Problem{
		File: n.File, Line: n.Line, Column: n.Column, Path: n.Path, Severity: severity, Message: fmt.Sprintf(format, args...),
	})
}

// Fail reports an error.
func (n Node) Fail(format string, args ...any) { n.add(Error, format, args) }

// Unsupported reports that n is valid, but cannot be done here.
func (n Node) Unsupported(format string, args ...any) { n.add(Unsupported, format, args) }

// Warn reports what has no effect or was left out.
func (n Node) Warn(format string, args ...any) { n.add(Warning, format, args) }

// Assume reports what is wrong with n and whether the reading may go on with an assumption: in strict reading it may not, in lenient
// reading the assumption is part of the warning.
func (n Node) Assume(wrong, assumption string) bool {
	if n.report.Lenient {
		n.Warn("%s; %s", wrong, assumption)
		return true
	}
	n.Fail("%s", wrong)
	return false
}

// child returns the value y at the given path, seen through an alias.
func (n Node) child(y *yaml.Node, path string) Node {
	if y.Kind == yaml.AliasNode {
		y = y.Alias
	}
	return Node{Node: y, File: n.File, Path: path, report: n.report}
}

// Field describes one key that a format allows in a mapping.
type Field struct {
	Name     string
	Required bool
	Hint     string // what to say behind that it is missing, such as ", such as page"
}

// Fields names keys that may be left out.
func Fields(names ...string) []Field {
	fields := make([]Field, len(names))
	for i, name := range names {
		fields[i].Name = name
	}
	return fields
}

// Object is a mapping whose keys have been checked.
type Object struct {
	Node
	values   map[string]Node
	reported map[string]bool // fields without a value that have been reported
}

// Object checks that n is a mapping of known keys. It reports what is wrong and returns the keys that can be used. Lenient reading
// takes a key that is nearly a known one for that, and leaves others out.
func (n Node) Object(fields ...Field) Object {
	o := Object{Node: n, values: map[string]Node{}, reported: map[string]bool{}}
	if n.Kind != yaml.MappingNode {
		n.Fail("found %s where a mapping is expected", n.Describe())
		return o
	}
	var names []string
	for _, f := range fields {
		names = append(names, f.Name)
	}
	seen := map[string]bool{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := n.child(n.Content[i], join(n.Path, n.Content[i].Value))
		name, ok := n.known(key, names)
		if !ok {
			continue
		}
		value := n.child(n.Content[i+1], key.Path)
		if seen[name] {
			key.Fail("the key stands twice")
			continue
		}
		seen[name] = true
		if value.Tag != "!!null" {
			o.values[name] = value
		} else if !value.Assume("has no value", "left out") {
			o.reported[name] = true
		}
	}
	for _, f := range fields {
		if f.Required && o.Lacks(f.Name) {
			n.Fail("%s is missing%s", f.Name, f.Hint)
		}
	}
	return o
}

// known returns the name of the field that a key means.
func (n Node) known(key Node, names []string) (string, bool) {
	if slices.Contains(names, key.Value) {
		return key.Value, true
	}
	wrong := fmt.Sprintf("unknown field %q%s; allowed: %s", key.Value, nearest.Hint(key.Value, names), strings.Join(names, ", "))
	near, ok := nearest.Of(key.Value, names)
	if !ok {
		key.Assume(wrong, "left out")
		return "", false
	}
	if _, stands := n.Key(near); stands {
		key.Assume(wrong, "left out")
		return "", false
	}
	return near, key.Assume(wrong, fmt.Sprintf("read as %s", near))
}

// Key returns the value of a key as it stands, without a check of the others; false if n is no mapping or has none.
func (n Node) Key(name string) (Node, bool) {
	if !n.IsMapping() {
		return Node{}, false
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == name {
			return n.child(n.Content[i+1], join(n.Path, name)), true
		}
	}
	return Node{}, false
}

// Pick returns the named keys of a mapping that have a value, whatever else it holds.
func (n Node) Pick(names ...string) Object {
	o := Object{Node: n, values: map[string]Node{}}
	if n.Kind != yaml.MappingNode {
		n.Fail("found %s where a mapping is expected", n.Describe())
	}
	for _, name := range names {
		if value, ok := n.Key(name); ok && value.Tag != "!!null" {
			o.values[name] = value
		}
	}
	return o
}

// Get returns the value of a field, and false if there is none.
func (o Object) Get(name string) (Node, bool) {
	n, ok := o.values[name]
	return n, ok
}

// Has reports whether a field stands.
func (o Object) Has(name string) bool {
	_, ok := o.values[name]
	return ok
}

// Lacks reports whether a field is missing, and nothing has been said about that.
func (o Object) Lacks(name string) bool { return o.IsMapping() && !o.Has(name) && !o.reported[name] }

// Text returns the string at name; empty, and reported unless it is merely absent, if there is none.
func (o Object) Text(name string) string {
	if n, ok := o.Get(name); ok {
		return n.Text()
	}
	return ""
}

// EachPair calls f for each value of a mapping with keys of the user's own; key is the place of the key.
func (n Node) EachPair(f func(key, value Node)) {
	if n.Kind != yaml.MappingNode {
		n.Fail("found %s where a mapping is expected", n.Describe())
		return
	}
	seen := map[string]bool{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		path := join(n.Path, n.Content[i].Value)
		key := n.child(n.Content[i], path)
		if seen[key.Value] {
			key.Fail("the key stands twice")
			continue
		}
		seen[key.Value] = true
		f(key, n.child(n.Content[i+1], path))
	}
}

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}
