package promql

import "github.com/prometheus/client_golang/prometheus"

// metrics are the source's own.
type metrics struct {
	stretches *prometheus.CounterVec
	samples   *prometheus.CounterVec
}

func newMetrics(reg prometheus.Registerer, lags func() map[string]float64) *metrics {
	m := &metrics{
		stretches: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "plimsoll_promql_stretches_total",
			Help: "Stretches of time that a server was asked for, by what became of it.",
		}, []string{"source", "result"}),
		samples: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "plimsoll_promql_samples_total",
			Help: "Samples and evaluations that were read from a server.",
		}, []string{"source"}),
	}
	if reg != nil {
		reg.MustRegister(m.stretches, m.samples, lagCollector{lags, prometheus.NewDesc(
			"plimsoll_promql_lag_seconds", "How far the position in a server's samples is behind the present.", []string{"source"}, nil)})
	}
	return m
}

func (m *metrics) stretch(source string, samples int, err error) {
	result := "read"
	if err != nil {
		result = "failed"
	}
	m.stretches.WithLabelValues(source, result).Inc()
	m.samples.WithLabelValues(source).Add(float64(samples))
}

// lagCollector exports the lag of each server as it is when it is asked.
type lagCollector struct {
	lags func() map[string]float64
	desc *prometheus.Desc
}

// Describe implements [prometheus.Collector].
func (c lagCollector) Describe(ch chan<- *prometheus.Desc) { ch <- c.desc }

// Collect implements [prometheus.Collector].
func (c lagCollector) Collect(ch chan<- prometheus.Metric) {
	for source, seconds := range c.lags() {
		ch <- prometheus.MustNewConstMetric(c.desc, prometheus.GaugeValue, seconds, source)
	}
}
