package controlplane

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"plimsoll/slo"
	"plimsoll/slo/ledger"
)

// accepting is a store that takes every checkpoint.
type accepting struct{}

func (accepting) Save(context.Context, *ledger.Checkpoint) error { return nil }

func TestLedgerMetrics(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	clock := func() time.Time { return now }
	l := ledger.New(ledger.Config{Now: clock, Retention: time.Hour})
	l.SetObjectives([]*slo.Objective{{Key: "a/b"}})
	ref, _ := l.Ref("a/b")
	saver := &ledger.Checkpointer{Ledger: l, Store: accepting{}}
	reg := prometheus.NewPedanticRegistry()
	if err := exportLedger(reg, saver.Health, l.Refusals, clock); err != nil {
		t.Fatal(err)
	}
	now = now.Add(7 * time.Second)
	expectLedger(t, reg, "7", "0", "0")

	if err := saver.Save(t.Context()); err != nil {
		t.Fatal(err)
	}
	l.Commit(&ledger.Batch{Observations: []ledger.Observation{
		{Objective: ref, At: now.UnixMilli()},
		{Objective: ref, At: now.Add(24 * time.Hour).UnixMilli()},
		{Objective: ref, At: now.Add(-24 * time.Hour).UnixMilli()}, {Objective: ref, At: -1},
	}})
	now = now.Add(1500 * time.Millisecond)
	expectLedger(t, reg, "1.5", "1", "2")
}

func expectLedger(t *testing.T, reg prometheus.Gatherer, age, future, old string) {
	t.Helper()
	err := testutil.GatherAndCompare(reg, strings.NewReader(`
# HELP plimsoll_ledger_checkpoint_age_seconds How much time is not saved yet: since the newest checkpoint, or since the start if there is none.
# TYPE plimsoll_ledger_checkpoint_age_seconds gauge
plimsoll_ledger_checkpoint_age_seconds `+age+`
# HELP plimsoll_ledger_refused_events_total Increments and observations that the ledger could not keep, because they lay in the future or before the retention.
# TYPE plimsoll_ledger_refused_events_total counter
plimsoll_ledger_refused_events_total{reason="future"} `+future+`
plimsoll_ledger_refused_events_total{reason="old"} `+old+`
`))
	if err != nil {
		t.Error(err)
	}
}
