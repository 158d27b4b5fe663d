package report

import (
	"time"

	"plimsoll/slo"
)

// coverage is how much of a week was measured.
type coverage struct {
	ofWeek float64
	// since is the minute in which the source was first seen; zero if that was before the week, or never.
	since   time.Time
	ofSince float64 // of the minutes from then on
}

// coverageOf looks for an earlier sign of the source as far back as the budget at the week's start does. The running
// minute counts once the source was seen in it: its scrape may be yet to come.
func coverageOf(src Source, p period) coverage {
	start, end := p.minutes()
	if p.open && src.Reader.Read(end-1, end).Observed == 0 {
		end--
	}
	if start == end {
		return coverage{ofWeek: 1, ofSince: 1} // the week has just begun, and nothing of it was missed
	}
	c := coverage{ofWeek: src.Reader.Read(start, end).Coverage()}
	c.ofSince = c.ofWeek
	src.Reader.Each(start-slo.Minute(src.Objective.Window.Minutes()), end, func(m slo.MinuteCounts) bool {
		if m.Observed && m.Minute > start+1 {
			c.since, c.ofSince = m.Minute.Time(), src.Reader.Read(m.Minute-1, end).Coverage()
		}
		return !m.Observed
	})
	return c
}
