package slo

import (
	"math"
	"strconv"
	"strings"
)

// Measure is what the counts of an objective stand for when people read them. Where shares are counted, one sample or slice stands for
// [RatioWeight] counts, and nobody should see twelve million where twelve slices are meant.
type Measure struct {
	One, Many string // "event", "events"
	Weight    int64  // counts that make one
}

// Measure returns what the objective counts: slices under a slice method, otherwise the samples of a gauge or events.
func (o *Objective) Measure() Measure {
	switch {
	case o.Method == RatioTimeslices:
		return Measure{"slice", "slices", RatioWeight}
	case o.Method == Timeslices:
		return Measure{"slice", "slices", 1}
	}
	return o.RawMeasure()
}

// RawMeasure returns what is counted before it is put in slices.
func (o *Objective) RawMeasure() Measure {
	switch o.Indicator.Kind {
	case Ratios:
		return Measure{"sample", "samples", RatioWeight}
	case Thresholds:
		return Measure{"sample", "samples", 1}
	}
	return Measure{"event", "events", 1}
}

// Float returns a number of counts in units of the measure.
func (m Measure) Float(n int64) float64 { return float64(n) / float64(m.Weight) }

// CountsOf returns the counts of which a [Measure] has made good and total: whole events, or millionths of slices and samples.
func CountsOf(good, total float64) Counts {
	if good == math.Trunc(good) && total == math.Trunc(total) {
		return Counts{int64(good), int64(total)}
	}
	return Counts{int64(math.Round(good * RatioWeight)), int64(math.Round(total * RatioWeight))}
}

// Count writes a number of counts, such as "1,250,000", or "11.5" of slices that are judged by their ratios. Fractions are rounded down,
// so that 21.98 good slices of 22 never read as if all were.
func (m Measure) Count(n int64) string {
	if n%m.Weight == 0 {
		return FormatCount(n / m.Weight)
	}
	return FormatAmount(m.Float(n))
}

// Bad writes a number of bad counts as Count does, but rounded up.
func (m Measure) Bad(n int64) string {
	if n%m.Weight == 0 {
		return FormatCount(n / m.Weight)
	}
	return FormatBadAmount(m.Float(n))
}

// Working writes a number of counts as it is reckoned with: with up to six decimals, as many as it needs.
func (m Measure) Working(f float64) string {
	digits := strconv.FormatFloat(math.Abs(f)/float64(m.Weight), 'f', 6, 64)
	whole, frac, _ := strings.Cut(digits, ".")
	out := groupThousands(whole)
	if frac = strings.TrimRight(frac, "0"); frac != "" {
		out += "." + frac
	}
	if f < 0 {
		return minus + out
	}
	return out
}

// Amount writes a number of counts that may be a fraction.
func (m Measure) Amount(f float64) string { return FormatAmount(f / float64(m.Weight)) }

// Of writes a number of counts with their name: "1 slice", "43,200 slices".
func (m Measure) Of(n int64) string {
	if n == m.Weight {
		return "1 " + m.One
	}
	return m.Count(n) + " " + m.Many
}

// Whole returns n units as counts, or the largest number if it cannot be held.
func (m Measure) Whole(n int64) int64 {
	if n > math.MaxInt64/m.Weight {
		return math.MaxInt64
	}
	return n * m.Weight
}
