package replica

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"plimsoll/slo/ledger"
)

// lead takes over and leads until another does or ctx ends. An error is one that nobody can go on from.
func (r *Replica) lead(ctx context.Context) error {
	defer r.cfg.Lock.Release()
	epoch, err := r.takeOver(ctx)
	if err != nil {
		if ctx.Err() == nil {
			r.fault(err)
			r.cfg.Logger.Warn("leadership not taken over, trying again", "error", err)
			select {
			case <-ctx.Done():
			case <-time.After(tryEvery):
			}
		}
		return nil
	}
	r.become(Leading, epoch)
	err = r.term(ctx, epoch)
	r.cfg.Store.Forget() // the ledger may hold what is not in the store
	if errors.Is(err, ledger.ErrFenced) {
		r.cfg.Logger.Warn("another process leads; what this one has not saved is counted there", "epoch", epoch, "error", err)
		r.stepDown(ctx)
		return nil
	}
	if err != nil {
		return fmt.Errorf("lead: %w", err)
	}
	return nil
}

// stepDown makes a follower of a process that has led. It is one when it has what the other counted, and knows who that is.
func (r *Replica) stepDown(ctx context.Context) {
	r.become(Starting, 0)
	r.mu.Lock()
	r.status.Position.Leader = "" // not this process any more
	r.mu.Unlock()
	ctx, cancel := context.WithTimeout(ctx, takeOverTimeout)
	defer cancel()
	if _, err := r.follow(ctx); err == nil {
		r.become(Following, 0)
	}
}

// takeOver makes this process, which has the lock, the one that counts. It may take longer than the lock's holder may be silent, and so keeps
// the lock alive meanwhile: otherwise the replicas of a large ledger would take over from each other for ever.
func (r *Replica) takeOver(ctx context.Context) (epoch int64, err error) {
	done := make(chan struct{})
	var keeping sync.WaitGroup
	keeping.Go(func() { r.keep(context.WithoutCancel(ctx), done) })
	defer keeping.Wait()
	defer close(done)
	step := func(do func(context.Context) error) {
		if err != nil {
			return
		}
		ctx, cancel := context.WithTimeout(ctx, takeOverTimeout)
		defer cancel()
		err = do(ctx)
	}
	step(func(ctx context.Context) (err error) { epoch, err = r.cfg.Store.Lead(ctx); return err })
	step(func(ctx context.Context) error { _, err := r.follow(ctx); return err })
	step(func(ctx context.Context) error { return r.cfg.Store.LoadCursors(ctx, r.cfg.Ledger) })
	if err != nil {
		return 0, fmt.Errorf("take over: %w", err)
	}
	return epoch, nil
}

// keep keeps the lock alive until it is done, or the lock is lost: getting it back is up to [Replica.watch].
func (r *Replica) keep(ctx context.Context, done <-chan struct{}) {
	for {
		select {
		case <-done:
			return
		case <-time.After(r.cfg.Lock.Silence() / 4):
		}
		// Not ended by done: a question that is broken off would cost the connection, and with it the lock.
		asking, cancel := context.WithTimeout(ctx, r.cfg.Lock.Silence()/2)
		_, err := r.cfg.Lock.Epoch(asking)
		cancel()
		if err != nil {
			return
		}
	}
}

// term leads under an epoch until ctx ends, the epoch has moved on, or leading ends by itself. The lock is kept alive
// until leading has ended, so that nobody takes over before the last checkpoint is saved.
func (r *Replica) term(ctx context.Context, epoch int64) error {
	leading, end := context.WithCancelCause(context.WithoutCancel(ctx))
	defer end(nil)
	defer context.AfterFunc(ctx, func() { end(nil) })()
	watching, stop := context.WithCancel(context.WithoutCancel(ctx))
	ended := make(chan error, 1)
	go func() {
		defer stop()
		ended <- r.cfg.Lead(leading, epoch)
	}()
	fenced := r.watch(watching, epoch)
	if fenced != nil {
		end(fenced)
	}
	err := <-ended
	switch {
	case fenced != nil && (err == nil || errors.Is(err, ledger.ErrFenced)):
		return fenced
	case fenced != nil:
		return errors.Join(fenced, err)
	case err == nil && ctx.Err() == nil:
		return errors.New("it ended by itself")
	}
	return err
}

// watch keeps the lock alive, and gets it back when it is lost, until ctx ends. It returns [ledger.ErrFenced] when the epoch has
// moved on.
func (r *Replica) watch(ctx context.Context, epoch int64) error {
	held, every := true, r.cfg.Lock.Silence()/4
	for {
		wait := every
		if !held {
			wait = min(every, tryEvery)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(wait):
		}
		now, err := r.hold(ctx, &held)
		switch {
		case ctx.Err() != nil:
			return nil
		case err == nil && now != epoch:
			return fmt.Errorf("%w: the epoch is %d, and that of this process %d", ledger.ErrFenced, now, epoch)
		case held:
			r.become(Leading, epoch)
		default:
			r.become(Suspended, epoch)
		}
		r.fault(err)
	}
}

// hold keeps the lock or gets it back, and returns the epoch.
func (r *Replica) hold(ctx context.Context, held *bool) (epoch int64, err error) {
	ctx, cancel := context.WithTimeout(ctx, r.cfg.Lock.Silence()/2)
	defer cancel()
	if *held {
		if epoch, err = r.cfg.Lock.Epoch(ctx); err == nil {
			return epoch, nil
		}
		r.cfg.Logger.Warn("the lock of the leader is lost; counting on in memory", "error", err)
	}
	if *held, err = r.cfg.Lock.Try(ctx); err != nil {
		return 0, err
	}
	if epoch, err = r.cfg.Lock.Epoch(ctx); err != nil {
		*held = false
	}
	return epoch, err
}
