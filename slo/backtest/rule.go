package backtest

import (
	"plimsoll/alerts"
	"plimsoll/slo"
)

// rule is an alert that is replayed.
type rule struct {
	judge   func(slo.Status) alerts.Verdict
	timing  alerts.Timing
	alert   alerts.Alert
	current int // index of its newest episode
}

// rulesOf are the alerts of an objective: its tiers, and the policies that tell of breaches. Silence is not replayed.
func rulesOf(o *slo.Objective, tiers []alerts.Tier) (all []*rule) {
	add := func(t alerts.Tier, timing alerts.Timing, judge func(slo.Status) alerts.Verdict) {
		all = append(all, &rule{judge: judge, timing: timing, alert: alerts.Alert{Objective: o.Key, Tier: t.Name, State: alerts.Inactive}})
	}
	for _, t := range alerts.TiersOf(o, tiers) {
		add(t, alerts.TierTiming(t, alerts.DefaultTiming()), func(s slo.Status) alerts.Verdict { return alerts.Judge(s, t, alerts.DefaultGuard()) })
	}
	for _, p := range o.Alerts {
		if p.OnNoData = false; p.OnBreach {
			add(alerts.PolicyTier(p), alerts.PolicyTiming(p, alerts.DefaultTiming()), func(s slo.Status) alerts.Verdict { return alerts.JudgePolicy(s, p, alerts.DefaultGuard()) })
		}
	}
	return all
}
