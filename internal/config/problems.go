package config

import (
	"errors"
	"fmt"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Path leads to a field of a document: names of keys and indexes of lists.
type Path []any

// In returns the path to something below p. It never shares memory with p.
func (p Path) In(steps ...any) Path { return append(p[:len(p):len(p)], steps...) }

// String writes the path as "steps[2].request.url".
func (p Path) String() string {
	var b strings.Builder
	for _, step := range p {
		switch step := step.(type) {
		case int:
			fmt.Fprintf(&b, "[%d]", step)
		default:
			if b.Len() > 0 {
				b.WriteByte('.')
			}
			fmt.Fprint(&b, step)
		}
	}
	return b.String()
}

// Problems gathers what is wrong with the values of a document that [Decode] has accepted, each with the line of its field.
type Problems struct {
	file  string
	doc   yaml.Node
	found []error
}

// NewProblems begins with none. It needs the text to find lines in; where that is not YAML, every line is 1.
func NewProblems(file string, data []byte) *Problems {
	p := &Problems{file: file}
	_ = yaml.Unmarshal(data, &p.doc)
	return p
}

// Add notes what is wrong with the field at a path, as "file:line: field: …".
func (p *Problems) Add(at Path, format string, args ...any) {
	p.found = append(p.found, fmt.Errorf("%s:%d: %s: %s", p.file, p.Line(at), at, fmt.Sprintf(format, args...)))
}

// Len returns how many problems were found.
func (p *Problems) Len() int { return len(p.found) }

// Err returns all problems as one error that is [ErrInvalid], or nil if there are none.
func (p *Problems) Err() error {
	if len(p.found) == 0 {
		return nil
	}
	return fmt.Errorf("%w: %w", ErrInvalid, errors.Join(p.found...))
}

// Joined returns all problems without [ErrInvalid], for a caller with a sentinel of its own; nil if there are none.
func (p *Problems) Joined() error { return errors.Join(p.found...) }

// Line returns the line of a field, or of the nearest part of the document that has it or would have it.
func (p *Problems) Line(at Path) int {
	n, line := &p.doc, 1
	if n.Kind == yaml.DocumentNode && len(n.Content) > 0 {
		n = n.Content[0]
		line = n.Line
	}
	for _, step := range at {
		if n.Kind == yaml.AliasNode {
			n = n.Alias
		}
		next, begins := child(n, step)
		if next == nil {
			break
		}
		n, line = next, begins
	}
	return line
}

// child returns what a step leads to and its line: that of the key, for a member of a mapping.
func child(n *yaml.Node, step any) (*yaml.Node, int) {
	switch step := step.(type) {
	case int:
		if n.Kind == yaml.SequenceNode && step < len(n.Content) {
			return n.Content[step], n.Content[step].Line
		}
	case string:
		for i := 0; i+1 < len(n.Content) && n.Kind == yaml.MappingNode; i += 2 {
			if n.Content[i].Value == step {
				return n.Content[i+1], n.Content[i].Line
			}
		}
	}
	return nil, 0
}

// At says on which line of its document an error lies. A type that decodes itself returns it, also joined with others,
// and [Decode] puts the file before the line.
func At(line int, err error) error { return &lineError{line, err} }

type lineError struct {
	line int
	err  error
}

func (e *lineError) Error() string { return fmt.Sprintf("line %d: %v", e.line, e.err) }
func (e *lineError) Unwrap() error { return e.err }

// located puts the file before the lines of an error.
func located(file string, err error) error {
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		var all []error
		for _, e := range joined.Unwrap() {
			all = append(all, located(file, e))
		}
		return errors.Join(all...)
	}
	if e, ok := err.(*lineError); ok {
		return fmt.Errorf("%s:%d: %w", file, e.line, e.err)
	}
	return fmt.Errorf("%s: %w", file, err)
}
