package slo_test

import (
	"testing"
	"time"

	"plimsoll/slo"
)

func TestFormats(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ name, got, want string }{
		{"thousands", slo.FormatCount(1250000), "1,250,000"},
		{"no group", slo.FormatCount(999), "999"},
		{"negative count", slo.FormatCount(-1000), "−1,000"},
		{"part of an event", slo.FormatAmount(0.5), "0.5"},
		{"whole amount", slo.FormatAmount(25), "25"},
		{"large amount", slo.FormatAmount(1234.6), "1,234"},
		{"what is allowed of 999,600", slo.FormatAmount((1 - 0.999) * 999_600), "999"},
		{"whole but for the float", slo.FormatAmount((1 - 0.999) * 1_000_000), "1,000"},
		{"amount rounds down", slo.FormatAmount(9.99), "9.9"},
		{"small amount", slo.FormatAmount(0.0679), "0.067"},
		{"tiny amount", slo.FormatAmount(0.00001), "0.00001"},
		{"amount below nothing", slo.FormatAmount(-0.25), "−0.3"},
		{"share rounds down", slo.FormatPercent(0.7849), "78.4 %"},
		{"share stays", slo.FormatPercent(0.784), "78.4 %"},
		{"overspent by a hair", slo.FormatPercent(-0.0001), "−0.1 %"},
		{"spent", slo.FormatPercent(0), "0.0 %"},
		{"all but spent", slo.FormatPercent(0.0004), "<0.1 %"},
		{"all but whole", slo.FormatPercent(0.9999999999999), "99.9 %"},
		{"whole", slo.FormatPercent(1), "100.0 %"},
		{"bad events round up", slo.FormatBadAmount(9.91), "10.0"},
		{"many bad events round up", slo.FormatBadAmount(1234.1), "1,235"},
		{"few bad events round up", slo.FormatBadAmount(0.0671), "0.068"},
		{"whole bad events but for the float", slo.FormatBadAmount(1000.0000000001), "1,000"},
		{"more events than an int64 holds", slo.FormatAmount(1e20), "100,000,000,000,000,000,000"},
		{"spent share rounds up", slo.FormatBadPercent(0.2151), "21.6 %"},
		{"spent share stays", slo.FormatBadPercent(0.784), "78.4 %"},
		{"hardly spent", slo.FormatBadPercent(0.0000001), "0.1 %"},
		{"nearly all spent", slo.FormatBadPercent(0.9999), ">99.9 %"},
		{"all spent", slo.FormatBadPercent(1), "100.0 %"},
		{"hardly overspent", slo.FormatBadPercent(1.0000001), "100.1 %"},
		{"nothing spent", slo.FormatBadPercent(0), "0.0 %"},
		{"SLI never rounds up to all", slo.FormatSLI(999_000_000, slo.Counts{Good: 9_999_999, Total: 10_000_000}), "99.999 %"},
		{"SLI of all", slo.FormatSLI(999_000_000, slo.Counts{Good: 5, Total: 5}), "100.000 %"},
		{"SLI of few", slo.FormatSLI(950_000_000, slo.Counts{Good: 0, Total: 5}), "0.00 %"},
		{"SLI without events", slo.FormatSLI(950_000_000, slo.Counts{}), "–"},
		{"SLI with good over total", slo.FormatSLI(950_000_000, slo.Counts{Good: 6, Total: 5}), "120.00 %"},
		{"no burn", slo.FormatRate(0), "0.0×"},
		{"little burn", slo.FormatRate(0.001), "<0.1×"},
		{"a rate that the budget bears", slo.FormatRate(1), "1.0×"},
		{"hardly more than it bears", slo.FormatRate(1.001), "1.1×"},
		{"burn", slo.FormatRate(6.04), "6.1×"},
		{"burn at the pace that pages", slo.FormatRate(14.4), "14.4×"},
		{"burn below it", slo.FormatRate(14.31), "14.4×"},
		{"whole burn", slo.FormatRate(30), "30×"},
		{"much burn", slo.FormatRate(1234), "1,234×"},
		{"days", slo.FormatSpan(76*time.Hour + 20*time.Minute), "3 d 4 h"},
		{"hours", slo.FormatSpan(125 * time.Minute), "2 h 5 min"},
		{"whole hours", slo.FormatSpan(2 * time.Hour), "2 h"},
		{"minutes", slo.FormatSpan(150 * time.Second), "2 min"},
		{"seconds", slo.FormatSpan(40 * time.Second), "40 s"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			if tc.got != tc.want {
				t.Errorf("got %q, want %q", tc.got, tc.want)
			}
		})
	}
}

// tooFew leaves so many bad events in the window, and a hundred times as many good ones.
func tooFew(s slo.Status, bad int64) slo.Status {
	s.Window.Counts = slo.Counts{Good: 100 * bad, Total: 101 * bad}
	s.Budget = slo.BudgetOf(s.Objective.Target, s.Window.Counts)
	return s
}

// burntBy leaves so many bad events in each lookback.
func burntBy(s slo.Status, bad int64) slo.Status {
	for i := range s.Burn {
		s.Burn[i].Counts = slo.Counts{Total: bad}
	}
	return s
}

func TestCondition(t *testing.T) {
	t.Parallel()
	o := &slo.Objective{Key: "s/o", Target: 999_000_000, Window: slo.Window{Length: 30 * 24 * time.Hour}}
	status := func(bad, observed int64, burn map[time.Duration]float64) slo.Status {
		c := slo.Counts{Good: 1_000_000 - bad, Total: 1_000_000}
		if observed == 0 {
			c = slo.Counts{}
		}
		s := slo.Status{Objective: o, Window: slo.Reading{Counts: c, Observed: observed, Minutes: 43200}, Budget: slo.BudgetOf(o.Target, c)}
		for l, r := range burn {
			s.Burn = append(s.Burn, slo.Burn{Lookback: l, Rate: r, Reading: slo.Reading{Counts: slo.Counts{Good: 90, Total: 100}, Observed: 5, Minutes: 5}})
		}
		return s
	}
	for _, tc := range []struct {
		name string
		s    slo.Status
		want slo.Condition
	}{
		{"nothing seen", status(0, 0, nil), slo.Unknown},
		{"all well", status(10, 100, nil), slo.Healthy},
		{"exactly spent", status(1000, 100, nil), slo.Spent},
		{"spent by too few", tooFew(status(10, 100, nil), 9), slo.Low},
		{"spent by just enough", tooFew(status(10, 100, nil), 10), slo.Spent},
		{"fast burn of too few", burntBy(status(10, 100, map[time.Duration]float64{time.Hour: 14.4, 5 * time.Minute: 20}), 9), slo.Healthy},
		{"little left", status(901, 100, nil), slo.Low},
		{"over a tenth left", status(899, 100, nil), slo.Healthy},
		{"fast burn", status(10, 100, map[time.Duration]float64{time.Hour: 14.4, 5 * time.Minute: 20}), slo.Burning},
		{"fast burn that is over", status(10, 100, map[time.Duration]float64{time.Hour: 14.4, 5 * time.Minute: 0}), slo.Healthy},
		{"slow burn", status(10, 100, map[time.Duration]float64{6 * time.Hour: 6, 30 * time.Minute: 6}), slo.Burning},
		{"below the slow burn", status(10, 100, map[time.Duration]float64{6 * time.Hour: 5.9, 30 * time.Minute: 6}), slo.Healthy},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			if got := tc.s.Condition(); got != tc.want {
				t.Errorf("got %s, want %s", got, tc.want)
			}
		})
	}
	for i, c := range slo.Conditions() {
		if c.Rank() != i {
			t.Errorf("rank of %s is %d, want %d", c, c.Rank(), i)
		}
	}
}
