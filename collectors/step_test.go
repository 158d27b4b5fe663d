package collectors

import (
	"testing"

	"plimsoll/slo/ledger"
)

// TestStartTimestamps follows one series through samples whose start timestamps lie where clocks and slow scrapes put them.
func TestStartTimestamps(t *testing.T) {
	t.Parallel()
	type sample struct {
		st, t  int64
		v      float64
		events int64
		from   int64
	}
	for _, tc := range []struct {
		name    string
		scraped int64 // when the target was scraped before the first sample
		samples []sample
	}{
		{"it began while its first scrape was under way", 9_000, []sample{{10_020, 10_000, 3, 3, 9_000}, {10_020, 11_000, 5, 2, 10_000}}},
		{"it restarted while a scrape was under way", 0, []sample{{5_000, 9_000, 3, 3, 5_000}, {10_020, 10_000, 4, 4, 9_000}, {10_020, 11_000, 6, 2, 10_000}}},
		{"the target's clock is ahead", 0, []sample{{60_000, 10_000, 3, 3, 9_999}, {60_000, 70_000, 5, 2, 10_000}}},
		{"a restart by a clock that is behind", 0, []sample{{1_000, 10_000, 3, 3, 1_000}, {7_000, 11_000, 3, 3, 10_000}}},
		{"start timestamps that come late", 0, []sample{{0, 10_000, 3, 0, 10_000}, {5_000, 11_000, 4, 1, 10_000}, {5_000, 12_000, 6, 2, 11_000}}},
		{"two ways to round one start", 0, []sample{{5_000, 10_000, 3, 3, 5_000}, {5_001, 11_000, 4, 1, 10_000}, {5_000, 12_000, 6, 2, 11_000}}},
	} {
		c, known := ledger.Cursor{}, false
		for i, s := range tc.samples {
			p := step(c, known, s.st, s.t, s.v, tc.scraped, span{0, 1 << 40})
			if p.events != s.events || p.from != s.from {
				t.Errorf("%s: sample %d adds %d from %d, want %d from %d", tc.name, i, p.events, p.from, s.events, s.from)
			}
			if s.st > 0 || p.why == verdictReset {
				c.Start = s.st
			}
			c.T, c.Value, known = s.t, s.v, true
		}
	}
}
