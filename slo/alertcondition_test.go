package slo_test

import (
	"strings"
	"testing"
	"time"

	"plimsoll/slo"
)

func TestConditionHolds(t *testing.T) {
	t.Parallel()
	o := &slo.Objective{Target: 999_000_000, Window: slo.Window{Length: 30 * 24 * time.Hour}}
	for _, tc := range []struct {
		name  string
		bad   int64 // of 10,000
		holds []slo.Op
	}{
		{"a hair below 14.4", 143, []slo.Op{slo.LessThan, slo.AtMost}},
		{"exactly 14.4", 144, []slo.Op{slo.AtMost, slo.AtLeast}},
		{"a hair above", 145, []slo.Op{slo.AtLeast, slo.MoreThan}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			c := slo.Counts{Good: 10_000 - tc.bad, Total: 10_000}
			b := slo.Burn{Lookback: time.Hour, Reading: slo.Reading{Counts: c}, Rate: slo.BurnRate(o.Target, c)}
			var holds []slo.Op
			for _, op := range []slo.Op{slo.LessThan, slo.AtMost, slo.AtLeast, slo.MoreThan} {
				if (slo.AlertCondition{Op: op, Threshold: 14.4}).Holds(o, b) {
					holds = append(holds, op)
				}
			}
			if len(holds) != 2 || holds[0] != tc.holds[0] || holds[1] != tc.holds[1] {
				t.Errorf("holds %v, want %v", holds, tc.holds)
			}
		})
	}
}

func TestUnreachableConditions(t *testing.T) {
	t.Parallel()
	o := &slo.Objective{Key: "s/o", Target: 900_000_000, Window: slo.Window{Length: 30 * 24 * time.Hour}}
	slices := &slo.Objective{
		Key: "s/slices", Target: 900_000_000, Window: slo.Window{Length: 30 * 24 * time.Hour}, Method: slo.Timeslices,
		Slice: slo.Slice{Length: 10 * time.Minute}, LowTraffic: slo.LowTraffic{MinBad: 7},
	}
	for _, tc := range []struct {
		name string
		o    *slo.Objective
		c    slo.AlertCondition
		want string // part of the reason; empty if it can hold
	}{
		{"as fast as can be", o, slo.AlertCondition{Op: slo.AtLeast, Threshold: 10, Lookback: time.Hour}, ""},
		{"more than that", o, slo.AlertCondition{Op: slo.MoreThan, Threshold: 10, Lookback: time.Hour}, "no faster than 10"},
		{"less is always reached", o, slo.AlertCondition{Op: slo.LessThan, Threshold: 100, Lookback: time.Hour}, ""},
		{"lookback shorter than a slice", slices, slo.AlertCondition{Op: slo.MoreThan, Threshold: 2, Lookback: 5 * time.Minute}, "no slice of 10m"},
		{"fewer slices than the guard asks for", slices, slo.AlertCondition{Op: slo.MoreThan, Threshold: 2, Lookback: time.Hour}, "only 6 of 10m end in 1h"},
		{"slices enough", slices, slo.AlertCondition{Op: slo.MoreThan, Threshold: 2, Lookback: 2 * time.Hour}, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			if got := tc.c.Unreachable(tc.o); (got == "") != (tc.want == "") || !strings.Contains(got, tc.want) {
				t.Errorf("got %q, want %q", got, tc.want)
			}
		})
	}
}
