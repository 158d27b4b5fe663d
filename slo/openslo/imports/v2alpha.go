package imports

import (
	"fmt"
	"slices"

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

func (im *importer) v2SLO(root node, m openslo.Metadata, n node) {
	o := n.Object(append(doctree.Fields("description", "service", "serviceRef", "sli", "sliRef", "indicator", "indicatorRef", "alertPolicies"),
		must("timeWindow"), must("budgetingMethod"), must("objectives"))...)
	spec := openslo.SLOSpec{Description: im.description(o), BudgetingMethod: o.Text("budgetingMethod")}
	switch service, ok := o.Get("service"); {
	case ok && o.Has("serviceRef"):
		service.Fail("service and serviceRef both stand; allowed: one of them")
	case ok:
		spec.Service = im.name(service)
	default:
		if service, ok = o.Get("serviceRef"); ok {
			spec.Service = im.name(service)
		} else if o.IsMapping() {
			o.Fail("serviceRef is missing")
		}
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
