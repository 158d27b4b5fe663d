package ingest

import (
	"errors"

	"github.com/prometheus/client_golang/prometheus"

	"plimsoll/platform/objectstore"
)

// Metrics of ingest.
type Metrics struct {
	created     prometheus.Counter
	expired     prometheus.Counter
	completions *prometheus.CounterVec
}

// Results of a completion, as the label "result".
const (
	accepted    = "accepted"    // the file is whole and has become a video, now or before
	incomplete  = "incomplete"  // parts are missing
	mismatch    = "mismatch"    // the file is not the one that was declared
	refused     = "refused"     // closed, unknown, or not the caller's
	unavailable = "unavailable" // object storage was away
	failed      = "failed"      // our fault
)

// NewMetrics registers the metrics.
func NewMetrics(r prometheus.Registerer) *Metrics {
	m := &Metrics{
		created: prometheus.NewCounter(prometheus.CounterOpts{Name: "platform_uploads_created_total", Help: "Uploads opened."}),
		expired: prometheus.NewCounter(prometheus.CounterOpts{Name: "platform_uploads_expired_total", Help: "Abandoned uploads that expired."}),
		completions: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "platform_upload_completions_total", Help: "Requests to complete an upload, by result.",
		}, []string{"result"}),
	}
	r.MustRegister(m.created, m.expired, m.completions)
	for _, result := range []string{accepted, incomplete, mismatch, refused, unavailable, failed} {
		m.completions.WithLabelValues(result)
	}
	return m
}

func (m *Metrics) completed(err error) { m.completions.WithLabelValues(result(err)).Inc() }

func result(err error) string {
	var missing *IncompleteError
	var checksum *ChecksumError
	var closed *ClosedError
	switch {
	case err == nil:
		return accepted
	case errors.As(err, &missing):
		return incomplete
	case errors.As(err, &checksum):
		return mismatch
	case errors.As(err, &closed):
		return refused
	case errors.Is(err, objectstore.ErrUnavailable):
		return unavailable
	}
	for _, c := range codes {
		if errors.Is(err, c.is) {
			return refused
		}
	}
	return failed
}
