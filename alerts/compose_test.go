package alerts_test

import (
	"testing"
	"time"

	"plimsoll/alerts"
	"plimsoll/slo"
)

// What is over has no figures that could be told: the data is fine, or the alert is gone.
func TestWordsOfWhatIsOver(t *testing.T) {
	t.Parallel()
	const key = slo.Key("video-api/availability")
	at := time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC)
	o := &slo.Objective{Key: key, DisplayName: "Availability"}
	statuses := map[slo.Key]slo.Status{key: {Objective: o, Budget: slo.Budget{Remaining: 0.5}}}
	stale := alerts.DataTier(slo.Stale)
	burn := alerts.Tiers()[0]
	over := func(tier alerts.Tier, reason alerts.Reason) alerts.Alert {
		return alerts.Alert{Objective: key, Tier: tier.Name, State: alerts.Resolved, Verdict: alerts.Verdict{Tier: tier, Reason: reason}}
	}
	for _, tc := range []struct {
		name     string
		alert    alerts.Alert
		statuses map[slo.Key]slo.Status
		want     string
	}{
		{"the data is fine again", over(stale, alerts.FineData), statuses,
			"video-api: the figures can be trusted again\n• over: Availability (video-api/availability): data-stale\n"},
		{"the objective is removed", over(burn, alerts.Removed), nil,
			"video-api: the error budget no longer burns\n• over: video-api/availability: the objective, or its alert page-fast, is there no more\n"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			last := alerts.Told{Firing: []alerts.ID{tc.alert.ID()}, Urgent: tc.alert.Verdict.Tier.Severity}
			n := alerts.Compose("1", "video-api", alerts.AllOver, []alerts.Alert{tc.alert}, last, tc.statuses, at, "")
			if got := n.Text(); got != tc.want {
				t.Errorf("got %q, want %q", got, tc.want)
			}
		})
	}
	removed := over(burn, alerts.Removed)
	removed.State = alerts.Firing
	n := alerts.Compose("1", "video-api", alerts.Again, []alerts.Alert{removed}, alerts.Told{}, nil, at, "")
	if got, want := n.Title(), "video-api: the error budget burns fast"; got != want {
		t.Errorf("of a removed tier that still fires: %q, want %q", got, want)
	}
}

// A notice says which of its alerts it tells for the first time.
func TestWhatIsNewInANotice(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC)
	group := firingGroup("a:page-fast,b:page-fast", map[string]time.Time{}, at)
	n := alerts.Compose("2", "a", alerts.Changed, group, alerts.Told{Firing: []alerts.ID{group[0].ID()}}, nil, at, "")
	if len(n.Firing) != 2 || n.Firing[0].New || !n.Firing[1].New {
		t.Errorf("%+v", n.Firing)
	}
}
