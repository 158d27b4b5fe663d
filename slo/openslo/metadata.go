package openslo

import (
	"fmt"
	"regexp"
	"strings"

	"plimsoll/slo"
)

// header is what every document begins with.
type header struct {
	kind        string
	name        string
	displayName string
	labels      map[string][]string
	annotations map[string]string // of others
	settings    []setting         // of our annotations
	at          node              // the name
}

// setting gives an objective what an annotation says.
type setting func(*slo.Objective, Config)

var (
	// nameForm is the form that OpenSLO v1 demands of names at least: labels of RFC 1123. Names of services and SLOs are parts of an
	// objective's key, so they have this form.
	nameForm = regexp.MustCompile(`^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$`)
	// wideNameForm is the form that it encourages, and that its own examples use with capitals. It does for what is only referred to.
	wideNameForm = regexp.MustCompile(`^[A-Za-z0-9]([-A-Za-z0-9_.|/\\]{0,253}[A-Za-z0-9])?$`)
	// metaKeyForm is that of the keys of labels, and of annotations after their prefix.
	metaKeyForm = regexp.MustCompile(`^[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$`)
	// prefixForm is a DNS subdomain.
	prefixForm = regexp.MustCompile(`^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$`)
)

const (
	nameRule     = "a name is up to 63 lower-case letters, digits and hyphens, and neither begins nor ends with a hyphen"
	wideNameRule = `a name is up to 255 letters, digits and the characters -._|/\, and begins and ends with a letter or digit`
	metaKeyRule  = "allowed are up to 63 letters, digits, hyphens, underscores and dots, with a letter or digit at both ends"
)

func readHeader(kind string, m node) header {
	o := m.Object(must("name"), may("displayName"), may("labels"), may("annotations"))
	h := header{kind: kind, at: m, displayName: o.Text("displayName")}
	if n, ok := o.Get("name"); ok {
		h.at, h.name = n, readName(kind, n)
	}
	if labels, ok := o.Get("labels"); ok {
		h.labels = readLabels(labels)
	}
	if annotations, ok := o.Get("annotations"); ok {
		h.settings, h.annotations = readAnnotations(kind, annotations)
	}
	return h
}

// formOf is the form of the names of a kind.
func formOf(kind string) *regexp.Regexp {
	if kind == kindSLO || kind == kindService {
		return nameForm
	}
	return wideNameForm
}

func readName(kind string, n node) string {
	name := n.Text()
	rule := wideNameRule
	if formOf(kind) == nameForm {
		rule = nameRule
	}
	if name == "" || formOf(kind).MatchString(name) {
		return name
	}
	wrong := fmt.Sprintf("found %q%s; %s", name, nameHint(name), rule)
	if made := Name(name); made != "" {
		if n.Assume(wrong, "read as "+made) {
			return made
		}
		return name
	}
	n.Fail("%s", wrong)
	return name
}

// nameHint suggests the name that a text would make.
func nameHint(s string) string {
	if made := Name(s); made != "" {
		return fmt.Sprintf(" (did you mean %q?)", made)
	}
	return ""
}

// Name makes a name of a text: its letters a to z and digits, a hyphen between words; empty if there are none.
func Name(s string) string {
	words := strings.FieldsFunc(strings.ToLower(s), func(r rune) bool { return (r < 'a' || r > 'z') && (r < '0' || r > '9') })
	name := strings.Join(words, "-")
	if len(name) > 63 {
		name = strings.TrimRight(name[:63], "-")
	}
	return name
}

// IsLabel reports whether a key has the form that OpenSLO v1 demands of labels, and of annotations without prefix.
func IsLabel(key string) bool { return metaKeyForm.MatchString(key) }

func readLabels(n node) map[string][]string {
	labels := map[string][]string{}
	n.EachPair(func(key, value node) {
		if !metaKeyForm.MatchString(key.Value) && !key.Assume(fmt.Sprintf("found the label %q; %s", key.Value, metaKeyRule), "taken as it is") {
			return
		}
		if !value.IsList() {
			labels[key.Value] = []string{value.Text()}
			return
		}
		values := make([]string, 0, len(value.Content))
		for _, item := range value.List() {
			values = append(values, item.Text())
		}
		labels[key.Value] = values
	})
	if len(labels) == 0 {
		return nil
	}
	return labels
}

// readAnnotations returns what ours say, and those of others.
func readAnnotations(kind string, n node) (settings []setting, others map[string]string) {
	n.EachPair(func(key, value node) {
		if prefix, name, ok := strings.Cut(key.Value, "/"); ok && prefix+"/" == annotationPrefix {
			if s := readAnnotation(kind, name, key, value); s != nil {
				settings = append(settings, s)
			}
			return
		}
		text := value.Text()
		prefix, name, ok := strings.Cut(key.Value, "/")
		if !ok {
			prefix, name = "", key.Value
		}
		switch {
		case ok && (len(prefix) > 253 || !prefixForm.MatchString(prefix)):
			key.Assume(fmt.Sprintf("found the annotation %q; its prefix must be a DNS name", key.Value), "left out")
		case !metaKeyForm.MatchString(name):
			key.Assume(fmt.Sprintf("found the annotation %q; %s", key.Value, metaKeyRule), "left out")
		default:
			if others == nil {
				others = map[string]string{}
			}
			others[key.Value] = text
		}
	})
	return settings, others
}
