package slo_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"plimsoll/slo"
)

// minutes is a [slo.Reader] that looks at every minute it holds.
type minutes map[slo.Minute]slo.MinuteCounts

func (r minutes) add(m slo.Minute, good, total int64) {
	r[m] = slo.MinuteCounts{Minute: m, Observed: true, Counts: r[m].Counts.Add(slo.Counts{Good: good, Total: total})}
}

func (r minutes) Read(from, to slo.Minute) slo.Reading {
	out := slo.Reading{Minutes: int64(to - from)}
	r.Each(from, to, func(c slo.MinuteCounts) bool {
		out.Counts = out.Counts.Add(c.Counts)
		if c.Observed {
			out.Observed++
		}
		return true
	})
	return out
}

func (r minutes) Each(from, to slo.Minute, f func(slo.MinuteCounts) bool) {
	for m := from + 1; m <= to; m++ {
		if c, ok := r[m]; ok && !f(c) {
			return
		}
	}
}

func (r minutes) Revision() uint64      { return 7 }
func (r minutes) LastSample() time.Time { return time.Unix(42, 0) }

const noon = slo.Minute(29_000_000)

func objective(target slo.Ratio, window time.Duration) *slo.Objective {
	return &slo.Objective{Key: "video/availability", Target: target, Window: slo.Window{Length: window}, Method: slo.Occurrences}
}

// drawMinutes draws the events of the minutes before and after noon, some of them gaps, and some without traffic.
func drawMinutes(t *rapid.T, length int) minutes {
	r := minutes{}
	for m := noon - slo.Minute(length) - 5; m < noon+5; m++ {
		switch rapid.IntRange(0, 5).Draw(t, "minute") {
		case 0: // gap
		case 1:
			r.add(m, 0, 0)
		case 2:
			total := rapid.Int64Range(0, 50).Draw(t, "total")
			r.add(m, rapid.Int64Range(0, total).Draw(t, "good"), total)
		default:
			n := rapid.Int64Range(0, 50).Draw(t, "events")
			r.add(m, n, n)
		}
	}
	return r
}

func TestEvaluate(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		length := rapid.IntRange(1, 100).Draw(t, "window")
		o := objective(900_000_000, time.Duration(length)*time.Minute)
		r := drawMinutes(t, length)
		at := noon.Time().Add(time.Duration(rapid.Int64Range(0, int64(time.Minute)-1).Draw(t, "into the minute")))
		got := slo.Evaluate(o, r, at)

		want := slo.Status{Objective: o, At: at, SLI: 1, Revision: 7, LastSample: time.Unix(42, 0), From: noon - slo.Minute(length), To: noon}
		want.Window = r.count(length)
		want.Raw = want.Window
		if want.Window.Total > 0 {
			want.SLI = float64(want.Window.Good) / float64(want.Window.Total)
		}
		want.Budget = slo.BudgetOf(o.Target, want.Window.Counts)
		for _, l := range slo.Lookbacks() {
			b := slo.Burn{Lookback: l, Reading: r.count(int(l / time.Minute))}
			b.Rate = slo.BurnRate(o.Target, b.Counts)
			want.Burn = append(want.Burn, b)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("(-want +got)\n%s", diff)
		}
	})
}

// count adds up the length minutes that end with noon's.
func (r minutes) count(length int) slo.Reading {
	out := slo.Reading{Minutes: int64(length)}
	for i := range length {
		c := r[noon-slo.Minute(i)]
		out.Good += c.Good
		out.Total += c.Total
		if c.Observed {
			out.Observed++
		}
	}
	return out
}

func TestCoverage(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name    string
		reading slo.Reading
		want    float64
	}{
		{"no minutes", slo.Reading{}, 0},
		{"none observed", slo.Reading{Minutes: 60}, 0},
		{"half observed", slo.Reading{Minutes: 60, Observed: 30}, 0.5},
		{"all observed", slo.Reading{Minutes: 60, Observed: 60}, 1},
	} {
		if got := c.reading.Coverage(); got != c.want {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}

func TestMinuteOf(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		unix time.Duration // since the epoch
		want slo.Minute
	}{
		{0, 0}, {time.Minute - 1, 0}, {time.Minute, 1}, {-1, -1}, {-time.Minute, -1}, {-time.Minute - 1, -2},
	} {
		if got := slo.MinuteOf(time.Unix(0, int64(c.unix))); got != c.want {
			t.Errorf("%v after the epoch is in minute %d, want %d", c.unix, got, c.want)
		}
	}
}
