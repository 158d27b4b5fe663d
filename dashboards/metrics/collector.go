package metrics

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"plimsoll/slo"
)

// ledger is where the numbers come from.
type ledger interface {
	Statuses(at time.Time) []slo.Status
	Reader(key slo.Key) (slo.Reader, bool)
}

// Gate is what the deploy gate would do with an ordinary change to one environment of a service.
type Gate struct {
	Service, Environment string
	Allow                bool
	State                string   // of the freeze
	States               []string // all that there are
}

// Config of a collector.
type Config struct {
	Ledger ledger
	// Gates returns the state of the gate for each service and environment; nil exports none.
	Gates func(context.Context) ([]Gate, error)
	// OpenIncidents returns the number of open incidents by severity, 1 to 5; nil exports none.
	OpenIncidents func(context.Context) (map[int]int, error)
	Now           func() time.Time // time.Now when nil
	Logger        *slog.Logger     // slog.Default when nil
}

// Collector is a prometheus.Collector. Register it with the registry behind /metrics.
type Collector struct {
	cfg    Config
	descs  descs
	events counters
}

// sourceTimeout bounds a look at the gate or the incidents, below the usual ten seconds of a scrape.
const sourceTimeout = 3 * time.Second

// New makes a collector. Events are counted from now on, so it is made before the first sample is booked.
func New(cfg Config) (*Collector, error) {
	if cfg.Ledger == nil {
		return nil, errors.New("metrics: a ledger is required")
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	cfg.Logger = cmp.Or(cfg.Logger, slog.Default())
	c := &Collector{cfg: cfg, descs: newDescs(), events: counters{of: map[slo.Key]*counter{}}}
	now := cfg.Now()
	for _, s := range cfg.Ledger.Statuses(now) {
		if r, ok := cfg.Ledger.Reader(s.Objective.Key); ok {
			c.events.at(s.Objective.Key, raw(r), now)
		}
	}
	return c, nil
}

// Describe sends all descriptions.
func (c *Collector) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range c.descs.all() {
		ch <- d
	}
}

// Collect sends all series as of now.
func (c *Collector) Collect(ch chan<- prometheus.Metric) {
	now := c.cfg.Now()
	for _, s := range c.cfg.Ledger.Statuses(now) {
		c.objective(ch, s, now)
	}
	ctx, cancel := context.WithTimeout(context.Background(), sourceTimeout)
	defer cancel()
	c.source(ctx, ch, "gate", c.cfg.Gates != nil, c.gates)
	c.source(ctx, ch, "incidents", c.cfg.OpenIncidents != nil, c.incidents)
}

func (c *Collector) objective(ch chan<- prometheus.Metric, s slo.Status, now time.Time) {
	o := s.Objective
	service, rest, _ := strings.Cut(string(cmp.Or(o.Parent, o.Key)), "/")
	name, objective, _ := strings.Cut(rest, "/")
	of := []string{service, name, objective, o.Group}
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, append(slices.Clone(of), labels...)...)
	}
	if r, ok := c.cfg.Ledger.Reader(o.Key); ok && o.Method != slo.Composite {
		good, bad, since := c.events.at(o.Key, raw(r), now)
		for result, n := range map[string]int64{"good": good, "bad": bad} {
			ch <- prometheus.MustNewConstMetricWithCreatedTimestamp(c.descs.events, prometheus.CounterValue, o.RawMeasure().Float(n), since,
				append(slices.Clone(of), result)...)
		}
	}
	gauge(c.descs.target, s.Objective.Target.Float())
	gauge(c.descs.sli, s.SLI)
	gauge(c.descs.remaining, s.Budget.Remaining)
	gauge(c.descs.coverage, s.Window.Coverage())
	for _, b := range s.Burn {
		gauge(c.descs.burn, b.Rate, slo.ShortDuration(b.Lookback))
	}
	wrong := map[slo.SignalKind]bool{}
	for _, signal := range slo.Quality(s, slo.QualityLimits{}) {
		wrong[signal.Kind] = true
	}
	for _, kind := range slo.SignalKinds() {
		gauge(c.descs.quality, one(wrong[kind]), string(kind))
	}
}

// raw returns what was measured, before corrections and slices: a counter of events must not follow those.
func raw(r slo.Reader) slo.Reader {
	if l, ok := r.(slo.Layered); ok {
		return l.Raw()
	}
	return r
}

// source collects from what can fail. A failure leaves out its series and says so; the rest of the scrape stands.
func (c *Collector) source(ctx context.Context, ch chan<- prometheus.Metric, name string, configured bool, collect func(context.Context, chan<- prometheus.Metric) error) {
	if !configured {
		return
	}
	up := 1.0
	if err := collect(ctx, ch); err != nil {
		c.cfg.Logger.Warn("metrics are incomplete", "source", name, "err", err)
		up = 0
	}
	ch <- prometheus.MustNewConstMetric(c.descs.up, prometheus.GaugeValue, up, name)
}

func (c *Collector) gates(ctx context.Context, ch chan<- prometheus.Metric) error {
	gates, err := c.cfg.Gates(ctx)
	if err != nil {
		return err
	}
	for _, g := range gates {
		ch <- prometheus.MustNewConstMetric(c.descs.gateAllow, prometheus.GaugeValue, one(g.Allow), g.Service, g.Environment)
		for _, state := range g.States {
			ch <- prometheus.MustNewConstMetric(c.descs.freezeState, prometheus.GaugeValue, one(state == g.State), g.Service, g.Environment, state)
		}
	}
	return nil
}

func (c *Collector) incidents(ctx context.Context, ch chan<- prometheus.Metric) error {
	open, err := c.cfg.OpenIncidents(ctx)
	if err != nil {
		return err
	}
	for severity := 1; severity <= 5; severity++ {
		ch <- prometheus.MustNewConstMetric(c.descs.incidentOpen, prometheus.GaugeValue, float64(open[severity]), strconv.Itoa(severity))
	}
	return nil
}

func one(b bool) float64 {
	if b {
		return 1
	}
	return 0
}
