package sqlcheck

import "time"

// interval is (from, to].
type interval struct{ from, to time.Time }

// due returns the next interval of a check that has counted everything up to last, and whether it is to be asked at now.
// If it is not, ready is when it will be. Skipped is how much before it is given up, because it is older than the check catches up.
//
// A check that has counted nothing yet begins with the newest interval that has settled. Interval ends are multiples of Every since
// 1970; the first after a change of Every may be shorter.
func (c *Check) due(last, now time.Time) (next interval, skipped time.Duration, ready time.Time) {
	settled := now.Add(-c.Delay)
	if last.IsZero() {
		last = floor(settled, c.Every).Add(-c.Every)
	}
	if oldest := floor(settled.Add(-c.CatchUp), c.Every); last.Before(oldest) {
		skipped, last = oldest.Sub(last), oldest
	}
	next = interval{last, floor(last, c.Every).Add(c.Every)}
	return next, skipped, next.to.Add(c.Delay)
}

// floor returns the last multiple of d since 1970 that is not after t.
func floor(t time.Time, d time.Duration) time.Time {
	ms, step := t.UnixMilli(), d.Milliseconds()
	return time.UnixMilli(ms - ms%step).UTC()
}

// minutes returns an instant in each minute of the interval: the last millisecond of the minute or of the interval.
func (i interval) minutes() []int64 {
	const minute = 60_000
	var all []int64
	from, to := i.from.UnixMilli(), i.to.UnixMilli()
	for end := from - from%minute + minute; end < to; end += minute {
		all = append(all, end-1)
	}
	return append(all, to-1)
}
