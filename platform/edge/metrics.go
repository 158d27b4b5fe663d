package edge

import "github.com/prometheus/client_golang/prometheus"

// Metrics of one edge.
type Metrics struct {
	reg      prometheus.Registerer
	requests *prometheus.CounterVec
	fetches  *prometheus.CounterVec
}

// NewMetrics registers the metrics.
func NewMetrics(reg prometheus.Registerer) *Metrics {
	m := &Metrics{
		reg: reg,
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "platform_edge_cache_requests_total",
			Help: "Requests for objects by where the answer came from: hit, miss, stale, or error for none.",
		}, []string{"result"}),
		fetches: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "platform_edge_origin_fetches_total",
			Help: "Fetches from the origin by outcome: object, absent, or unavailable.",
		}, []string{"outcome"}),
	}
	for _, r := range []string{string(hit), string(miss), string(stale), "error"} {
		m.requests.WithLabelValues(r)
	}
	for _, o := range []string{"object", "absent", "unavailable"} {
		m.fetches.WithLabelValues(o)
	}
	reg.MustRegister(m.requests, m.fetches)
	return m
}

func (m *Metrics) answered(result string) { m.requests.WithLabelValues(result).Inc() }
func (m *Metrics) origin(outcome string)  { m.fetches.WithLabelValues(outcome).Inc() }

// watch exposes the size of the cache.
func (m *Metrics) watch(size func() uint64) {
	m.reg.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "platform_edge_cache_bytes",
		Help: "Bytes that the cache holds in memory.",
	}, func() float64 { return float64(size()) }))
}
