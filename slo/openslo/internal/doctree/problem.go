package doctree

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Severity says what a problem means for whoever wrote the file.
type Severity string

const (
	// Error: the document does not say what the format demands.
	Error Severity = "error"
	// Unsupported: the document is valid, but what it asks for cannot be done here.
	Unsupported Severity = "unsupported"
	// Warning: the document can be used; the message says what was assumed or has no effect.
	Warning Severity = "warning"
)

// Problem is one thing that is wrong with a file.
type Problem struct {
	File     string   `json:"file"`
	Line     int      `json:"line"`   // from 1
	Column   int      `json:"column"` // from 1
	Path     string   `json:"path"`   // of the field, such as "spec.objectives[0].target"; empty for the document
	Severity Severity `json:"severity"`
	Message  string   `json:"message"`
}

// String writes the problem as compilers do: "file:line:column: path: message".
func (p Problem) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s:%d:%d: ", p.File, p.Line, p.Column)
	if p.Path != "" {
		b.WriteString(p.Path + ": ")
	}
	if p.Severity == Warning {
		b.WriteString("warning: ")
	}
	b.WriteString(p.Message)
	return b.String()
}

// Problems are problems of a set of files, sorted by place. As an error they are what reading returns for bad input.
type Problems []Problem

// Error writes one problem a line.
func (ps Problems) Error() string {
	lines := make([]string, len(ps))
	for i, p := range ps {
		lines[i] = p.String()
	}
	return strings.Join(lines, "\n")
}

// Of returns the problems of the severities.
func (ps Problems) Of(severities ...Severity) Problems {
	var some Problems
	for _, p := range ps {
		if slices.Contains(severities, p.Severity) {
			some = append(some, p)
		}
	}
	return some
}

// Report collects the problems of one reading.
type Report struct {
	// Lenient accepts what can be understood although it is not written as the format demands, with a warning each.
	Lenient  bool
	problems Problems
}

// Problems returns what was reported, each once, sorted by place.
func (r *Report) Problems() Problems {
	slices.SortStableFunc(r.problems, func(a, b Problem) int {
		return cmp.Or(
			cmp.Compare(a.File, b.File),
			cmp.Compare(a.Line, b.Line),
			cmp.Compare(a.Column, b.Column),
			cmp.Compare(a.Message, b.Message),
			cmp.Compare(a.Path, b.Path),
		)
	})
	r.problems = slices.Compact(r.problems)
	return slices.Clone(r.problems)
}
