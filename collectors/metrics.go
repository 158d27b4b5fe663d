package collectors

import "github.com/prometheus/client_golang/prometheus"

// verdictNames are the values of the label result, by verdict.
var verdictNames = [...]string{
	verdictGrew:       "counted",
	verdictReset:      "reset",
	verdictStarted:    "started",
	verdictAppeared:   "appeared",
	verdictBaseline:   "baseline",
	verdictDuplicate:  "duplicate",
	verdictOutOfOrder: "out_of_order",
	verdictInvalid:    "invalid",
	verdictRead:       "read",
	verdictEmpty:      "empty",
	verdictFuture:     "future",
	verdictLate:       "late",
}

// metrics are the collector's own.
type metrics struct {
	byVerdict                [len(verdictNames)]prometheus.Counter
	unwanted, refused, stale prometheus.Counter
}

func newMetrics(reg prometheus.Registerer, series, troubled func() float64) *metrics {
	samples := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "plimsoll_collector_samples_total",
		Help: "Samples by what became of them.",
	}, []string{"result"})
	m := &metrics{
		unwanted: samples.WithLabelValues("unwanted"),
		refused:  samples.WithLabelValues("refused"),
		stale:    samples.WithLabelValues("stale"),
	}
	for v, name := range verdictNames {
		m.byVerdict[v] = samples.WithLabelValues(name)
	}
	if reg != nil {
		reg.MustRegister(samples, prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "plimsoll_collector_series",
			Help: "Series in memory that an objective wants, and health series of targets.",
		}, series), prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "plimsoll_collector_troubled_objectives",
			Help: "Objectives that are not counted as their queries say: a bucket is missing, or a limit is passed.",
		}, troubled))
	}
	return m
}

func (m *metrics) count(verdicts [len(verdictNames)]int) {
	for v, n := range verdicts {
		if n > 0 {
			m.byVerdict[v].Add(float64(n))
		}
	}
}
