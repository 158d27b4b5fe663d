package slo

import (
	"fmt"
	"time"
)

// Window is the span over which an objective holds: rolling, or a period of the calendar.
type Window struct {
	// Length of a rolling window, in whole minutes. Of a calendar window it is the nominal length, for what needs one figure:
	// a day is 24 hours, a month 30 days, a quarter 90 and a year 365.
	Length time.Duration
	// Calendar is nil for a rolling window.
	Calendar *Calendar
}

// Unit is a unit of the calendar, as OpenSLO abbreviates it.
type Unit string

// The units of a calendar window.
const (
	Hour    Unit = "h"
	Day     Unit = "d"
	Week    Unit = "w"
	Month   Unit = "M"
	Quarter Unit = "Q"
	Year    Unit = "Y"
)

// Calendar divides time into periods of Count units each, one of which begins at Start. Days, weeks, months, quarters and years follow
// the clock on the wall of the zone, so a day in which the clock changes has 23 or 25 hours, and one that would begin at a time that the
// clock leaps over begins with the leap.
type Calendar struct {
	Start time.Time // in its zone; an instant at which a period begins
	Unit  Unit
	Count int // at least 1
}

// Minutes returns the (nominal) length of the window in minutes.
func (w Window) Minutes() int64 { return int64(w.Length / time.Minute) }

// String writes the window as people say it: "30d", "12h", "45m"; with its zone if it is a period of the calendar: "1M Europe/Berlin".
func (w Window) String() string {
	if c := w.Calendar; c != nil {
		return fmt.Sprintf("%d%s %s", c.Count, c.Unit, c.Start.Location())
	}
	return ShortDuration(w.Length)
}

// Span returns the minutes (from, to] that the window holds at an instant: those up to the minute of at, and of a calendar window only
// those of the period that contains at.
func (w Window) Span(at time.Time) (from, to Minute) {
	to = MinuteOf(at)
	if w.Calendar == nil {
		return to - Minute(w.Minutes()), to
	}
	start, _ := w.Calendar.Period(at)
	return MinuteOf(start) - 1, to
}

// Period returns the minutes (from, to] of the whole window in which an instant lies: for a rolling window the same as [Window.Span], for
// a calendar window until the end of the period.
func (w Window) Period(at time.Time) (from, to Minute) {
	if w.Calendar == nil {
		return w.Span(at)
	}
	start, end := w.Calendar.Period(at)
	return MinuteOf(start) - 1, MinuteOf(end) - 1
}

// Period returns when the period that contains an instant began, and when it ends (exclusive).
func (c *Calendar) Period(at time.Time) (start, end time.Time) {
	n := c.estimate(at)
	for c.start(n).After(at) {
		n--
	}
	for !c.start(n + 1).After(at) {
		n++
	}
	return c.start(n), c.start(n + 1)
}

// start returns the beginning of the nth period after Start, by the clock on the wall. Where the anniversary of a day does not exist (the
// 31st of a month with 30 days) it is the last day of that month, so that no period begins in the month after.
func (c *Calendar) start(n int) time.Time {
	s, steps := c.Start, n*c.Count
	year, month, day := s.Date()
	switch c.Unit {
	case Hour:
		return s.Add(time.Duration(steps) * time.Hour)
	case Day:
		day += steps
	case Week:
		day += 7 * steps
	default:
		months := map[Unit]int{Month: 1, Quarter: 3, Year: 12}[c.Unit]
		first := time.Date(year, month+time.Month(months*steps), 1, 0, 0, 0, 0, time.UTC)
		year, month = first.Year(), first.Month()
		day = min(day, first.AddDate(0, 1, -1).Day())
	}
	hour, minute, second := s.Clock()
	return wall(time.Date(year, month, day, hour, minute, second, 0, time.UTC), s.Location())
}

// wall returns the instant at which the clock on the wall of a zone shows what clock does in UTC. A time that the clock passes twice is the
// first of both; one that it leaps over is the instant of the leap.
func wall(clock time.Time, zone *time.Location) time.Time {
	year, month, day := clock.Date()
	hour, minute, second := clock.Clock()
	t := time.Date(year, month, day, hour, minute, second, 0, zone)
	from, until := t.ZoneBounds()
	_, offset := t.Zone()
	switch shown := t.Add(time.Duration(offset) * time.Second).UTC(); {
	case shown.Before(clock):
		return until
	case shown.After(clock):
		return from
	case from.IsZero():
		return t
	}
	_, before := from.Add(-1).Zone()
	if first := t.Add(time.Duration(offset-before) * time.Second); first.Before(from) {
		return first
	}
	return t
}

// estimate is about how many periods lie between Start and an instant.
func (c *Calendar) estimate(at time.Time) int {
	return int(at.Sub(c.Start) / c.Nominal())
}

// Nominal is the usual length of a period.
func (c *Calendar) Nominal() time.Duration {
	const day = 24 * time.Hour
	unit := map[Unit]time.Duration{Hour: time.Hour, Day: day, Week: 7 * day, Month: 30 * day, Quarter: 90 * day, Year: 365 * day}[c.Unit]
	return time.Duration(c.Count) * unit
}

// ShortDuration writes d in its largest whole unit of days, hours or minutes, such as "30d", "36h" or "90m".
func ShortDuration(d time.Duration) string {
	switch {
	case d%(24*time.Hour) == 0 && d != 0:
		return fmt.Sprintf("%dd", d/(24*time.Hour))
	case d%time.Hour == 0 && d != 0:
		return fmt.Sprintf("%dh", d/time.Hour)
	default:
		return fmt.Sprintf("%dm", d/time.Minute)
	}
}
