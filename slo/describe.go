package slo

import (
	"fmt"
	"strings"
	"time"
)

var unitNames = map[Unit]string{Hour: "hour", Day: "day", Week: "week", Month: "month", Quarter: "quarter", Year: "year"}

// Describe writes the window in words: "rolling 30d", "calendar month in Europe/Berlin", "2 calendar weeks in UTC".
func (w Window) Describe() string {
	c := w.Calendar
	switch {
	case c == nil:
		return "rolling " + ShortDuration(w.Length)
	case c.Count == 1:
		return fmt.Sprintf("calendar %s in %s", unitNames[c.Unit], c.Start.Location())
	}
	return fmt.Sprintf("%d calendar %ss in %s", c.Count, unitNames[c.Unit], c.Start.Location())
}

// Past names the window as a span that lies behind: "the last 30d", "this calendar month in Europe/Berlin".
func (w Window) Past() string {
	switch {
	case w.Calendar == nil:
		return "the last " + ShortDuration(w.Length)
	case w.Calendar.Count == 1:
		return "this " + w.Describe()
	}
	return "these " + w.Describe()
}

// Describe writes how events become the objective's SLI: the formula in words.
func (o *Objective) Describe() string {
	slice := ShortDuration(o.Slice.Length)
	switch m := o.RawMeasure(); o.Method {
	case Timeslices:
		return fmt.Sprintf("slices of %s in which at least %s %% of the %s are good ÷ slices with %s", slice, o.Slice.Target.Percent(), m.Many, m.Many)
	case RatioTimeslices:
		return fmt.Sprintf("mean over the slices of %s with %s of good ÷ all %s", slice, m.Many, m.Many)
	case Composite:
		return "1 − (1 − target) × what is spent of the components' budgets, by their weights"
	default:
		return fmt.Sprintf("good %s ÷ all %s", m.Many, m.Many)
	}
}

// Describe writes what is asked for before a budget is judged, or "" if that is nothing.
func (l LowTraffic) Describe(m Measure) string {
	var parts []string
	if l.MinBad > 1 || l.MinBad == 1 && m.Weight > 1 { // one whole event is always asked for
		parts = append(parts, "at least "+m.bad(l.MinBad))
	}
	if l.MinTotal > 0 {
		parts = append(parts, "at least "+FormatCount(l.MinTotal)+" "+m.Many)
	}
	return strings.Join(parts, " and ")
}

// Describe says in a sentence when the budget of s, of which f is the forecast, changes sides.
func (f Forecast) Describe(s Status) string {
	when := func(t *time.Time) string {
		return fmt.Sprintf("in %s, on %s", FormatSpan(t.Sub(s.At)), t.UTC().Format("2 Jan at 15:04 UTC"))
	}
	window := s.Objective.Window
	ahead := "for the next " + window.String()
	if c := window.Calendar; c != nil {
		_, end := c.Period(s.At)
		ahead = "until the period ends on " + end.UTC().Format("2 Jan at 15:04 UTC")
	}
	switch {
	case !s.HasData():
		return "There is nothing to forecast from yet."
	case !s.Budget.Spent && f.ExhaustedAt != nil:
		return "If the last hour goes on, the budget is spent " + when(f.ExhaustedAt) + "."
	case !s.Budget.Spent:
		return "If the last hour goes on, the budget lasts " + ahead + "."
	case f.RecoversAtPresentRate != nil:
		return "If the last hour goes on, the budget is back " + when(f.RecoversAtPresentRate) + "."
	case f.RecoversAt != nil:
		return "The budget is back " + when(f.RecoversAt) + " if no more errors come. If the last hour goes on, it is not back within " + window.String() + "."
	default:
		return "The budget is not back within " + window.String() + "."
	}
}

// bad writes a number of bad ones.
func (m Measure) bad(n int64) string {
	if n == 1 {
		return "1 bad " + m.One
	}
	return FormatCount(n) + " bad " + m.Many
}

// Bounds returns the instants between which the events of the window came: the beginning of its first minute and the end of its last.
func (s Status) Bounds() (from, until time.Time) { return (s.From + 1).Time(), (s.To + 1).Time() }
