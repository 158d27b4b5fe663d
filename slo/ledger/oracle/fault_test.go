package oracle_test

import (
	"errors"
	"math/rand/v2"
	"testing"

	"plimsoll/slo"
	"plimsoll/slo/ledger"
)

// fault is planted between a history and Plimsoll, or in what Plimsoll says. Comparison must find it.
type fault struct {
	sample   func(h *history, tx transaction, s *raw) (keep bool)
	define   func(o *slo.Objective)
	correct  func(cs []slo.Correction) []slo.Correction
	store    func(c *ledger.Checkpoint)
	status   func(s *slo.Status)
	gaps     func(s *slo.Status)
	forecast func(f *slo.Forecast)

	commits bool // what is rolled back is committed
	filled  bool // it is planted in a history that is filled
	live    bool // history is counted as if it were live
	misses  bool // a follower misses every checkpoint but the first
}

// errDiffers is returned when Plimsoll and the replay do not agree.
var errDiffers = errors.New("the ledger and the replay differ")

// TestFaultsAreFound plants faults one by one: a comparison that does not find them proves nothing.
func TestFaultsAreFound(t *testing.T) {
	t.Parallel()
	base := *seed
	if base == 0 {
		base = rand.Uint64()
	}
	t.Logf("to draw the same histories again: -seed %d", base)
	for name, f := range faults {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			const most = 1000
			for n := range uint64(most) {
				h := draw(base, n, f.filled)
				h.base().fault = f
				switch err := h.run(t.Context()); {
				case errors.Is(err, errDiffers):
					t.Logf("found in history %d", n)
					return
				case err != nil:
					t.Fatal(err)
				}
			}
			t.Errorf("not found in %d histories", most)
		})
	}
}
