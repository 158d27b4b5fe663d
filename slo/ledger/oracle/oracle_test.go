package oracle_test

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"runtime"
	"runtime/debug"
	"strings"
	"sync"
	"testing"
	"time"
)

var (
	histories = flag.Uint64("histories", 10_000, "how many histories are drawn; a tenth of that with -short")
	seed      = flag.Uint64("seed", 0, "seed of the histories; drawn when 0")
	only      = flag.Int64("only", -1, "number of the one history that is replayed, with its log")
)

// TestHistories draws histories and holds every figure of every objective against a replay of the raw samples.
func TestHistories(t *testing.T) {
	t.Parallel()
	base := *seed
	if base == 0 {
		base = rand.Uint64()
	}
	t.Logf("to draw the same histories again: -seed %d", base)
	var all drawn
	if *only >= 0 {
		runHistory(t, base, uint64(*only), &all)
		return
	}
	defer debug.SetGCPercent(debug.SetGCPercent(800)) // thousands of small ledgers come and go
	defer debug.SetMemoryLimit(debug.SetMemoryLimit(2 << 30))
	numbers := make(chan uint64)
	var workers sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		workers.Go(func() {
			for n := range numbers {
				runHistory(t, base, n, &all)
			}
		})
	}
	most := *histories
	if testing.Short() {
		most /= 10
	}
	for n := range most {
		if t.Failed() {
			break
		}
		numbers <- n
	}
	close(numbers)
	workers.Wait()
	t.Logf("what %d histories contained:\n%s", most, &all)
	if missing := all.missing(); most >= enough && len(missing) > 0 && !t.Failed() {
		t.Errorf("no history contained %q: what is never drawn is not proved", missing)
	}
}

// enough histories contain everything that histories are drawn to contain.
const enough = 1000

// runHistory draws one history and fails t at the first difference.
func runHistory(t *testing.T, seed, n uint64, all *drawn) {
	drawn := draw(seed, n, n%filledOf == 0)
	h := drawn.base()
	h.traced = *only >= 0
	err := drawn.run(t.Context())
	all.add(h.seen)
	if h.traced {
		t.Log(strings.Join(h.trace, "\n"))
	}
	if err != nil {
		t.Errorf("history %d at %s: %v\nto see it alone: -seed %d -only %d", n, h.clock().UTC().Format(time.DateTime), err, seed, n)
	}
}

// filledOf histories hold one that is filled from an archive.
const filledOf = 5

// runnable is a history of either sort.
type runnable interface {
	base() *history
	run(context.Context) error
}

func draw(seed, n uint64, fill bool) runnable {
	if fill {
		return newFilled(seed, n)
	}
	return newHistory(seed, n)
}

func (h *history) base() *history { return h }

func (h *history) run(ctx context.Context) error {
	h.promises = h.drawObjectives()
	if err := h.boot(); err != nil {
		return fmt.Errorf("start: %w", err)
	}
	for steps := 0; h.now < h.end && steps < 60; steps++ {
		if err := h.step(ctx); err != nil {
			return err
		}
		if h.one(50) {
			if err := h.check(ctx); err != nil {
				return err
			}
		}
	}
	return h.check(ctx)
}
