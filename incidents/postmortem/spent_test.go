package postmortem_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"plimsoll/incidents"
	"plimsoll/incidents/postmortem"
	"plimsoll/slo"
	"plimsoll/slo/ledger"
	"plimsoll/slo/slotest"
)

// An outage that spends over a fifth of a budget demands a postmortem, however its objective counts: also while it lies within a slice, and of
// a composite that alone is named.
func TestLargeSpendDemandsPostmortem(t *testing.T) {
	t.Parallel()
	const window = 24 * time.Hour
	sliced := func(name string, method slo.Method, length time.Duration, target slo.Ratio) *slo.Objective {
		o := slotest.Objective("api", name, name, target, window)
		o.Method, o.Slice = method, slo.Slice{Length: length, Target: 990_000_000}
		return o
	}
	month := slotest.Objective("api", "month", "month", 990_000_000, 30*24*time.Hour)
	month.Window.Calendar = &slo.Calendar{Start: at(-120).Truncate(time.Hour), Unit: slo.Month, Count: 1}
	whole := slotest.Objective("api", "whole", "whole", 990_000_000, window)
	whole.Method = slo.Composite
	for _, tc := range []struct {
		o    *slo.Objective
		bad  int64 // of the 100 events of each minute of the outage
		want bool
	}{
		{slotest.Objective("api", "events", "events", 990_000_000, window), 100, true},
		{slotest.Objective("api", "few", "few", 990_000_000, window), 1, false},
		{sliced("slices", slo.Timeslices, 30*time.Minute, 950_000_000), 100, true},
		{sliced("long", slo.Timeslices, time.Hour, 900_000_000), 100, true},
		{sliced("ratios", slo.RatioTimeslices, time.Hour, 990_000_000), 100, true},
		{sliced("tolerant", slo.RatioTimeslices, time.Hour, 500_000_000), 100, false},
		{month, 3, true}, // of a period that has just begun, and not of the month before it
		{whole, 100, true},
	} {
		t.Run(tc.o.Name, func(t *testing.T) {
			t.Parallel()
			objectives := []*slo.Objective{tc.o}
			if tc.o.Method == slo.Composite {
				good, bad := slotest.Objective("other", "good", "good", 990_000_000, window), slotest.Objective("other", "bad", "bad", 990_000_000, window)
				tc.o.Components = []slo.Component{{Key: good.Key, Weight: 3 * slo.One}, {Key: bad.Key, Weight: slo.One}}
				objectives = append(objectives, good, bad)
			}
			l := slotest.New(objectives...)
			for _, o := range objectives {
				for m := -40 * 24 * 60; m < 0; m++ {
					l.Add(o.Key, at(m), 100, 100)
				}
				for m := range 240 {
					bad := int64(0)
					if m >= 65 && m < 80 && o.Name != "good" {
						bad = tc.bad
					}
					l.Add(o.Key, at(m), 100-bad, 100)
				}
			}
			i, timeline := run(t,
				step{66, "ada", incidents.Declare{Title: "Outage", Severity: 3, Source: incidents.SourceAPI, Objectives: []slo.Key{tc.o.Key}, Started: at(65), Detected: at(66)}},
				step{80, "ada", incidents.Mitigate{How: "rolled back"}},
			)
			facts, err := postmortem.FactsOf(postmortem.Input{Incident: i, Timeline: timeline, At: at(239), Spent: postmortem.MeasureAll(l, i, at(239))})
			if err != nil {
				t.Fatal(err)
			}
			if why := postmortem.Demand(facts); strings.Contains(why, "of the error budget of "+string(tc.o.Key)) != tc.want {
				t.Errorf("%q of %+v, want %v", why, facts.Losses, tc.want)
			}
			for _, loss := range facts.Losses {
				if loss.Events > 2000 || loss.Bad > loss.Events {
					t.Errorf("%+v is not in units of the objective", loss)
				}
			}
		})
	}
}

// forgetful is a store of which nothing is read again.
type forgetful struct{}

func (forgetful) Save(context.Context, *ledger.Checkpoint) error { return nil }

// What an incident spent is told by the objective of then, whatever its target and method are now.
func TestSpentByTheDefinitionOfThen(t *testing.T) {
	t.Parallel()
	now := at(0)
	l := ledger.New(ledger.Config{Now: func() time.Time { return now }})
	o := slotest.Objective("api", "events", "events", 990_000_000, 24*time.Hour)
	l.SetObjectives([]*slo.Objective{o})
	ref, _ := l.Ref(o.Key)
	now = at(120)
	l.Commit(&ledger.Batch{Increments: []ledger.Increment{
		{Objective: ref, From: at(10).UnixMilli(), To: at(20).UnixMilli(), Good: 10_000, Total: 10_000},
		{Objective: ref, From: at(60).UnixMilli(), To: at(61).UnixMilli(), Good: 960, Total: 1000},
	}})
	i, _ := run(t,
		step{61, "ada", incidents.Declare{Title: "Outage", Severity: 3, Source: incidents.SourceAPI, Objectives: []slo.Key{o.Key}, Started: at(60), Detected: at(61)}},
		step{62, "ada", incidents.Mitigate{How: "rolled back"}},
	)
	spent := func() postmortem.Spent {
		list := postmortem.MeasureAll(l, i, now)
		if len(list) != 1 {
			t.Fatalf("%d objectives", len(list))
		}
		return list[0]
	}
	if err := (&ledger.Checkpointer{Ledger: l, Store: forgetful{}}).Save(t.Context()); err != nil { // a definition counts once it is stored
		t.Fatal(err)
	}
	before := spent()
	if total, bad := before.Events(); total != 1000 || bad != 40 {
		t.Errorf("%d bad of %d", bad, total)
	}
	now = at(180)
	stricter := *o
	stricter.Target, stricter.Method, stricter.Slice = 999_000_000, slo.Timeslices, slo.Slice{Length: 5 * time.Minute, Target: 999_000_000}
	l.SetObjectives([]*slo.Objective{&stricter})
	if diff := cmp.Diff(before, spent()); diff != "" {
		t.Errorf("after a change of the objective (-before +after):\n%s", diff)
	}
}
