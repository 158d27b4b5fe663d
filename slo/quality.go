package slo

import (
	"fmt"
	"time"
)

// SignalKind names what is wrong with the data behind a status.
type SignalKind string

const (
	// Stale: the newest sample is old, or there is none.
	Stale SignalKind = "stale"
	// GoodAboveTotal: the indicator's queries disagree, so that more events were good than there were.
	GoodAboveTotal SignalKind = "good_above_total"
	// LowCoverage: the source was seen in too few minutes of the last hour.
	LowCoverage SignalKind = "low_coverage"
	// DroppedSamples: samples came too late to be counted.
	DroppedSamples SignalKind = "dropped_samples"
)

// SignalKinds returns all kinds.
func SignalKinds() []SignalKind {
	return []SignalKind{Stale, GoodAboveTotal, LowCoverage, DroppedSamples}
}

// Signal is one thing that is wrong with the data, in words for people.
type Signal struct {
	Kind   SignalKind `json:"kind" enum:"stale,good_above_total,low_coverage,dropped_samples"`
	Detail string     `json:"detail"`
}

// QualityLimits are what data may be like before a [Signal] is given. A field that is 0 has its default.
type QualityLimits struct {
	StaleAfter  time.Duration // age of the newest sample; 5 minutes by default
	MinCoverage Ratio         // of the last hour; 0.9 by default
	MaxDropped  int64         // samples in the window that came too late; none by default
}

// coverageLookback is the lookback over which coverage is judged. Over its window every new objective would be thinly covered for weeks.
const coverageLookback = time.Hour

// Quality returns what is wrong with the data behind s, in the order of [SignalKinds]. A composite has the signals of its components.
func Quality(s Status, limits QualityLimits) []Signal {
	if limits.StaleAfter == 0 {
		limits.StaleAfter = 5 * time.Minute
	}
	if limits.MinCoverage == 0 {
		limits.MinCoverage = One / 10 * 9
	}
	var signals []Signal
	if s.Objective.Method == Composite {
		for _, p := range s.Parts {
			for _, signal := range Quality(p.Status, limits) {
				signal.Detail = p.Status.Objective.DisplayName + ": " + signal.Detail
				signals = append(signals, signal)
			}
		}
		return signals
	}
	for _, check := range []struct {
		kind  SignalKind
		check func(Status, QualityLimits) string
	}{{Stale, stale}, {GoodAboveTotal, goodAboveTotal}, {LowCoverage, lowCoverage}, {DroppedSamples, droppedSamples}} {
		if detail := check.check(s, limits); detail != "" {
			signals = append(signals, Signal{check.kind, detail})
		}
	}
	return signals
}

func stale(s Status, limits QualityLimits) string {
	switch age := s.At.Sub(s.LastSample); {
	case s.LastSample.IsZero():
		return "no sample has ever arrived"
	case age > limits.StaleAfter:
		return fmt.Sprintf("the newest sample is %s old", FormatSpan(age))
	}
	return ""
}

func goodAboveTotal(s Status, _ QualityLimits) string {
	c, over, m := s.Window.Counts, "the window", s.Objective.Measure()
	if s.Raw.Good > s.Raw.Total {
		c, m = s.Raw.Counts, s.Objective.RawMeasure()
	}
	for i := len(s.Burn) - 1; i >= 0 && c.Good <= c.Total; i-- {
		c, over = s.Burn[i].Counts, "the last "+ShortDuration(s.Burn[i].Lookback)
	}
	if c.Good <= c.Total {
		return ""
	}
	return fmt.Sprintf("%s were good of %s in %s; the queries for good and for all events disagree", m.Count(c.Good), m.Of(c.Total), over)
}

// lowCoverage leaves a source alone that was first seen within the hour, or is back after days: it cannot have been seen in more of it.
func lowCoverage(s Status, limits QualityLimits) string {
	for _, b := range s.Burn {
		known := s.Burn[len(s.Burn)-1].Observed > b.Observed // lookbacks end together, and the last is the longest
		if b.Lookback == coverageLookback && known && b.Minutes > 0 && b.Coverage() < limits.MinCoverage.Float() {
			return fmt.Sprintf("the source was seen in %s of the last hour's minutes", FormatPercent(b.Coverage()))
		}
	}
	return ""
}

func droppedSamples(s Status, limits QualityLimits) string {
	if s.Dropped <= limits.MaxDropped {
		return ""
	}
	m := Measure{One: "sample", Many: "samples", Weight: 1}
	return m.Of(s.Dropped) + " came too late to be counted"
}
