package ledger_test

import (
	"context"
	"errors"
	"log/slog"
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
