package replica_test

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"plimsoll/slo/ledger"
	"plimsoll/slo/ledger/replica"
)

var errAway = errors.New("the database is away")

// cluster is a database in which one may hold the lock, and who writes under the newest epoch.
type cluster struct {
	mu         sync.Mutex
	away       bool
	holder     *session
	epoch      int64
	checkpoint int64
}

func (c *cluster) set(change func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	change()
}

// session is what one process has of the cluster: its store and its lock.
type session struct {
	cluster *cluster
	forgot  int
	loads   int
	cursors int
	slow    time.Duration // that it takes to load cursors
	reading time.Duration // that it takes to follow
	heard   time.Time     // when it last kept the lock alive; zero for one that is never silent
}

func (s *session) ask(f func(c *cluster)) error {
	s.cluster.mu.Lock()
	defer s.cluster.mu.Unlock()
	if s.cluster.away {
		return errAway
	}
	f(s.cluster)
	return nil
}

func (s *session) Lead(context.Context) (epoch int64, err error) {
	err = s.ask(func(c *cluster) { c.epoch++; epoch = c.epoch })
	return epoch, err
}

func (s *session) Follow(context.Context, *ledger.Ledger) (at ledger.Position, err error) {
	time.Sleep(s.reading)
	err = s.ask(func(c *cluster) { s.loads++; at = ledger.Position{Epoch: c.epoch, Checkpoint: c.checkpoint} })
	return at, err
}

func (s *session) Forget() { s.forgot++ }

func (s *session) LoadCursors(context.Context, *ledger.Ledger) error {
	time.Sleep(s.slow)
	return s.ask(func(*cluster) { s.cursors++ })
}

func (s *session) Wait(ctx context.Context, most time.Duration) error {
	select {
	case <-ctx.Done():
	case <-time.After(most):
	}
	return ctx.Err()
}

func (s *session) Close() {}

func (s *session) Try(context.Context) (held bool, err error) {
	err = s.ask(func(c *cluster) {
		if h := c.holder; h == nil || !h.heard.IsZero() && time.Since(h.heard) > h.Silence() {
			c.holder = s
		}
		if held = c.holder == s; held {
			s.heard = time.Now()
		}
	})
	return held, err
}

func (s *session) Reach(context.Context) error { return s.ask(func(*cluster) {}) }

func (s *session) Epoch(context.Context) (epoch int64, err error) {
	err = s.ask(func(c *cluster) { epoch, s.heard = c.epoch, time.Now() })
	if err != nil {
		s.Release()
	}
	return epoch, err
}

func (s *session) Release() {
	s.cluster.set(func() {
		if s.cluster.holder == s {
			s.cluster.holder = nil
		}
	})
}

func (s *session) Silence() time.Duration { return 10 * time.Second }

// process is a replica that runs.
type process struct {
	*replica.Replica
	session *session
	stop    context.CancelFunc
	ended   chan error
	terms   chan term // those that have begun
}

// term is one time of leading, as the process that leads sees it.
type term struct {
	epoch int64
	ctx   context.Context
	end   chan error // what leading is to end with by itself
}

func run(t *testing.T, c *cluster) *process {
	t.Helper()
	return launch(t, &session{cluster: c})
}

func launch(t *testing.T, s *session) *process {
	t.Helper()
	p := &process{session: s, ended: make(chan error, 1), terms: make(chan term, 10)}
	var err error
	p.Replica, err = replica.New(replica.Config{
		Ledger: ledger.New(ledger.Config{}), Store: p.session, Lock: p.session, Logger: slog.New(slog.DiscardHandler),
		Lead: func(ctx context.Context, epoch int64) error {
			own := term{epoch, ctx, make(chan error)}
			p.terms <- own
			select {
			case <-ctx.Done():
				return context.Cause(ctx)
			case err := <-own.end:
				return err
			}
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	p.stop = stop
	go func() { p.ended <- p.Run(ctx) }()
	return p
}

func (p *process) expect(t *testing.T, role replica.Role, epoch int64) {
	t.Helper()
	synctest.Wait()
	if s := p.Status(); s.Role != role || s.Epoch != epoch {
		t.Fatalf("%s with epoch %d, want %s with %d", s.Role, s.Epoch, role, epoch)
	}
}

func (p *process) finish(t *testing.T) {
	t.Helper()
	p.stop()
	if err := <-p.ended; err != nil && !errors.Is(err, context.Canceled) {
		t.Errorf("ended with %v", err)
	}
}

func TestOneLeadsAndTheOtherFollows(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := &cluster{}
		a := run(t, c)
		a.expect(t, replica.Leading, 1)
		b := run(t, c)
		b.expect(t, replica.Following, 0)
		c.set(func() { c.checkpoint = 7 })
		time.Sleep(5 * time.Second)
		synctest.Wait()
		if diff := cmp.Diff(ledger.Position{Epoch: 1, Checkpoint: 7}, b.Status().Position); diff != "" {
			t.Errorf("where the follower is (-want +got):\n%s", diff)
		}
		a.finish(t)
		time.Sleep(time.Second)
		b.expect(t, replica.Leading, 2)
		if b.session.cursors != 1 {
			t.Error("it counts without the cursors")
		}
		b.finish(t)
		if c.holder != nil {
			t.Error("the lock is not given back")
		}
	})
}

// Taking over a large ledger takes longer than a leader may be silent. The others leave it to whoever has begun.
func TestTakingOverTakesLong(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := &cluster{}
		a := launch(t, &session{cluster: c, slow: time.Minute})
		a.expect(t, replica.Starting, 0)
		b := run(t, c)
		time.Sleep(30 * time.Second)
		b.expect(t, replica.Following, 0)
		time.Sleep(30 * time.Second)
		a.expect(t, replica.Leading, 1)
		b.finish(t)
		a.finish(t)
	})
}

// The database goes away and comes back, and nobody has led in between: what is in memory stays. A follower does not come first.
func TestLeaderGoesOnAfterAnOutage(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := &cluster{}
		a := run(t, c)
		a.expect(t, replica.Leading, 1)
		own := <-a.terms
		b := run(t, c)
		b.expect(t, replica.Following, 0)
		c.set(func() { c.away, c.holder = true, nil })
		time.Sleep(time.Minute)
		a.expect(t, replica.Suspended, 1)
		b.expect(t, replica.Following, 0)
		if err := a.Status().Err; !errors.Is(err, errAway) {
			t.Errorf("status says %v, want why", err)
		}
		c.set(func() { c.away = false })
		time.Sleep(time.Second)
		a.expect(t, replica.Leading, 1)
		if own.ctx.Err() != nil || a.session.forgot != 0 {
			t.Error("it threw away what it had counted, though nobody else had")
		}
		if err := a.Status().Err; err != nil {
			t.Errorf("status still says %v", err)
		}
		time.Sleep(time.Minute)
		b.expect(t, replica.Following, 0) // it left the lock to the old leader
		b.finish(t)
		a.finish(t)
	})
}

// A leader was frozen, another took over: the old one stops counting, forgets, and follows.
func TestLeaderStepsDownWhenAnotherHasLed(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name   string
		follow bool // the other still leads when the old leader wakes
	}{{"and still does", true}, {"and has gone", false}} {
		synctest.Test(t, func(t *testing.T) {
			c := &cluster{}
			a := run(t, c)
			a.expect(t, replica.Leading, 1)
			own := <-a.terms
			other := &session{cluster: c}
			c.set(func() { c.holder, c.epoch = other, 2 })
			if !tc.follow {
				other.Release()
			}
			time.Sleep(3 * time.Second)
			synctest.Wait()
			if !errors.Is(context.Cause(own.ctx), ledger.ErrFenced) {
				t.Fatalf("%s: the old term ended with %v, want %v", tc.name, context.Cause(own.ctx), ledger.ErrFenced)
			}
			if a.session.forgot == 0 {
				t.Errorf("%s: it goes on with what it had not saved", tc.name)
			}
			if tc.follow {
				a.expect(t, replica.Following, 0)
				other.Release()
			}
			time.Sleep(time.Second)
			a.expect(t, replica.Leading, 3)
			a.finish(t)
		})
	}
}

// A process that has led is no follower before it has what the new leader saved: it would name itself as the leader, and hold what was
// not saved.
func TestStepDownTakesTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := &cluster{}
		a := run(t, c)
		a.expect(t, replica.Leading, 1)
		a.session.reading = 10 * time.Second
		other := &session{cluster: c}
		c.set(func() { c.holder, c.epoch = other, 2 })
		time.Sleep(5 * time.Second)
		a.expect(t, replica.Starting, 0)
		time.Sleep(10 * time.Second)
		a.expect(t, replica.Following, 0)
		if got := a.Status().Position.Epoch; got != 2 {
			t.Errorf("it follows epoch %d, want 2", got)
		}
		a.finish(t)
	})
}

// The lock is held by a session that nobody has noticed the end of, such as the process's own before the network broke: it counts on
// until the epoch says otherwise.
func TestLockHeldButNobodyLeads(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := &cluster{}
		a := run(t, c)
		a.expect(t, replica.Leading, 1)
		ghost := &session{cluster: c}
		c.set(func() { c.away, c.holder = true, ghost })
		time.Sleep(3 * time.Second)
		c.set(func() { c.away = false })
		time.Sleep(time.Second)
		a.expect(t, replica.Suspended, 1)
		ghost.Release()
		time.Sleep(time.Second)
		a.expect(t, replica.Leading, 1)
		a.finish(t)
	})
}

func TestLeadingEnds(t *testing.T) {
	t.Parallel()
	broken := errors.New("a part cannot go on")
	for _, tc := range []struct {
		name string
		with error
		want error // nil: it goes on as a follower and leads again
	}{
		{"its checkpoint was refused", ledger.ErrFenced, nil},
		{"a part failed", broken, broken},
	} {
		synctest.Test(t, func(t *testing.T) {
			c := &cluster{}
			a := run(t, c)
			(<-a.terms).end <- tc.with
			if tc.want == nil {
				time.Sleep(time.Second)
				a.expect(t, replica.Leading, 2)
				a.finish(t)
				return
			}
			if err := <-a.ended; !errors.Is(err, tc.want) {
				t.Errorf("%s: %v, want %v", tc.name, err, tc.want)
			}
			if c.holder != nil {
				t.Errorf("%s: the lock is not given back", tc.name)
			}
		})
	}
	synctest.Test(t, func(t *testing.T) {
		a := run(t, &cluster{})
		(<-a.terms).end <- nil
		if err := <-a.ended; err == nil {
			t.Error("leading ended by itself, and nobody is told")
		}
	})
}

// A process that starts while the database is away waits for it.
func TestStartWithoutDatabase(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := &cluster{away: true}
		a := run(t, c)
		time.Sleep(time.Minute)
		a.expect(t, replica.Starting, 0)
		if err := a.Load(t.Context()); !errors.Is(err, errAway) {
			t.Errorf("load: %v, want %v", err, errAway)
		}
		c.set(func() { c.away = false })
		time.Sleep(5 * time.Second)
		a.expect(t, replica.Leading, 1)
		a.finish(t)
	})
}
