package openslo

import (
	"bytes"
	"errors"
	"io"
	"regexp"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"plimsoll/internal/nearest"
)

const apiVersion = "openslo/v1"

// The kinds of OpenSLO v1, and what reads them; nil for those that are not supported.
var kinds = []struct {
	name string
	read func(*set, header, node)
}{
	{"SLO", (*set).readSLO},
	{"SLI", (*set).readSLI},
	{"Service", (*set).readService},
	{"DataSource", (*set).readDataSource},
	{"AlertPolicy", nil},
	{"AlertCondition", nil},
	{"AlertNotificationTarget", nil},
}

func kindNames() (all, supported []string) {
	for _, k := range kinds {
		all = append(all, k.name)
		if k.read != nil {
			supported = append(supported, k.name)
		}
	}
	return all, supported
}

// header is what every document begins with.
type header struct {
	kind        string
	name        string
	displayName string
	owner       string
	at          node // the name
}

// readFile reads all documents of one file into the set.
func (s *set) readFile(f File) {
	dec := yaml.NewDecoder(bytes.NewReader(f.Data))
	for {
		var doc yaml.Node
		err := dec.Decode(&doc)
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			line, message := syntaxError(err)
			s.problems = append(s.problems, Problem{File: f.Name, Line: line, Column: 1, Message: message})
			return
		}
		root := node{Node: doc.Content[0], file: f.Name, problems: &s.problems}
		if root.Tag != "!!null" { // a document of comments only
			s.readDocument(root)
		}
	}
}

// syntaxError splits the line off what the YAML parser says.
func syntaxError(err error) (line int, message string) {
	message = strings.TrimPrefix(err.Error(), "yaml: ")
	if rest, ok := strings.CutPrefix(message, "line "); ok {
		if number, text, ok := strings.Cut(rest, ": "); ok {
			if n, err := strconv.Atoi(number); err == nil {
				return n, "not YAML: " + text
			}
		}
	}
	return 1, "not YAML: " + message
}

func (s *set) readDocument(root node) {
	o := root.object(
		field{name: "apiVersion", required: true},
		field{name: "kind", required: true},
		field{name: "metadata", required: true},
		field{name: "spec", required: true},
	)
	if v, ok := o.get("apiVersion"); ok && v.Value != apiVersion {
		v.fail("found %s; only %s is read", v.describe(), apiVersion)
		return
	}
	h := header{kind: o.text("kind")}
	if m, ok := o.get("metadata"); ok {
		h.readMetadata(m)
	}
	k, ok := o.get("kind")
	if !ok {
		return
	}
	all, supported := kindNames()
	for _, kind := range kinds {
		switch spec, ok := o.get("spec"); {
		case kind.name != h.kind:
			continue
		case kind.read == nil:
			k.fail("the kind %s is not supported; supported: %s", h.kind, strings.Join(supported, ", "))
		case ok:
			kind.read(s, h, spec)
		}
		return
	}
	k.fail("unknown kind %q%s; allowed: %s", h.kind, nearest.Hint(h.kind, all), strings.Join(supported, ", "))
}

const (
	annotationPrefix = "plimsoll.dev/"
	ownerAnnotation  = annotationPrefix + "owner"
)

// nameForm is the form that OpenSLO v1 gives names: labels of RFC 1123.
var nameForm = regexp.MustCompile(`^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$`)

func (h *header) readMetadata(m node) {
	o := m.object(
		field{name: "name", required: true},
		field{name: "displayName"},
		field{name: "labels"},
		field{name: "annotations"},
	)
	h.at = m
	if n, ok := o.get("name"); ok {
		h.at = n
		if h.name = n.text(); h.name != "" && !nameForm.MatchString(h.name) {
			n.fail("found %q; a name is up to 63 lower-case letters, digits and hyphens, and neither begins nor ends with a hyphen", h.name)
		}
	}
	h.displayName = o.text("displayName")
	if labels, ok := o.get("labels"); ok {
		labels.eachPair(func(value node) {
			if value.Kind == yaml.SequenceNode {
				for _, item := range value.list() {
					item.text()
				}
				return
			}
			value.text()
		})
	}
	annotations, ok := o.get("annotations")
	if !ok {
		return
	}
	annotations.eachPair(func(value node) {
		key := strings.TrimPrefix(value.path, annotations.path+".")
		text := value.text()
		switch {
		case key == ownerAnnotation:
			h.owner = text
		case strings.HasPrefix(key, annotationPrefix):
			value.fail("unknown annotation %q%s; allowed with this prefix: %s",
				key, nearest.Hint(key, []string{ownerAnnotation}), ownerAnnotation)
		}
	})
}

// eachPair calls f for each value of a mapping with keys of the user's own.
func (n node) eachPair(f func(value node)) {
	if n.Kind != yaml.MappingNode {
		n.fail("found %s where a mapping is expected", n.describe())
		return
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		f(n.child(n.Content[i+1], join(n.path, n.Content[i].Value)))
	}
}
