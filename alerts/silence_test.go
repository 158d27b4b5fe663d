package alerts_test

import (
	"testing"
	"time"

	"plimsoll/alerts"
	"plimsoll/slo"
	"plimsoll/slo/slotest"
)

// A source that falls silent in an outage ends no alert, however long it is silent; when it is back and all is well, the alert is over as soon as
// enough was seen to say so.
func TestSilenceEndsNoAlert(t *testing.T) {
	t.Parallel()
	o := slotest.Objective("video-api", "availability", "Answers", 999_000_000, 30*day)
	policy := slo.AlertPolicy{Name: "p", OnBreach: true, OnResolve: true, Condition: slo.AlertCondition{Op: slo.MoreThan, Threshold: 10, Lookback: 20 * time.Minute}}
	o.Alerts = []slo.AlertPolicy{policy}
	page := alerts.Tiers()[0]
	for name, judge := range map[string]func(slo.Status) alerts.Verdict{
		"page-fast": func(s slo.Status) alerts.Verdict { return alerts.Judge(s, page, alerts.DefaultGuard()) },
		"policy":    func(s slo.Status) alerts.Verdict { return alerts.JudgePolicy(s, policy, alerts.DefaultGuard()) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ledger := slotest.New(o)
			at := time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC)
			a := alerts.Alert{Objective: o.Key, State: alerts.Inactive}
			for _, spell := range []struct {
				minutes int
				good    int64 // of a hundred a minute; below zero: nothing is heard
				want    alerts.State
			}{{120, 100, alerts.Inactive}, {15, 0, alerts.Firing}, {300, -1, alerts.Firing}, {60, 100, alerts.Resolved}} {
				for range spell.minutes {
					if spell.good >= 0 {
						ledger.Add(o.Key, at, spell.good, 100)
					}
					s, _ := ledger.Status(o.Key, at)
					a, _ = alerts.Transition(a, judge(s), at, alerts.Timing{Calm: 2 * time.Minute, Forget: time.Hour})
					at = at.Add(time.Minute)
				}
				if a.State != spell.want {
					t.Fatalf("after %d minutes with %d good: %s (%s), want %s", spell.minutes, spell.good, a.State, a.Verdict.Reason, spell.want)
				}
			}
		})
	}
}
