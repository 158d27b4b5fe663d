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

// ErrStopped is returned by [Checkpointer.Sync] when no further checkpoint will be saved.
var ErrStopped = errors.New("the ledger is not being saved any more")

// store keeps checkpoints.
type store interface {
	// Save applies a checkpoint whole or not at all. It returns [ErrFenced] when another process has taken over.
	Save(context.Context, *Checkpoint) error
}

// Checkpointer saves a ledger every now and then, when somebody waits for it, and once more when it is stopped. What could not be
// saved is saved with the next checkpoint.
//
// Whoever must know that something is durable calls Sync. Callers that come while a checkpoint is on its way share the one after
// it, so that a hundred callers cost two checkpoints:
//
//	Sync ─┐                       Sync, Sync, Sync ─┐
//	      └▶ [ checkpoint 1 ──▶ store ]             └▶ [ checkpoint 2 ──▶ store ] ──▶ all three return
type Checkpointer struct {
	Ledger *Ledger
	Store  store
	Every  time.Duration // [DefaultEvery] when 0
	Logger *slog.Logger  // [slog.Default] when nil

	saving sync.Mutex // one checkpoint at a time: they must reach the store in order
	hours  capture    // used under saving

	mu     sync.Mutex // guards what follows
	health Health
	next   *round             // the one that callers join; nil if nobody waits
	abort  context.CancelFunc // ends the round that is being saved; nil if there is none
	idle   chan struct{}      // closed when no round is being saved any more; nil if none is
	ended  error              // why no further round begins
}

// round is one checkpoint and those who wait for it.
type round struct {
	done chan struct{} // closed when err is set
	err  error
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

// Run saves checkpoints until ctx ends, and then the last one: whoever commits must have stopped by then. It returns early with
// [ErrFenced] when another process has taken over, for then nothing can be saved any more; a ctx that ends with that cause
// has no last checkpoint either. When Run has returned nothing is being saved. It can run once.
func (c *Checkpointer) Run(ctx context.Context) error {
	err := c.run(ctx)
	reason := ErrStopped
	if errors.Is(err, ErrFenced) {
		reason = ErrFenced
	}
	c.end(reason)
	return err
}

func (c *Checkpointer) run(ctx context.Context) error {
	logger := cmp.Or(c.Logger, slog.Default())
	ticker := time.NewTicker(cmp.Or(c.Every, DefaultEvery))
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
			err := c.Sync(ctx)
			if errors.Is(err, ErrFenced) {
				return err
			}
			if err != nil && ctx.Err() == nil {
				logger.Warn("checkpoint not saved, trying again", "error", err)
			}
		case <-ctx.Done():
			if err := context.Cause(ctx); errors.Is(err, ErrFenced) {
				return err
			}
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastSave)
			defer cancel()
			if err := c.Sync(last); err != nil {
				return fmt.Errorf("save the last checkpoint: %w", err)
			}
			return nil
		}
	}
}

// Sync returns when everything is durable that was committed before the call. After an error that is not known: it may or may not
// be. An end of ctx ends the waiting, not the checkpoint.
func (c *Checkpointer) Sync(ctx context.Context) error {
	r, err := c.join()
	if err != nil {
		return err
	}
	select {
	case <-r.done:
		return r.err
	case <-ctx.Done():
		return fmt.Errorf("wait for checkpoint: %w", ctx.Err())
	}
}

// join returns the next round to begin, and has it begin if no other is under way.
func (c *Checkpointer) join() (*round, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ended != nil {
		return nil, c.ended
	}
	if c.next == nil {
		c.next = &round{done: make(chan struct{})}
	}
	if c.idle == nil {
		c.idle = make(chan struct{})
		go c.serve()
	}
	return c.next, nil
}

// serve saves one round after the other until nobody waits. It ends by itself.
func (c *Checkpointer) serve() {
	for {
		ctx, cancel := context.WithTimeout(context.Background(), saveTimeout)
		r := c.begin(cancel)
		if r == nil {
			cancel()
			return
		}
		if r.err == nil {
			r.err = c.Save(ctx)
		}
		cancel()
		close(r.done)
	}
}

// begin takes the round that callers have joined; nil if there is none. After the end the round has its error already.
func (c *Checkpointer) begin(abort context.CancelFunc) *round {
	c.mu.Lock()
	defer c.mu.Unlock()
	r := c.next
	if r == nil {
		close(c.idle)
		c.idle, c.abort = nil, nil
		return nil
	}
	r.err = c.ended
	c.next, c.abort = nil, abort
	return r
}

// end lets no further round begin, gives up the one that is being saved, and waits for its end.
func (c *Checkpointer) end(reason error) {
	c.mu.Lock()
	c.ended = reason
	if c.abort != nil {
		c.abort()
	}
	idle := c.idle
	c.mu.Unlock()
	if idle != nil {
		<-idle
	}
}

// Save saves a checkpoint of its own now, after the one that is being saved. When it returns without an error, everything is durable that was
// committed before the call.
func (c *Checkpointer) Save(ctx context.Context) error {
	c.saving.Lock()
	defer c.saving.Unlock()
	checkpoint := c.Ledger.checkpoint(&c.hours)
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
