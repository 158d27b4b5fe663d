package ledger_test

import (
	"testing"
	"time"

	"plimsoll/slo"
	"plimsoll/slo/ledger"
)

func TestDropsAreKeptByHour(t *testing.T) {
	t.Parallel()
	c := newClocked(t)
	c.l.SetObjectives([]*slo.Objective{promise(990e6)})
	for _, n := range []int64{2, 3} {
		c.l.Commit(&ledger.Batch{Drops: []ledger.Drop{{Samples: n}}})
	}
	c.now = base.Add(31 * 24 * time.Hour)
	c.l.Commit(&ledger.Batch{Drops: []ledger.Drop{{Samples: 7}}})
	for range 2 {
		for at, want := range map[time.Time]int64{base.Add(-time.Hour): 0, base: 5, c.now: 7, c.now.Add(-2 * 24 * time.Hour): 5} {
			if s, _ := c.l.Status("video/availability", at); s.Dropped != want {
				t.Errorf("%s: %d dropped, want %d", at, s.Dropped, want)
			}
		}
		c.save()
		c.restart()
		c.l.SetObjectives([]*slo.Objective{promise(990e6)})
	}
}
