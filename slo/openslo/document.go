package openslo

import (
	"fmt"
	"slices"
	"strings"

	"plimsoll/internal/nearest"
	"plimsoll/slo/openslo/internal/doctree"
)

const apiVersion = "openslo/v1"

// Kinds of documents.
const (
	kindSLO       = "SLO"
	kindSLI       = "SLI"
	kindService   = "Service"
	kindSource    = "DataSource"
	kindPolicy    = "AlertPolicy"
	kindCondition = "AlertCondition"
	kindTarget    = "AlertNotificationTarget"
)

// The kinds of OpenSLO v1, and what reads them.
var kinds = []struct {
	name string
	read func(*set, header, node)
}{
	{kindSLO, (*set).readSLO},
	{kindSLI, (*set).readSLI},
	{kindService, (*set).readService},
	{kindSource, (*set).readSource},
	{kindPolicy, (*set).readPolicy},
	{kindCondition, (*set).readCondition},
	{kindTarget, (*set).readTarget},
}

func kindNames() []string {
	var names []string
	for _, k := range kinds {
		names = append(names, k.name)
	}
	return names
}

// otherVersions are the API versions that can be imported.
var otherVersions = []string{"openslo/v1alpha", "openslo.com/v2alpha", "openslo/v2alpha1"}

type (
	node   = doctree.Node
	object = doctree.Object
	field  = doctree.Field
)

// must is a field that has to stand.
func must(name string) field { return field{Name: name, Required: true} }

// may is a field that can be left out.
func may(name string) field { return field{Name: name} }

// readFile reads all documents of one file into the set.
func (s *set) readFile(f File) {
	for _, root := range doctree.Documents(&s.report, f) {
		s.readDocument(root)
	}
}

func (s *set) readDocument(root node) {
	o := root.Object(must("apiVersion"), must("kind"), must("metadata"), must("spec"))
	if v, ok := o.Get("apiVersion"); ok && !checkVersion(v) {
		return
	}
	k, ok := o.Get("kind")
	if !ok {
		return
	}
	name := readKind(k)
	i := slices.Index(kindNames(), name)
	if i < 0 {
		return
	}
	h := header{kind: name, at: root}
	if m, ok := o.Get("metadata"); ok {
		h = readHeader(name, m)
	}
	if spec, ok := o.Get("spec"); ok {
		kinds[i].read(s, h, spec)
	}
}

// checkVersion reports an API version that is not read here.
func checkVersion(v node) bool {
	found := v.Text()
	switch {
	case found == apiVersion:
		return true
	case slices.Contains(otherVersions, found):
		v.Fail("found %q; only %s is read (\"plimsoll slo import\" converts this file)", found, apiVersion)
		return false
	case found == "":
		return false
	}
	wrong := "found " + v.Describe() + "; only " + apiVersion + " is read"
	if !strings.HasPrefix(strings.ToLower(found), "openslo") {
		v.Fail("%s", wrong)
		return false
	}
	return v.Assume(wrong, "read as "+apiVersion)
}

// readKind returns the kind of a document, or nothing.
func readKind(k node) string {
	found := k.Text()
	if found == "" || slices.Contains(kindNames(), found) {
		return found
	}
	wrong := "unknown kind " + k.Describe() + nearest.Hint(found, kindNames()) + "; allowed: " + strings.Join(kindNames(), ", ")
	if near, ok := nearest.Of(found, kindNames()); ok {
		if k.Assume(wrong, "read as "+near) {
			return near
		}
		return ""
	}
	k.Fail("%s", wrong)
	return ""
}

// MaxDescription is the most characters that OpenSLO v1 allows in a description.
const MaxDescription = 1050

func readDescription(o object) string {
	n, ok := o.Get("description")
	if !ok {
		return ""
	}
	if n.IsScalar() && n.Value == "" {
		return "" // an empty description describes nothing, and many templates emit one
	}
	text := n.Text()
	if count := len([]rune(text)); count > MaxDescription {
		n.Assume(fmt.Sprintf("has %d characters; allowed: %d", count, MaxDescription), "taken as it is")
	}
	return text
}
