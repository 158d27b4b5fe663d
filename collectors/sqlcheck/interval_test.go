package sqlcheck

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

// However late and irregular the check runs, and however its settings change, its intervals follow one another without gap or overlap,
// except for what is older than it catches up; none is asked before it has settled, and each ends on a multiple of Every.
func TestIntervalsFollowOneAnother(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		now := time.UnixMilli(rapid.Int64Range(1_700_000_000_000, 1_800_000_000_000).Draw(t, "now"))
		var last time.Time
		for range rapid.IntRange(1, 12).Draw(t, "turns") {
			c := Check{
				Every:   rapid.SampledFrom([]time.Duration{time.Second, 10 * time.Second, time.Minute, 5 * time.Minute, time.Hour}).Draw(t, "every"),
				Delay:   time.Duration(rapid.IntRange(0, 3600).Draw(t, "delay")) * time.Second,
				CatchUp: time.Duration(rapid.IntRange(1, 10).Draw(t, "catch up")) * time.Hour,
			}
			now = now.Add(time.Duration(rapid.IntRange(0, 40_000).Draw(t, "later")) * time.Second)
			for range 50 {
				next, skipped, ready := c.due(last, now)
				switch {
				case !ready.Equal(next.to.Add(c.Delay)):
					t.Fatalf("%v is ready at %v with a delay of %v", next, ready, c.Delay)
				case next.to.UnixMilli()%c.Every.Milliseconds() != 0 || !next.from.Before(next.to) || next.to.Sub(next.from) > c.Every:
					t.Fatalf("%v is no interval of %v", next, c.Every)
				case !last.IsZero() && !next.from.Equal(last.Add(skipped)):
					t.Fatalf("%v does not follow %v after skipping %v", next, last, skipped)
				case skipped > 0 && now.Add(-c.Delay).Sub(next.from) < c.CatchUp:
					t.Fatalf("at %v %v was skipped, which is not older than %v", now, skipped, c.CatchUp)
				case skipped == 0 && now.Add(-c.Delay).Sub(next.from) >= c.CatchUp+c.Every:
					t.Fatalf("at %v %v is asked, which is older than %v", now, next, c.CatchUp)
				case last.IsZero() && (now.Before(ready) || now.Sub(ready) >= c.Every):
					t.Fatalf("at %v a new check begins with %v", now, next)
				}
				if now.Before(ready) {
					break
				}
				last = next.to
			}
		}
	})
}

// Each minute of an interval is marked as observed, and none outside of it.
func TestMinutes(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		from := rapid.Int64Range(1_700_000_000_000, 1_700_010_000_000).Draw(t, "from")
		to := from + rapid.Int64Range(1, 10_000_000).Draw(t, "length")
		want := map[int64]bool{}
		for ms := from; ms < to; ms += min(1000, to-ms) {
			want[ms/60_000] = true
		}
		want[(to-1)/60_000] = true
		before := int64(0)
		for _, at := range (interval{time.UnixMilli(from), time.UnixMilli(to)}).minutes() {
			if at < from || at >= to || at <= before || !want[at/60_000] {
				t.Fatalf("%d is marked in (%d, %d] after %d", at, from, to, before)
			}
			delete(want, at/60_000)
			before = at
		}
		if len(want) > 0 {
			t.Fatalf("in (%d, %d] the minutes %v are not marked", from, to, want)
		}
	})
}

// What the ledger has lost is asked again; what it never wanted is not.
func TestResume(t *testing.T) {
	t.Parallel()
	noon := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	s := &state{}
	if got := s.resume(time.Time{}); !got.IsZero() {
		t.Errorf("a new check goes on at %v", got)
	}
	s.asked(noon, noon, nil)
	for _, test := range []struct{ ledger, want time.Time }{
		{time.Time{}, noon}, {noon.Add(-time.Minute), noon.Add(-time.Minute)}, {noon.Add(time.Hour), noon.Add(time.Hour)},
	} {
		if got := s.resume(test.ledger); !got.Equal(test.want) {
			t.Errorf("with a ledger that has counted to %v it goes on at %v, want %v", test.ledger, got, test.want)
		}
	}
}
