package imports

import (
	"strings"

	"plimsoll/slo/openslo"
	"plimsoll/slo/openslo/internal/doctree"
)

func (im *importer) v2SLI(root node, m openslo.Metadata, spec node) {
	im.add(root, "SLI", m, im.v2Indicator(spec))
}

func (im *importer) v2Indicator(n node) openslo.SLISpec {
	o := n.Object(doctree.Fields("description", "thresholdMetric", "ratioMetric")...)
	spec := openslo.SLISpec{Description: im.description(o)}
	if metric, ok := o.Get("thresholdMetric"); ok {
		spec.ThresholdMetric = im.v2Metric(metric)
	}
	ratio, ok := o.Get("ratioMetric")
	if !ok {
		return spec
	}
	ro := ratio.Object(doctree.Fields("counter", "good", "bad", "total", "rawType", "raw")...)
	spec.RatioMetric = &openslo.RatioMetric{RawType: ro.Text("rawType")}
	if counter, ok := ro.Get("counter"); ok {
		grows, _ := counter.IsTrue()
		spec.RatioMetric.Counter = &grows
	} else if !ro.Has("raw") {
		grows := true
		spec.RatioMetric.Counter = &grows
		im.note(ratio, "counter: true was added, because it was missing")
	}
	for name, into := range map[string]**openslo.Metric{"good": &spec.RatioMetric.Good, "bad": &spec.RatioMetric.Bad,
		"total": &spec.RatioMetric.Total, "raw": &spec.RatioMetric.Raw} {
		if metric, ok := ro.Get(name); ok {
			*into = im.v2Metric(metric)
		}
	}
	return spec
}

// v2Metric converts a metric with a dataSourceRef, or with an inline source, of which only the type goes into OpenSLO v1.
func (im *importer) v2Metric(n node) *openslo.Metric {
	m := &openslo.Metric{}
	spec, ok := n.Key("spec")
	switch {
	case !ok:
		n.Fail("spec is missing")
	case spec.IsMapping():
		m.MetricSource.Spec = im.v2Query(spec)
	default:
		spec.Fail("found %s where a mapping is expected", spec.Describe())
	}
	if !n.IsMapping() {
		return m
	}
	n.EachPair(func(key, value node) {
		switch key.Value {
		case "spec":
		case "dataSourceRef":
			m.MetricSource.MetricSourceRef = im.name(value)
		case "dataSourceSpec", "dataSource":
			if typ, ok := value.Key("type"); ok {
				m.MetricSource.Type = typ.Text()
			}
			if _, ok := value.Key("connectionDetails"); ok {
				im.note(value, "the connection of the inline source was left out; a DataSource has one")
			}
		default:
			if m.MetricSource.Type != "" {
				key.Fail("a second type of source; %s stands, too", m.MetricSource.Type)
				return
			}
			m.MetricSource.Type = key.Value
			im.note(key, "the connection of the inline source was left out; a DataSource has one")
		}
	})
	if m.MetricSource.Type == "" && m.MetricSource.MetricSourceRef == "" {
		n.Fail("dataSourceRef or dataSourceSpec is missing")
	}
	return m
}

// v2Query returns the spec of a metric, with the range of its query filled in.
func (im *importer) v2Query(spec node) any {
	if query, ok := spec.Key("query"); ok && query.IsScalar() && strings.Contains(query.Value, "{{") && len(spec.Content) == 2 {
		return openslo.Query{Query: im.template(query)}
	}
	return tree(spec)
}

// v2Sli converts the indicator of an SLO or of an objective, and says whether it is known to have a thresholdMetric.
func (im *importer) v2Sli(o object) (ind *openslo.Indicator, ref string, threshold bool) {
	for _, name := range []string{"sliRef", "indicatorRef"} {
		if n, ok := o.Get(name); ok {
			ref = im.name(n)
			threshold = im.thresholds[ref]
		}
	}
	for _, name := range []string{"sli", "indicator"} {
		n, ok := o.Get(name)
		if !ok {
			continue
		}
		io := n.Object(append(doctree.Fields("metadata"), must("spec"))...)
		ind = &openslo.Indicator{}
		if metadata, ok := io.Get("metadata"); ok {
			m := im.metadata(metadata)
			ind.Metadata = &m
		}
		if spec, ok := io.Get("spec"); ok {
			ind.Spec = im.v2Indicator(spec)
		}
		threshold = ind.Spec.ThresholdMetric != nil
	}
	return ind, ref, threshold
}
