package promrules

import (
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/prometheus/common/model"
	"go.yaml.in/yaml/v3"

	"plimsoll/alerts"
	"plimsoll/slo"
)

// The recorded series. They carry the labels service, slo and lookback.
const (
	Events    = "plimsoll:slo_events:increase"
	BadEvents = "plimsoll:slo_bad_events:increase"
	BurnRate  = "plimsoll:slo_burn_rate:ratio"
)

// Groups is a rule file of Prometheus, as far as it is needed here. The library's own type comes with the whole query engine.
type Groups struct {
	Groups []Group `yaml:"groups"`
}

// Group is evaluated together, in order.
type Group struct {
	Name  string `yaml:"name"`
	Rules []Rule `yaml:"rules"`
}

// Rule records a series or raises an alert.
type Rule struct {
	Record      string            `yaml:"record,omitempty"`
	Alert       string            `yaml:"alert,omitempty"`
	Expr        string            `yaml:"expr"`
	For         string            `yaml:"for,omitempty"`
	KeepFiring  string            `yaml:"keep_firing_for,omitempty"`
	Labels      map[string]string `yaml:"labels,omitempty"`
	Annotations map[string]string `yaml:"annotations,omitempty"`
}

// Skipped is an objective that has no rules, and why.
type Skipped struct {
	Key    slo.Key
	Reason string
}

// Rules returns a group of rules for each objective that Prometheus can evaluate under the tiers, and the others with the reason. An
// objective that is divided by labels is alerted on as a whole.
func Rules(objectives []*slo.Objective, tiers []alerts.Tier) (Groups, []Skipped) {
	var groups Groups
	var skipped []Skipped
	for _, o := range objectives {
		g, err := group(o, tiers)
		if err != nil {
			skipped = append(skipped, Skipped{o.Key, err.Error()})
			continue
		}
		groups.Groups = append(groups.Groups, g)
	}
	return groups, skipped
}

// Write writes the groups as a rule file.
func Write(w io.Writer, groups Groups) error {
	enc := yaml.NewEncoder(w)
	enc.SetIndent(2)
	if err := enc.Encode(groups); err != nil {
		return fmt.Errorf("write rules: %w", err)
	}
	return enc.Close()
}

// expressible says why an objective cannot be a rule.
func expressible(o *slo.Objective) error {
	switch {
	case o.Parent != "":
		return fmt.Errorf("it is a part of %s, which has the rules", o.Parent)
	case o.Method != slo.Occurrences:
		return fmt.Errorf("rules count events, and its budgeting method is %s", o.Method)
	case o.Indicator.Kind != slo.Counters:
		return fmt.Errorf("rules count the steps of counters, and its indicator is of another kind")
	}
	return nil
}

func group(o *slo.Objective, tiers []alerts.Tier) (Group, error) {
	g := Group{Name: "plimsoll " + string(o.Key)}
	if err := expressible(o); err != nil {
		return g, err
	}
	reachable := slices.DeleteFunc(slices.Clone(alerts.TiersOf(o, tiers)), func(t alerts.Tier) bool { return t.Unreachable(o) != "" })
	policies := slices.DeleteFunc(slices.Clone(o.Alerts), func(p slo.AlertPolicy) bool { return !p.OnBreach || p.Condition.Unreachable(o) != "" })
	for _, lookback := range lookbacks(reachable, policies) {
		rules, err := recordings(o, lookback)
		if err != nil {
			return g, err
		}
		g.Rules = append(g.Rules, rules...)
	}
	for _, t := range reachable {
		g.Rules = append(g.Rules, alert(o, t))
	}
	for _, p := range policies {
		g.Rules = append(g.Rules, policy(o, p))
	}
	return g, nil
}

// lookbacks returns those that the tiers and the policies ask for, each once, shortest first.
func lookbacks(tiers []alerts.Tier, policies []slo.AlertPolicy) []time.Duration {
	var all []time.Duration
	for _, t := range tiers {
		all = append(all, t.Lookback, t.Short)
	}
	for _, p := range policies {
		all = append(all, p.Condition.Lookback)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

func recordings(o *slo.Objective, lookback time.Duration) ([]Rule, error) {
	bad, total, err := counts(o.Indicator, lookback)
	if err != nil {
		return nil, err
	}
	labels := map[string]string{"service": o.Service, "slo": o.Name, "lookback": model.Duration(lookback).String()}
	at := fmt.Sprintf(`{service=%q,slo=%q,lookback=%q}`, o.Service, o.Name, labels["lookback"])
	burn := fmt.Sprintf("(%s%s / (%s%s > 0)) / %s or %s%s * 0", BadEvents, at, Events, at, o.Budget(), Events, at)
	return []Rule{
		{Record: Events, Expr: total, Labels: labels},
		{Record: BadEvents, Expr: bad, Labels: labels},
		{Record: BurnRate, Expr: burn, Labels: labels},
	}, nil
}
