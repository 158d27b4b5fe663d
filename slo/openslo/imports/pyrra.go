package imports

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql/parser"

	"plimsoll/alerts"
	"plimsoll/slo"
	"plimsoll/slo/openslo"
	"plimsoll/slo/openslo/internal/doctree"
)

// pyrraRules are the fields that only say how Pyrra writes its rules. They do not change what an objective counts.
var pyrraRules = []string{"partial_response_strategy", "performance_over_accuracy", "performanceOverAccuracy", "ruleOutput", "rulenamespace"}

// pyrra converts a ServiceLevelObjective.
func (im *importer) pyrra(root node) {
	o := root.Object(append(doctree.Fields("status"), must("apiVersion"), must("kind"), must("metadata"), must("spec"))...)
	if kind, ok := o.Get("kind"); ok {
		if _, ok := kind.OneOf("ServiceLevelObjective"); !ok {
			return
		}
	}
	metadata, hasMetadata := o.Get("metadata")
	spec, hasSpec := o.Get("spec")
	if !hasMetadata || !hasSpec {
		return
	}
	m, service := im.pyrraMetadata(metadata)
	so := spec.Object(append(doctree.Fields(pyrraRules...), append(doctree.Fields("description", "alerting"),
		must("target"), must("window"), must("indicator"))...)...)
	s := openslo.SLOSpec{Description: im.description(so), Service: service, BudgetingMethod: string(slo.Occurrences)}
	var window time.Duration
	if n, ok := so.Get("window"); ok {
		window = pyrraWindow(n)
		s.TimeWindow = rolling(window)
	}
	objective := openslo.Objective{}
	if n, ok := so.Get("target"); ok {
		objective.TargetPercent = target(n, n.Text(), slo.ParsePercent) // a text, because Kubernetes has no fractions
	}
	if alerting, ok := so.Get("alerting"); ok {
		tiers(&m, objective.TargetPercent, window, im.pyrraAlerting(alerting)...)
	}
	indicator, ok := so.Get("indicator")
	if !ok {
		return
	}
	sli, threshold := im.pyrraIndicator(indicator)
	if threshold {
		objective.Op, objective.Value = string(slo.AtLeast), "1"
	}
	s.Objectives = []openslo.Objective{objective}
	s.Indicator = &openslo.Indicator{Metadata: &openslo.Metadata{Name: m.Name}, Spec: sli}
	im.add(root, "SLO", m, s)
}

// serviceLabels are those that usually name the service of an object.
var serviceLabels = []string{"pyrra.dev/service", "service", "app.kubernetes.io/name", "app"}

// pyrraMetadata returns the metadata, and the service, which Pyrra does not know.
func (im *importer) pyrraMetadata(n node) (m openslo.Metadata, service string) {
	o := n.Pick("name", "namespace", "labels") // the rest is Kubernetes's own
	name, ok := o.Get("name")
	if !ok {
		n.Fail("name is missing")
		return m, ""
	}
	m.Name = im.name(name)
	keys, texts := values(o, "labels")
	im.labels(&m, keys, texts)
	if service = im.config.Service; service != "" {
		return m, service
	}
	for _, label := range serviceLabels {
		if service = openslo.Name(texts[label]); service != "" {
			im.note(n, "the service is that of the label %q", label)
			return m, service
		}
	}
	if namespace, ok := o.Get("namespace"); ok {
		im.note(namespace, "the service is the namespace, because no label names it")
		return m, im.name(namespace)
	}
	n.Fail("the service is not known; it can be given for all files (--service), or by one of the labels %s", strings.Join(serviceLabels, ", "))
	return m, ""
}

func pyrraWindow(n node) time.Duration {
	text := n.Text()
	if text == "" {
		return 0
	}
	d, err := model.ParseDuration(text)
	length := time.Duration(d)
	if err != nil || length < time.Minute || length%time.Minute != 0 {
		n.Fail("found %q; allowed: a duration of whole minutes, such as 4w", text)
		return 0
	}
	return length
}

// pyrraAlerting returns which alerts are switched off: all or none.
func (im *importer) pyrraAlerting(n node) (off []alerts.Severity) {
	o := n.Object(doctree.Fields("disabled", "burnrates", "absent", "name", "absentName", "burnRateType", "severities")...)
	for _, flag := range []struct {
		name string
		off  bool
	}{{"disabled", true}, {"burnrates", false}} {
		if n, ok := o.Get(flag.name); ok {
			if set, ok := n.IsTrue(); ok && set == flag.off {
				im.note(n, "the alerts are switched off, so %s is %s", tiersAnnotation, noTiers)
				off = []alerts.Severity{alerts.Page, alerts.Ticket}
			}
		}
	}
	if absent, ok := o.Get("absent"); ok {
		absent.IsTrue()
	}
	for _, name := range []string{"name", "absentName", "burnRateType", "severities"} {
		if n, ok := o.Get(name); ok && !(n.IsScalar() && n.Value == "") {
			im.note(n, "alerting.%s was left out; who is told of an alert, and how, is configured at the server", name)
		}
	}
	return off
}

// pyrraIndicator converts an indicator, and says whether it needs op and value.
func (im *importer) pyrraIndicator(n node) (spec openslo.SLISpec, threshold bool) {
	o := n.Object(doctree.Fields("ratio", "latency", "latencyNative", "bool_gauge", "boolGauge")...)
	count := 0
	for _, kind := range []struct {
		name    string
		convert func(node) openslo.SLISpec
	}{
		{"ratio", im.pyrraRatio}, {"latency", im.pyrraLatency}, {"latencyNative", im.pyrraNative},
		{"bool_gauge", im.pyrraGauge}, {"boolGauge", im.pyrraGauge},
	} {
		if in, ok := o.Get(kind.name); ok {
			count++
			spec = kind.convert(in)
			threshold = spec.ThresholdMetric != nil
		}
	}
	if count != 1 {
		n.Fail("found %d indicators; allowed: exactly one of ratio, latency, latencyNative, bool_gauge", count)
	}
	return spec, threshold
}

// pyrraSelector reads the selector of one part of an indicator, without its offset.
func (im *importer) pyrraSelector(o object, part string) (v *parser.VectorSelector, at node, ok bool) {
	n, ok := o.Get(part)
	if !ok {
		return nil, n, false
	}
	metric, ok := n.Object(must("metric")).Get("metric")
	if !ok {
		return nil, n, false
	}
	if v = selector(metric); v != nil && v.OriginalOffset != 0 {
		v.OriginalOffset = 0
		im.note(metric, "the offset was left out; every sample is counted when it is there")
	}
	return v, metric, v != nil
}

// grouping returns the labels by which an indicator is divided.
func grouping(o object) (names []string) {
	n, ok := o.Get("grouping")
	if !ok {
		return nil
	}
	for _, item := range n.List() {
		name := item.Text()
		if name != "" && !model.LegacyValidation.IsValidLabelName(name) {
			item.Fail("found %q; allowed: the name of a label", name)
			continue
		}
		if name != "" {
			names = append(names, name)
		}
	}
	return names
}

// pyrraRatio converts an indicator that has two of the counters of errors, of successes and of everything.
func (im *importer) pyrraRatio(n node) openslo.SLISpec {
	o := n.Object(doctree.Fields("grouping", "errors", "success", "total")...)
	by := grouping(o)
	sums := map[string]string{}
	for _, part := range []string{"errors", "success", "total"} {
		if !o.Has(part) {
			continue
		}
		v, _, ok := im.pyrraSelector(o, part)
		if !ok {
			return openslo.SLISpec{}
		}
		sums[part] = sum(v, by)
	}
	bad, good, total := sums["errors"], sums["success"], sums["total"]
	switch {
	case len(sums) != 2:
		if n.IsMapping() {
			n.Fail("found %d of errors, success and total; two of them are needed, such as errors and total", len(sums))
		}
		return openslo.SLISpec{}
	case total == "":
		total, good = bad+" + "+good, ""
	}
	return counted(good, bad, total)
}

func (im *importer) pyrraLatency(n node) openslo.SLISpec {
	o := n.Object(append(doctree.Fields("grouping"), must("success"), must("total"))...)
	by := grouping(o)
	success, at, hasSuccess := im.pyrraSelector(o, "success")
	total, _, hasTotal := im.pyrraSelector(o, "total")
	if !hasSuccess || !hasTotal {
		return openslo.SLISpec{}
	}
	if !slices.ContainsFunc(success.LabelMatchers, func(m *labels.Matcher) bool { return m.Name == model.BucketLabel }) {
		at.Fail("found %q; le is missing, by which the bucket is selected, such as …_bucket{le=\"0.3\"}", at.Value)
		return openslo.SLISpec{}
	}
	return counted(sum(success, by), "", sum(total, by))
}

// pyrraNative writes a native histogram as the buckets and the count that a classic one would have, as which it is selected.
func (im *importer) pyrraNative(n node) openslo.SLISpec {
	o := n.Object(append(doctree.Fields("grouping"), must("total"), must("latency"))...)
	by := grouping(o)
	total, _, hasTotal := im.pyrraSelector(o, "total")
	latency, hasLatency := o.Get("latency")
	if !hasTotal || !hasLatency {
		return openslo.SLISpec{}
	}
	d, err := model.ParseDuration(latency.Text())
	if err != nil || d <= 0 {
		latency.Fail("found %q; allowed: a duration such as 200ms", latency.Value)
		return openslo.SLISpec{}
	}
	bound := strconv.FormatFloat(time.Duration(d).Seconds(), 'g', -1, 64)
	im.note(n, "the native histogram is selected as its buckets; events under %s s are interpolated", bound)
	le := labels.MustNewMatcher(labels.MatchEqual, model.BucketLabel, bound)
	return counted(sum(renamed(total, "_bucket", le), by), "", sum(renamed(total, "_count"), by))
}

// pyrraGauge makes every sample of a gauge that is 0 or 1 an event.
func (im *importer) pyrraGauge(n node) openslo.SLISpec {
	o := n.Object(append(doctree.Fields("grouping"), must("metric"))...)
	metric, ok := o.Get("metric")
	if !ok {
		return openslo.SLISpec{}
	}
	if by, ok := o.Get("grouping"); ok && len(grouping(o)) > 0 {
		by.Unsupported("the grouping is not carried over; samples of a gauge are judged one by one, and cannot be divided by labels")
	}
	v := selector(metric)
	if v == nil {
		return openslo.SLISpec{}
	}
	return openslo.SLISpec{ThresholdMetric: prometheus(v.String())}
}
