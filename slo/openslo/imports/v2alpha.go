package imports

import (
	"fmt"
	"slices"
	"strings"

	"plimsoll/slo"
	"plimsoll/slo/openslo"
	"plimsoll/slo/openslo/internal/doctree"
)

// v2Kinds are the kinds of the drafts of version 2, and what converts them.
var v2Kinds = []struct {
	name    string
	convert func(*importer, node, openslo.Metadata, node)
}{
	{"SLO", (*importer).v2SLO},
	{"SLI", (*importer).v2SLI},
	{"Service", (*importer).v2Service},
	{"DataSource", (*importer).v2Source},
	{"AlertPolicy", (*importer).v2Policy},
	{"AlertCondition", (*importer).v2Condition},
	{"AlertNotificationTarget", (*importer).v2Target},
	{"BudgetAdjustment", (*importer).v2Adjustment},
}

// survey notes what the conversion of other documents has to know of this one.
func (im *importer) survey(root node) {
	version, ok := root.Key("apiVersion")
	if !ok || !slices.Contains(formats[len(formats)-1].values, version.Value) {
		return
	}
	kind, _ := root.Key("kind")
	metadata, _ := root.Key("metadata")
	spec, _ := root.Key("spec")
	name, ok := metadata.Key("name")
	if !ok || kind.Node == nil {
		return
	}
	switch kind.Value {
	case "SLI":
		_, im.thresholds[openslo.Name(name.Value)] = spec.Key("thresholdMetric")
	case "AlertPolicy":
		conditions, _ := spec.Key("conditions")
		branches := len(branchesOf(conditions))
		own := openslo.Name(name.Value)
		for i := range branches {
			im.policies[own] = append(im.policies[own], branchName(own, i, branches))
		}
	}
}

// v2alpha converts a document of one of the drafts of version 2.
func (im *importer) v2alpha(root node) {
	o := root.Object(must("apiVersion"), must("kind"), must("metadata"), must("spec"))
	kind, hasKind := o.Get("kind")
	metadata, hasMetadata := o.Get("metadata")
	spec, hasSpec := o.Get("spec")
	if !hasKind || !hasMetadata || !hasSpec {
		return
	}
	var names []string
	for _, k := range v2Kinds {
		names = append(names, k.name)
	}
	word, ok := kind.OneOf(names...)
	if !ok {
		return
	}
	m := im.metadata(metadata)
	v2Kinds[slices.Index(names, word)].convert(im, root, m, spec)
}

func (im *importer) v2Service(root node, m openslo.Metadata, spec node) {
	im.add(root, "Service", m, openslo.ServiceSpec{Description: im.description(spec.Object(doctree.Fields("description")...))})
}

// v2Source converts a DataSource: with type and connectionDetails, or with one field of its type's name, as the drafts have it.
func (im *importer) v2Source(root node, m openslo.Metadata, spec node) {
	s := openslo.DataSourceSpec{}
	if _, ok := spec.Key("type"); ok {
		o := spec.Object(append(doctree.Fields("description", "connectionDetails"), must("type"))...)
		s.Description, s.Type = im.description(o), o.Text("type")
		if details, ok := o.Get("connectionDetails"); ok {
			s.ConnectionDetails = tree(details)
		}
	} else if !spec.IsMapping() {
		spec.Fail("found %s where a mapping is expected", spec.Describe())
	} else {
		spec.EachPair(func(key, value node) {
			switch {
			case key.Value == "description":
				if value.IsScalar() {
					s.Description = value.Value
				}
			case s.Type != "":
				key.Fail("a second type; %s stands, too", s.Type)
			default:
				s.Type, s.ConnectionDetails = key.Value, tree(value)
			}
		})
		if s.Type == "" {
			spec.Fail("type is missing")
		}
	}
	im.add(root, "DataSource", m, s)
}

// tree returns a value as it stands, to be written again.
func tree(n node) any {
	var v any
	if err := n.Decode(&v); err != nil {
		n.Fail("cannot be carried over: %v", err)
	}
	return v
}

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

func (im *importer) v2SLO(root node, m openslo.Metadata, n node) {
	o := n.Object(append(doctree.Fields("description", "sli", "sliRef", "indicator", "indicatorRef", "alertPolicies"), must("service"),
		must("timeWindow"), must("budgetingMethod"), must("objectives"))...)
	spec := openslo.SLOSpec{Description: im.description(o), BudgetingMethod: o.Text("budgetingMethod")}
	if service, ok := o.Get("service"); ok {
		spec.Service = im.name(service)
	}
	if window, ok := o.Get("timeWindow"); ok {
		spec.TimeWindow = im.v2Window(window)
	}
	var threshold bool
	spec.Indicator, spec.IndicatorRef, threshold = im.v2Sli(o)
	if policies, ok := o.Get("alertPolicies"); ok {
		spec.AlertPolicies = im.v2Policies(policies)
	}
	objectives, ok := o.Get("objectives")
	if !ok {
		return
	}
	for _, item := range objectives.List() {
		spec.Objectives = append(spec.Objectives, im.v2Objective(item))
	}
	if !threshold || len(spec.Objectives) < 2 {
		im.add(root, "SLO", m, spec)
		return
	}
	im.note(root, "became %d SLOs, because OpenSLO v1 allows one objective with a thresholdMetric", len(spec.Objectives))
	notes := im.notes
	for i, objective := range spec.Objectives {
		own, one := m, spec
		if own.Name = openslo.Name(m.Name + "-" + objective.DisplayName); openslo.Name(objective.DisplayName) == "" {
			own.Name = fmt.Sprintf("%s-%d", m.Name, i+1)
		}
		one.Objectives = []openslo.Objective{objective}
		im.notes = notes
		im.add(root, "SLO", own, one)
	}
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

func (im *importer) v2Window(n node) (windows []openslo.TimeWindow) {
	for _, item := range n.List() {
		o := item.Object(append(doctree.Fields("isRolling", "calendar"), must("duration"))...)
		w := openslo.TimeWindow{Duration: o.Text("duration")}
		if calendar, ok := o.Get("calendar"); ok {
			w.Calendar = calendarOf(calendar)
		}
		w.IsRolling = w.Calendar == nil
		if rolling, ok := o.Get("isRolling"); ok {
			w.IsRolling, _ = rolling.IsTrue()
		}
		windows = append(windows, w)
	}
	return windows
}

func (im *importer) v2Objective(n node) openslo.Objective {
	o := n.Object(doctree.Fields("displayName", "labels", "op", "value", "target", "targetPercent", "timeSliceTarget", "timeSliceWindow",
		"sli", "sliRef", "indicator", "indicatorRef", "compositeWeight")...)
	if labels, ok := o.Get("labels"); ok {
		im.note(labels, "the labels of the objective were left out; OpenSLO v1 has none")
	}
	obj := openslo.Objective{DisplayName: o.Text("displayName"), Op: o.Text("op")}
	for name, into := range map[string]*openslo.Plain{"value": &obj.Value, "target": &obj.Target, "targetPercent": &obj.TargetPercent,
		"timeSliceTarget": &obj.TimeSliceTarget, "compositeWeight": &obj.CompositeWeight} {
		if number, ok := o.Get(name); ok {
			text, _ := number.Number()
			*into = openslo.Plain(text)
		}
	}
	if t, ok := o.Get("target"); ok && obj.Target != "" {
		target(t, string(obj.Target), slo.ParseRatio)
	}
	if t, ok := o.Get("targetPercent"); ok && obj.TargetPercent != "" {
		target(t, string(obj.TargetPercent), slo.ParsePercent)
	}
	if window, ok := o.Get("timeSliceWindow"); ok {
		if obj.TimeSliceWindow = window.Text(); window.IsScalar() && window.Tag == "!!int" {
			obj.TimeSliceWindow += "m"
		}
	}
	obj.Indicator, obj.IndicatorRef, _ = im.v2Sli(o)
	return obj
}

// v2Adjustment has no counterpart among documents: Plimsoll keeps corrections with the events.
func (im *importer) v2Adjustment(root node, _ openslo.Metadata, _ node) {
	im.notes = nil
	root.Unsupported("a BudgetAdjustment is no document of OpenSLO v1; \"plimsoll slo correct\" does the same for a running server")
}
