package postgres_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"plimsoll/internal/pg/pgtest"
	"plimsoll/slo"
	"plimsoll/slo/ledger"
	"plimsoll/slo/ledger/postgres"
)

// follower is a process that only reads.
type follower struct {
	*ledger.Ledger
	store *postgres.Store
}

func follow(t testing.TB, s *postgres.Store) follower {
	t.Helper()
	f := follower{ledger.New(ledger.Config{Now: func() time.Time { return base.Add(month) }}), s}
	f.SetObjectives([]*slo.Objective{objective("video/availability"), objective("video/latency")})
	t.Cleanup(s.Close)
	return f
}

// catchUp follows and holds the follower against a process that loads everything.
func (f follower) catchUp(t interface {
	Helper()
	Fatal(...any)
}, fresh *ledger.Ledger, at time.Time) ledger.Position {
	t.Helper()
	position, err := f.store.Follow(context.Background(), f.Ledger)
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range []slo.Key{"video/availability", "video/latency"} {
		want, _ := fresh.Reader(key)
		got, _ := f.Reader(key)
		if diff := cmp.Diff(minutes(want, at), minutes(got, at)); diff != "" {
			t.Fatal("the follower reads otherwise than a process that has loaded everything (-loaded +followed):\n" + diff)
		}
		if want.Revision() != got.Revision() || !want.LastSample().Equal(got.LastSample()) {
			t.Fatal(fmt.Sprintf("revision %d, last sample %v; want %d, %v", got.Revision(), got.LastSample(), want.Revision(), want.LastSample()))
		}
	}
	return position
}

// minutes are those of the month before an instant.
func minutes(r slo.Reader, at time.Time) []slo.MinuteCounts {
	to := slo.MinuteOf(at)
	var all []slo.MinuteCounts
	r.Each(to-30*24*60, to, func(m slo.MinuteCounts) bool { all = append(all, m); return true })
	return all
}

func loaded(t interface {
	Helper()
	Fatal(...any)
}, s *postgres.Store) *ledger.Ledger {
	t.Helper()
	l := ledger.New(ledger.Config{Now: func() time.Time { return base.Add(month) }})
	if err := s.Load(context.Background(), l); err != nil {
		t.Fatal(err)
	}
	l.SetObjectives([]*slo.Objective{objective("video/availability"), objective("video/latency")})
	return l
}

// A follower that looks at random moments, also when it is too far behind, holds what is stored.
func TestFollowerHoldsWhatIsStored(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t, postgres.Migrations)
	rapid.Check(t, func(rt *rapid.T) {
		if _, err := pool.Exec(t.Context(), `TRUNCATE ledger_objectives, ledger_cursors, ledger_changes CASCADE`); err != nil {
			rt.Fatal(err)
		}
		leader, f := start(t, pool), follow(t, newStore(t, pool))
		at, value := base, 0.0
		rt.Repeat(map[string]func(*rapid.T){
			"count": func(rt *rapid.T) {
				at = at.Add(time.Duration(rapid.IntRange(0, 200).Draw(rt, "minutes")) * time.Minute)
				value += float64(rapid.IntRange(0, 1000).Draw(rt, "events"))
				leader.count(t, "requests", at, value)
			},
			"count late": func(rt *rapid.T) {
				late := at.Add(-time.Duration(rapid.IntRange(0, 10_000).Draw(rt, "minutes")) * time.Minute)
				leader.count(t, fmt.Sprintf("late %d", rapid.Int64().Draw(rt, "series")), late, 3)
			},
			"save": func(*rapid.T) { leader.save(t) },
			"lose what is not noted any more": func(*rapid.T) {
				if _, err := pool.Exec(t.Context(), `DELETE FROM ledger_changes`); err != nil {
					rt.Fatal(err)
				}
			},
			"restart": func(*rapid.T) {
				leader.save(t)
				leader = start(t, pool)
			},
			"follow": func(rt *rapid.T) { f.catchUp(rt, loaded(rt, newStore(t, pool)), at) },
			"":       func(*rapid.T) {},
		})
	})
}

// What a follower reads each time is what changed, not everything.
func TestFollowReadsOnlyWhatChanged(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t, postgres.Migrations)
	leader, f := start(t, pool), follow(t, newStore(t, pool))
	leader.count(t, "requests", base, 10)
	leader.save(t)
	first := f.catchUp(t, loaded(t, newStore(t, pool)), base)
	if first.Checkpoint != 1 || first.Epoch != 1 || !first.At.Equal(base.Add(month)) {
		t.Errorf("position %+v, want the first checkpoint of the first epoch", first)
	}
	// A block that no checkpoint wrote is not noticed: nothing says that it changed.
	if _, err := pool.Exec(t.Context(), `DELETE FROM ledger_blocks`); err != nil {
		t.Fatal(err)
	}
	leader.count(t, "others", base.Add(5*time.Hour), 7)
	leader.save(t)
	if _, err := f.store.Follow(t.Context(), f.Ledger); err != nil {
		t.Fatal(err)
	}
	if got, _ := f.Status("video/availability", base.Add(6*time.Hour)); got.Window.Total != 17 {
		t.Errorf("%d events, want the 10 from before and the 7 that were new", got.Window.Total)
	}
	f.store.Forget()
	f.catchUp(t, loaded(t, newStore(t, pool)), base.Add(6*time.Hour))
}

// A follower that takes over counts on where the series had been counted.
func TestFollowerTakesOver(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t, postgres.Migrations)
	old := start(t, pool)
	old.count(t, "requests", base, 10)
	old.save(t)
	s := newStore(t, pool)
	f := follow(t, s)
	f.catchUp(t, loaded(t, newStore(t, pool)), base)
	if _, ok := f.Cursor("requests"); ok {
		t.Error("a follower holds cursors, which only who counts needs")
	}
	if epoch, err := s.Lead(t.Context()); err != nil || epoch != 2 {
		t.Fatalf("epoch %d, %v; want 2", epoch, err)
	}
	f.catchUp(t, loaded(t, newStore(t, pool)), base)
	if err := s.LoadCursors(t.Context(), f.Ledger); err != nil {
		t.Fatal(err)
	}
	p := process{f.Ledger, &ledger.Checkpointer{Ledger: f.Ledger, Store: s}}
	p.count(t, "requests", base.Add(time.Minute), 25)
	p.save(t)
	if got := start(t, pool).total(t, base.Add(time.Hour)).Total; got != 25 {
		t.Errorf("%d events, want all 25 once", got)
	}
}

func TestWaitHearsOfCheckpoints(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t, postgres.Migrations)
	leader, f := start(t, pool), follow(t, newStore(t, pool))
	if err := f.store.Wait(t.Context(), time.Hour); err != nil { // the first look is at once
		t.Fatal(err)
	}
	leader.save(t)
	if err := f.store.Wait(t.Context(), time.Hour); err != nil {
		t.Fatal(err)
	}
	if err := f.store.Wait(t.Context(), time.Millisecond); err != nil { // nothing came, and that is no error
		t.Fatal(err)
	}
	leader.save(t)
	if err := f.store.Wait(t.Context(), time.Hour); err != nil {
		t.Fatalf("after a wait in vain: %v", err)
	}
	// Only this database's listener is ended: another test's is none of ours.
	if _, err := pool.Exec(t.Context(), `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'LISTEN%'`); err != nil {
		t.Fatal(err)
	}
	if err := f.store.Wait(t.Context(), time.Hour); err == nil {
		t.Error("a broken connection went unnoticed")
	}
	if err := f.store.Wait(t.Context(), time.Hour); err != nil {
		t.Errorf("it does not connect anew: %v", err)
	}
}

// A process that leads makes checkpoints known and does not read that they are. A connection on which it listened would hold them all.
func TestLeaderDoesNotListen(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t, postgres.Migrations)
	s := newStore(t, pool)
	t.Cleanup(s.Close)
	for range 2 { // it follows, leads, and follows again
		if err := s.Wait(t.Context(), time.Hour); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Lead(t.Context()); err != nil {
			t.Fatal(err)
		}
		listening := -1
		for deadline := time.Now().Add(20 * time.Second); listening != 0 && time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
			if err := pool.QueryRow(t.Context(), `SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'LISTEN%'`).Scan(&listening); err != nil {
				t.Fatal(err)
			}
		}
		if listening != 0 {
			t.Fatal("it listens while it leads")
		}
	}
}

func TestChangesArePruned(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t, postgres.Migrations)
	s := lead(t, pool)
	for i := range 100 {
		if err := s.Save(t.Context(), &ledger.Checkpoint{At: base.Add(time.Duration(i) * time.Minute)}); err != nil {
			t.Fatal(err)
		}
	}
	var n int
	var oldest time.Time
	if err := pool.QueryRow(t.Context(), `SELECT count(*), min(at) FROM ledger_changes`).Scan(&n, &oldest); err != nil {
		t.Fatal(err)
	}
	if want := base.Add(90 * time.Minute); n != 10 || !oldest.Equal(want) { // pruned at the 96th, which is of minute 95
		t.Errorf("%d checkpoints are noted, the oldest of %v; want 10 since %v", n, oldest, want)
	}
}
