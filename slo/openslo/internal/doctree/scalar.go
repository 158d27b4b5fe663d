package doctree

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"plimsoll/internal/nearest"
)

// IsMapping reports whether n has keys.
func (n Node) IsMapping() bool { return n.Node != nil && n.Kind == yaml.MappingNode }

// IsList reports whether n has items.
func (n Node) IsList() bool { return n.Node != nil && n.Kind == yaml.SequenceNode }

// IsScalar reports whether n is a text, a number or the like.
func (n Node) IsScalar() bool { return n.Node != nil && n.Kind == yaml.ScalarNode }

// Text returns the scalar as it is written; empty, and reported, if n is none or empty.
func (n Node) Text() string {
	if n.Kind != yaml.ScalarNode {
		n.Fail("found %s where text is expected", n.Describe())
		return ""
	}
	if n.Value == "" || n.Tag == "!!null" {
		n.Fail("is empty")
		return ""
	}
	return n.Value
}

// Number returns the text of a number. A number in quotes is a slip, which only lenient reading takes, as it does a percent sign.
func (n Node) Number() (string, bool) {
	text := n.Text()
	if text == "" || n.Tag != "!!str" {
		return text, text != ""
	}
	bare := strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(text), "%"))
	if _, err := strconv.ParseFloat(bare, 64); err != nil {
		return text, true // what reads the number says what is wrong with it
	}
	return bare, n.Assume(fmt.Sprintf("found the text %q where a number is expected; write %s", text, bare), "read as "+bare)
}

// List returns the items of a sequence.
func (n Node) List() []Node {
	if n.Kind == yaml.MappingNode {
		n.Fail("found a mapping where a list is expected; write \"- \" before its first field")
		return nil
	}
	if n.Kind != yaml.SequenceNode {
		n.Fail("found %s where a list is expected", n.Describe())
		return nil
	}
	items := make([]Node, len(n.Content))
	for i, y := range n.Content {
		items[i] = n.child(y, fmt.Sprintf("%s[%d]", n.Path, i))
	}
	return items
}

// OneOf returns the text if it is among the allowed words and reports it otherwise. Lenient reading takes the nearest word.
func (n Node) OneOf(allowed ...string) (string, bool) {
	s := n.Text()
	if s == "" || slices.Contains(allowed, s) {
		return s, s != ""
	}
	wrong := fmt.Sprintf("found %q%s; allowed: %s", s, nearest.Hint(s, allowed), strings.Join(allowed, ", "))
	near, ok := nearest.Of(s, allowed)
	if !ok {
		n.Fail("%s", wrong)
		return "", false
	}
	return near, n.Assume(wrong, "read as "+near)
}

// IsTrue returns a boolean; anything but a boolean is reported. Lenient reading takes the words true and false in quotes and in any case.
func (n Node) IsTrue() (value, ok bool) {
	if n.Kind == yaml.ScalarNode && n.Tag == "!!bool" {
		return strings.EqualFold(n.Value, "true"), true
	}
	wrong := fmt.Sprintf("found %s where true or false is expected", n.Describe())
	switch word := strings.ToLower(n.Value); {
	case n.Kind != yaml.ScalarNode:
	case word == "true" || word == "false":
		return word == "true", n.Assume(wrong+"; write "+word, "read as "+word)
	case slices.Contains([]string{"yes", "y", "on", "1"}, word):
		wrong += " (did you mean true?)"
	case slices.Contains([]string{"no", "n", "off", "0"}, word):
		wrong += " (did you mean false?)"
	}
	n.Fail("%s", wrong)
	return false, false
}

// Describe names what was found, for messages.
func (n Node) Describe() string {
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
