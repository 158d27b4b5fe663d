package media

import "github.com/prometheus/client_golang/prometheus"

// Metrics of the media worker. How tasks end is counted by the queue.
type Metrics struct {
	transcode   prometheus.Histogram
	mediaTime   prometheus.Counter
	sourceBytes prometheus.Counter
	outputBytes prometheus.Counter
}

// NewMetrics registers the metrics.
func NewMetrics(r prometheus.Registerer) *Metrics {
	m := &Metrics{
		transcode: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name:    "platform_transcode_seconds",
			Help:    "Time that FFmpeg took to make all renditions of a source.",
			Buckets: []float64{0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1800, 3600, 7200},
		}),
		mediaTime:   prometheus.NewCounter(prometheus.CounterOpts{Name: "platform_transcoded_media_seconds_total", Help: "Duration of the sources that were transcoded."}),
		sourceBytes: prometheus.NewCounter(prometheus.CounterOpts{Name: "platform_media_source_bytes_total", Help: "Bytes of sources that workers read."}),
		outputBytes: prometheus.NewCounter(prometheus.CounterOpts{Name: "platform_media_output_bytes_total", Help: "Bytes of segments, manifests and thumbnails that workers wrote."}),
	}
	r.MustRegister(m.transcode, m.mediaTime, m.sourceBytes, m.outputBytes)
	return m
}
