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

// point is one raw sample.
type point struct {
	t      int64 // Unix milliseconds
	series int32 // in the stretch
	v      float64
}

// rawStretch are the raw samples of a stretch of time.
type rawStretch struct {
	series []labels.Labels
	health int // series from here on are targets' health
	points []point
}

// fetchRaw asks for everything in (from, to] that the wanted selectors select, and for the health of the targets behind it.
func (p *Pump) fetchRaw(ctx context.Context, from, to time.Time) (rawStretch, error) {
	var s rawStretch
	var wanted []selector
	for _, ms := range p.into.Selectors() {
		wanted = append(wanted, ms)
	}
	seen := map[uint64]bool{}
	for _, sel := range plan(wanted) {
		matrix, err := p.client.raw(ctx, sel.String(), from, to)
		if err != nil {
			return s, err
		}
		s.add(matrix, seen)
	}
	s.health = len(s.series)
	for _, ls := range s.series {
		if job := ls.Get(model.JobLabel); job != "" {
			p.jobs[job] = true
		}
	}
	if len(wanted) == 0 {
		return s, nil
	}
	for _, sel := range healthOf(wanted, p.knownJobs()) {
		matrix, err := p.client.raw(ctx, sel.String(), from, to)
		if err != nil {
			return s, err
		}
		s.add(matrix, seen)
	}
	s.sort()
	return s, nil
}

// add takes the series of an answer that are not in the stretch yet. Two selectors may share some.
func (s *rawStretch) add(m model.Matrix, seen map[uint64]bool) {
	b := labels.NewScratchBuilder(16)
	for _, stream := range m {
		b.Reset()
		for name, value := range stream.Metric {
			b.Add(string(name), string(value))
		}
		b.Sort()
		ls := b.Labels()
		if hash := ls.Hash(); seen[hash] {
			continue
		} else {
			seen[hash] = true
		}
		for _, v := range stream.Values {
			s.points = append(s.points, point{int64(v.Timestamp), int32(len(s.series)), float64(v.Value)})
		}
		s.series = append(s.series, ls)
	}
}

// sort puts the points in the order in which they were scraped: by time, and what was found before how the scrape went.
func (s *rawStretch) sort() {
	slices.SortFunc(s.points, func(a, b point) int {
		return cmp.Or(cmp.Compare(a.t, b.t), cmp.Compare(a.series, b.series))
	})
}

// append hands the points on. Those of one instant are one transaction, as those of one scrape are.
func (s *rawStretch) append(ctx context.Context, into storage.AppendableV2) error {
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

func (s *rawStretch) appendInstant(app storage.AppenderV2, points []point, refs []storage.SeriesRef) (err error) {
	for _, p := range points {
		if refs[p.series], err = app.Append(refs[p.series], s.series[p.series], 0, p.t, p.v, nil, nil, storage.AOptions{}); err != nil {
			_ = app.Rollback() // what went wrong is in err
			return err
		}
	}
	return app.Commit()
}
