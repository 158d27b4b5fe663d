package ledger_test

import (
	"testing"
	"time"

	"plimsoll/slo"
	"plimsoll/slo/ledger"
)

func TestSteadyTraffic(t *testing.T) {
	l := ledger.New(ledger.Config{})
	o := &slo.Objective{Key: "a/b", Target: 999_000_000, Window: slo.Window{Length: 30 * 24 * time.Hour}}
	l.SetObjectives([]*slo.Objective{o})
	base := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for i := range 60 * 24 * 3 {
		at := base.Add(time.Duration(i) * time.Minute).UnixMilli()
		l.Commit(&ledger.Batch{Increments: []ledger.Increment{{From: at - 60000, To: at, Good: 99, Total: 100}}, Observations: []ledger.Observation{{At: at}}})
	}
	s, _ := l.Status("a/b", base.Add(3*24*time.Hour-time.Minute))
	if s.Window.Total != 100*60*24*3 || s.Window.Bad() != 60*24*3 || s.Window.Observed != 60*24*3 {
		t.Errorf("%+v", s.Window)
	}
}
