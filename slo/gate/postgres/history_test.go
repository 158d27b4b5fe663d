package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"

	"plimsoll/slo/gate"
)

// gateway is what a replica is asked for.
type gateway interface {
	Check(ctx context.Context, by string, c gate.Change) (gate.Decision, error)
	Freeze(ctx context.Context, by, service, environment, reason string, until time.Time) (gate.Event, error)
	Thaw(ctx context.Context, by, service, environment, reason string, until time.Time) (gate.Event, error)
	RequestOverride(ctx context.Context, o gate.Override) (gate.Override, error)
	ApproveOverride(ctx context.Context, by string, id int64) (gate.Override, error)
}

const (
	historyClients = 8
	// turn is how many requests are about one service before the clients go on to the next: the overrides of each are few.
	turn = 60
	// services of the replicas; after the last comes the first again.
	services = 300
)

// recorder lets clients ask two replicas, and writes down what they asked and were told.
type recorder struct {
	t        *testing.T
	replicas [2]gateway
	seed     uint64
	await    func() // the database after an answer was lost
	start    time.Time
	until    time.Time // of freezes and overrides

	mu        sync.Mutex
	asked     int                // requests so far
	overrides map[string][]asked // of each service, those that were acknowledged
	history   []porcupine.Operation
	lost      int
}

// asked is an override that somebody asked for.
type asked struct {
	id     int64
	change int
}

func newRecorder(t *testing.T, a, b gateway) *recorder {
	r := &recorder{t: t, replicas: [2]gateway{a, b}, seed: *historySeed, await: func() {}, start: time.Now(),
		until: historyStart.Add(time.Hour), overrides: map[string][]asked{}}
	if r.seed == 0 {
		r.seed = rand.Uint64()
	}
	t.Logf("-history.seed=%d", r.seed)
	return r
}

// asking is clients under way.
type asking struct {
	end  chan struct{}
	done sync.WaitGroup
}

func (a *asking) stop() {
	close(a.end)
	a.done.Wait()
}

// clients ask at random until they are stopped, every second one the same replica.
func (r *recorder) clients() *asking {
	a := &asking{end: make(chan struct{})}
	for client := range historyClients {
		random := rand.New(rand.NewPCG(r.seed, uint64(client)))
		a.done.Go(func() {
			for {
				select {
				case <-a.end:
					return
				default:
				}
				if r.do(client, client%2, r.next(random)).lost {
					r.await()
				}
			}
		})
	}
	return a
}

// reach returns when so many requests were made.
func (r *recorder) reach(n int) {
	r.t.Helper()
	for deadline := time.Now().Add(2 * time.Minute); ; time.Sleep(5 * time.Millisecond) {
		r.mu.Lock()
		made := r.asked
		r.mu.Unlock()
		switch {
		case made >= n:
			return
		case time.Now().After(deadline):
			r.t.Errorf("only %d of %d requests in two minutes", made, n)
			return
		}
	}
}

// next makes up a request: half are checks of no commit in particular, the others have to do with freezes and overrides.
func (r *recorder) next(random *rand.Rand) request {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.asked++
	in := request{kind: check, service: serviceName(r.asked / turn % services)}
	known := r.overrides[in.service]
	switch n := random.IntN(20); {
	case n < 2:
		in.kind = freeze
	case n < 4:
		in.kind = thaw
	case n < 5:
		in.kind, in.change = ask, r.asked
	case n < 12 && len(known) > 0:
		o := known[random.IntN(len(known))]
		in.change, in.override = o.change, o.id
		if n < 8 {
			in.kind = approve
		}
	}
	return in
}

func serviceName(n int) string { return fmt.Sprintf("service-%d", n) }

// do asks one question. A lost answer says neither that the request took effect nor that it did not, nor when: such an operation never
// returns in the history, so that any place after its call explains it, the very end included. One that could change nothing is left out.
func (r *recorder) do(client, replica int, in request) answer {
	called := time.Since(r.start)
	out := r.ask(r.replicas[replica], in)
	returned := int64(time.Since(r.start))
	r.mu.Lock()
	defer r.mu.Unlock()
	if out.lost {
		r.lost++
		returned = math.MaxInt64
		if in.kind == check && in.change == 0 {
			return out
		}
	}
	if in.kind == ask && out.override != 0 {
		r.overrides[in.service] = append(r.overrides[in.service], asked{out.override, in.change})
	}
	r.history = append(r.history, porcupine.Operation{ClientId: client, Input: in, Call: int64(called), Output: out, Return: returned})
	return out
}

func (r *recorder) ask(g gateway, in request) (out answer) {
	ctx, err := r.t.Context(), error(nil)
	commit := fmt.Sprintf("c%d", in.change)
	switch in.kind {
	case freeze:
		_, err = g.Freeze(ctx, "ada", in.service, "production", "drill", r.until)
	case thaw:
		_, err = g.Thaw(ctx, "ada", in.service, "production", "drill", r.until)
	case ask:
		var o gate.Override
		o, err = g.RequestOverride(ctx, gate.Override{Service: in.service, Environment: "production", Commit: commit, Reason: "drill", By: "ada", Until: r.until})
		out.override, out.refused = o.ID, errors.Is(err, gate.ErrQuota)
	case approve:
		_, err = g.ApproveOverride(ctx, "grace", in.override)
		out.refused = errors.Is(err, gate.ErrOverrideOver)
	case check:
		var d gate.Decision
		d, err = g.Check(ctx, "ci", gate.Change{Service: in.service, Environment: "production", Commit: commit})
		out.outcome, out.overridden = d.Outcome, d.Reason == gate.Overridden
	}
	out.lost = err != nil && !out.refused
	if input := (*gate.InputError)(nil); errors.As(err, &input) || errors.Is(err, gate.ErrNoOverride) || errors.Is(err, gate.ErrUnknownService) {
		r.t.Errorf("%v: %v", in, err) // what was acknowledged is gone, or the request was never good
	}
	return out
}

// script is a story in one order about a service of its own: what the first replica acknowledges, the second has to know.
func (r *recorder) script() {
	const service, commit = "script", 1
	do := func(replica int, in request) answer {
		in.service = service
		return r.do(historyClients, replica, in)
	}
	do(1, request{kind: check})
	do(0, request{kind: freeze})
	do(1, request{kind: check})
	o := do(0, request{kind: ask, change: commit})
	do(1, request{kind: approve, change: commit, override: o.override})
	for _, replica := range []int{1, 1, 0} { // it counts once
		do(replica, request{kind: check, change: commit})
	}
	do(0, request{kind: thaw})
	do(1, request{kind: check})
}

// judge says whether the history is one of the model.
func (r *recorder) judge() porcupine.CheckResult {
	r.t.Logf("%d requests, %d answers lost", len(r.history), r.lost)
	return porcupine.CheckOperationsTimeout(oneGate, r.history, time.Minute)
}
