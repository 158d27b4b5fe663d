package probe

import (
	"context"
	"fmt"
	"strconv"
	"sync"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"
)

// Job is the label job of all series of probes.
const Job = "probe"

// Names of the series of a probe, with the labels job ([Job]), instance and probe (the name of the probe) and service.
const (
	RunsMetric         = "probe_runs_total"            // labels outcome and, for failures, reason
	RunDurationMetric  = "probe_run_duration_seconds"  // a classic histogram; label outcome
	StepsMetric        = "probe_steps_total"           // labels step, outcome and, for failures, reason
	StepDurationMetric = "probe_step_duration_seconds" // a classic histogram; labels step and outcome
)

// Outcomes of runs and steps.
const (
	Success = "success"
	Failure = "failure"
)

// buckets are the upper bounds of the buckets of durations, in seconds; objectives choose among them.
var buckets = []float64{0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.25, 0.3, 0.5, 0.75, 1, 1.5, 2, 2.5, 5, 10, 15, 30, 60, 120, 180, 300, 600, 1800}

// counters are those of one probe since it began.
type counters struct {
	appender storage.AppendableV2
	now      func() time.Time
	base     []string // labels of all series
	up       *counter

	mu     sync.Mutex
	last   int64 // of the last append, or the beginning; Unix milliseconds
	byName map[string]*counter
	order  []*counter
}

type counter struct {
	labels labels.Labels
	ref    storage.SeriesRef
	start  int64 // its start timestamp
	value  float64
}

func newCounters(p *Probe, to storage.AppendableV2, now func() time.Time) *counters {
	c := &counters{appender: to, now: now, last: now().UnixMilli(), byName: map[string]*counter{}}
	c.base = []string{model.JobLabel, Job, model.InstanceLabel, p.Name, "service", p.Service}
	c.up = &counter{labels: labels.FromStrings(append([]string{model.MetricNameLabel, "up"}, c.base...)...), value: 1}
	c.base = append(c.base, "probe", p.Name)
	c.outcomes(RunsMetric, RunDurationMetric)
	for _, s := range p.steps {
		c.outcomes(StepsMetric, StepDurationMetric, "step", s.name)
	}
	return c
}

// outcomes makes the series of both outcomes, at zero. Those of single reasons come when they are needed.
func (c *counters) outcomes(total, duration string, of ...string) {
	c.add(total, 0, with(of, "outcome", Success)...)
	for _, outcome := range []string{Success, Failure} {
		c.histogram(duration, with(of, "outcome", outcome), nil)
	}
}

func with(names []string, more ...string) []string {
	return append(names[:len(names):len(names)], more...)
}

// add counts n more of a series. A new one began after the last append.
func (c *counters) add(name string, n float64, of ...string) {
	key := fmt.Sprintf("%s%q", name, of)
	s, ok := c.byName[key]
	if !ok {
		s = &counter{labels: labels.FromStrings(append(append([]string{model.MetricNameLabel, name}, c.base...), of...)...), start: c.last}
		c.byName[key] = s
		c.order = append(c.order, s)
	}
	s.value += n
}

// histogram counts a duration, or none if it is nil.
func (c *counters) histogram(name string, of []string, took *time.Duration) {
	n, seconds := 0.0, 0.0
	if took != nil {
		n, seconds = 1, took.Seconds()
	}
	for _, bound := range buckets {
		within := 0.0
		if took != nil && seconds <= bound {
			within = 1
		}
		c.add(name+"_bucket", within, with(of, model.BucketLabel, strconv.FormatFloat(bound, 'f', -1, 64))...)
	}
	c.add(name+"_bucket", n, with(of, model.BucketLabel, "+Inf")...)
	c.add(name+"_count", n, of...)
	c.add(name+"_sum", seconds, of...)
}

// count counts a run and its steps and appends everything.
func (c *counters) count(ctx context.Context, r result) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.outcome(RunsMetric, RunDurationMetric, r.took, r.failure)
	for _, s := range r.steps {
		c.outcome(StepsMetric, StepDurationMetric, s.took, s.failure, "step", s.name)
	}
	return c.append(ctx)
}

func (c *counters) outcome(total, duration string, took time.Duration, f *failure, of ...string) {
	of = with(of, "outcome", Success)
	labels := of
	if f != nil {
		of[len(of)-1] = Failure
		labels = with(of, "reason", string(f.reason))
	}
	c.add(total, 1, labels...)
	c.histogram(duration, of, &took)
}

// beat appends everything as it is: the probe goes on.
func (c *counters) beat(ctx context.Context) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.append(ctx)
}

// append hands all series over in one transaction.
func (c *counters) append(ctx context.Context) error {
	app := c.appender.AppenderV2(ctx)
	t := c.now().UnixMilli()
	add := func(s *counter) (err error) {
		s.ref, err = app.Append(s.ref, s.labels, s.start, t, s.value, nil, nil, storage.AOptions{})
		return err
	}
	err := add(c.up)
	for i := 0; err == nil && i < len(c.order); i++ {
		err = add(c.order[i])
	}
	if err != nil {
		_ = app.Rollback()
		return fmt.Errorf("count a run: %w", err)
	}
	if err := app.Commit(); err != nil {
		return fmt.Errorf("count a run: %w", err)
	}
	c.last = t
	return nil
}
