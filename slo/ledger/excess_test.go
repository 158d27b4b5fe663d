package ledger_test

import (
	"math"
	"math/big"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"plimsoll/slo"
	"plimsoll/slo/ledger"
)

// TestMinuteHoldsNoMore holds that an increment is refused whole and counted where its minute could not hold it, and that the next one is booked.
func TestMinuteHoldsNoMore(t *testing.T) {
	t.Parallel()
	l := newLedger(ledger.Config{})
	for _, n := range []int64{ledger.MaxMinute - 1, 2, math.MaxInt64, math.MinInt64, 1} {
		l.Commit(increment(base, base, n, n))
	}
	if got := l.Refusals(); got.Excess != 3 || got.Old != 0 || got.Future != 0 {
		t.Errorf("refusals %+v, want 3 of excess", got)
	}
	want := map[time.Duration]slo.Counts{0: {Good: ledger.MaxMinute, Total: ledger.MaxMinute}}
	if diff := cmp.Diff(want, contents(t, l)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// TestSumsNeverWrap adds whatever an int64 can be, also to hours that are closed and by intervals that span some: what the ledger says of every
// window is what the minutes add up to in numbers without end, and so are the burn rates and what is estimated for gaps.
func TestSumsNeverWrap(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		l := newLedger(ledger.Config{Now: func() time.Time { return base.Add(400 * time.Hour) }})
		sizes := rapid.SampledFrom([]int64{1, ledger.MaxMinute / 2, ledger.MaxMinute, 1 << 50, math.MaxInt64})
		for range rapid.IntRange(1, 60).Draw(t, "increments") {
			size := sizes.Draw(t, "size")
			n := rapid.Int64Range(-size, size)
			from := base.Add(time.Duration(rapid.IntRange(0, 300*60).Draw(t, "minute")) * time.Minute)
			to := from.Add(rapid.SampledFrom([]time.Duration{0, time.Minute, 90 * time.Minute, 50 * time.Hour}).Draw(t, "length"))
			b := increment(from, to, n.Draw(t, "good"), n.Draw(t, "total"))
			b.Observations = []ledger.Observation{{At: to.UnixMilli()}}
			l.Commit(b)
		}
		r, _ := l.Reader("video/availability")
		from := slo.MinuteOf(base) + slo.Minute(rapid.IntRange(-10, 200*60).Draw(t, "from"))
		to := from + slo.Minute(rapid.IntRange(1, 400*60).Draw(t, "window"))
		good, total := new(big.Int), new(big.Int)
		r.Each(from, to, func(m slo.MinuteCounts) bool {
			if max(m.Good, -m.Good, m.Total, -m.Total, m.Bad(), -m.Bad()) > ledger.MaxMinute {
				t.Fatalf("minute %v holds %+v", m.Minute, m.Counts)
			}
			good.Add(good, big.NewInt(m.Good))
			total.Add(total, big.NewInt(m.Total))
			return true
		})
		got := r.Read(from, to)
		if big.NewInt(got.Good).Cmp(good) != 0 || big.NewInt(got.Total).Cmp(total) != 0 {
			t.Fatalf("%+v, want %v good of %v", got.Counts, good, total)
		}
		if bad := new(big.Int).Sub(total, good); big.NewInt(got.Bad()).Cmp(bad) != 0 {
			t.Fatalf("%d bad, want %v", got.Bad(), bad)
		}
		s, _ := l.Status("video/availability", to.Time())
		for _, gap := range []slo.Gap{slo.GapGood, slo.GapBad} {
			o := *s.Objective
			o.NoData.Gate = gap
			s.Objective = &o
			g := slo.Gaps(s, r, slo.ForGate)
			for _, c := range append([]slo.Counts{g.Window.Counts}, countsOf(g.Burn)...) {
				if c.Total < 0 && s.Window.Total > 0 && g.Window.Total < s.Window.Total {
					t.Fatalf("gaps that are %s make %+v of %+v", gap, c, s.Window.Counts)
				}
				if bad := new(big.Int).Sub(big.NewInt(c.Total), big.NewInt(c.Good)); big.NewInt(c.Bad()).Cmp(bad) != 0 {
					t.Fatalf("gaps that are %s: %d bad, want %v", gap, c.Bad(), bad)
				}
			}
		}
	})
}

func countsOf(burn []slo.Burn) (all []slo.Counts) {
	for _, b := range burn {
		all = append(all, b.Counts)
	}
	return all
}
