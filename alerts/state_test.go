package alerts_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"plimsoll/alerts"
)

// TestScenarios plays verdicts to an alert. Each line reads: minute, reason, the change that follows; "-" for none.
func TestScenarios(t *testing.T) {
	t.Parallel()
	waits := alerts.Timing{Pending: 2 * time.Minute, Calm: 2 * time.Minute, Forget: 15 * time.Minute}
	for name, tc := range map[string]struct {
		timing alerts.Timing
		lines  string
	}{
		"an episode": {alerts.DefaultTiming(), `
			0 calm     -
			1 burning  fired
			5 burning  -
			6 over     -
			7 over     -
			8 calm     resolved
			9 calm     -
			23 calm    forgotten
			24 burning fired`},
		"it hovers about the factor": {alerts.DefaultTiming(), `
			0 burning fired
			1 over    -
			2 burning -
			3 over    -
			4 burning -
			5 over    -
			7 over    resolved
			8 burning reopened`},
		"the source is lost while it fires": {alerts.DefaultTiming(), `
			0 burning             fired
			1 too little observed -
			9 too little observed -
			10 calm               -
			12 calm               resolved`},
		"traffic dies while it fires": {alerts.DefaultTiming(), `
			0 burning        fired
			1 too few events -
			60 too few events -
			61 calm           -
			63 calm           resolved`},
		"quiet that is interrupted by silence begins again": {alerts.DefaultTiming(), `
			0 burning             fired
			1 calm                -
			2 too little observed -
			3 calm                -
			4 calm                -
			5 calm                resolved`},
		"it was told as firing": {alerts.Timing{Pending: 2 * time.Minute, Calm: 2 * time.Minute, Forget: 15 * time.Minute, Told: true}, `
			0 burning started
			2 burning fired
			3 calm    -
			5 calm    resolved
			60 calm    -
			61 burning started
			62 calm    subsided
			99 calm    -`},
		"it has to last": {waits, `
			0 burning started
			1 burning -
			2 burning fired`},
		"it does not last": {waits, `
			0 burning             started
			1 over                subsided
			2 burning             started
			3 too little observed subsided`},
		"it has to last again": {waits, `
			0 burning  started
			2 burning  fired
			3 calm     -
			5 calm     resolved
			6 burning  started
			7 burning  -
			8 burning  fired`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			base := time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC)
			a := alerts.Alert{State: alerts.Inactive}
			for _, line := range strings.Split(strings.TrimSpace(tc.lines), "\n") {
				fields := strings.Fields(line)
				var minute int
				fmt.Sscan(fields[0], &minute)
				reason := strings.Join(fields[1:len(fields)-1], " ")
				var change alerts.Change
				a, change = alerts.Transition(a, alerts.Verdict{Reason: alerts.Reason(reason)}, base.Add(time.Duration(minute)*time.Minute), tc.timing)
				if want := strings.TrimPrefix(fields[len(fields)-1], "-"); string(change) != want {
					t.Fatalf("%q: %q, now %s", strings.TrimSpace(line), change, a.State)
				}
			}
		})
	}
}

// Whatever the verdicts are, an alert never resolves without having fired, and fires only on a verdict that burns.
func TestTransitionsKeepTheirPromises(t *testing.T) {
	t.Parallel()
	reasons := []alerts.Reason{alerts.Burning, alerts.Calm, alerts.Over, alerts.TooFew, alerts.TooLittleSeen, alerts.Unreachable}
	rapid.Check(t, func(t *rapid.T) {
		minutes := rapid.IntRange(0, 5)
		timing := alerts.Timing{
			Pending: time.Duration(minutes.Draw(t, "pending")) * time.Minute,
			Calm:    time.Duration(minutes.Draw(t, "calm")) * time.Minute,
			Forget:  time.Duration(minutes.Draw(t, "forget")) * time.Minute,
		}
		a := alerts.Alert{State: alerts.Inactive}
		at := time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC)
		for range rapid.IntRange(1, 50).Draw(t, "verdicts") {
			at = at.Add(time.Duration(minutes.Draw(t, "later")) * time.Minute)
			v := alerts.Verdict{Reason: rapid.SampledFrom(reasons).Draw(t, "reason")}
			before := a
			var change alerts.Change
			a, change = alerts.Transition(a, v, at, timing)
			switch {
			case (change == alerts.Unchanged) != (a.State == before.State):
				t.Fatalf("%s → %s is called %q", before.State, a.State, change)
			case a.State == alerts.Firing && before.State != alerts.Firing && !v.Burning():
				t.Fatalf("fires on %q", v.Reason)
			case a.State == alerts.Resolved && before.State != alerts.Firing && before.State != alerts.Resolved:
				t.Fatalf("%s became resolved", before.State)
			case change == alerts.Ended && at.Sub(a.Quiet) < timing.Calm:
				t.Fatalf("ended after %v of quiet", at.Sub(a.Quiet))
			case change != alerts.Unchanged && !a.Since.Equal(at):
				t.Fatalf("changed at %v, but since is %v", at, a.Since)
			}
		}
	})
}
