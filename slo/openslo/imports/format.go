package imports

import (
	"slices"
	"strings"

	"plimsoll/internal/nearest"
)

// Format is a format that can be imported.
type Format string

// The formats. Both ways of Sloth are one, as are the two drafts of version 2.
const (
	Sloth   Format = "sloth"
	Pyrra   Format = "pyrra"
	V1Alpha Format = "openslo/v1alpha"
	V2Alpha Format = "openslo/v2alpha"
)

// formats says how a document tells its format, and what converts it.
var formats = []struct {
	format  Format
	key     string // of the document
	values  []string
	convert func(*importer, node)
}{
	{Sloth, "version", []string{"prometheus/v1"}, (*importer).sloth},
	{Sloth, "apiVersion", []string{"sloth.slok.dev/v1"}, (*importer).slothKubernetes},
	{Pyrra, "apiVersion", []string{"pyrra.dev/v1alpha1"}, (*importer).pyrra},
	{V1Alpha, "apiVersion", []string{"openslo/v1alpha"}, (*importer).v1alpha},
	{V2Alpha, "apiVersion", []string{"openslo.com/v2alpha", "openslo/v2alpha", "openslo/v2alpha1"}, (*importer).v2alpha},
}

// Formats returns the names of all formats.
func Formats() []string {
	var names []string
	for _, f := range formats {
		if name := string(f.format); !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

// items returns the objects of a list as "kubectl get --output yaml" writes it, and any other document as it is.
func items(root node) []node {
	kind, ok := root.Key("kind")
	list, hasItems := root.Key("items")
	if ok && hasItems && strings.HasSuffix(kind.Value, "List") {
		return list.List()
	}
	return []node{root}
}

// document converts one document by its format.
func (im *importer) document(root node) {
	if !root.IsMapping() {
		root.Fail("found %s where a document with fields is expected", root.Describe())
		return
	}
	if found, ok := root.Key("apiVersion"); ok && found.Value == "openslo/v1" {
		found.Fail("this is OpenSLO v1 already; there is nothing to convert")
		return
	}
	for _, f := range formats {
		found, ok := root.Key(f.key)
		if !ok || !slices.Contains(f.values, found.Value) {
			continue
		}
		if im.config.From != "" && im.config.From != f.format {
			found.Fail("found %s, which is of the format %s; %s is to be imported", found.Describe(), f.format, im.config.From)
			return
		}
		im.notes = nil
		f.convert(im, root)
		return
	}
	failFormat(root)
}

// failFormat reports a document of a format that is not known, at what it says of itself.
func failFormat(root node) {
	var known, values []string
	at, found := root, ""
	for _, f := range formats {
		if n, ok := root.Key(f.key); ok && n.IsScalar() {
			at, found = n, n.Value
		}
		for _, value := range f.values {
			known, values = append(known, f.key+": "+value), append(values, value)
		}
	}
	hint := nearest.Hint(found, values)
	if found == "" {
		hint = ""
	}
	at.Fail("the format is not known%s; a document says what it is by one of: %s", hint, strings.Join(known, ", "))
}
