package imports

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"plimsoll/slo"
	"plimsoll/slo/openslo"
	"plimsoll/slo/openslo/internal/doctree"
)

// Config says what the files do not.
type Config struct {
	// From is the format of all documents; documents of another are an error. Empty: each document says what it is.
	From Format
	// Service is that of objectives whose format knows none; empty: labels that usually name it are looked at.
	Service string
	// Window is that of objectives whose format keeps it elsewhere; 30 days when zero.
	Window time.Duration
	// Lenient takes fields with slips in their names, and leaves unknown ones out, with a note each.
	Lenient bool
}

// Result is what was converted.
type Result struct {
	// Documents are valid OpenSLO v1, in the order of what they were made of.
	Documents []openslo.Document
	// Notes say what was changed (warnings), and what could not be carried over (unsupported), sorted by place.
	Notes openslo.Problems
}

type (
	node   = doctree.Node
	object = doctree.Object
	field  = doctree.Field
)

func must(name string) field { return field{Name: name, Required: true} }

// importer converts one set of files.
type importer struct {
	config Config
	report doctree.Report
	docs   []converted
	notes  []string // of the document that is being converted
	// Of version 2: what must be known of other documents.
	thresholds map[string]bool     // names of SLIs with a thresholdMetric
	policies   map[string][]string // the policies that one with several conditions becomes
}

// converted is a document with what it was made of.
type converted struct {
	openslo.Document
	at node
}

// Convert converts the documents of files. The error is [openslo.Problems].
func Convert(c Config, files ...openslo.File) (*Result, error) {
	c.Window = cmp.Or(c.Window, 30*24*time.Hour)
	im := &importer{config: c, report: doctree.Report{Lenient: c.Lenient}, thresholds: map[string]bool{}, policies: map[string][]string{}}
	var roots []node
	for _, f := range files {
		for _, root := range doctree.Documents(&im.report, f) {
			roots = append(roots, items(root)...)
		}
	}
	for _, root := range roots {
		im.survey(root)
	}
	for _, root := range roots {
		im.document(root)
	}
	if !im.failed() {
		im.check()
	}
	notes := im.report.Problems()
	if wrong := notes.Of(openslo.Error); len(wrong) > 0 {
		return nil, wrong
	}
	r := &Result{Notes: notes}
	for _, d := range im.docs {
		r.Documents = append(r.Documents, d.Document)
	}
	return r, nil
}

func (im *importer) failed() bool { return len(im.report.Problems().Of(openslo.Error)) > 0 }

// note says what was changed.
func (im *importer) note(n node, format string, args ...any) {
	n.Warn(format, args...)
	im.notes = append(im.notes, fmt.Sprintf(format, args...))
}

// add hands out a document that was made of at.
func (im *importer) add(at node, kind string, m openslo.Metadata, spec any) {
	d := openslo.Document{Kind: kind, Metadata: m, Spec: spec}
	for _, note := range im.notes {
		if line := "Import: " + note; !slices.Contains(d.Comment, line) {
			d.Comment = append(d.Comment, line)
		}
	}
	im.notes = nil
	im.docs = append(im.docs, converted{d, at})
}

// name returns the name at n in the form that OpenSLO v1 demands.
func (im *importer) name(n node) string {
	text := n.Text()
	name := openslo.Name(text)
	switch {
	case text == "":
	case name == "":
		n.Fail("found %q; a name needs a letter from a to z or a digit", text)
	case name != text:
		im.note(n, "the name %q became %q", text, name)
	}
	return name
}

// percent returns a target that is written as a percentage.
func percent(n node) openslo.Plain {
	text, ok := n.Number()
	if !ok {
		return ""
	}
	return target(n, text, slo.ParsePercent)
}

func target(n node, text string, parse func(string) (slo.Ratio, error)) openslo.Plain {
	switch r, err := parse(text); {
	case err != nil:
		n.Fail("%v", err)
	case r == slo.One:
		n.Fail("a target of 100 %% leaves no error budget; allowed: less than 100 %%")
	case r == 0:
		n.Fail("a target of 0 %% promises nothing; allowed: more than 0 %%")
	default:
		return openslo.Plain(text)
	}
	return ""
}

// values returns what a mapping of the user's own says; nil if there is none.
func values(o object, name string) (keys []node, texts map[string]string) {
	n, ok := o.Get(name)
	if !ok {
		return nil, nil
	}
	texts = map[string]string{}
	n.EachPair(func(key, value node) {
		if value.IsScalar() && value.Value == "" {
			return // labels may be empty elsewhere
		}
		if text := value.Text(); text != "" {
			keys = append(keys, key)
			texts[key.Value] = text
		}
	})
	return keys, texts
}

// labels adds labels to m, and those that name an owner or a tier as annotations.
func (im *importer) labels(m *openslo.Metadata, keys []node, texts map[string]string) {
	for _, key := range keys {
		text := texts[key.Value]
		for annotation, names := range map[string][]string{
			"plimsoll.dev/owner": {"owner", "team", "pyrra.dev/owner", "pyrra.dev/team"}, "plimsoll.dev/tier": {"tier"}} {
			if slices.Contains(names, key.Value) {
				m.Annotations = with(m.Annotations, annotation, text)
			}
		}
		if !openslo.IsLabel(key.Value) {
			im.note(key, "the label %q has no form that OpenSLO v1 allows, and was left out", key.Value)
			continue
		}
		m.Labels = with(m.Labels, key.Value, openslo.Values{text})
	}
}

func with[V any](m map[string]V, key string, value V) map[string]V {
	if m == nil {
		m = map[string]V{}
	}
	m[key] = value
	return m
}

// description returns a text, cut to what OpenSLO v1 allows.
func (im *importer) description(o object) string {
	n, ok := o.Get("description")
	if !ok || (n.IsScalar() && n.Value == "") {
		return ""
	}
	text := []rune(n.Text())
	if len(text) > openslo.MaxDescription {
		im.note(n, "the description was cut to %d characters", openslo.MaxDescription)
		text = text[:openslo.MaxDescription]
	}
	return string(text)
}

// rolling is a rolling window.
func rolling(length time.Duration) []openslo.TimeWindow {
	return []openslo.TimeWindow{{Duration: slo.ShortDuration(length), IsRolling: true}}
}

// prometheus is a metric of samples that arrive by themselves.
func prometheus(query string) *openslo.Metric {
	return &openslo.Metric{MetricSource: openslo.MetricSource{Type: "Prometheus", Spec: openslo.Query{Query: query}}}
}
