package slo_test

import (
	"math"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"plimsoll/slo"
)

// drawEdge draws events, often such that a budget is all but spent or all but whole, and up to what an int64 holds.
func drawEdge(t *rapid.T, target slo.Ratio) slo.Counts {
	total := rapid.OneOf(rapid.Int64Range(1, 5000), rapid.Int64Range(1, math.MaxInt64)).Draw(t, "total")
	allowed := min(total, int64(min(9e18, (slo.One-target).Float()*float64(total))))
	bad := rapid.OneOf(rapid.Just(int64(0)), rapid.Int64Range(0, 2), rapid.Int64Range(allowed-min(2, allowed), allowed),
		rapid.Int64Range(0, total)).Draw(t, "bad")
	return slo.Counts{Good: total - min(total, max(0, bad)), Total: total}
}

func drawTarget(t *rapid.T) slo.Ratio {
	return slo.Ratio(rapid.OneOf(rapid.SampledFrom([]int64{0, 500_000_000, 950_000_000, 999_000_000, 999_999_999}), rapid.Int64Range(0, int64(slo.One)-1)).Draw(t, "target"))
}

// number reads what a format has written.
func number(t *rapid.T, text string) float64 {
	text = strings.NewReplacer("−", "-", ",", "", " %", "", "×", "").Replace(text)
	f, err := strconv.ParseFloat(strings.TrimLeft(text, "<>"), 64)
	if err != nil {
		t.Fatalf("%q is no number: %v", text, err)
	}
	return f
}

// What is left of a budget reads as spent if and only if it is, as whole if and only if nothing is bad, and together with what is spent as all.
func TestBudgetsReadAsTheyAre(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		target := drawTarget(t)
		c := drawEdge(t, target)
		b := slo.BudgetOf(target, c)
		left, spent := slo.FormatPercent(b.Remaining), slo.FormatBadPercent(1-b.Remaining)
		if reads := left == "0.0 %" || strings.HasPrefix(left, "−"); reads != b.Spent || (b.Remaining <= 0) != b.Spent {
			t.Errorf("%+v reads %q left", b, left)
		}
		if whole := left == "100.0 %"; whole != (c.Bad() == 0) && b.Remaining < 1 {
			t.Errorf("%+v reads %q left", b, left)
		}
		if sum := number(t, left) + number(t, spent); math.Abs(sum-100) > 0.11 && math.Abs(b.Remaining) < 1e6 {
			t.Errorf("%q left and %q spent are %v", left, spent, sum)
		}
		if number(t, left) > 100*b.Remaining+1e-4 && left != "<0.1 %" && math.Abs(b.Remaining) < 1e6 {
			t.Errorf("%v left is rounded up to %q", b.Remaining, left)
		}
		sli := slo.FormatSLI(target, c)
		if strings.HasPrefix(sli, "100.") != (c.Bad() == 0) {
			t.Errorf("an SLI of %+v reads %q", c, sli)
		}
		rate := slo.BurnRate(target, c)
		if text := slo.FormatRate(rate); rate > 1+1e-9 && number(t, text) <= 1 || rate < 1e6 && number(t, text) < rate-1e-9 {
			t.Errorf("a burn rate of %v reads %q", rate, text)
		}
	})
}

// Amounts are never rounded over what they are, in the direction that would please.
func TestAmountsRoundAgainstHopes(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		f := rapid.OneOf(rapid.Float64Range(0, 0.2), rapid.Float64Range(0, 200), rapid.Float64Range(0, 1e15)).Draw(t, "amount")
		near := max(1e-6, f*1e-9)
		if text := slo.FormatAmount(f); number(t, text) > f+near {
			t.Errorf("%v events read %q", f, text)
		}
		if text := slo.FormatBadAmount(f); number(t, text) < f-near {
			t.Errorf("%v bad events read %q", f, text)
		}
		good, total := rapid.Int64Range(0, 100).Draw(t, "good"), rapid.Int64Range(1, 100).Draw(t, "total")*slo.RatioWeight
		good = min(total, good*rapid.Int64Range(1, slo.RatioWeight).Draw(t, "millionths"))
		m := slo.Measure{One: "slice", Many: "slices", Weight: slo.RatioWeight}
		if c := slo.CountsOf(m.Float(good), m.Float(total)); c.Good*total != good*c.Total {
			t.Errorf("%d of %d were read as %+v", good, total, c)
		}
	})
}
