package postgres_test

import (
	"testing"
	"time"

	"plimsoll/internal/pg/pgtest"
	"plimsoll/slo"
	"plimsoll/slo/ledger"
	"plimsoll/slo/ledger/postgres"
)

// A child of which nothing is left leaves the database, and is counted again when its labels come back: by the process that deleted it, and by one
// that followed and knew it under its old number.
func TestEndedChildren(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t, postgres.Migrations)
	now := base
	parent := objective("video/availability")
	parent.Indicator.GroupBy = []string{"route"}
	ledgerAt := func() *ledger.Ledger {
		l := ledger.New(ledger.Config{Now: func() time.Time { return now }})
		l.SetObjectives([]*slo.Objective{parent})
		return l
	}
	leader, followed, follower := ledgerAt(), ledgerAt(), newStore(t, pool)
	checkpoints := &ledger.Checkpointer{Ledger: leader, Store: lead(t, pool)}
	count := func(l *ledger.Ledger, group string) {
		t.Helper()
		refs := []ledger.Ref{}
		whole, _ := l.Ref(parent.Key)
		refs = append(refs, whole)
		if group != "" {
			child, err := l.AddChild(ledger.Child(parent, group))
			if err != nil {
				t.Fatal(err)
			}
			refs = append(refs, child)
		}
		at := now.UnixMilli()
		for _, ref := range refs {
			l.Commit(&ledger.Batch{Increments: []ledger.Increment{{Objective: ref, From: at, To: at, Good: 9, Total: 10}}})
		}
	}
	save := func() {
		t.Helper()
		if err := checkpoints.Save(t.Context()); err != nil {
			t.Fatal(err)
		}
		if _, err := follower.Follow(t.Context(), followed); err != nil {
			t.Fatal(err)
		}
	}
	stored := func(when string, want int) {
		t.Helper()
		var objectives, versions int
		err := pool.QueryRow(t.Context(), `SELECT (SELECT count(*) FROM ledger_objectives), (SELECT count(DISTINCT objective) FROM ledger_versions)`).Scan(&objectives, &versions)
		if err != nil || objectives != want || versions != want {
			t.Errorf("%s: %d objectives, %d with versions, %v; want %d", when, objectives, versions, err, want)
		}
	}
	const upload, videos = `{route="/upload"}`, `{route="/videos"}`
	count(leader, upload)
	count(leader, videos)
	save()
	stored("at first", 3)
	for range 2 { // it ends in one checkpoint, and is deleted with the next that lets events expire
		now = now.Add(50 * 24 * time.Hour)
		count(leader, videos)
		save()
	}
	stored("when nothing of one is left", 2)
	count(leader, upload)
	save()
	stored("when it has come back", 3)
	now = now.Add(50 * 24 * time.Hour)
	count(leader, "")
	save()
	now = now.Add(2 * time.Hour)
	count(leader, "")
	save()
	stored("when both have ended", 1)

	if _, err := follower.Lead(t.Context()); err != nil {
		t.Fatal(err)
	}
	checkpoints = &ledger.Checkpointer{Ledger: followed, Store: follower}
	now = now.Add(2 * time.Hour)
	count(followed, upload)
	if err := checkpoints.Save(t.Context()); err != nil {
		t.Fatalf("who followed cannot save it: %v", err)
	}
	stored("counted by who followed", 2)
	again := ledgerAt()
	if err := newStore(t, pool).Load(t.Context(), again); err != nil {
		t.Fatal(err)
	}
	again.SetObjectives([]*slo.Objective{parent})
	if s, ok := again.Status(parent.Key+upload, now); !ok || s.Window.Total != 10 {
		t.Errorf("after a restart its events are %+v, %v; want 10", s.Window, ok)
	}
}
