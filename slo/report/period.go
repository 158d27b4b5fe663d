package report

import (
	"time"

	"plimsoll/slo"
)

// period is the part of a week that is reported.
type period struct {
	from, until time.Time
	// open is whether the week is not over: until is then the instant of asking, and it and its minute are reported too,
	// as [slo.Evaluate] does. An over week ends before until.
	open bool
}

func periodOf(w Week, now time.Time) period {
	if now.Before(w.End()) {
		return period{w.Start(), now.UTC(), true}
	}
	return period{w.Start(), w.End(), false}
}

// reaches reports whether the period does not end before t.
func (p period) reaches(t time.Time) bool { return t.Before(p.until) || p.open && t.Equal(p.until) }

// has reports whether t is in the period.
func (p period) has(t time.Time) bool { return !t.Before(p.from) && p.reaches(t) }

// minutes returns the period as a reader takes it: the minutes (before, last].
func (p period) minutes() (before, last slo.Minute) {
	last = slo.MinuteOf(p.until)
	if !p.open {
		last--
	}
	return slo.MinuteOf(p.from) - 1, last
}
