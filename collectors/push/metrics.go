package push

import "github.com/prometheus/client_golang/prometheus"

// The values of the label protocol.
const (
	protocolV1   = "remote_write_1"
	protocolV2   = "remote_write_2"
	protocolOTLP = "otlp"
)

// metrics are the receiver's own.
type metrics struct {
	requests *prometheus.CounterVec
	samples  *prometheus.CounterVec
	refused  *prometheus.CounterVec
	synced   prometheus.Histogram
}

func newMetrics(reg prometheus.Registerer, known func() int) *metrics {
	m := &metrics{
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "plimsoll_push_requests_total",
			Help: "Pushed requests by what became of them.",
		}, []string{"protocol", "result"}),
		samples: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "plimsoll_push_samples_total",
			Help: "Pushed samples that were taken, whether an objective wants them or not.",
		}, []string{"protocol"}),
		refused: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "plimsoll_push_refused_total",
			Help: "Series (of remote write) and data points (of OTLP) that were refused in requests whose others were taken.",
		}, []string{"protocol"}),
		synced: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name:    "plimsoll_push_sync_seconds",
			Help:    "How long requests waited to be durable.",
			Buckets: prometheus.ExponentialBuckets(0.002, 2, 14),
		}),
	}
	for _, protocol := range []string{protocolV1, protocolV2, protocolOTLP} {
		m.samples.WithLabelValues(protocol)
		m.refused.WithLabelValues(protocol)
		m.requests.WithLabelValues(protocol, string(accepted))
		for why := range answers {
			m.requests.WithLabelValues(protocol, string(why))
		}
	}
	if reg != nil {
		reg.MustRegister(m.requests, m.samples, m.refused, m.synced, prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "plimsoll_push_known_series",
			Help: "Series of remote write that are known by their labels.",
		}, func() float64 { return float64(known()) }))
	}
	return m
}

// count measures one request.
func (m *metrics) count(protocol string, why reason, r *result) {
	m.requests.WithLabelValues(protocol, string(why)).Inc()
	if why == accepted || why == partial {
		m.samples.WithLabelValues(protocol).Add(float64(r.samples + r.histograms))
		m.refused.WithLabelValues(protocol).Add(float64(r.refused.count))
	}
}
