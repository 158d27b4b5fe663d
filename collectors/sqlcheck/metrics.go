package sqlcheck

import (
	"errors"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// metrics are the checker's own.
type metrics struct {
	questions *prometheus.CounterVec
	lag       *prometheus.GaugeVec
	given     *prometheus.CounterVec
}

// answered is the label result of a question whose answer was counted; the others are the reasons of failures.
const answered = "counted"

func newMetrics(reg prometheus.Registerer) *metrics {
	m := &metrics{
		questions: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "plimsoll_sqlcheck_questions_total",
			Help: "Intervals that were asked for, by what came of it.",
		}, []string{"check", "result"}),
		lag: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "plimsoll_sqlcheck_behind_seconds",
			Help: "How far the newest interval that was counted lay behind the clock at the last question.",
		}, []string{"check"}),
		given: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "plimsoll_sqlcheck_skipped_seconds_total",
			Help: "Time that was not counted because it is longer ago than the check catches up.",
		}, []string{"check"}),
	}
	if reg != nil {
		reg.MustRegister(m.questions, m.lag, m.given)
	}
	return m
}

// begin makes all series of a check.
func (m *metrics) begin(check string) {
	m.questions.WithLabelValues(check, answered)
	for _, r := range reasons {
		m.questions.WithLabelValues(check, string(r))
	}
	m.given.WithLabelValues(check)
}

// forget drops the series of a check that is gone.
func (m *metrics) forget(check string) {
	of := prometheus.Labels{"check": check}
	m.questions.DeletePartialMatch(of)
	m.lag.DeletePartialMatch(of)
	m.given.DeletePartialMatch(of)
}

func (m *metrics) asked(check string, err error) {
	result := answered
	var f *failure
	if errors.As(err, &f) {
		result = string(f.reason)
	}
	m.questions.WithLabelValues(check, result).Inc()
}

// behind notes how far a check is behind; one that has counted nothing yet is not behind anything.
func (m *metrics) behind(check string, last, now time.Time) {
	if !last.IsZero() {
		m.lag.WithLabelValues(check).Set(now.Sub(last).Seconds())
	}
}

func (m *metrics) skipped(check string, by time.Duration) {
	m.given.WithLabelValues(check).Add(by.Seconds())
}
