package doctree

import (
	"bytes"
	"errors"
	"io"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"

	"plimsoll/internal/config"
)

// Documents returns the documents of a file, with their aliases checked and their merge keys carried out; of a document that is a list, its
// items. Documents without content are left out.
func Documents(r *Report, f config.File) []Node {
	if line := notText(f.Data); line > 0 {
		r.syntax(f.Name, line, "not YAML: a byte is no text in UTF-8; save the file in that encoding")
		return nil
	}
	var docs []Node
	dec := yaml.NewDecoder(bytes.NewReader(f.Data))
	for {
		var doc yaml.Node
		err := dec.Decode(&doc)
		if errors.Is(err, io.EOF) {
			return docs
		}
		if err != nil {
			line, message := syntaxError(err, f.Data)
			r.syntax(f.Name, line, message)
			return docs
		}
		root := Node{Node: doc.Content[0], File: f.Name, report: r}
		if !root.expand() {
			continue
		}
		switch {
		case root.Tag == "!!null": // a document of comments only
		case root.IsList():
			docs = append(docs, root.List()...)
		default:
			docs = append(docs, root)
		}
	}
}

func (r *Report) syntax(file string, line int, message string) {
	r.problems = append(r.problems, Problem{File: file, Line: line, Column: 1, Severity: Error, Message: message})
}

// notText returns the line of the first byte that is not UTF-8, and 0 if there is none. UTF-16 is told by its mark, and is read, too.
func notText(data []byte) int {
	if utf8.Valid(data) || bytes.HasPrefix(data, []byte("\xff\xfe")) || bytes.HasPrefix(data, []byte("\xfe\xff")) {
		return 0
	}
	for i := 0; ; {
		r, size := utf8.DecodeRune(data[i:])
		if r == utf8.RuneError && size == 1 {
			return lineOf(data, i)
		}
		i += size
	}
}

// unexpected are what the parser says of its grammar, where it counts lines from zero.
var unexpected = []string{"<document start>", "node content", "'-' indicator", "key", "',' or ']'", "',' or '}'"}

// syntaxError splits the line off what the YAML parser says.
func syntaxError(err error, data []byte) (line int, message string) {
	message = strings.TrimPrefix(err.Error(), "yaml: ")
	if rest, ok := strings.CutPrefix(message, "line "); ok {
		number, text, _ := strings.Cut(rest, ": ")
		if n, err := strconv.Atoi(number); err == nil {
			line, message = n, text
		}
	}
	what, ok := strings.CutPrefix(message, "did not find expected ")
	switch {
	case ok && slices.Contains(unexpected, what):
		line++
	case strings.HasPrefix(message, "control characters"):
		line = lineOf(data, bytes.IndexFunc(data, isControl))
	}
	line = min(max(line, 1), lineOf(data, len(bytes.TrimRight(data, "\r\n"))))
	if indentedByTab(data, line) {
		message += "; the line is indented by a tab, where only spaces are allowed"
	}
	return line, "not YAML: " + message
}

func isControl(r rune) bool { return r < ' ' && r != '\t' && r != '\n' && r != '\r' }

// lineOf returns the line of an index of data, from 1.
func lineOf(data []byte, i int) int { return 1 + bytes.Count(data[:max(i, 0)], []byte("\n")) }

// indentedByTab reports whether a tab stands before the first word of a line.
func indentedByTab(data []byte, line int) bool {
	for i := 1; i < line; i++ {
		_, data, _ = bytes.Cut(data, []byte("\n"))
	}
	text, _, _ := bytes.Cut(data, []byte("\n"))
	indent := text[:len(text)-len(bytes.TrimLeft(text, " \t"))]
	return bytes.ContainsRune(indent, '\t')
}
