package ledger_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"plimsoll/slo"
	"plimsoll/slo/ledger"
)

// saver is a store that is a function.
type saver func(*ledger.Checkpoint) error

func (f saver) Save(_ context.Context, c *ledger.Checkpoint) error { return f(c) }

// TestFollowerAgrees lets a follower go along with a leader block by block, sometimes from the start again, and take over whole states.
func TestFollowerAgrees(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		m := newMachine(t)
		follower := ledger.New(ledger.Config{})
		follower.SetObjectives(objectives(keys))
		m.checkpoints.Store = saver(func(c *ledger.Checkpoint) error {
			for _, o := range c.Objectives {
				if err := follower.ApplyObjective(o); err != nil {
					return err
				}
			}
			return m.store.Save(t.Context(), c)
		})
		t.Repeat(map[string]func(*rapid.T){
			"commit":       m.Commit,
			"commit again": m.Commit,
			"save": func(t *rapid.T) {
				if err := m.checkpoints.Save(t.Context()); err != nil {
					t.Fatal(err)
				}
				for _, key := range keys {
					m.compare(t, reader(t, follower, key), m.judged(key))
					want, _ := m.l.Status(key, time.UnixMilli(m.now))
					got, _ := follower.Status(key, time.UnixMilli(m.now))
					if diff := cmp.Diff(want, got); diff != "" {
						t.Fatalf("(-leader +follower)\n%s", diff)
					}
				}
			},
			"correct": func(t *rapid.T) {
				m.Correct(t)
				follower.SetCorrections(m.corrections)
			},
			"replace": func(t *rapid.T) {
				fresh := ledger.New(ledger.Config{})
				if err := m.store.load(fresh); err != nil {
					t.Fatal(err)
				}
				follower.Replace(fresh)
			},
		})
	})
}

func reader(t *rapid.T, l *ledger.Ledger, key slo.Key) slo.Reader {
	r, ok := l.Reader(key)
	if !ok {
		t.Fatalf("no reader of %s", key)
	}
	return r
}

func TestReplaceKeepsRefsAndForgetsTheRest(t *testing.T) {
	t.Parallel()
	old, fresh := ledger.New(ledger.Config{}), ledger.New(ledger.Config{})
	old.SetObjectives(objectives([]slo.Key{"a/a", "a/b"}))
	fresh.SetObjectives(objectives([]slo.Key{"a/c", "a/b"}))
	commit := func(l *ledger.Ledger, key slo.Key, n int64) {
		ref, _ := l.Ref(key)
		at := base.UnixMilli()
		l.Commit(&ledger.Batch{
			Increments: []ledger.Increment{{Objective: ref, From: at, To: at, Good: n, Total: n}},
			Cursors:    []*ledger.Cursor{{Key: string(key), T: at}},
		})
	}
	commit(old, "a/a", 1)
	commit(old, "a/b", 2)
	commit(fresh, "a/b", 3)
	commit(fresh, "a/c", 4)
	kept, _ := old.Reader("a/a")
	ref, _ := old.Ref("a/b")
	changed := old.Changed()
	old.Replace(fresh)
	select {
	case <-changed:
	default:
		t.Error("nobody is told")
	}
	got := map[slo.Key]int64{}
	for _, s := range old.Statuses(base) {
		got[s.Objective.Key] = s.Window.Total
	}
	if diff := cmp.Diff(map[slo.Key]int64{"a/a": 0, "a/b": 3}, got); diff != "" {
		t.Error(diff)
	}
	if again, _ := old.Ref("a/b"); again != ref {
		t.Errorf("ref %d became %d", ref, again)
	}
	if n := kept.Read(0, slo.MinuteOf(base)).Total; n != 1 {
		t.Errorf("a reader from before sees %d events, want 1", n)
	}
	if _, ok := old.Cursor("a/a"); ok {
		t.Error("a cursor of the old state is still there")
	}
	commit(old, "a/b", 5)
	if s, _ := old.Status("a/b", base); s.Window.Total != 8 {
		t.Errorf("%d events after a commit, want 8", s.Window.Total)
	}
}

func TestApplyRefusesWholeWhatIsCorrupt(t *testing.T) {
	t.Parallel()
	var state ledger.ObjectiveState
	leader := newLedger(ledger.Config{})
	leader.Commit(increment(base.Add(-3*time.Hour), base, 5, 7))
	c := &ledger.Checkpointer{Ledger: leader, Store: saver(func(c *ledger.Checkpoint) error { state = c.Objectives[0]; return nil })}
	if err := c.Save(t.Context()); err != nil {
		t.Fatal(err)
	}
	last := &state.Blocks[len(state.Blocks)-1]
	last.Data = slices.Clone(last.Data)
	last.Data[10] ^= 1
	follower := newLedger(ledger.Config{})
	if err := follower.ApplyObjective(state); !errors.Is(err, ledger.ErrCorrupt) {
		t.Fatalf("applied a corrupt block: %v", err)
	}
	if s, _ := follower.Status("video/availability", base); s.Window.Total != 0 {
		t.Errorf("a part was applied: %+v", s.Window)
	}
}
