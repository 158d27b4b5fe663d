package promql

import (
	"math"

	"plimsoll/slo"
)

// maxValue is the largest value whose whole events can be told apart.
const maxValue = 1 << 53

// at returns the events of the values at t, which happened in (from, t].
func (b *booking) at(t int64, values func(query string) []float64) (c slo.Counts, from int64) {
	from = t - step.Milliseconds()
	switch i := b.objective.Indicator; i.Kind {
	case slo.Thresholds:
		c = thresholds(i, values(i.Query))
	case slo.Ratios:
		c = ratios(i, values(i.Query))
	default:
		if i.Kind == slo.Counters && b.last != 0 {
			from = b.last
		}
		c.Total = b.events(i.Kind, i.Total, values(i.Total))
		if i.Bad != "" {
			c.Good = c.Total - b.events(i.Kind, i.Bad, values(i.Bad))
		} else {
			c.Good = b.events(i.Kind, i.Good, values(i.Good))
		}
	}
	b.last = t
	return c, from
}

// events returns what the values of a query add. A query without a value adds nothing, and a counter that appears later began at zero.
func (b *booking) events(kind slo.Kind, query string, values []float64) int64 {
	before := b.values[query]
	v, ok := sum(values)
	switch {
	case !ok:
		b.values[query] = value{before.is, true}
		return 0
	case kind == slo.Amounts:
		whole := math.Floor(before.is + v)
		b.values[query] = value{before.is + v - whole, true} // what is left counts later
		return int64(whole)
	}
	b.values[query] = value{v, true}
	switch {
	case !before.known:
		return 0
	case v < before.is:
		return int64(math.Floor(v))
	default:
		return int64(math.Floor(v)) - int64(math.Floor(before.is))
	}
}

// sum adds the values that can be a number of events; false if there is none.
func sum(values []float64) (total float64, ok bool) {
	for _, v := range values {
		if v >= 0 && v <= maxValue {
			total, ok = total+v, true
		}
	}
	return min(total, maxValue), ok
}

// thresholds counts each value as one event.
func thresholds(i slo.Indicator, values []float64) (c slo.Counts) {
	for _, v := range values {
		c.Total++
		if i.Op.Holds(v, i.Value) {
			c.Good++
		}
	}
	return c
}

// ratios counts each value between 0 and 1 as the share of [slo.RatioWeight] events.
func ratios(i slo.Indicator, values []float64) (c slo.Counts) {
	for _, v := range values {
		if v < 0 || v > 1 {
			continue
		}
		if i.Failure {
			v = 1 - v
		}
		c.Total += slo.RatioWeight
		c.Good += int64(math.Floor(v * slo.RatioWeight))
	}
	return c
}
