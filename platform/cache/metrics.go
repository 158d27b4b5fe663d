package cache

import "github.com/prometheus/client_golang/prometheus"

// Metrics of all caches of one process. A nil *Metrics counts nothing.
type Metrics struct {
	requests *prometheus.CounterVec
}

// NewMetrics registers the metrics.
func NewMetrics(reg prometheus.Registerer) *Metrics {
	m := &Metrics{requests: prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "platform_cache_requests_total",
		Help: "Reads of an in-memory cache by result: hit, negative (a remembered absence), or miss.",
	}, []string{"cache", "result"})}
	reg.MustRegister(m.requests)
	return m
}

func (m *Metrics) count(cache string, absence error) {
	switch {
	case m == nil:
	case absence != nil:
		m.requests.WithLabelValues(cache, "negative").Inc()
	default:
		m.requests.WithLabelValues(cache, "hit").Inc()
	}
}

func (m *Metrics) miss(cache string) {
	if m != nil {
		m.requests.WithLabelValues(cache, "miss").Inc()
	}
}
