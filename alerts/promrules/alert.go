package promrules

import (
	"fmt"
	"strconv"
	"time"

	"github.com/prometheus/common/model"

	"plimsoll/alerts"
	"plimsoll/slo"
)

// alertName is that of every alert; their labels tell them apart.
const alertName = "ErrorBudgetBurn"

// alert is the rule of a tier. Its factor is how many times the sustainable rate begins it.
func alert(o *slo.Objective, t alerts.Tier) Rule {
	factor := number(t.Factor(o.Window))
	labels := labelsOf(o, t)
	expr := fmt.Sprintf("%s >= %s\nand ignoring (lookback) %s >= %s", recorded(o, BurnRate, t.Lookback), factor, recorded(o, BurnRate, t.Short), factor)
	timing := alerts.TierTiming(t, alerts.DefaultTiming())
	r := Rule{
		Alert: alertName, Expr: expr + guard(o, t.Lookback, labels), Labels: labels, KeepFiring: model.Duration(timing.Calm).String(),
		Annotations: map[string]string{
			"summary": fmt.Sprintf("%s burns its error budget at {{ $value | printf \"%%.1f\" }} times the sustainable rate", o.Key),
			"description": fmt.Sprintf("%s. Over %s at least %s times as fast as the budget of %s %% over %s allows, and still so over %s.",
				o.DisplayName, slo.ShortDuration(t.Lookback), factor, o.Budget().Percent(), o.Window, slo.ShortDuration(t.Short)),
		},
	}
	if timing.Pending > 0 {
		r.For = model.Duration(timing.Pending).String()
	}
	return r
}

// operators are those of OpenSLO in PromQL.
var operators = map[slo.Op]string{slo.MoreThan: ">", slo.AtLeast: ">=", slo.LessThan: "<", slo.AtMost: "<="}

// policy is the rule of an alert policy that tells of breaches. That there is no data is not a rule: it would need a series that says so.
func policy(o *slo.Objective, p slo.AlertPolicy) Rule {
	c := p.Condition
	labels := labelsOf(o, alerts.PolicyTier(p))
	labels["policy"] = p.Name
	r := Rule{
		Alert: alertName, Labels: labels, KeepFiring: calm(),
		Expr: fmt.Sprintf("%s %s %s", recorded(o, BurnRate, c.Lookback), operators[c.Op], number(c.Threshold)),
		Annotations: map[string]string{
			"summary":     fmt.Sprintf("%s burns its error budget at {{ $value | printf \"%%.1f\" }} times the sustainable rate", o.Key),
			"description": fmt.Sprintf("%s. The alert policy %s holds: %s.", o.DisplayName, p.Name, c.Describe()),
		},
	}
	if c.Rises() {
		r.Expr += guard(o, c.Lookback, labels)
	}
	if c.After > 0 {
		r.For = model.Duration(c.After).String()
	}
	return r
}

func labelsOf(o *slo.Objective, t alerts.Tier) map[string]string {
	return map[string]string{"severity": string(t.Severity), "tier": t.Name, "service": o.Service, "slo": o.Name}
}

func recorded(o *slo.Objective, record string, lookback time.Duration) string {
	return fmt.Sprintf(`%s{service=%q,slo=%q,lookback=%q}`, record, o.Service, o.Name, model.Duration(lookback))
}

// guard asks for what must have been seen. Too few events begin no alert, but end none that fires either.
func guard(o *slo.Objective, lookback time.Duration, labels map[string]string) string {
	var expr string
	for _, g := range []struct {
		record string
		least  int64
	}{{Events, o.GuardOver(lookback).MinTotal}, {BadEvents, o.GuardOver(lookback).MinBad}} {
		if g.least > 0 {
			expr += fmt.Sprintf("\nand on (service, slo) (%s >= %d or on (service, slo) ALERTS{alertname=%q,alertstate=\"firing\",tier=%q,service=%q,slo=%q})",
				recorded(o, g.record, lookback), g.least, alertName, labels["tier"], o.Service, o.Name)
		}
	}
	return expr
}

// calm is how long an alert must be quiet to be over.
func calm() string { return model.Duration(alerts.DefaultTiming().Calm).String() }

func number(f float64) string { return strconv.FormatFloat(f, 'g', -1, 64) }
