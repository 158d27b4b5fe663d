package postgres_test

import (
	"context"
	"flag"
	"sync"
	"testing"

	"github.com/anishathalye/porcupine"

	"plimsoll/internal/pg/pgtest"
	"plimsoll/slo/gate"
	"plimsoll/slo/gate/postgres"
)

var (
	historySeed     = flag.Uint64("history.seed", 0, "of the requests of TestLinearizable; a random one when 0")
	historyRequests = flag.Int("history.requests", 300, "how many requests TestLinearizable makes before and after each restart of the database")
	historyRestarts = flag.Int("history.restarts", 1, "how often the database is killed during TestLinearizable")
)

// TestLinearizable lets people freeze, thaw and override while others check, through two replicas whose database is killed and
// started again meanwhile, and proves that the history is one of a single place that takes one request at a time.
func TestLinearizable(t *testing.T) {
	t.Parallel()
	db := startCluster(t)
	a, b := newReplica(t, db.URL()), newReplica(t, db.URL())
	r := newRecorder(t, a.Gate, b.Gate)
	r.await = func() { db.await(a.pool, b.pool) }
	clients := r.clients()
	for n := range *historyRestarts {
		r.reach((n + 1) * *historyRequests)
		db.restart()
	}
	r.reach((*historyRestarts + 1) * *historyRequests)
	clients.stop()
	r.script()
	if *historyRestarts > 0 && r.lost == 0 {
		t.Error("no answer was lost: the database was never killed in the middle of a request")
	}
	if result := r.judge(); result != porcupine.Ok {
		t.Errorf("the history of %d requests is %s", len(r.history), result)
	}
	if v, err := b.Verify(t.Context()); err != nil || v.Broken != nil {
		t.Errorf("%+v, %v", v.Broken, err)
	}
}

// TestLinearizableFindsFaults proves that the history of a replica with a fault is rejected by the same judge, and that of one without is not.
func TestLinearizableFindsFaults(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name  string
		fault func(*postgres.Gate) gateway
		want  porcupine.CheckResult
	}{
		{"none", func(g *postgres.Gate) gateway { return g }, porcupine.Ok},
		{"a cache of freezes that lags", func(g *postgres.Gate) gateway { return &laggingFreezes{Gate: g} }, porcupine.Illegal},
		{"an override that is used twice", func(g *postgres.Gate) gateway { return &reusedOverrides{Gate: g, used: map[string]bool{}} }, porcupine.Illegal},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			url := pgtest.URL(t)
			r := newRecorder(t, newReplica(t, url).Gate, tc.fault(newReplica(t, url).Gate))
			clients := r.clients()
			r.reach(*historyRequests / 3)
			clients.stop()
			r.script()
			if result := r.judge(); result != tc.want {
				t.Errorf("the history of %d requests is %s, want %s", len(r.history), result, tc.want)
			}
		})
	}
}

// laggingFreezes answers checks from freezes that it reads for one check in five.
type laggingFreezes struct {
	*postgres.Gate
	mu     sync.Mutex
	asked  int
	frozen map[string]bool
}

func (l *laggingFreezes) Check(ctx context.Context, by string, c gate.Change) (gate.Decision, error) {
	d, err := l.Gate.Check(ctx, by, c)
	if err != nil || d.Reason == gate.Overridden {
		return d, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.asked++; l.asked%5 == 1 {
		states, err := l.Freezes(ctx)
		if err != nil {
			return gate.Decision{}, err
		}
		l.frozen = map[string]bool{}
		for _, s := range states {
			l.frozen[s.Service] = s.Manual != nil && s.Manual.Kind == gate.FreezeByHand
		}
	}
	d.Outcome = gate.Allow
	if l.frozen[c.Service] {
		d.Outcome = gate.Deny
	}
	return d, nil
}

// reusedOverrides remembers which commits had an override, and lets them go again.
type reusedOverrides struct {
	*postgres.Gate
	mu   sync.Mutex
	used map[string]bool
}

func (r *reusedOverrides) Check(ctx context.Context, by string, c gate.Change) (gate.Decision, error) {
	d, err := r.Gate.Check(ctx, by, c)
	r.mu.Lock()
	defer r.mu.Unlock()
	if err == nil && d.Reason == gate.Overridden {
		r.used[c.Commit] = true
	} else if err == nil && r.used[c.Commit] {
		d.Outcome, d.Reason = gate.Allow, gate.Overridden
	}
	return d, err
}
