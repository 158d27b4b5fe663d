package alerts_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"plimsoll/alerts"
	"plimsoll/slo"
)

// TestNotices plays states of a group to its cadence. Each line reads: seconds, what fires as objective:tier, the cause of the notice that
// is due; "-" for none. A notice that is due is told.
func TestNotices(t *testing.T) {
	t.Parallel()
	for name, lines := range map[string]string{
		"one alert": `
			0     a:page-fast  -
			9     a:page-fast  -
			10    a:page-fast  first
			300   a:page-fast  -
			14409 a:page-fast  -
			14410 a:page-fast  repeated
			14500 nothing      all_over
			14600 nothing      -`,
		"others join while it gathers": `
			0  a:page-fast             -
			5  a:page-fast,b:page-fast -
			10 a:page-fast,b:page-fast first
			11 a:page-fast,b:page-fast -`,
		"another one comes later": `
			10  a:page-fast             -
			20  a:page-fast             first
			30  a:page-fast,b:page-slow -
			320 a:page-fast,b:page-slow changed
			400 b:page-slow             -
			620 b:page-slow             changed`,
		"a ticket becomes a page": `
			0  a:ticket-fast             -
			10 a:ticket-fast             first
			15 a:ticket-fast,a:page-fast more_urgent
			20 a:ticket-fast,a:page-fast -`,
		"the page speaks for the tickets": `
			0   a:page-fast               -
			10  a:page-fast               first
			400 a:page-fast,a:ticket-fast -
			500 a:ticket-fast             changed
			900 nothing                   all_over`,
		"it comes back": `
			0     a:page-fast             -
			10    a:page-fast             first
			200   nothing                 all_over
			400   b:page-slow             -
			410   b:page-slow,c:page-fast back
			600   nothing                 -
			700   b:page-slow             -
			1010  b:page-slow             changed
			1100  nothing                 -
			1399  nothing                 -
			1400  nothing                 all_over`,
		"it comes back after an hour": `
			0     a:page-fast -
			10    a:page-fast first
			200   nothing     all_over
			3799  nothing     -
			3800  b:page-fast -
			3810  b:page-fast first`,
		"each return makes the end later": `
			0     a:page-fast -
			10    a:page-fast first
			20    nothing     all_over
			30    a:page-fast back
			40    nothing     -
			340   nothing     all_over
			350   a:page-fast back
			360   nothing     -
			959   nothing     -
			960   nothing     all_over`,
		"over before it was told": `
			0 a:page-fast -
			5 nothing     -`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			base := time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC)
			fired := map[string]time.Time{}
			var told alerts.Told
			for _, line := range strings.Split(strings.TrimSpace(lines), "\n") {
				var second int
				var firing, want string
				if _, err := fmt.Sscan(line, &second, &firing, &want); err != nil {
					t.Fatalf("%q: %v", line, err)
				}
				at := base.Add(time.Duration(second) * time.Second)
				group := firingGroup(firing, fired, at)
				if told = told.Watch(len(group) > 0, at); told.Forgotten(at, alerts.DefaultCadence()) {
					told = alerts.Told{}
				}
				cause, due := alerts.Due(group, told, at, alerts.DefaultCadence())
				got := "-"
				if due {
					got, told = strings.ReplaceAll(string(cause), " ", "_"), told.Next(alerts.Summary(group, at), cause, "first")
				}
				if got != want {
					t.Fatalf("%q: %s", strings.TrimSpace(line), got)
				}
			}
		})
	}
}

// firingGroup makes the alerts that are named as objective:tier, and remembers since when each fires.
func firingGroup(names string, fired map[string]time.Time, at time.Time) []alerts.Alert {
	tiers := map[string]alerts.Tier{}
	for _, tier := range alerts.Tiers() {
		tiers[tier.Name] = tier
	}
	var group []alerts.Alert
	for _, name := range strings.Split(names, ",") {
		objective, tier, ok := strings.Cut(name, ":")
		if !ok {
			continue
		}
		if fired[name].IsZero() {
			fired[name] = at
		}
		group = append(group, alerts.Alert{
			Objective: slo.Key(objective), Tier: tier, State: alerts.Firing, Fired: fired[name],
			Verdict: alerts.Verdict{Tier: tiers[tier], Reason: alerts.Burning},
		})
	}
	return group
}
