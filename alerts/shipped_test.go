package alerts_test

import (
	"testing"
	"time"

	"plimsoll/alerts"
	"plimsoll/collectors"
	"plimsoll/deploy"
	"plimsoll/slo"
	"plimsoll/slo/openslo"
	"plimsoll/slo/slotest"
)

// shipped are the objectives that hold where no others are named.
func shipped(t *testing.T) []*slo.Objective {
	t.Helper()
	files, err := deploy.Objectives()
	if err != nil {
		t.Fatal(err)
	}
	d, err := openslo.Read(openslo.Config{CheckIndicator: collectors.CheckIndicator, Grouping: collectors.Grouping}, files...)
	if err != nil {
		t.Fatal(err)
	}
	if len(d.Warnings) > 0 {
		t.Errorf("warnings: %v", d.Warnings)
	}
	return d.Objectives
}

// No tier that ships is unreachable for any objective that ships: in an outage in which everything fails, at ten events a minute, each fires
// with all guards on, within the time that its long lookback gives it.
func TestShippedTiersFire(t *testing.T) {
	t.Parallel()
	objectives := shipped(t)
	if len(objectives) < 5 {
		t.Fatalf("only %d objectives ship", len(objectives))
	}
	for _, o := range objectives {
		for _, tier := range alerts.Tiers() {
			t.Run(string(o.Key)+" "+tier.Name, func(t *testing.T) {
				t.Parallel()
				if why := tier.Unreachable(o); why != "" {
					t.Fatal("can never fire: ", why)
				}
				if after, ok := firesAfter(t, o, tier); !ok {
					t.Error("does not fire in an outage as long as its lookback")
				} else {
					t.Logf("fires %s into a total outage", after)
				}
			})
		}
	}
}

// The guard tells: tiers that cannot be reached are found, by the reason that is given and by the outage that fires nothing.
func TestUnreachableTiersDoNotFire(t *testing.T) {
	t.Parallel()
	base := shipped(t)[0]
	for _, tc := range []struct {
		name   string
		tier   int // of [alerts.Tiers]
		change func(*slo.Objective)
	}{
		{"a target that leaves too much", 0, func(o *slo.Objective) { o.Target = 900_000_000 }},
		{"slices as long as the lookback", 0, func(o *slo.Objective) {
			o.Method, o.Slice = slo.Timeslices, slo.Slice{Length: time.Hour, Target: slo.One}
		}},
		{"a guard that asks for more slices than there are", 1, func(o *slo.Objective) {
			o.Method, o.Slice, o.LowTraffic = slo.Timeslices, slo.Slice{Length: 30 * time.Minute, Target: slo.One}, slo.LowTraffic{MinBad: 13}
		}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			o := *base
			tc.change(&o)
			tier := alerts.Tiers()[tc.tier]
			if why := tier.Unreachable(&o); why == "" {
				t.Error("said to be reachable")
			}
			if after, ok := firesAfter(t, &o, tier); ok {
				t.Errorf("fires after %s", after)
			}
		})
	}
}

// firesAfter returns how long a total outage lasts before the tier fires, if it does within its long lookback. A day before was fine.
func firesAfter(t *testing.T, o *slo.Objective, tier alerts.Tier) (time.Duration, bool) {
	t.Helper()
	ledger := slotest.New(o)
	begins := time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC)
	for at := begins.Add(-24 * time.Hour); at.Before(begins); at = at.Add(time.Minute) {
		ledger.Add(o.Key, at, 10, 10)
	}
	step := tier.Lookback / 60
	for last := begins; !last.After(begins.Add(tier.Lookback)); {
		for range int(step / time.Minute) {
			ledger.Add(o.Key, last, 0, 10)
			last = last.Add(time.Minute)
		}
		s, _ := ledger.Status(o.Key, last.Add(-time.Minute))
		if alerts.Judge(s, tier, alerts.DefaultGuard()).Burning() {
			return last.Sub(begins), true
		}
	}
	return 0, false
}
