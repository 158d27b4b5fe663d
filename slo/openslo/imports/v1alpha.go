package imports

import (
	"fmt"
	"strconv"
	"strings"

	"plimsoll/slo"
	"plimsoll/slo/openslo"
	"plimsoll/slo/openslo/internal/doctree"
)

// v1alpha converts a document of openslo/v1alpha, whose kinds are Service and SLO.
func (im *importer) v1alpha(root node) {
	o := root.Object(must("apiVersion"), must("kind"), must("metadata"), must("spec"))
	kind, hasKind := o.Get("kind")
	metadata, hasMetadata := o.Get("metadata")
	spec, hasSpec := o.Get("spec")
	if !hasKind || !hasMetadata || !hasSpec {
		return
	}
	m := im.metadata(metadata)
	switch word, _ := kind.OneOf("Service", "SLO"); word {
	case "Service":
		im.add(root, word, m, openslo.ServiceSpec{Description: im.description(spec.Object(doctree.Fields("description")...))})
	case "SLO":
		im.v1alphaSLO(root, m, spec)
	}
}

// metadata reads the metadata of OpenSLO, whatever its version.
func (im *importer) metadata(n node) openslo.Metadata {
	o := n.Object(append(doctree.Fields("displayName", "labels", "annotations"), must("name"))...)
	m := openslo.Metadata{DisplayName: o.Text("displayName")}
	if name, ok := o.Get("name"); ok {
		m.Name = im.name(name)
	}
	if labels, ok := o.Get("labels"); ok {
		labels.EachPair(func(key, value node) { im.openSLOLabel(&m, key, value) })
	}
	if annotations, ok := o.Get("annotations"); ok {
		annotations.EachPair(func(key, value node) {
			if text := value.Text(); text != "" {
				m.Annotations = with(m.Annotations, key.Value, text)
			}
		})
	}
	return m
}

// openSLOLabel carries a label over: a text, or a list of texts.
func (im *importer) openSLOLabel(m *openslo.Metadata, key, value node) {
	if !openslo.IsLabel(key.Value) {
		im.note(key, "the label %q has no form that OpenSLO v1 allows, and was left out", key.Value)
		return
	}
	texts := openslo.Values{}
	if value.IsList() {
		for _, item := range value.List() {
			texts = append(texts, item.Text())
		}
	} else if value.IsScalar() && value.Value == "" {
		im.note(key, "the label %q is empty, and was left out", key.Value)
		return
	} else {
		texts = append(texts, value.Text())
	}
	m.Labels = with(m.Labels, key.Value, texts)
}

// part is one objective with an indicator of its own, as v1alpha has them.
type part struct {
	objective openslo.Objective
	indicator openslo.SLISpec
	source    string // what the indicator was made of, to compare it with others
	at        node
}

func (im *importer) v1alphaSLO(root node, m openslo.Metadata, n node) {
	o := n.Object(append(doctree.Fields("description", "indicator"), must("service"), must("timeWindows"), must("budgetingMethod"), must("objectives"))...)
	spec := openslo.SLOSpec{Description: im.description(o)}
	if service, ok := o.Get("service"); ok {
		spec.Service = im.name(service)
	}
	if windows, ok := o.Get("timeWindows"); ok {
		spec.TimeWindow = im.v1alphaWindow(windows)
	}
	if method, ok := o.Get("budgetingMethod"); ok {
		spec.BudgetingMethod, _ = method.OneOf(string(slo.Occurrences), string(slo.Timeslices))
	}
	var threshold *openslo.SLISpec
	if indicator, ok := o.Get("indicator"); ok {
		if metric, ok := indicator.Object(must("thresholdMetric")).Get("thresholdMetric"); ok {
			threshold = &openslo.SLISpec{ThresholdMetric: im.v1alphaMetric(metric)}
		}
	}
	objectives, ok := o.Get("objectives")
	if !ok {
		return
	}
	var parts []part
	for _, item := range objectives.List() {
		parts = append(parts, im.v1alphaObjective(item, spec.BudgetingMethod, threshold))
	}
	im.addParts(root, m, spec, parts)
}

// addParts makes one SLO of objectives that have an indicator in common, which OpenSLO v1 allows for ratios, and one each otherwise.
func (im *importer) addParts(root node, m openslo.Metadata, spec openslo.SLOSpec, parts []part) {
	if len(parts) == 0 {
		root.Fail("has no objectives")
		return
	}
	common := parts[0].indicator.ThresholdMetric == nil || len(parts) == 1
	for _, p := range parts {
		common = common && p.source == parts[0].source
	}
	if common {
		spec.Indicator = inline(m.Name, parts[0].indicator)
		for _, p := range parts {
			spec.Objectives = append(spec.Objectives, p.objective)
		}
		im.add(root, "SLO", m, spec)
		return
	}
	im.note(root, "became %d SLOs, because OpenSLO v1 has one indicator for all objectives of an SLO", len(parts))
	notes := im.notes
	for i, p := range parts {
		own := m
		own.Name = openslo.Name(fmt.Sprintf("%s-%s", m.Name, openslo.Name(p.objective.DisplayName)))
		if openslo.Name(p.objective.DisplayName) == "" {
			own.Name = fmt.Sprintf("%s-%d", m.Name, i+1)
		}
		one := spec
		one.Indicator = inline(own.Name, p.indicator)
		one.Objectives = []openslo.Objective{p.objective}
		im.notes = notes
		im.add(p.at, "SLO", own, one)
	}
}

func inline(name string, spec openslo.SLISpec) *openslo.Indicator {
	return &openslo.Indicator{Metadata: &openslo.Metadata{Name: name}, Spec: spec}
}

func (im *importer) v1alphaObjective(n node, method string, threshold *openslo.SLISpec) part {
	o := n.Object(append(doctree.Fields("displayName", "value", "op", "timeSliceTarget", "ratioMetrics"), must("target"))...)
	p := part{at: n, objective: openslo.Objective{DisplayName: o.Text("displayName")}}
	if t, ok := o.Get("target"); ok {
		if text, ok := t.Number(); ok {
			p.objective.Target = target(t, text, slo.ParseRatio)
		}
	}
	if method == string(slo.Timeslices) {
		p.objective.TimeSliceWindow = "1m"
		im.note(n, "the slices are one minute long, because openslo/v1alpha does not say")
		if share, ok := o.Get("timeSliceTarget"); ok {
			text, _ := share.Number()
			p.objective.TimeSliceTarget = openslo.Plain(text)
		}
	}
	ratio, hasRatio := o.Get("ratioMetrics")
	value, hasValue := o.Get("value")
	op, hasOp := o.Get("op")
	switch {
	case hasRatio:
		if hasValue || hasOp {
			im.note(n, "op and value were left out; they have no effect with a ratio")
		}
		p.indicator = im.v1alphaRatio(ratio)
	case threshold == nil:
		n.Fail("ratioMetrics is missing, and the SLO has no thresholdMetric")
	case !hasValue || !hasOp:
		n.Fail("op and value are needed with a thresholdMetric")
	default:
		p.indicator = *threshold
		text, _ := value.Number()
		p.objective.Value = openslo.Plain(text)
		p.objective.Op, _ = op.OneOf(string(slo.AtMost), string(slo.AtLeast), string(slo.LessThan), string(slo.MoreThan))
	}
	p.source = fingerprint(p.indicator)
	return p
}

// fingerprint is the same for indicators that are written the same.
func fingerprint(spec openslo.SLISpec) string {
	var b strings.Builder
	err := openslo.Write(&b, openslo.Document{Spec: spec})
	return fmt.Sprint(b.String(), err)
}

func (im *importer) v1alphaRatio(n node) openslo.SLISpec {
	o := n.Object(append(doctree.Fields("counter", "incremental", "good", "bad"), must("total"))...)
	counter, found := true, false
	for _, name := range []string{"counter", "incremental"} {
		if flag, ok := o.Get(name); ok {
			counter, _ = flag.IsTrue()
			found = true
		}
	}
	if !found {
		im.note(n, "counter: true was added, because openslo/v1alpha does not say")
	}
	ratio := &openslo.RatioMetric{Counter: &counter}
	for name, into := range map[string]**openslo.Metric{"good": &ratio.Good, "bad": &ratio.Bad, "total": &ratio.Total} {
		if metric, ok := o.Get(name); ok {
			*into = im.v1alphaMetric(metric)
		}
	}
	return openslo.SLISpec{RatioMetric: ratio}
}

func (im *importer) v1alphaMetric(n node) *openslo.Metric {
	o := n.Object(append(doctree.Fields("queryType"), must("source"), must("query"))...)
	source := openslo.MetricSource{Type: o.Text("source")}
	if query, ok := o.Get("query"); ok {
		source.Spec = openslo.Query{Query: im.template(query)}
	}
	return &openslo.Metric{MetricSource: source}
}

// v1alphaUnits are the units of openslo/v1alpha: in the shorthand of v1, and in days where that has no fixed length.
var v1alphaUnits = []struct {
	name, letter string
	days         int
}{
	{"Minute", "m", 0}, {"Hour", "h", 0}, {"Day", "d", 0}, {"Week", "w", 0}, {"Month", "M", 30}, {"Quarter", "Q", 90}, {"Year", "Y", 365},
}

func (im *importer) v1alphaWindow(n node) []openslo.TimeWindow {
	items := n.List()
	if len(items) != 1 {
		n.Fail("found %d windows; allowed: exactly one", len(items))
		return nil
	}
	o := items[0].Object(append(doctree.Fields("isRolling", "calendar"), must("unit"), must("count"))...)
	unit, hasUnit := o.Get("unit")
	count, hasCount := o.Get("count")
	if !hasUnit || !hasCount {
		return nil
	}
	var names []string
	for _, u := range v1alphaUnits {
		names = append(names, u.name)
	}
	word, ok := unit.OneOf(names...)
	text, _ := count.Number()
	number, err := strconv.Atoi(text)
	if err != nil || number < 1 || number > 100_000 {
		count.Fail("found %s; allowed: a whole number, at least 1", count.Describe())
		return nil
	}
	if !ok {
		return nil
	}
	calendar, hasCalendar := o.Get("calendar")
	w := openslo.TimeWindow{IsRolling: !hasCalendar}
	if rolling, ok := o.Get("isRolling"); ok {
		w.IsRolling, _ = rolling.IsTrue()
	}
	for _, u := range v1alphaUnits {
		if u.name != word {
			continue
		}
		w.Duration = fmt.Sprintf("%d%s", number, u.letter)
		if w.IsRolling && u.days > 0 {
			w.Duration = fmt.Sprintf("%dd", number*u.days)
			im.note(unit, "the rolling window became %s, because a %s has no fixed length", w.Duration, strings.ToLower(word))
		}
	}
	if hasCalendar {
		w.Calendar = calendarOf(calendar)
	}
	return []openslo.TimeWindow{w}
}

func calendarOf(n node) *openslo.Calendar {
	o := n.Object(must("startTime"), must("timeZone"))
	return &openslo.Calendar{StartTime: openslo.Plain(o.Text("startTime")), TimeZone: o.Text("timeZone")}
}
