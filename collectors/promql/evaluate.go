package promql

import (
	"context"
	"fmt"
	"maps"
	"math"
	"slices"
	"time"

	"github.com/prometheus/common/model"

	"plimsoll/collectors"
	"plimsoll/slo"
)

// step is the distance of two evaluations, which are on the minute.
const step = time.Minute

// evaluation is what the queries of one objective gave.
type evaluation struct {
	objective *slo.Objective
	values    map[string]map[int64][]float64 // by query and Unix milliseconds; one value for each result
}

// evaluate asks for the values of the queries of objectives whose raw samples cannot be counted, at the minutes in (from, to]. All queries of
// an objective are asked for at the same instants.
func (p *Pump) evaluate(ctx context.Context, from, to time.Time) ([]evaluation, error) {
	first, last := from.Truncate(step).Add(step), to.Truncate(step)
	if last.Before(first) {
		return nil, nil
	}
	var all []evaluation
	for _, o := range p.into.Objectives() {
		if collectors.Raw(o.Indicator) {
			continue
		}
		e := evaluation{o, map[string]map[int64][]float64{}}
		for _, query := range o.Indicator.Queries() {
			matrix, err := p.client.evaluate(ctx, query, first, last, step)
			if err != nil {
				return nil, fmt.Errorf("objective %s: %w", o.Key, err)
			}
			e.values[query] = byInstant(matrix)
		}
		all = append(all, e)
	}
	return all, nil
}

func byInstant(m model.Matrix) map[int64][]float64 {
	values := map[int64][]float64{}
	for _, stream := range m {
		for _, v := range stream.Values {
			if !math.IsNaN(float64(v.Value)) {
				values[int64(v.Timestamp)] = append(values[int64(v.Timestamp)], float64(v.Value))
			}
		}
	}
	return values
}

// instants returns when a query had a value, ascending.
func (e evaluation) instants() []int64 {
	set := map[int64]bool{}
	for _, values := range e.values {
		for t := range values {
			set[t] = true
		}
	}
	return slices.Sorted(maps.Keys(set))
}
