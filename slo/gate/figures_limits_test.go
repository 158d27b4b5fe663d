package gate

import (
	"math"
	"testing"

	"plimsoll/slo"
)

// TestFiguresNearTheLimits asks for numbers that an int64 does not hold.
func TestFiguresNearTheLimits(t *testing.T) {
	t.Parallel()
	spent := Figures{Target: slo.One - 1, Counts: slo.Counts{Total: 10_000_000_000}}
	if n := spent.goodToRecover(); n != -1 {
		t.Errorf("%d good events bring ten billion bad ones back at a target of nine digits; no number that can be counted does", n)
	}
	lenient := Figures{Target: 1, Counts: slo.Counts{Good: math.MaxInt64 / 2, Total: math.MaxInt64 / 2}}
	if n := lenient.badToSpend(); n != math.MaxInt64 {
		t.Errorf("%d bad events spend the budget, want the largest number", n)
	}
	guarded := Figures{Target: 999_000_000, Unit: "slice", Weight: slo.RatioWeight, Guard: slo.LowTraffic{MinBad: math.MaxInt64}, Counts: slo.Counts{Total: 1}}
	if guarded.enough() {
		t.Error("one bad event is enough for a guard of all numbers")
	}
}
