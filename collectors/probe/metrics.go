package probe

import "github.com/prometheus/client_golang/prometheus"

// metrics are the prober's own.
type metrics struct {
	runs, missed *prometheus.CounterVec
}

func newMetrics(reg prometheus.Registerer) *metrics {
	m := &metrics{
		runs: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "plimsoll_probe_runs_total",
			Help: "Runs of probes by outcome.",
		}, []string{"probe", "outcome"}),
		missed: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "plimsoll_probe_missed_runs_total",
			Help: "Runs that could not begin in their turn and were left out.",
		}, []string{"probe"}),
	}
	if reg != nil {
		reg.MustRegister(m.runs, m.missed)
	}
	return m
}

// begin makes all series of a probe.
func (m *metrics) begin(probe string) {
	m.runs.WithLabelValues(probe, Success)
	m.runs.WithLabelValues(probe, Failure)
	m.missed.WithLabelValues(probe)
}

// forget drops the series of a probe that is gone.
func (m *metrics) forget(probe string) {
	m.runs.DeletePartialMatch(prometheus.Labels{"probe": probe})
	m.missed.DeletePartialMatch(prometheus.Labels{"probe": probe})
}

func (m *metrics) ran(probe string, r result) {
	outcome := Success
	if r.failure != nil {
		outcome = Failure
	}
	m.runs.WithLabelValues(probe, outcome).Inc()
}

func (m *metrics) missedRuns(probe string, n int64) { m.missed.WithLabelValues(probe).Add(float64(n)) }
