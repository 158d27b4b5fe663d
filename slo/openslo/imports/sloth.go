package imports

import (
	"maps"

	"plimsoll/alerts"
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
	if kind, ok := root.Key("kind"); ok && kind.Value == "AlertWindows" {
		kind.Unsupported("the windows of Sloth's alerts are not carried over; they follow from the window of an objective, which --window gives")
		return
	}
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
	im.note(n, "the window is %s, because Sloth keeps it outside of the file", slo.ShortDuration(im.config.Window))
	spec.Indicator = &openslo.Indicator{Metadata: &openslo.Metadata{Name: m.Name}, Spec: indicator}
	if alerting, ok := o.Get("alerting"); ok {
		tiers(&m, objective.TargetPercent, im.config.Window, im.slothAlerts(alerting)...)
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

// slothSeverities are the alerts of Sloth. Each is one of the two severities of the tiers, with the same windows: the Site Reliability Workbook,
// "Alerting on SLOs", table 5-8.
var slothSeverities = []struct {
	snake, camel string
	severity     alerts.Severity
}{
	{"page_alert", "pageAlert", alerts.Page},
	{"ticket_alert", "ticketAlert", alerts.Ticket},
}

// slothAlerts returns which alerts are switched off.
func (im *importer) slothAlerts(n node) (off []alerts.Severity) {
	o := n.Object(doctree.Fields("name", "labels", "annotations", "page_alert", "pageAlert", "ticket_alert", "ticketAlert")...)
	custom := o.Has("labels") || o.Has("annotations")
	for _, kind := range slothSeverities {
		alert, ok := o.Get(kind.snake)
		if !ok {
			if alert, ok = o.Get(kind.camel); !ok {
				continue
			}
		}
		ao := alert.Object(doctree.Fields("disable", "labels", "annotations")...)
		if disable, ok := ao.Get("disable"); ok {
			if set, ok := disable.IsTrue(); ok && set {
				im.note(disable, "the %s alert is switched off, so %s leaves out its tiers", kind.severity, tiersAnnotation)
				off = append(off, kind.severity)
				continue
			}
		}
		custom = custom || ao.Has("labels") || ao.Has("annotations")
	}
	if custom && len(off) < len(slothSeverities) {
		im.note(n, "the labels and annotations of the alerts were left out; who is told, and how, is configured at the server")
	}
	return off
}
