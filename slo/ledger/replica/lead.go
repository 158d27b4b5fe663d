package replica

import (
	"context"
	"errors"
	"fmt"
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
		r.become(Following, 0)
		return nil
	}
	if err != nil {
		return fmt.Errorf("lead: %w", err)
	}
	return nil
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
