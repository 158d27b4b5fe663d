package openslo

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"plimsoll/slo"
)

func labelValues(labels map[string][]string) map[string]Values {
	if labels == nil {
		return nil
	}
	values := map[string]Values{}
	for k, v := range labels {
		values[k] = v
	}
	return values
}

func timeWindow(w slo.Window) TimeWindow {
	c := w.Calendar
	if c == nil {
		return TimeWindow{Duration: slo.ShortDuration(w.Length), IsRolling: true}
	}
	return TimeWindow{Duration: fmt.Sprintf("%d%s", c.Count, c.Unit),
		Calendar: &Calendar{StartTime: Plain(c.Start.Format(startForm)), TimeZone: c.Start.Location().String()}}
}

func objectiveOf(o *slo.Objective) Objective {
	obj := Objective{Target: Plain(o.Target.String())}
	if o.Indicator.Kind == slo.Thresholds {
		obj.Op, obj.Value = string(o.Indicator.Op), number(o.Indicator.Value)
	}
	if o.Slice.Length > 0 {
		obj.TimeSliceWindow = slo.ShortDuration(o.Slice.Length)
	}
	if o.Method == slo.Timeslices {
		obj.TimeSliceTarget = Plain(o.Slice.Target.String())
	}
	return obj
}

func number(v float64) Plain { return Plain(strconv.FormatFloat(v, 'g', -1, 64)) }

func indicatorOf(name string, i slo.Indicator) *Indicator {
	metric := func(query string) *Metric {
		if query == "" {
			return nil
		}
		m := &Metric{MetricSource{MetricSourceRef: i.Source, Spec: Query{query}}}
		if i.Source == "" {
			m.MetricSource.Type = compatible[0]
		}
		return m
	}
	if !wideNameForm.MatchString(name) { // of letters that names cannot have
		name = cmp.Or(Name(name), "indicator")
	}
	ind := &Indicator{Metadata: &Metadata{Name: name}}
	switch i.Kind {
	case slo.Thresholds:
		ind.Spec.ThresholdMetric = metric(i.Query)
	case slo.Ratios:
		ind.Spec.RatioMetric = &RatioMetric{RawType: "success", Raw: metric(i.Query)}
		if i.Failure {
			ind.Spec.RatioMetric.RawType = "failure"
		}
	default:
		counter := i.Kind == slo.Counters
		ind.Spec.RatioMetric = &RatioMetric{Counter: &counter, Good: metric(i.Good), Bad: metric(i.Bad), Total: metric(i.Total)}
	}
	return ind
}

// annotationsOf writes what only annotations can say.
func annotationsOf(o *slo.Objective, parts []*slo.Objective) map[string]string {
	var noData, lowTraffic []string
	for use, gap := range map[string]slo.Gap{"gate": o.NoData.Gate, "alert": o.NoData.Alert, "report": o.NoData.Report} {
		if gap != "" {
			noData = append(noData, use+"="+string(gap))
		}
	}
	slices.Sort(noData)
	if n := o.LowTraffic.MinBad; n > 0 {
		lowTraffic = append(lowTraffic, fmt.Sprintf("bad=%d", n))
	}
	if n := o.LowTraffic.MinTotal; n > 0 {
		lowTraffic = append(lowTraffic, fmt.Sprintf("total=%d", n))
	}
	values := map[string]string{"owner": o.Owner, "no-data": strings.Join(noData, ","), "low-traffic": strings.Join(lowTraffic, ","), "tier": o.Tier,
		"depends-on": strings.Join(o.DependsOn, ", ")}
	if o.AlertTiers != nil {
		values["alerts"] = cmp.Or(writeTiers(o.AlertTiers), noAlerts)
	}
	if o.OutOfGate {
		values["gate"] = "out"
	}
	if !o.EffectiveFrom.IsZero() {
		values["effective-from"] = o.EffectiveFrom.UTC().Format(time.RFC3339Nano)
	}
	for _, part := range parts {
		if n := part.MaxChildren; n != 0 && n != defaultMaxChildren {
			values["max-children"] = strconv.Itoa(n)
		}
	}
	annotations := map[string]string{}
	for name, value := range values {
		if value != "" {
			annotations[annotationPrefix+name] = value
		}
	}
	return annotations
}

func policyDocuments(policies []slo.AlertPolicy) (docs []any) {
	for _, p := range policies {
		c := p.Condition
		condition := AlertConditionSpec{Description: c.Description, Severity: c.Severity, Condition: Condition{
			Kind: "burnrate", Op: string(c.Op), Threshold: number(c.Threshold), LookbackWindow: slo.ShortDuration(c.Lookback)}}
		if c.After > 0 {
			condition.Condition.AlertAfter = slo.ShortDuration(c.After)
		}
		spec := AlertPolicySpec{Description: p.Description, AlertWhenNoData: p.OnNoData, AlertWhenResolved: p.OnResolve, AlertWhenBreaching: p.OnBreach,
			Conditions: []any{Document{Kind: kindCondition, Metadata: Metadata{Name: c.Name, DisplayName: c.DisplayName}, Spec: condition}}}
		for _, t := range p.Targets {
			spec.NotificationTargets = append(spec.NotificationTargets, Document{Kind: kindTarget,
				Metadata: Metadata{Name: t.Name, DisplayName: t.DisplayName}, Spec: AlertTargetSpec{Description: t.Description, Target: t.Target}})
		}
		docs = append(docs, Document{Kind: kindPolicy,
			Metadata: Metadata{Name: p.Name, DisplayName: p.DisplayName, Labels: labelValues(p.Labels), Annotations: p.Annotations}, Spec: spec})
	}
	return docs
}
