package ledger_test

import (
	"context"
	"errors"
	"log/slog"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"plimsoll/slo/ledger"
)

// counting is a store that counts the saves and gives a fixed answer.
type counting struct {
	saves int
	err   error
}

func (c *counting) Save(context.Context, *ledger.Checkpoint) error {
	c.saves++
	return c.err
}

func TestCheckpointerRun(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name      string
		answer    error
		wantSaves int
		want      error
	}{
		{"saves every so often and once more at the end", nil, 4, nil},
		{"goes on when the store is down", errDown, 4, errDown},
		{"gives up when another has taken over", ledger.ErrFenced, 1, ledger.ErrFenced},
	} {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), 17*time.Second)
			defer cancel()
			store := &counting{err: c.answer}
			checkpoints := &ledger.Checkpointer{Ledger: newLedger(ledger.Config{}), Store: store, Logger: slog.New(slog.DiscardHandler)}
			if err := checkpoints.Run(ctx); !errors.Is(err, c.want) {
				t.Errorf("%s: %v, want %v", c.name, err, c.want)
			}
			if store.saves != c.wantSaves {
				t.Errorf("%s: %d saves, want %d", c.name, store.saves, c.wantSaves)
			}
		})
	}
}

// hanging is a store whose answer never comes.
type hanging struct{}

func (hanging) Save(ctx context.Context, _ *ledger.Checkpoint) error { <-ctx.Done(); return ctx.Err() }

// A database that hangs shows in the health, and does not keep the process from ending.
func TestSaveThatHangs(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		checkpoints := &ledger.Checkpointer{Ledger: newLedger(ledger.Config{}), Store: hanging{}, Logger: slog.New(slog.DiscardHandler)}
		ended := make(chan error, 1)
		go func() { ended <- checkpoints.Run(ctx) }()
		time.Sleep(10 * time.Minute) // of the bubble's clock
		if err := checkpoints.Health().Err; !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("health says %v, want %v", err, context.DeadlineExceeded)
		}
		cancel()
		if err := <-ended; !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("ended with %v, want %v", err, context.DeadlineExceeded)
		}
	})
}

func TestHealth(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := &counting{}
		checkpoints := &ledger.Checkpointer{Ledger: newLedger(ledger.Config{}), Store: store}
		if _, ok := checkpoints.Health().Age(time.Now()); ok {
			t.Error("an age before the first checkpoint")
		}
		if err := checkpoints.Save(t.Context()); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		store.err = errDown
		if err := checkpoints.Save(t.Context()); !errors.Is(err, errDown) {
			t.Fatalf("save: %v, want %v", err, errDown)
		}
		h := checkpoints.Health()
		if age, ok := h.Age(time.Now()); !ok || age != time.Minute || !errors.Is(h.Err, errDown) {
			t.Errorf("age %v, %v, error %v; want a minute and the error", age, ok, h.Err)
		}
	})
}

// gated is a store of which a test opens the door for each save.
type gated struct {
	began, open chan struct{}
	saves       int
	busy        atomic.Bool   // while it saves
	answers     map[int]error // of the nth save, from 1
}

func newGated() *gated {
	return &gated{began: make(chan struct{}), open: make(chan struct{}), answers: map[int]error{}}
}

func (g *gated) Save(ctx context.Context, _ *ledger.Checkpoint) error {
	g.busy.Store(true)
	defer g.busy.Store(false)
	g.saves++
	g.began <- struct{}{}
	select {
	case <-g.open:
		return g.answers[g.saves]
	case <-ctx.Done():
		time.Sleep(time.Second) // of the bubble's clock: it takes a while to give up
		return ctx.Err()
	}
}

// Callers that come while a checkpoint is on its way must not return with it: it may lack what they committed.
func TestSyncSharesTheNextCheckpoint(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := newGated()
		store.answers[2] = errDown
		checkpoints := &ledger.Checkpointer{Ledger: newLedger(ledger.Config{}), Store: store}
		first := make(chan error, 1)
		go func() { first <- checkpoints.Sync(t.Context()) }()
		<-store.began
		others := make(chan error, 100)
		for range cap(others) {
			go func() { others <- checkpoints.Sync(t.Context()) }()
		}
		impatient, cancel := context.WithCancel(t.Context())
		cancel()
		if err := checkpoints.Sync(impatient); !errors.Is(err, context.Canceled) {
			t.Errorf("sync of a caller that has gone: %v, want %v", err, context.Canceled)
		}
		synctest.Wait()
		store.open <- struct{}{}
		if err := <-first; err != nil {
			t.Fatal(err)
		}
		<-store.began
		synctest.Wait()
		if len(others) != 0 {
			t.Fatal("a caller returned with a checkpoint that had begun before it called")
		}
		store.open <- struct{}{}
		for range cap(others) {
			if err := <-others; !errors.Is(err, errDown) {
				t.Fatalf("%v, want what became of the shared checkpoint", err)
			}
		}
		synctest.Wait()
		if store.saves != 2 {
			t.Errorf("%d checkpoints for 102 callers, want 2", store.saves)
		}
	})
}

// After Run nothing is saved any more: what had begun has ended, and whoever waits is told.
func TestNothingIsSavedAfterRun(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := newGated()
		checkpoints := &ledger.Checkpointer{Ledger: newLedger(ledger.Config{}), Store: store, Logger: slog.New(slog.DiscardHandler)}
		running, end := context.WithCancelCause(t.Context())
		ended, syncs := make(chan error, 1), make(chan error, 2)
		go func() { ended <- checkpoints.Run(running) }()
		go func() { syncs <- checkpoints.Sync(t.Context()) }()
		<-store.began
		go func() { syncs <- checkpoints.Sync(t.Context()) }()
		synctest.Wait()
		end(ledger.ErrFenced)
		if err := <-ended; !errors.Is(err, ledger.ErrFenced) {
			t.Errorf("run ended with %v, want the cause", err)
		}
		if store.busy.Load() {
			t.Error("something is being saved after the end")
		}
		for range 2 {
			if err := <-syncs; err == nil {
				t.Error("a sync that was given up says that all is durable")
			}
		}
		if err := checkpoints.Sync(t.Context()); !errors.Is(err, ledger.ErrFenced) {
			t.Errorf("sync after the end: %v, want %v", err, ledger.ErrFenced)
		}
		if store.saves != 1 {
			t.Errorf("%d checkpoints, want only the one that was given up", store.saves)
		}
	})
}
