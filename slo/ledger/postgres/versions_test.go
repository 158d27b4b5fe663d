package postgres_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"plimsoll/internal/pg/pgtest"
	"plimsoll/slo"
	"plimsoll/slo/ledger"
	"plimsoll/slo/ledger/postgres"
)

func promise(target slo.Ratio) *slo.Objective {
	o := objective("video/availability")
	o.Target = target
	return o
}

// Versions and dropped samples are stored, loaded and followed like everything else.
func TestVersionsAndDropsAreStored(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t, postgres.Migrations)
	now := base.Add(month)
	newLedger := func() *ledger.Ledger { return ledger.New(ledger.Config{Now: func() time.Time { return now }}) }
	store, l, followed, loaded := lead(t, pool), newLedger(), newLedger(), newLedger()
	follower := newStore(t, pool)
	t.Cleanup(follower.Close)
	save := func() {
		t.Helper()
		if err := (&ledger.Checkpointer{Ledger: l, Store: store}).Save(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	step := func(target slo.Ratio, from time.Time) {
		t.Helper()
		o := promise(target)
		o.EffectiveFrom = from
		l.SetObjectives([]*slo.Objective{o})
		ref, _ := l.Ref(o.Key)
		l.Commit(&ledger.Batch{Drops: []ledger.Drop{{Objective: ref, Samples: 3}}})
		save()
		if _, err := follower.Follow(t.Context(), followed); err != nil {
			t.Fatal(err)
		}
	}
	step(990e6, time.Time{})
	now = now.Add(time.Hour)
	step(999e6, now.Add(time.Hour))
	step(950e6, time.Time{}) // the version that was to come is gone
	step(980e6, now.Add(time.Hour))
	step(950e6, time.Time{}) // and again, with none in its place
	save()
	want := l.Versions("video/availability")
	if len(want) != 2 {
		t.Fatalf("%d versions", len(want))
	}
	if err := newStore(t, pool).Load(t.Context(), loaded); err != nil {
		t.Fatal(err)
	}
	for name, other := range map[string]*ledger.Ledger{"loaded": loaded, "followed": followed} {
		other.SetObjectives([]*slo.Objective{promise(950e6)})
		if diff := cmp.Diff(want, other.Versions("video/availability")); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
		a, _ := l.Status("video/availability", now)
		b, _ := other.Status("video/availability", now)
		if diff := cmp.Diff(a, b); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}
