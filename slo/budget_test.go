package slo_test

import (
	"math"
	"math/big"
	"testing"

	"pgregory.net/rapid"

	"plimsoll/slo"
)

func TestBudgetOf(t *testing.T) {
	t.Parallel()
	const threeNines = 999_000_000
	for _, c := range []struct {
		name      string
		target    slo.Ratio
		counts    slo.Counts
		allowed   float64
		remaining float64
		spent     bool
	}{
		{"a million requests at 99.9 %", threeNines, slo.Counts{Good: 999_750, Total: 1_000_000}, 1000, 0.75, false},
		{"the last allowed failure spends it", threeNines, slo.Counts{Good: 999_000, Total: 1_000_000}, 1000, 0, true},
		{"one failure before", threeNines, slo.Counts{Good: 999_001, Total: 1_000_000}, 1000, 0.001, false},
		{"overspent", threeNines, slo.Counts{Good: 997_000, Total: 1_000_000}, 1000, -2, true},
		{"no traffic", threeNines, slo.Counts{}, 0, 1, false},
		{"no failure", threeNines, slo.Counts{Good: 3, Total: 3}, 0.003, 1, false},
		{"one failure among few", threeNines, slo.Counts{Good: 99, Total: 100}, 0.1, -9, true},
		{"target 0, some good", 0, slo.Counts{Good: 1, Total: 10}, 10, 0.1, false},
		{"target 0, none good", 0, slo.Counts{Good: 0, Total: 10}, 10, 0, true},
		{"more good than events", threeNines, slo.Counts{Good: 2000, Total: 1000}, 1, 1001, false},
		{"bad events ahead of their total", threeNines, slo.Counts{Good: -5}, 0, 1, false},
	} {
		b := slo.BudgetOf(c.target, c.counts)
		if math.Abs(b.Allowed-c.allowed) > 1e-9 || math.Abs(b.Remaining-c.remaining) > 1e-9 || b.Spent != c.spent {
			t.Errorf("%s: allowed %v, remaining %v, spent %v; want %v, %v, %v", c.name, b.Allowed, b.Remaining, b.Spent, c.allowed, c.remaining, c.spent)
		}
	}
}

func TestSpentIsExact(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		target := slo.Ratio(rapid.Int64Range(0, int64(slo.One)-1).Draw(t, "target"))
		c := drawCounts(t, target)
		b := slo.BudgetOf(target, c)
		allowed := new(big.Rat).Mul(big.NewRat(int64(slo.One-target), int64(slo.One)), new(big.Rat).SetInt64(c.Total))
		want := c.Total > 0 && c.Bad() > 0 && new(big.Rat).SetInt64(c.Bad()).Cmp(allowed) >= 0
		if b.Spent != want {
			t.Errorf("spent is %v with %d bad of %s allowed", b.Spent, c.Bad(), allowed.RatString())
		}
		if b.Spent && b.Remaining > 0 || !b.Spent && b.Remaining < 0 {
			t.Errorf("spent is %v with %v remaining", b.Spent, b.Remaining)
		}
	})
}

// drawCounts draws events, half of the time with as many bad ones as just spend the budget, or one more or less.
func drawCounts(t *rapid.T, target slo.Ratio) slo.Counts {
	total := rapid.OneOf(rapid.Int64Range(0, 1000), rapid.Int64Range(0, math.MaxInt64/2)).Draw(t, "total")
	if rapid.Bool().Draw(t, "anywhere") {
		return slo.Counts{Good: rapid.Int64Range(-10, total).Draw(t, "good"), Total: total}
	}
	allowed := new(big.Int).Mul(big.NewInt(int64(slo.One-target)), big.NewInt(total))
	allowed.Quo(allowed, big.NewInt(int64(slo.One)))
	bad := allowed.Int64() + rapid.Int64Range(-1, 1).Draw(t, "off by")
	return slo.Counts{Good: total - bad, Total: total}
}

func TestBurnRate(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		target slo.Ratio
		counts slo.Counts
		want   float64
	}{
		{"sustainable", 999_000_000, slo.Counts{Good: 999, Total: 1000}, 1},
		{"a page", 999_000_000, slo.Counts{Good: 9856, Total: 10_000}, 14.4},
		{"everything fails", 990_000_000, slo.Counts{Total: 7}, 100},
		{"no failure", 999_000_000, slo.Counts{Good: 7, Total: 7}, 0},
		{"no traffic", 999_000_000, slo.Counts{}, 0},
		{"target 0", 0, slo.Counts{Good: 1, Total: 2}, 0.5},
	} {
		if got := slo.BurnRate(c.target, c.counts); math.Abs(got-c.want) > 1e-9 {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}
