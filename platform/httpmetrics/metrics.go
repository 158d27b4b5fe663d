// Package httpmetrics counts and times the requests of the platform's public listeners (rate, errors, duration). One
// middleware, outermost on a listener, sees every request exactly once: those that were refused, those that panicked,
// and those whose client went away. It owns the platform_http_* metrics and no listener.
package httpmetrics

import (
	"cmp"
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Unmatched is the route of a request that no route matches, so that strangers' paths make no new series.
const Unmatched = "unmatched"

// ClientGone is the code of a request whose client went away before it was answered, as NGINX has it.
const ClientGone = 499

// buckets are the bounds of the classic histogram in seconds. The objectives stand on 0.3 and 1.
var buckets = []float64{0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.5, 1, 2.5, 5, 10}

// Metrics of the HTTP listeners of one process.
type Metrics struct {
	requests *prometheus.CounterVec
	duration *prometheus.HistogramVec
}

// New registers the metrics.
func New(reg prometheus.Registerer) *Metrics {
	labels := []string{"role", "route", "method", "code"}
	m := &Metrics{
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "platform_http_requests_total",
			Help: "HTTP requests by role of the listener, route pattern, method and status code.",
		}, labels),
		duration: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "platform_http_request_duration_seconds",
			Help:    "Time from the first byte of a request to the end of its answer.",
			Buckets: buckets,
			// A native histogram beside the classic one. There is no reset duration: a histogram that is reset to save
			// buckets loses the events since the last scrape, classic buckets included; this one loses resolution.
			NativeHistogramBucketFactor:    1.1,
			NativeHistogramMaxBucketNumber: 160,
		}, labels),
	}
	reg.MustRegister(m.requests, m.duration)
	return m
}

// Middleware counts the requests of one listener. The route of a request is its pattern, asked for before the
// request is served; an empty one is Unmatched.
func (m *Metrics) Middleware(role string, route func(*http.Request) string) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			start := time.Now()
			rec := &recorder{ResponseWriter: w}
			labels := []string{role, cmp.Or(route(r), Unmatched), method(r.Method), ""}
			defer func() {
				crash := recover()
				labels[3] = strconv.Itoa(outcome(rec.status, crash != nil, r.Context().Err() != nil))
				m.requests.WithLabelValues(labels...).Inc()
				m.duration.WithLabelValues(labels...).Observe(time.Since(start).Seconds())
				if crash != nil {
					panic(crash)
				}
			}()
			next.ServeHTTP(rec, r)
		})
	}
}

// outcome decides the code under which a request counts.
func outcome(status int, crashed, clientGone bool) int {
	switch {
	case clientGone && (crashed || status == 0 || status >= 500):
		return ClientGone // what the handler made of the cancelled context is not a failure of ours
	case crashed:
		return http.StatusInternalServerError // the answer was cut off, whatever status it began with
	default:
		return cmp.Or(status, http.StatusOK)
	}
}

// method bounds the label: a client can send any word.
func method(m string) string {
	switch m {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions:
		return m
	}
	return "other"
}

// recorder remembers the status of an answer.
type recorder struct {
	http.ResponseWriter
	status int
}

func (r *recorder) WriteHeader(code int) {
	if r.status == 0 && code >= 200 { // 1xx are not the answer yet
		r.status = code
	}
	r.ResponseWriter.WriteHeader(code)
}

func (r *recorder) Write(b []byte) (int, error) {
	if r.status == 0 {
		r.status = http.StatusOK
	}
	return r.ResponseWriter.Write(b)
}

// Unwrap gives http.ResponseController the connection's own writer.
func (r *recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }
