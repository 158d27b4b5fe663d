package slo

import "time"

// Minute is a minute since the Unix epoch: the grain of the ledger.
type Minute int64

// MinuteOf returns the minute that contains t.
func MinuteOf(t time.Time) Minute {
	s := t.Unix()
	if s < 0 {
		s -= 59
	}
	return Minute(s / 60)
}

// Time returns the first instant of the minute, in UTC.
func (m Minute) Time() time.Time { return time.Unix(int64(m)*60, 0).UTC() }

// Counts are events. Good may exceed Total only where the indicator's queries disagree; that is reported, not hidden.
type Counts struct {
	Good  int64 `json:"good"`
	Total int64 `json:"total"`
}

// Bad returns the events that were not good.
func (c Counts) Bad() int64 { return c.Total - c.Good }

// Add returns the sum of both. It never leaves an int64 for what a ledger keeps, which bounds every minute for that.
func (c Counts) Add(d Counts) Counts { return Counts{c.Good + d.Good, c.Total + d.Total} }

// Sub returns the difference of both.
func (c Counts) Sub(d Counts) Counts { return Counts{c.Good - d.Good, c.Total - d.Total} }

// times returns n times the events.
func (c Counts) times(n int64) Counts { return Counts{c.Good * n, c.Total * n} }

// Reading is what the ledger holds of a window.
type Reading struct {
	Counts
	// Observed is the number of minutes in which the source was seen, with traffic or without.
	Observed int64 `json:"observedMinutes"`
	// Minutes is the length of the window.
	Minutes int64 `json:"minutes"`
}

// Coverage is the share of the window's minutes that were observed, from 0 to 1.
func (r Reading) Coverage() float64 {
	if r.Minutes == 0 {
		return 0
	}
	return float64(r.Observed) / float64(r.Minutes)
}

// MinuteCounts are the events of one minute.
type MinuteCounts struct {
	Minute   Minute
	Observed bool
	Counts
}

// Reader gives the events of one objective. All calls on one Reader see the same state of the ledger.
type Reader interface {
	// Read returns the events of the minutes (from, to].
	Read(from, to Minute) Reading
	// Each calls f for the minutes in (from, to] that have events or were observed, in order, until f returns false.
	Each(from, to Minute, f func(MinuteCounts) bool)
	// Revision grows when a minute that was already closed changes: late data, a filled gap, a correction.
	Revision() uint64
	// LastSample is the time of the newest sample that reached the objective; zero if none has.
	LastSample() time.Time
}
