package queue

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Metrics of the queue and its workers.
type Metrics struct {
	outcomes *prometheus.CounterVec
	tasks    *prometheus.GaugeVec
	age      prometheus.Gauge
	ready    prometheus.Histogram
	videos   *prometheus.CounterVec
}

// NewMetrics registers the metrics.
func NewMetrics(r prometheus.Registerer) *Metrics {
	m := &Metrics{
		outcomes: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "platform_task_outcomes_total", Help: "Attempts at tasks, by how they ended.",
		}, []string{"outcome"}),
		tasks: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "platform_tasks", Help: "Tasks by status, as of the last sweep.",
		}, []string{"status"}),
		age: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "platform_queue_age_seconds", Help: "How long the oldest task that could run has been waiting, as of the last sweep.",
		}),
		ready: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name:    "platform_time_to_ready_seconds",
			Help:    "From the completion of an upload to its video being ready.",
			Buckets: []float64{1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1800, 3600, 7200},
		}),
		videos: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "platform_videos_ready_total",
			Help: "Videos that became ready, by whether it took at most twice their duration and a minute.",
		}, []string{"in_time"}),
	}
	r.MustRegister(m.outcomes, m.tasks, m.age, m.ready, m.videos)
	for _, o := range outcomes {
		m.outcomes.WithLabelValues(string(o))
	}
	for _, status := range []string{"queued", "running", "dead"} {
		m.tasks.WithLabelValues(status)
	}
	for _, inTime := range []string{"true", "false"} {
		m.videos.WithLabelValues(inTime)
	}
	return m
}

// published counts a video that became ready.
func (m *Metrics) published(took, duration time.Duration) {
	m.ready.Observe(took.Seconds())
	inTime := "false"
	if took <= 2*duration+time.Minute {
		inTime = "true"
	}
	m.videos.WithLabelValues(inTime).Inc()
}
