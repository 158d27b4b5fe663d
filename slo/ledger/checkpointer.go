package ledger

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"
)

// DefaultEvery is the usual time between two checkpoints, and so the most that has to be counted again after a crash.
const DefaultEvery = 5 * time.Second

// saveTimeout bounds one checkpoint, so that a database that takes connections but no longer answers is noticed. It leaves room for the
// first checkpoint after a backfill, a gigabyte on a slow disk.
const saveTimeout = 5 * time.Minute

// lastSave is how long the checkpoint at shutdown may take.
const lastSave = 30 * time.Second

// store keeps checkpoints.
type store interface {
	// Save applies a checkpoint whole or not at all. It returns [ErrFenced] when another process has taken over.
	Save(context.Context, *Checkpoint) error
}

// Checkpointer saves a ledger every now and then, and once more when it is stopped. What could not be saved is saved with the next
// checkpoint.
type Checkpointer struct {
	Ledger *Ledger
	Store  store
	Every  time.Duration // [DefaultEvery] when 0
	Logger *slog.Logger  // [slog.Default] when nil

	saving sync.Mutex // one checkpoint at a time: they must reach the store in order
	mu     sync.Mutex // guards health
	health Health
}

// Health tells how the checkpoints are going.
type Health struct {
	Saved time.Time // the instant of the newest saved checkpoint; zero if there is none
	Err   error     // why the last attempt did not succeed; nil if it did
}

// Age returns how much time is not saved yet, as seen at an instant; false if nothing has been saved.
func (h Health) Age(at time.Time) (time.Duration, bool) {
	return at.Sub(h.Saved), !h.Saved.IsZero()
}

// Health returns how the checkpoints are going.
func (c *Checkpointer) Health() Health {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.health
}

// Run saves checkpoints until ctx ends, and then the last one: whoever commits must have stopped by then.
// It returns early with [ErrFenced] when another process has taken over, for then nothing can be saved any more.
func (c *Checkpointer) Run(ctx context.Context) error {
	logger := cmp.Or(c.Logger, slog.Default())
	ticker := time.NewTicker(cmp.Or(c.Every, DefaultEvery))
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
			err := c.Save(ctx)
			if errors.Is(err, ErrFenced) {
				return err
			}
			if err != nil && ctx.Err() == nil {
				logger.Warn("checkpoint not saved, trying again", "error", err)
			}
		case <-ctx.Done():
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastSave)
			defer cancel()
			if err := c.Save(last); err != nil {
				return fmt.Errorf("save the last checkpoint: %w", err)
			}
			return nil
		}
	}
}

// Save saves a checkpoint now; it gives up after five minutes. When it returns without an error, everything is durable that was
// committed before the call.
func (c *Checkpointer) Save(ctx context.Context) error {
	c.saving.Lock()
	defer c.saving.Unlock()
	ctx, cancel := context.WithTimeout(ctx, saveTimeout)
	defer cancel()
	checkpoint := c.Ledger.checkpoint()
	err := c.Store.Save(ctx, checkpoint)
	if err != nil {
		c.Ledger.putBack(checkpoint)
		err = fmt.Errorf("save checkpoint: %w", err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.health.Err = err
	if err == nil {
		c.health.Saved = checkpoint.At
	}
	return err
}
