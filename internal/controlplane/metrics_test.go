package controlplane

import (
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"plimsoll/slo"
	"plimsoll/slo/ledger"
	"plimsoll/slo/ledger/replica"
)

func TestLedgerMetrics(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	l := ledger.New(ledger.Config{Now: func() time.Time { return now }, Retention: time.Hour})
	l.SetObjectives([]*slo.Objective{{Key: "a/b", Indicator: slo.Indicator{GroupBy: []string{"zone"}}, MaxChildren: 1}})
	for _, zone := range []string{`{zone="x"}`, `{zone="y"}`} {
		_, _ = l.AddChild(ledger.Child(l.Objectives()[0], zone)) // the second is one too many
	}
	ref, _ := l.Ref("a/b")
	reg := prometheus.NewPedanticRegistry()
	if err := exportLedger(reg, l.Refusals); err != nil {
		t.Fatal(err)
	}
	l.Commit(&ledger.Batch{Observations: []ledger.Observation{
		{Objective: ref, At: now.UnixMilli()},
		{Objective: ref, At: now.Add(24 * time.Hour).UnixMilli()},
		{Objective: ref, At: now.Add(-24 * time.Hour).UnixMilli()}, {Objective: ref, At: -1},
	}})
	expectMetrics(t, reg, `
# HELP plimsoll_ledger_refused_events_total Increments and observations that the ledger could not keep, because they lay in the future or before the retention, or were more than a minute can hold.
# TYPE plimsoll_ledger_refused_events_total counter
plimsoll_ledger_refused_events_total{reason="excess"} 0
plimsoll_ledger_refused_events_total{reason="future"} 1
plimsoll_ledger_refused_events_total{reason="old"} 2
# HELP plimsoll_ledger_refused_children_total Attempts to add a child to an objective that had as many as it may have.
# TYPE plimsoll_ledger_refused_children_total counter
plimsoll_ledger_refused_children_total 1
`)
}

func TestReplicaMetrics(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	status := Status{Role: replica.Starting}
	reg := prometheus.NewPedanticRegistry()
	if err := exportReplica(reg, func(time.Time) Status { return status }, func() time.Time { return now }); err != nil {
		t.Fatal(err)
	}
	now = now.Add(7 * time.Second)
	expectReplica := func(checkpoint, data, epoch, following, starting string) {
		t.Helper()
		expectMetrics(t, reg, `
# HELP plimsoll_data_age_seconds How old what is answered is: 0 on the process that leads; the time since the start if nothing is known.
# TYPE plimsoll_data_age_seconds gauge
plimsoll_data_age_seconds `+data+`
# HELP plimsoll_leader_epoch How often a process has taken over, as far as this one knows.
# TYPE plimsoll_leader_epoch gauge
plimsoll_leader_epoch `+epoch+`
# HELP plimsoll_ledger_checkpoint_age_seconds How much time is not saved yet: since the newest checkpoint, or since the start if there is none.
# TYPE plimsoll_ledger_checkpoint_age_seconds gauge
plimsoll_ledger_checkpoint_age_seconds `+checkpoint+`
# HELP plimsoll_replica_role 1 for the role of this process.
# TYPE plimsoll_replica_role gauge
plimsoll_replica_role{role="following"} `+following+`
plimsoll_replica_role{role="leading"} 0
plimsoll_replica_role{role="starting"} `+starting+`
plimsoll_replica_role{role="suspended"} 0
`)
	}
	expectReplica("7", "7", "0", "0", "1")
	saved := now.Add(-1500 * time.Millisecond)
	status = Status{Role: replica.Following, Epoch: 3, SavedAt: &saved, AgeSeconds: new(1.5)}
	expectReplica("1.5", "1.5", "3", "1", "0")
}

func expectMetrics(t *testing.T, reg prometheus.Gatherer, want string) {
	t.Helper()
	if err := testutil.GatherAndCompare(reg, strings.NewReader(want)); err != nil {
		t.Error(err)
	}
}
