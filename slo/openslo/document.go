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

// kinds are those of OpenSLO v1.
var kinds = []string{kindSLO, kindSLI, kindService, kindSource, kindPolicy, kindCondition, kindTarget}

// reader returns what reads the spec of a document of a kind.
func reader(kind string) func(*set, header, node) {
	return map[string]func(*set, header, node){
		kindSLO: (*set).readSLO, kindSLI: (*set).readSLI, kindService: (*set).readService, kindSource: (*set).readSource,
		kindPolicy: (*set).readPolicy, kindCondition: (*set).readCondition, kindTarget: (*set).readTarget,
	}[kind]
}

// otherVersions are the API versions that can be imported.
var otherVersions = []string{"openslo/v1alpha", "openslo.com/v2alpha", "openslo/v2alpha1"}

type (
	node   = doctree.Node
	object = doctree.Object
	field  = doctree.Field
)

// must is a field that has to stand.
func must(name string) field { return field{Name: name, Required: true, Hint: hints[name]} }

// hints say of fields that are missing what could stand there, where that is not plain from their names.
var hints = map[string]string{
	"apiVersion":          "; write apiVersion: " + apiVersion,
	"kind":                "; allowed: " + strings.Join(kinds, ", "),
	"service":             "; it names the service that the SLO is of",
	"severity":            ", such as page or ticket",
	"threshold":           "; it is the burn rate that is too high, such as 14.4",
	"lookbackWindow":      "; it is how long to look back, such as 1h",
	"conditions":          "; it lists one conditionRef, or one AlertCondition",
	"notificationTargets": "; it lists a targetRef, or an AlertNotificationTarget",
	"metricSource":        "; it holds type or metricSourceRef, and a spec with the query",
	"duration":            ", such as 30d",
	"startTime":           "; it is when one of the periods begins, such as 2020-01-01 00:00:00",
	"timeZone":            ", such as Europe/Berlin or UTC",
}

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
	if !slices.Contains(kinds, name) {
		return
	}
	h := header{kind: name, at: root}
	if m, ok := o.Get("metadata"); ok {
		h = readHeader(name, m)
	}
	if spec, ok := o.Get("spec"); ok {
		reader(name)(s, h, spec)
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
	if found == "" || slices.Contains(kinds, found) {
		return found
	}
	wrong := "unknown kind " + k.Describe() + nearest.Hint(found, kinds) + "; allowed: " + strings.Join(kinds, ", ")
	if near, ok := nearest.Of(found, kinds); ok {
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
