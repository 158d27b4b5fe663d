package alerts_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"plimsoll/alerts"
)

// What a receiver was not told when it happened comes with the next notice, unless it is no longer so.
func TestOvertake(t *testing.T) {
	t.Parallel()
	entry := func(tier, summary string, isNew bool) alerts.Entry {
		return alerts.Entry{Objective: "video-api/availability", Tier: tier, Summary: summary, New: isNew}
	}
	missed := []alerts.Notice{
		{Firing: []alerts.Entry{entry("page-fast", "20×", true)}, Ended: []alerts.Entry{entry("ticket-fast", "first end", false), entry("page-slow", "it came back", false)}},
		{Firing: []alerts.Entry{entry("page-fast", "25×", false)}, Ended: []alerts.Entry{entry("ticket-fast", "last end", false)}},
	}
	n := alerts.Notice{Firing: []alerts.Entry{entry("page-fast", "30×", false), entry("page-slow", "8×", true)}, Ended: []alerts.Entry{entry("ticket-slow", "now", false)}}
	want := alerts.Notice{
		Firing: []alerts.Entry{entry("page-fast", "30×", true), entry("page-slow", "8×", true)},
		Ended:  []alerts.Entry{entry("ticket-slow", "now", false), entry("ticket-fast", "last end", false)},
	}
	if diff := cmp.Diff(want, alerts.Overtake(missed, n)); diff != "" {
		t.Error(diff)
	}
	if n.Firing[0].New || len(n.Ended) != 1 {
		t.Error("the notice itself was changed")
	}
}
