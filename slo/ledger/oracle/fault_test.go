package oracle_test

import (
	"plimsoll/slo"
)

// fault is planted between a history and Plimsoll, or in what Plimsoll says. Comparison must find it.
type fault struct {
	sample   func(h *history, tx transaction, s *raw) (keep bool)
	define   func(o *slo.Objective)
	correct  func(cs []slo.Correction) []slo.Correction
	status   func(s *slo.Status)
	gaps     func(s *slo.Status)
	forecast func(f *slo.Forecast)
}
