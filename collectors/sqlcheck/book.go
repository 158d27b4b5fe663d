package sqlcheck

import (
	"context"
	"fmt"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"
)

// Job is the label job of all series of checks.
const Job = "sqlcheck"

// Names of the series of a check, with the labels job ([Job]), instance and check (the name of the check) and service.
const (
	GoodMetric  = "sqlcheck_good_total"
	TotalMetric = "sqlcheck_events_total"
)

// series of a check: whether it is observed, and its events.
type series struct{ up, good, total labels.Labels }

func (c *Check) series() series {
	named := func(name string, more ...string) labels.Labels {
		return labels.FromStrings(append([]string{model.MetricNameLabel, name, model.JobLabel, Job, model.InstanceLabel, c.Name, "service", c.Service}, more...)...)
	}
	return series{named("up"), named(GoodMetric, "check", c.Name), named(TotalMetric, "check", c.Name)}
}

// last returns the end of the newest interval that any of the check's series was counted to; zero if none was.
func (s series) last(newest func(labels.Labels) (int64, bool)) time.Time {
	var at int64
	for _, ls := range []labels.Labels{s.good, s.total} {
		if t, ok := newest(ls); ok {
			at = max(at, t)
		}
	}
	if at == 0 {
		return time.Time{}
	}
	return time.UnixMilli(at).UTC()
}

// book appends the events of an interval in one transaction. The start timestamp makes each interval a counter of its own: what was
// counted before has no bearing on it. It is later than the end of the interval before, so that nobody takes both for one counter.
func (s series) book(ctx context.Context, to storage.AppendableV2, i interval, e events) error {
	app := to.AppenderV2(ctx)
	add := func(ls labels.Labels, st, t int64, v float64) error {
		_, err := app.Append(0, ls, st, t, v, nil, nil, storage.AOptions{})
		return err
	}
	err := func() error {
		for _, t := range i.minutes() {
			if err := add(s.up, 0, t, 1); err != nil {
				return err
			}
		}
		from, t := i.from.UnixMilli()+1, i.to.UnixMilli()
		if err := add(s.good, from, t, float64(e.good)); err != nil {
			return err
		}
		return add(s.total, from, t, float64(e.total))
	}()
	if err != nil {
		_ = app.Rollback()
		return fmt.Errorf("count an interval: %w", err)
	}
	if err := app.Commit(); err != nil {
		return fmt.Errorf("count an interval: %w", err)
	}
	return nil
}
