package probe

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"log/slog"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/prometheus/storage"

	"plimsoll/internal/loops"
)

// Config of a [Prober].
type Config struct {
	// Appender receives the counters. Required.
	Appender storage.AppendableV2
	// Probes to begin with.
	Probes []Probe
	// Registerer receives the metrics; nil registers none.
	Registerer prometheus.Registerer
	// Logger; [slog.Default] when nil.
	Logger *slog.Logger
}

// Prober runs probes on their schedules. It is safe for concurrent use.
type Prober struct {
	appender storage.AppendableV2
	metrics  *metrics
	logger   *slog.Logger
	loops    *loops.Set[*Probe]

	applying sync.Mutex // one Apply at a time

	mu     sync.Mutex
	states map[string]*Status // by name of the probe
}

// New makes a prober. No probe runs before [Prober.Run].
func New(cfg Config) (*Prober, error) {
	if cfg.Appender == nil {
		return nil, errors.New("make a prober: Appender is required")
	}
	p := &Prober{
		appender: cfg.Appender, metrics: newMetrics(cfg.Registerer), logger: cmp.Or(cfg.Logger, slog.Default()), states: map[string]*Status{},
	}
	p.loops = loops.New(p.loop, func(a, b *Probe) bool { return a.print == b.print })
	if err := p.Apply(cfg.Probes); err != nil {
		return nil, fmt.Errorf("make a prober: %w", err)
	}
	return p, nil
}

// Run runs the probes until ctx is done; runs that are under way then are broken off and count nothing. It may run again afterwards.
func (p *Prober) Run(ctx context.Context) error {
	p.loops.Run(ctx)
	return nil
}

// Apply replaces the probes, or changes nothing if two have one name. Probes that stay the same go on undisturbed.
func (p *Prober) Apply(probes []Probe) error {
	definitions := map[string]*Probe{}
	for _, probe := range probes {
		if _, ok := definitions[probe.Name]; ok {
			return fmt.Errorf("apply probes: there are two of the name %q", probe.Name)
		}
		definitions[probe.Name] = &probe
	}
	p.applying.Lock()
	defer p.applying.Unlock()
	p.remember(definitions)
	p.loops.Apply(definitions)
	p.forget(definitions)
	return nil
}

// heartbeat is the time between two appends without a run: often enough for each minute to count as observed, also while a run goes on.
const heartbeat = 30 * time.Second

// loop runs one probe until ctx is done.
func (p *Prober) loop(ctx context.Context, probe *Probe) {
	c := newCounters(probe, p.appender, time.Now)
	var beats sync.WaitGroup
	beats.Go(func() { p.beat(ctx, probe, c) })
	defer beats.Wait()
	for next := probe.after(time.Now()); ; {
		wait := time.NewTimer(time.Until(next))
		select {
		case <-ctx.Done():
			wait.Stop()
			return
		case <-wait.C:
		}
		r := probe.run(ctx)
		if r.failure != nil && ctx.Err() != nil {
			return
		}
		p.note(probe, r, c.count(ctx, r))
		next = next.Add(probe.Every)
		if missed := time.Since(next) / probe.Every; missed > 0 {
			next = next.Add(missed * probe.Every)
			p.metrics.missedRuns(probe.Name, int64(missed))
		}
	}
}

// beat says now and then that the probe goes on.
func (p *Prober) beat(ctx context.Context, probe *Probe, c *counters) {
	ticker := time.NewTicker(heartbeat)
	defer ticker.Stop()
	for {
		if err := c.beat(ctx); err != nil {
			p.logger.Warn("probe could not be counted", "probe", probe.Name, "err", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// note takes down how a run ended.
func (p *Prober) note(probe *Probe, r result, counted error) {
	p.metrics.ran(probe.Name, r)
	p.ran(probe.Name, r)
	if r.failure != nil {
		p.logger.Warn("probe failed", "probe", probe.Name, "step", r.failed(), "reason", string(r.failure.reason), "err", r.failure.says, "took", r.took)
	}
	if counted != nil {
		p.logger.Warn("probe could not be counted", "probe", probe.Name, "err", counted)
	}
}

// after returns the first instant after t at which the probe is to run: a multiple of Every since 1970, later by an offset that is
// always the same.
func (p *Probe) after(t time.Time) time.Time {
	h := fnv.New64a()
	_, _ = h.Write([]byte(p.Name))
	every := p.Every.Nanoseconds()
	offset := int64(h.Sum64() % uint64(every))
	passed := (t.UnixNano() - offset) % every
	return time.Unix(0, t.UnixNano()+every-passed)
}
