package sqlcheck_test

import (
	"context"
	"errors"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"plimsoll/slo"
	"plimsoll/slo/ledger"
)

// saved is what has been saved of a ledger, as a store has it.
type saved struct {
	objectives map[slo.Key]ledger.ObjectiveState
	cursors    map[ledger.CursorID]ledger.CursorState
}

func (s *saved) Save(_ context.Context, c *ledger.Checkpoint) error {
	for _, o := range c.Objectives {
		blocks := map[int64]ledger.Block{}
		for _, b := range append(s.objectives[o.Key].Blocks, o.Blocks...) {
			blocks[b.Hour] = b
		}
		o.Blocks = nil
		for _, hour := range slices.Sorted(maps.Keys(blocks)) {
			o.Blocks = append(o.Blocks, blocks[hour])
		}
		s.objectives[o.Key] = o
	}
	for _, row := range c.Cursors {
		s.cursors[row.ID] = row
	}
	return nil
}

func (s *saved) restore(t *testing.T, c *clock) *ledger.Ledger {
	t.Helper()
	l := ledger.New(ledger.Config{Now: c.now})
	var problems []error
	for _, o := range s.objectives {
		problems = append(problems, l.RestoreObjective(o))
	}
	for _, id := range slices.Sorted(maps.Keys(s.cursors)) {
		problems = append(problems, l.RestoreCursor(s.cursors[id]))
	}
	if err := errors.Join(problems...); err != nil {
		t.Fatal(err)
	}
	return l
}

// The process dies again and again, with more or less of what it counted saved. Every event is counted once all the same.
func TestEveryEventIsCountedOnceThroughCrashes(t *testing.T) {
	t.Parallel()
	s := startService(t)
	const lives, life = 12, 17 * time.Minute
	uploads := s.fill(t, start.Add(-10*time.Minute), start.Add(lives*life), 6000)
	c := newClock(start)
	store := &saved{map[slo.Key]ledger.ObjectiveState{}, map[ledger.CursorID]ledger.CursorState{}}
	first := start.Truncate(time.Minute).Add(-2 * time.Minute)
	for n := range lives {
		p := newProcess(t, c, store.restore(t, c), s.check())
		p.during(t, p.counted)
		if n == 0 || rand.IntN(3) > 0 {
			saver := &ledger.Checkpointer{Ledger: p.ledger, Store: store}
			if err := saver.Save(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		c.set(c.now().Add(life / 2))
		p.during(t, p.counted) // and is lost
		p.expect(t, uploads, first, c.now().Add(-time.Minute).Truncate(time.Minute))
		c.set(c.now().Add(time.Duration(rand.Int64N(int64(life / 2)))))
	}
}
