package promql

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"
)

// point is one sample.
type point struct {
	t      int64 // Unix milliseconds
	series int32 // in the stretch
	v      float64
}

// stretch are the samples of a stretch of time.
type stretch struct {
	series []labels.Labels
	points []point
}

// fetchRaw adds everything in (from, to] that the wanted selectors select, and the health of the targets behind it.
func (p *Pump) fetchRaw(ctx context.Context, s *stretch, from, to time.Time) error {
	var wanted []selector
	for _, ms := range p.into.Selectors() {
		wanted = append(wanted, ms)
	}
	if len(wanted) == 0 {
		return nil
	}
	seen := map[uint64]bool{} // two selectors may share series
	ask := func(selectors []selector) error {
		for _, sel := range selectors {
			matrix, err := p.client.raw(ctx, sel.String(), from, to)
			if err != nil {
				return err
			}
			s.add(matrix, seen)
		}
		return nil
	}
	if err := ask(plan(wanted)); err != nil {
		return err
	}
	for _, ls := range s.series {
		if job := ls.Get(model.JobLabel); job != "" {
			p.jobs[job] = true
		}
	}
	return ask(healthOf(wanted, p.knownJobs())) // last, as a scrape says last how it went
}

// add takes the series of an answer that have not been seen yet.
func (s *stretch) add(m model.Matrix, seen map[uint64]bool) {
	b := labels.NewScratchBuilder(16)
	for _, stream := range m {
		b.Reset()
		for name, value := range stream.Metric {
			b.Add(string(name), string(value))
		}
		b.Sort()
		ls := b.Labels()
		hash := ls.Hash()
		if seen[hash] {
			continue
		}
		seen[hash] = true
		series := s.addSeries(ls)
		for _, v := range stream.Values {
			s.points = append(s.points, point{int64(v.Timestamp), series, float64(v.Value)})
		}
	}
}

func (s *stretch) addSeries(ls labels.Labels) int32 {
	s.series = append(s.series, ls)
	return int32(len(s.series) - 1)
}

// append hands the points on in the order of their time. Those of one instant are one transaction, as those of one scrape are.
func (s *stretch) append(ctx context.Context, into storage.AppendableV2) error {
	slices.SortFunc(s.points, func(a, b point) int { return cmp.Or(cmp.Compare(a.t, b.t), cmp.Compare(a.series, b.series)) })
	refs := make([]storage.SeriesRef, len(s.series))
	for rest := s.points; len(rest) > 0; {
		n := 1
		for n < len(rest) && rest[n].t == rest[0].t {
			n++
		}
		if err := s.appendInstant(into.AppenderV2(ctx), rest[:n], refs); err != nil {
			return fmt.Errorf("append samples of %s: %w", time.UnixMilli(rest[0].t).UTC().Format(time.RFC3339Nano), err)
		}
		rest = rest[n:]
	}
	return nil
}

func (s *stretch) appendInstant(app storage.AppenderV2, points []point, refs []storage.SeriesRef) (err error) {
	for _, p := range points {
		if refs[p.series], err = app.Append(refs[p.series], s.series[p.series], 0, p.t, p.v, nil, nil, storage.AOptions{}); err != nil {
			_ = app.Rollback() // what went wrong is in err
			return err
		}
	}
	return app.Commit()
}
