package replica

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"plimsoll/slo/ledger"
)

// store is where checkpoints are kept. Its methods are called one at a time.
type store interface {
	// Lead raises the epoch: from then on nobody else can save.
	Lead(context.Context) (epoch int64, err error)
	// Follow brings a ledger to the newest checkpoint.
	Follow(context.Context, *ledger.Ledger) (ledger.Position, error)
	// Forget makes the next Follow load everything.
	Forget()
	// LoadCursors gives a ledger that has followed the cursors.
	LoadCursors(context.Context, *ledger.Ledger) error
	// Wait returns when there may be a newer checkpoint, at the latest after a time.
	Wait(ctx context.Context, most time.Duration) error
	// Close ends what Wait began.
	Close()
}

// lock is the right to lead. Its methods are called one at a time.
type lock interface {
	Try(context.Context) (held bool, err error)
	// Reach returns without an error when the lock can be tried.
	Reach(context.Context) error
	// Epoch is that of the store; asking keeps the lock alive, and an error means that it is lost.
	Epoch(context.Context) (int64, error)
	Release()
	// Silence is after what time without a call of Epoch the lock is lost.
	Silence() time.Duration
}

// Config of a [Replica].
type Config struct {
	Ledger *ledger.Ledger // required
	Store  store          // required
	Lock   lock           // required
	// Lead counts into the ledger and saves it until ctx ends, and the last of it then. It returns [ledger.ErrFenced] when another
	// has taken over; if ctx ends with that cause there is nothing to be saved any more. When it has returned nobody may
	// change the ledger. Any other error ends Run. Required.
	Lead func(ctx context.Context, epoch int64) error
	// Now tells the time; [time.Now] when nil.
	Now    func() time.Time
	Logger *slog.Logger // [slog.Default] when nil
}

const (
	// tryEvery is how often a follower tries the lock, and the store after an error.
	tryEvery = 500 * time.Millisecond
	// yield is how long, at most, a follower leaves the lock to the old leader when the database is back after it was away: what that one has
	// counted meanwhile is in its memory only, and would be thrown away.
	yield = 4 * tryEvery
	// followEvery is how often a follower looks for checkpoints that it has not heard of.
	followEvery = 5 * time.Second
	// takeOverTimeout bounds each step of a take-over. Raising the epoch waits for a checkpoint that is under way, and a gigabyte may have to
	// be loaded from a slow disk.
	takeOverTimeout = 5 * time.Minute
)

// Replica is one of the processes that keep a ledger.
type Replica struct {
	cfg Config

	mu     sync.Mutex
	status Status
}

// New returns a replica that does nothing yet.
func New(cfg Config) (*Replica, error) {
	if cfg.Ledger == nil || cfg.Store == nil || cfg.Lock == nil || cfg.Lead == nil {
		return nil, errors.New("a replica needs a ledger, a store, a lock and something to lead")
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	cfg.Logger = cmp.Or(cfg.Logger, slog.Default())
	return &Replica{cfg: cfg, status: Status{Role: Starting, Since: cfg.Now()}}, nil
}

// Status returns how the replica fares.
func (r *Replica) Status() Status {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.status
}

// Load fills the ledger with what is stored, so that reads can be answered before Run. It must not be called while Run does its work.
func (r *Replica) Load(ctx context.Context) error {
	_, err := r.follow(ctx)
	return err
}

// Run follows and leads in turn until ctx ends. It can run once.
func (r *Replica) Run(ctx context.Context) error {
	defer r.cfg.Store.Close()
	defer r.cfg.Lock.Release()
	for {
		if err := r.untilElected(ctx); err != nil {
			return nil // ctx has ended
		}
		if err := r.lead(ctx); err != nil || ctx.Err() != nil {
			return err
		}
	}
}

// untilElected follows until this process has the lock or ctx ends.
func (r *Replica) untilElected(ctx context.Context) error {
	following, stop := context.WithCancel(ctx)
	var wg sync.WaitGroup
	wg.Go(func() { r.followOn(following) })
	defer wg.Wait()
	defer stop()
	away := false
	for {
		held, wait := r.try(ctx, &away)
		if held {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(wait):
		}
	}
}

// try tries the lock and returns when to do so again. It gives up when the database says nothing. Away is whether it did not answer the
// last time.
func (r *Replica) try(ctx context.Context, away *bool) (held bool, again time.Duration) {
	ctx, cancel := context.WithTimeout(ctx, r.cfg.Lock.Silence())
	defer cancel()
	if *away {
		if *away = r.cfg.Lock.Reach(ctx) != nil; *away {
			return false, tryEvery
		}
		return false, min(yield, r.cfg.Lock.Silence()/2)
	}
	held, err := r.cfg.Lock.Try(ctx)
	if *away = err != nil; *away {
		r.cfg.Logger.Debug("leadership cannot be tried for", "error", err)
	} else if !held {
		r.become(Following, 0)
	}
	return held, tryEvery
}

// followOn applies checkpoint after checkpoint until ctx ends.
func (r *Replica) followOn(ctx context.Context) {
	for ctx.Err() == nil {
		_, err := r.follow(ctx)
		if err == nil {
			err = r.cfg.Store.Wait(ctx, followEvery)
		}
		if err == nil {
			continue
		}
		select {
		case <-ctx.Done():
		case <-time.After(tryEvery):
		}
	}
}

// follow brings the ledger to the newest checkpoint. What keeps it from that is in the status, and is logged when it begins and ends.
func (r *Replica) follow(ctx context.Context) (ledger.Position, error) {
	position, err := r.cfg.Store.Follow(ctx, r.cfg.Ledger)
	if err != nil && ctx.Err() != nil {
		return position, err
	}
	r.mu.Lock()
	before := r.status.Err
	r.status.Err = err
	if err == nil {
		r.status.Position = position
	}
	r.mu.Unlock()
	switch {
	case err != nil && before == nil:
		r.cfg.Logger.Warn("the ledger's store cannot be followed, trying again; reads are answered from memory", "error", err)
	case err == nil && before != nil:
		r.cfg.Logger.Info("the ledger's store is followed again", "checkpoint", position.Checkpoint)
	}
	return position, err
}

// become takes a role.
func (r *Replica) become(role Role, epoch int64) {
	r.mu.Lock()
	from := r.status.Role
	if from != role {
		r.status.Role, r.status.Since = role, r.cfg.Now()
	}
	r.status.Epoch = epoch
	position := r.status.Position
	r.mu.Unlock()
	if from == role {
		return
	}
	switch role {
	case Following:
		r.cfg.Logger.Info("following", "leader", position.Leader, "epoch", position.Epoch, "was", from)
	default:
		r.cfg.Logger.Info(string(role), "epoch", epoch, "was", from)
	}
}

// fault puts what is wrong, or nil, into the status.
func (r *Replica) fault(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.status.Err = err
}
