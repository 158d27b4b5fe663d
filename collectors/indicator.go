package collectors

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"plimsoll/slo"
)

// query is one query of an indicator, read.
type query struct {
	field       string // of the indicator
	selectors   []selector
	by          []string // the labels of its sum by, sorted; nil if it has none
	good, total int64    // what one event of it adds
}

// CheckIndicator reports why an indicator cannot be counted, or nil. It names the query, the construct and where it stands.
//
// An indicator with a source may have any PromQL, because the source can evaluate it; see [Raw].
func CheckIndicator(ind slo.Indicator) error {
	_, unsupported, err := readIndicator(ind)
	if err == nil && ind.Source == "" {
		err = unsupported
	}
	return err
}

// Raw reports whether the collector counts the samples of the indicator's series one by one. Otherwise its source has to evaluate the
// queries and to book the events.
func Raw(ind slo.Indicator) bool {
	_, unsupported, err := readIndicator(ind)
	return err == nil && unsupported == nil
}

// Grouping returns the labels by which the queries of an indicator divide it, sorted; nil if they do not. It is what belongs into
// Indicator.GroupBy.
func Grouping(ind slo.Indicator) ([]string, error) {
	queries, unsupported, err := readIndicator(ind)
	if err = errors.Join(err, unsupported); err != nil || len(queries) == 0 {
		return nil, err
	}
	return queries[0].by, nil
}

// readIndicator reads all queries of an indicator. What is outside the subset that can be counted is returned as unsupported, with the
// queries as far as they could be read.
func readIndicator(ind slo.Indicator) (queries []query, unsupported, err error) {
	ofTotal := int64(0)
	if ind.Bad != "" { // which takes from good; what the total query counts is good until then
		ofTotal = 1
	}
	for _, q := range []struct {
		field, text string
		good, total int64
	}{{"good", ind.Good, 1, 0}, {"bad", ind.Bad, -1, 0}, {"total", ind.Total, ofTotal, 1}, {"query", ind.Query, 1, 1}} {
		if q.text == "" {
			continue
		}
		read, err := readQuery(q.text, ind.Kind)
		read.field, read.good, read.total = q.field, q.good, q.total
		switch {
		case errors.Is(err, errSyntax):
			return nil, nil, fmt.Errorf("%s: %q: %w", q.field, q.text, err)
		case err != nil && unsupported == nil:
			unsupported = fmt.Errorf("%s: %q: %w", q.field, q.text, err)
		}
		queries = append(queries, read)
	}
	if unsupported != nil {
		return queries, unsupported, nil
	}
	for _, q := range queries {
		if !slices.Equal(q.by, queries[0].by) {
			return queries, fmt.Errorf("%w: %s is divided by (%s) and %s by (%s); all must be divided by the same labels", ErrQuery,
				queries[0].field, strings.Join(queries[0].by, ", "), q.field, strings.Join(q.by, ", ")), nil
		}
	}
	return queries, nil, nil
}

// eventsOf returns how a value of a gauge becomes events, or nil if the indicator selects counters. What it does not accept is not
// the value that the kind calls for.
func eventsOf(ind slo.Indicator) func(v float64) (good, total int64, ok bool) {
	switch ind.Kind {
	case slo.Amounts:
		return func(v float64) (int64, int64, bool) {
			n := int64(math.Floor(v))
			return n, n, countable(v)
		}
	case slo.Thresholds:
		return func(v float64) (int64, int64, bool) {
			if ind.Op.Holds(v, ind.Value) {
				return 1, 1, true
			}
			return 0, 1, true
		}
	case slo.Ratios:
		return func(v float64) (int64, int64, bool) {
			if ind.Failure {
				return slo.RatioWeight - weighted(v, math.Ceil), slo.RatioWeight, v >= 0 && v <= 1
			}
			return weighted(v, math.Floor), slo.RatioWeight, v >= 0 && v <= 1
		}
	default:
		return nil
	}
}

// weighted returns how many of [slo.RatioWeight] events a share is. One that is written with six decimals or fewer is so many, which the product
// alone may miss by one: 0.000249 × 1,000,000 is less than 249.
func weighted(share float64, round func(float64) float64) int64 {
	n := math.Round(share * slo.RatioWeight)
	if n/slo.RatioWeight != share {
		n = round(share * slo.RatioWeight)
	}
	return int64(n)
}
