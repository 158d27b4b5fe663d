package alerts_test

import (
	"testing"
	"time"

	"plimsoll/alerts"
	"plimsoll/slo"
)

func TestJudgePolicy(t *testing.T) {
	t.Parallel()
	const lookback = 45 * time.Minute
	everything := func(c slo.AlertCondition) slo.AlertPolicy {
		c.Lookback = lookback
		return slo.AlertPolicy{Name: "p", OnBreach: true, OnResolve: true, OnNoData: true, Condition: c}
	}
	above := everything(slo.AlertCondition{Op: slo.MoreThan, Threshold: 14.4})
	quietOnSilence, onlySilence := above, above
	quietOnSilence.OnNoData = false
	onlySilence.OnBreach, onlySilence.OnResolve = false, false
	for _, tc := range []struct {
		name       string
		policy     slo.AlertPolicy
		bad, total int64
		coverage   float64
		want       alerts.Reason
	}{
		{"exactly the threshold is not above it", above, 144, 10_000, 1, alerts.Calm},
		{"above", above, 145, 10_000, 1, alerts.Burning},
		{"at least the threshold", everything(slo.AlertCondition{Op: slo.AtLeast, Threshold: 14.4}), 144, 10_000, 1, alerts.Burning},
		{"nine failures", above, 9, 90, 1, alerts.TooFew},
		{"too little seen", above, 145, 10_000, 0.4, alerts.TooLittleSeen},
		{"nothing seen", above, 0, 0, 0, alerts.NoData},
		{"nothing seen, which is not to be told", quietOnSilence, 0, 0, 0, alerts.TooLittleSeen},
		{"above, which is not to be told", onlySilence, 145, 10_000, 1, alerts.Calm},
		{"below, without a failure", everything(slo.AlertCondition{Op: slo.LessThan, Threshold: 1}), 0, 10, 1, alerts.Burning},
		{"below, without traffic", everything(slo.AlertCondition{Op: slo.AtMost, Threshold: 1}), 0, 0, 1, alerts.Burning},
		{"never", everything(slo.AlertCondition{Op: slo.MoreThan, Threshold: 1000}), 10_000, 10_000, 1, alerts.Unreachable},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			o := &slo.Objective{Target: 999_000_000, Window: slo.Window{Length: 30 * day}, Alerts: []slo.AlertPolicy{tc.policy}}
			s := status(o, tc.bad, tc.total, tc.coverage)
			if got := alerts.JudgePolicy(s, tc.policy, alerts.DefaultGuard()); got.Reason != tc.want || got.Long.Lookback != lookback {
				t.Errorf("got %q over %s, want %q", got.Reason, got.Long.Lookback, tc.want)
			}
		})
	}
}

// The group of a policy leads back to its alert, whatever labels and names are in it.
func TestGroups(t *testing.T) {
	t.Parallel()
	o := &slo.Objective{Key: "video-api/availability", Alerts: []slo.AlertPolicy{{Name: "Team/fast.burn"}}}
	id := alerts.ID{Objective: o.Key, Tier: alerts.PolicyTier(o.Alerts[0]).Name}
	if got, alone := alerts.GroupID(id.Group()); got != id || !alone || got.Policy() != "Team/fast.burn" {
		t.Errorf("%q leads to %+v", id.Group(), got)
	}
	if p, ok := alerts.PolicyOf(o, id); !ok || p.Name != "Team/fast.burn" {
		t.Errorf("policy %+v", p)
	}
	for _, tier := range alerts.Tiers() {
		id := alerts.ID{Objective: o.Key, Tier: tier.Name}
		if _, alone := alerts.GroupID(id.Group()); alone || id.Group() != "video-api" || id.Policy() != "" {
			t.Errorf("%s is told with %q", tier.Name, id.Group())
		}
	}
}

func TestPolicySeverity(t *testing.T) {
	t.Parallel()
	for word, want := range map[string]alerts.Severity{"page": alerts.Page, "Critical ": alerts.Page, "warning": alerts.Ticket, "High": alerts.Ticket, "": alerts.Ticket} {
		if got := alerts.PolicySeverity(word); got != want {
			t.Errorf("%q is a %s, want %s", word, got, want)
		}
	}
}
