package imports

import (
	"fmt"
	"maps"
	"strings"
	"time"

	"plimsoll/slo"
	"plimsoll/slo/openslo"
	"plimsoll/slo/openslo/internal/doctree"
)

// sloth converts a document of the format prometheus/v1.
func (im *importer) sloth(root node) {
	im.slothSpec(root.Object(must("version"), must("service"), doctree.Field{Name: "labels"}, must("slos"), doctree.Field{Name: "slo_plugins"}))
}

// slothKubernetes converts a PrometheusServiceLevel.
func (im *importer) slothKubernetes(root node) {
	o := root.Object(append(doctree.Fields("status"), must("apiVersion"), must("kind"), must("metadata"), must("spec"))...)
	if kind, ok := o.Get("kind"); ok {
		if _, ok := kind.OneOf("PrometheusServiceLevel"); !ok {
			return
		}
	}
	if spec, ok := o.Get("spec"); ok {
		im.slothSpec(spec.Object(append(doctree.Fields("labels", "sloPlugins", "slo_plugins"), must("service"), must("slos"))...))
	}
}

func (im *importer) slothSpec(o object) {
	service, ok := o.Get("service")
	if !ok {
		return
	}
	for _, name := range []string{"slo_plugins", "sloPlugins"} {
		if plugins, ok := o.Get(name); ok {
			plugins.Unsupported("plugins of Sloth are not carried over")
		}
	}
	keys, texts := values(o, "labels")
	slos, ok := o.Get("slos")
	if !ok {
		return
	}
	for _, n := range slos.List() {
		im.slothSLO(n, im.name(service), keys, texts)
	}
}

func (im *importer) slothSLO(n node, service string, keys []node, texts map[string]string) {
	o := n.Object(append(doctree.Fields("description", "labels", "plugins", "alerting"), must("name"), must("objective"), must("sli"))...)
	if plugins, ok := o.Get("plugins"); ok {
		plugins.Unsupported("plugins of Sloth are not carried over")
	}
	var m openslo.Metadata
	if name, ok := o.Get("name"); ok {
		m.Name = im.name(name)
	}
	ownKeys, ownTexts := values(o, "labels")
	all := maps.Clone(texts)
	if all == nil {
		all = map[string]string{}
	}
	maps.Copy(all, ownTexts)
	im.labels(&m, append(keys, ownKeys...), all)
	spec := openslo.SLOSpec{Description: im.description(o), Service: service, TimeWindow: rolling(im.config.Window),
		BudgetingMethod: string(slo.Occurrences)}
	im.note(n, "the window is %s, because Sloth keeps it outside of the file", slo.ShortDuration(im.config.Window))
	var objective openslo.Objective
	if t, ok := o.Get("objective"); ok {
		objective.TargetPercent = percent(t)
	}
	spec.Objectives = []openslo.Objective{objective}
	sli, ok := o.Get("sli")
	if !ok {
		return
	}
	indicator, ok := im.slothSLI(sli)
	if !ok {
		im.notes = nil
		return
	}
	spec.Indicator = &openslo.Indicator{Metadata: &openslo.Metadata{Name: m.Name}, Spec: indicator}
	if alerting, ok := o.Get("alerting"); ok {
		spec.AlertPolicies = im.slothAlerts(alerting, m.Name, objective.TargetPercent)
	}
	im.add(n, "SLO", m, spec)
}

// slothSLI converts an indicator; false if nothing can be made of it, which has been reported.
func (im *importer) slothSLI(n node) (openslo.SLISpec, bool) {
	o := n.Object(doctree.Fields("events", "raw", "plugin")...)
	events, hasEvents := o.Get("events")
	raw, hasRaw := o.Get("raw")
	plugin, hasPlugin := o.Get("plugin")
	switch {
	case hasPlugin:
		plugin.Unsupported("the indicator is made by a plugin of Sloth, so this SLO is left out; write its queries out")
	case hasEvents && hasRaw:
		raw.Fail("events and raw both stand; allowed: one of them")
	case hasEvents:
		return im.slothEvents(events)
	case hasRaw:
		return im.slothRaw(raw)
	default:
		n.Fail("events, raw or plugin is missing")
	}
	return openslo.SLISpec{}, false
}

// either returns the field of one of two spellings: that of the files and that of the Kubernetes kind.
func either(o object, snake, camel string) (node, bool) {
	if n, ok := o.Get(snake); ok {
		return n, true
	}
	n, ok := o.Get(camel)
	if !ok && o.IsMapping() {
		o.Fail("%s is missing", snake)
	}
	return n, ok
}

func (im *importer) slothEvents(n node) (openslo.SLISpec, bool) {
	o := n.Object(doctree.Fields("error_query", "errorQuery", "total_query", "totalQuery")...)
	bad, hasBad := either(o, "error_query", "errorQuery")
	total, hasTotal := either(o, "total_query", "totalQuery")
	if !hasBad || !hasTotal {
		return openslo.SLISpec{}, false
	}
	badExpr, totalExpr := im.query(bad), im.query(total)
	if badExpr == nil || totalExpr == nil {
		return openslo.SLISpec{}, false
	}
	return counted("", bare(badExpr).String(), bare(totalExpr).String()), true
}

func (im *importer) slothRaw(n node) (openslo.SLISpec, bool) {
	o := n.Object(doctree.Fields("error_ratio_query", "errorRatioQuery")...)
	ratio, ok := either(o, "error_ratio_query", "errorRatioQuery")
	if !ok {
		return openslo.SLISpec{}, false
	}
	expr := im.query(ratio)
	if expr == nil {
		return openslo.SLISpec{}, false
	}
	if good, bad, total := division(expr); total != "" {
		im.note(ratio, "the ratio was divided into its two sides, which are counted each")
		return counted(good, bad, total), true
	}
	return openslo.SLISpec{RatioMetric: &openslo.RatioMetric{RawType: "failure", Raw: prometheus(expr.String())}}, true
}

// slothAlert is what Sloth makes of an alert, and the fast window of it: the Site Reliability Workbook, "Alerting on SLOs", table 5-8.
type slothAlert struct {
	snake, camel, severity string
	factor, lookback       string
	length                 time.Duration
	threshold              float64
}

var slothAlertKinds = []slothAlert{
	{"page_alert", "pageAlert", "page", "14.4", "1h", time.Hour, 14.4},
	{"ticket_alert", "ticketAlert", "ticket", "3", "1d", 24 * time.Hour, 3},
}

func (im *importer) slothAlerts(n node, name string, target openslo.Plain) (policies []any) {
	o := n.Object(doctree.Fields("name", "labels", "annotations", "page_alert", "pageAlert", "ticket_alert", "ticketAlert")...)
	display := o.Text("name")
	keys, common := values(o, "labels")
	annotationKeys, annotations := values(o, "annotations")
	for _, kind := range slothAlertKinds {
		alert, ok := o.Get(kind.snake)
		if !ok {
			if alert, ok = o.Get(kind.camel); !ok {
				continue
			}
		}
		ao := alert.Object(doctree.Fields("disable", "labels", "annotations")...)
		if disable, ok := ao.Get("disable"); ok {
			if off, ok := disable.IsTrue(); ok && off {
				im.note(disable, "the %s alert is switched off in Sloth, so no AlertPolicy was made of it", kind.severity)
				continue
			}
		}
		if !im.canFire(alert, kind, target) {
			continue
		}
		ownKeys, own := values(ao, "labels")
		ownAnnotationKeys, ownAnnotations := values(ao, "annotations")
		m := openslo.Metadata{Name: name + "-" + kind.severity, DisplayName: display}
		im.alertMetadata(&m, append(keys, ownKeys...), merged(common, own), append(annotationKeys, ownAnnotationKeys...), merged(annotations, ownAnnotations))
		severity := kind.severity
		if s := merged(common, own)["severity"]; s != "" {
			severity = s
		}
		policies = append(policies, slothPolicy(m, kind, severity))
		im.note(alert, "the %s alert became an AlertPolicy at %s times over %s; the other windows of Sloth's are those that every objective is alerted by",
			kind.severity, kind.factor, kind.lookback)
	}
	return policies
}

func merged(a, b map[string]string) map[string]string {
	m := map[string]string{}
	maps.Copy(m, a)
	maps.Copy(m, b)
	return m
}

// canFire reports whether an alert can be reached with the target and the window, and notes why not.
func (im *importer) canFire(n node, kind slothAlert, target openslo.Plain) bool {
	ratio, err := slo.ParsePercent(string(target))
	switch {
	case err != nil:
		return false // reported with the objective
	case kind.threshold*(slo.One-ratio).Float() >= 1:
		im.note(n, "the %s alert was left out: with a target of %s %% the budget can never burn %s times too fast", kind.severity, ratio.Percent(), kind.factor)
	case kind.length > im.config.Window:
		im.note(n, "the %s alert was left out: its lookback of %s is longer than the window", kind.severity, kind.lookback)
	default:
		return true
	}
	return false
}

// alertMetadata gives a policy the labels and annotations of an alert, as far as OpenSLO allows their keys.
func (im *importer) alertMetadata(m *openslo.Metadata, labelKeys []node, labels map[string]string, annotationKeys []node, annotations map[string]string) {
	for _, key := range labelKeys {
		if openslo.IsLabel(key.Value) {
			m.Labels = with(m.Labels, key.Value, openslo.Values{labels[key.Value]})
		} else {
			im.note(key, "the label %q has no form that OpenSLO v1 allows, and was left out", key.Value)
		}
	}
	for _, key := range annotationKeys {
		if openslo.IsLabel(key.Value) {
			m.Annotations = with(m.Annotations, key.Value, annotations[key.Value])
		} else {
			im.note(key, "the annotation %q has no form that OpenSLO v1 allows, and was left out", key.Value)
		}
	}
}

func slothPolicy(m openslo.Metadata, kind slothAlert, severity string) openslo.Document {
	return openslo.Document{Kind: "AlertPolicy", Metadata: m, Spec: openslo.AlertPolicySpec{
		AlertWhenBreaching: true,
		AlertWhenResolved:  true,
		Conditions: []any{openslo.Document{
			Kind:     "AlertCondition",
			Metadata: openslo.Metadata{Name: m.Name},
			Spec: openslo.AlertConditionSpec{
				Description: fmt.Sprintf("The budget burns %s times faster than it lasts, over %s.", kind.factor, kind.lookback),
				Severity:    severity,
				Condition:   openslo.Condition{Kind: "burnrate", Op: "gte", Threshold: openslo.Plain(kind.factor), LookbackWindow: kind.lookback},
			},
		}},
		NotificationTargets: []any{openslo.Document{
			Kind:     "AlertNotificationTarget",
			Metadata: openslo.Metadata{Name: strings.ToLower(kind.severity)},
			Spec:     openslo.AlertTargetSpec{Target: "alertmanager"},
		}},
	}}
}
