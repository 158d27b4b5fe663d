package deploys_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"plimsoll/slo/gate"
	"plimsoll/slo/gate/deploys"
)

// deployed is a deploy of which each instant is given in minutes after noon; below zero it has not happened.
func deployed(ref deploys.Ref, class gate.Class, committed, started, finished, failed, rolledBack int) deploys.Deploy {
	at := func(minutes int) time.Time {
		if minutes < 0 {
			return time.Time{}
		}
		return after(minutes)
	}
	return deploys.Deploy{Ref: ref, Service: "video-api", Environment: "production", Class: class, Committed: at(committed),
		Started: at(started), Finished: at(finished), Failed: at(failed), RolledBack: at(rolledBack)}
}

func TestMeasure(t *testing.T) {
	t.Parallel()
	const none = -1
	rate := func(r float64) *float64 { return &r }
	day := 24 * 60
	for _, tc := range []struct {
		name string
		list []deploys.Deploy
		want deploys.Measures
	}{
		{"one that went well", []deploys.Deploy{deployed(1, gate.Feature, 0, 50, 60, none, none)},
			deploys.Measures{Deployments: 1, PerDay: 1, Ended: 1, ChangeFailureRate: rate(0), LeadTime: deploys.Durations{1, 3600, 3600}}},
		{"without its commit time", []deploys.Deploy{deployed(1, gate.Feature, none, 50, 60, none, none)},
			deploys.Measures{Deployments: 1, PerDay: 1, Ended: 1, ChangeFailureRate: rate(0)}},
		{"one failed after it went out and was rolled back", []deploys.Deploy{deployed(1, gate.Feature, none, 0, 10, 20, 50)},
			deploys.Measures{Deployments: 1, PerDay: 1, Ended: 1, Failures: 1, ChangeFailureRate: rate(1), Recovery: deploys.Durations{1, 1800, 1800}}},
		{"a canary that was taken back", []deploys.Deploy{deployed(1, gate.Feature, 0, 10, none, none, 25)},
			deploys.Measures{Ended: 1, Failures: 1, ChangeFailureRate: rate(1), Recovery: deploys.Durations{1, 900, 900}}},
		{"rolled back, and nobody said since when it was bad", []deploys.Deploy{deployed(1, gate.Feature, none, 0, 10, none, 500)},
			deploys.Measures{Deployments: 1, PerDay: 1, Ended: 1, Failures: 1, ChangeFailureRate: rate(1)}},
		{"put right by the next deploy", []deploys.Deploy{deployed(1, gate.Feature, none, 0, 10, 20, none), deployed(2, gate.Reliability, none, 30, 35, none, none)},
			deploys.Measures{Deployments: 2, PerDay: 2, Ended: 2, Failures: 1, ChangeFailureRate: rate(0.5), Recovery: deploys.Durations{1, 900, 900}}},
		{"put right by a rollback of its own", []deploys.Deploy{deployed(1, gate.Feature, none, 0, 10, 20, none), deployed(2, gate.Rollback, none, 21, 25, none, none)},
			deploys.Measures{Deployments: 1, PerDay: 1, Ended: 1, Failures: 1, ChangeFailureRate: rate(1), Recovery: deploys.Durations{1, 300, 300}}},
		{"what was out before puts nothing right", []deploys.Deploy{deployed(1, gate.Feature, none, 0, 5, none, none), deployed(2, gate.Feature, none, 6, none, 10, none)},
			deploys.Measures{Deployments: 1, PerDay: 1, Ended: 2, Failures: 1, ChangeFailureRate: rate(0.5), Unrecovered: 1}},
		{"tried again", []deploys.Deploy{deployed(1, gate.Feature, none, 0, 20, 10, none)},
			deploys.Measures{Deployments: 1, PerDay: 1, Ended: 1, Failures: 1, ChangeFailureRate: rate(1), Recovery: deploys.Durations{1, 600, 600}}},
		{"failed after the window", []deploys.Deploy{deployed(1, gate.Feature, none, 0, 10, day+60, day+70)},
			deploys.Measures{Deployments: 1, PerDay: 1, Ended: 1, Failures: 1, ChangeFailureRate: rate(1), Recovery: deploys.Durations{1, 600, 600}}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			tc.want.Service, tc.want.Environment, tc.want.From, tc.want.To = "video-api", "production", noon, after(day)
			if diff := cmp.Diff([]deploys.Measures{tc.want}, deploys.Measure(tc.list, noon, after(day))); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestMeasureLeavesOutWhatIsOutside(t *testing.T) {
	t.Parallel()
	list := []deploys.Deploy{deployed(1, gate.Feature, -1, 0, -1, -1, -1), deployed(2, gate.Feature, -1, 0, 60, -1, -1), deployed(3, gate.Rollback, -1, 0, 10, -1, -1)}
	if got := deploys.Measure(list, noon, after(60)); got != nil {
		t.Errorf("the end is not part of the window, what goes out has not ended, and a rollback is no change: %+v", got)
	}
}

// TestDurations compares the middle and the ninth decile with what they are defined as.
func TestDurations(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		minutes := rapid.SliceOfN(rapid.IntRange(0, 500), 1, 40).Draw(t, "minutes")
		var list []deploys.Deploy
		for n, m := range minutes {
			list = append(list, deployed(deploys.Ref(n+1), gate.Feature, 0, m, m, -1, -1))
		}
		got := deploys.Measure(list, noon, after(600))[0].LeadTime
		slices.Sort(minutes)
		n := len(minutes)
		atMost := func(seconds int64) (count int) {
			for _, m := range minutes {
				if int64(m)*60 <= seconds {
					count++
				}
			}
			return count
		}
		if got.Count != n || 2*got.MedianSeconds != int64(minutes[(n-1)/2]+minutes[n/2])*60 {
			t.Fatalf("%v: %+v", minutes, got)
		}
		if 10*atMost(got.P90Seconds) < 9*n || 10*atMost(got.P90Seconds-1) >= 9*n {
			t.Fatalf("%v: %d of %d are at most %d s", minutes, atMost(got.P90Seconds), n, got.P90Seconds)
		}
	})
}

// TestMeasureProperties holds what is true of any history.
func TestMeasureProperties(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		list := history(t)
		day := func(n int) time.Time { return noon.AddDate(0, 0, n) }
		whole := deploys.Measure(list, day(0), day(2))
		halves := append(deploys.Measure(list, day(0), day(1)), deploys.Measure(list, day(1), day(2))...)
		type sums struct{ Deployments, Ended, Failures, Unrecovered, Lead, Recovery int }
		add := func(ms []deploys.Measures) (s sums) {
			for _, m := range ms {
				s.Deployments += m.Deployments
				s.Ended += m.Ended
				s.Failures += m.Failures
				s.Unrecovered += m.Unrecovered
				s.Lead += m.LeadTime.Count
				s.Recovery += m.Recovery.Count
				if m.Failures > m.Ended || m.Unrecovered+m.Recovery.Count > m.Failures || m.LeadTime.Count > m.Deployments ||
					m.ChangeFailureRate != nil && (*m.ChangeFailureRate < 0 || *m.ChangeFailureRate > 1) || m.Recovery.MedianSeconds < 0 ||
					m.Recovery.MedianSeconds > m.Recovery.P90Seconds {
					t.Fatalf("%+v", m)
				}
			}
			return s
		}
		if diff := cmp.Diff(add(whole), add(halves)); diff != "" {
			t.Fatalf("the days do not add up to both: %s", diff)
		}
		mixed := rapid.Permutation(list).Draw(t, "order")
		if diff := cmp.Diff(whole, deploys.Measure(mixed, day(0), day(2))); diff != "" {
			t.Fatalf("the order matters: %s", diff)
		}
	})
}

// history is what random reports lead to, in two environments over two days.
func history(t *rapid.T) (list []deploys.Deploy) {
	for n := range rapid.IntRange(0, 8).Draw(t, "deploys") {
		minute := rapid.IntRange(0, 2*24*60).Draw(t, "start")
		r := report(deploys.Start, minute)
		r.Change.Environment = rapid.SampledFrom([]string{"production", "staging"}).Draw(t, "environment")
		r.Change.Class = rapid.SampledFrom(gate.Classes()).Draw(t, "class")
		if rapid.Bool().Draw(t, "known commit") {
			r.Committed = after(minute - 30)
		}
		d := deploys.New(r)
		d.Ref = deploys.Ref(n + 1)
		for _, kind := range rapid.SliceOfN(rapid.SampledFrom(deploys.Kinds()), 0, 4).Draw(t, "events") {
			minute += rapid.IntRange(0, 600).Draw(t, "wait")
			if next, _, err := deploys.Apply(d, report(kind, minute).Event()); err == nil {
				d = next
			}
		}
		list = append(list, d)
	}
	return list
}
