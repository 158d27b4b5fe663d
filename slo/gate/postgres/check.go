package postgres

import (
	"context"
	"fmt"
	"reflect"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"plimsoll/internal/identity"
	"plimsoll/slo/gate"
)

const (
	// batchSize bounds the checks that share one transaction.
	batchSize = 512
	// batchTimeout bounds a transaction, which no single caller may cancel.
	batchTimeout = 10 * time.Second
)

// check is a question on its way into the audit log.
type check struct {
	asker    context.Context // whose end says that nobody waits for the answer any more
	by       string
	change   gate.Change
	policy   *gate.Policy
	snapshot gate.Snapshot

	decision gate.Decision
	err      error
	done     chan struct{} // closed when decision or err is set
}

// Check answers whether a change may go out, asked by a subject. The answer is in the audit log, on disk, before it is
// returned. An invalid change is a *gate.InputError, and one that the identity in ctx has no grant for an identity.ErrForbidden; any other error means that nothing could be decided, which
// the caller must not take as an allow.
func (g *Gate) Check(ctx context.Context, by string, c gate.Change) (gate.Decision, error) {
	q, err := g.ask(ctx, by, c)
	if err != nil {
		return gate.Decision{}, err
	}
	g.enqueue(q)
	select {
	case <-q.done:
		return q.decision, q.err
	case <-ctx.Done():
		return gate.Decision{}, fmt.Errorf("wait for audit log: %w", ctx.Err())
	}
}

// Preview decides like Check but records nothing, for pages and metrics. It is not ordered with freezes.
func (g *Gate) Preview(ctx context.Context, c gate.Change) (gate.Decision, error) {
	q, err := g.ask(ctx, "", c)
	if err != nil {
		return gate.Decision{}, err
	}
	err = pgx.BeginTxFunc(ctx, g.cfg.Pool, pgx.TxOptions{AccessMode: pgx.ReadOnly}, func(tx pgx.Tx) (err error) {
		if q.snapshot.Freeze, err = loadFreeze(ctx, tx, q.place()); err != nil {
			return err
		}
		exemptions, err := g.loadExemptions(ctx, tx, []place{q.place()}, q.snapshot.At)
		q.snapshot.Exemptions = exemptions[q.place()]
		return err
	})
	return gate.Decide(q.policy, q.snapshot, q.change), err
}

func (g *Gate) ask(ctx context.Context, by string, c gate.Change) (*check, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	if err := identity.Authorize(ctx, identity.AskGate, identity.Place{Service: c.Service, Environment: c.Environment}); err != nil {
		return nil, err
	}
	policies := g.cfg.Policies() // once: what is gathered is what the policy that decides asks for
	policy := policies.For(c.Service, c.Environment)
	s, err := g.snapshot(ctx, c, policy)
	if err != nil {
		return nil, err
	}
	s.Environments = policies.Environments(c.Service)
	return &check{asker: ctx, by: by, change: c, snapshot: s, policy: policy, done: make(chan struct{})}, nil
}

func (q *check) place() place { return place{q.change.Service, q.change.Environment} }

// enqueue puts a check into the next transaction, and starts one if none is under way.
func (g *Gate) enqueue(q *check) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.waiting = append(g.waiting, q)
	if !g.busy {
		g.busy = true
		go g.drain()
	}
}

// drain commits waiting checks until there are none. It ends by itself. A check that nobody waits for any more is left out: it would use up an
// override or the turn of a thaw for an answer that nobody hears.
func (g *Gate) drain() {
	for {
		g.mu.Lock()
		n := min(len(g.waiting), batchSize)
		batch := g.waiting[:n:n]
		g.waiting = g.waiting[n:]
		g.busy = n > 0
		g.mu.Unlock()
		if n == 0 {
			return
		}
		if batch = slices.DeleteFunc(batch, func(q *check) bool { return q.asker.Err() != nil }); len(batch) == 0 {
			continue
		}
		err := g.commit(batch)
		for _, q := range batch {
			q.err = err
			close(q.done)
		}
	}
}

// commit decides and records a batch in one transaction of three round trips: its begin, what it reads, and what it writes with its commit.
func (g *Gate) commit(batch []*check) error {
	ctx, cancel := context.WithTimeout(context.Background(), batchTimeout)
	defer cancel()
	conn, err := g.cfg.Pool.Acquire(ctx)
	if err != nil {
		return fmt.Errorf("connect to audit log: %w", err)
	}
	defer conn.Release()
	tx, err := conn.Begin(ctx)
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	chain, err := g.recordAll(ctx, tx, batch)
	if err != nil {
		_ = tx.Rollback(ctx) // where even that fails, the connection goes and the transaction with it
		return err
	}
	for _, version := range chain.policies {
		g.recorded[version] = true
	}
	return nil
}

// recordAll decides and appends a batch and commits.
func (g *Gate) recordAll(ctx context.Context, tx pgx.Tx, batch []*check) (*chain, error) {
	r, err := g.read(ctx, tx, batch)
	if err != nil {
		return nil, err
	}
	moved := map[place]bool{}
	for _, q := range batch {
		admitted, err := g.record(ctx, tx, r, q)
		if err != nil {
			return nil, err
		}
		if admitted {
			moved[q.place()] = true
		}
	}
	var states []gate.State
	for p := range moved {
		states = append(states, r.states[p])
	}
	return r.chain, r.chain.commit(ctx, tx, states, r.at)
}

// reading is what a batch reads under the lock of the audit log.
type reading struct {
	chain      *chain
	at         time.Time // when the lock was there: the instant of the whole batch
	states     map[place]gate.State
	overrides  map[commitKey]*gate.Override
	exemptions map[place][]gate.Exemption
}

// read takes the lock and reads all that there is to read after it in the same round trip.
func (g *Gate) read(ctx context.Context, tx pgx.Tx, batch []*check) (*reading, error) {
	places := make([]place, len(batch))
	for i, q := range batch {
		places[i] = q.place()
	}
	var b pgx.Batch
	asked := g.now()
	r := &reading{chain: queueLock(&b), states: queueFreezes(&b, places)}
	overrides, exemptions := queueOverrides(&b, batch, asked), queueExemptions(&b, places, asked)
	err := tx.SendBatch(ctx, &b).Close()
	if err != nil {
		return nil, err
	}
	r.at = g.now()
	r.overrides, r.exemptions = usable(*overrides, r.at), g.exemptionsAt(*exemptions, r.at)
	return r, nil
}

// record decides one check and appends the decision. It reports whether that has moved the freeze, which counts the changes that it admits.
func (g *Gate) record(ctx context.Context, tx pgx.Tx, r *reading, q *check) (moved bool, err error) {
	if err := g.recordPolicy(ctx, tx, r.chain, r.at, q.policy); err != nil {
		return false, err
	}
	p, key := q.place(), commitKey{q.change.Service, q.change.Environment, q.change.Commit}
	state := r.states[p]
	q.snapshot.At, q.snapshot.Freeze, q.snapshot.Override, q.snapshot.Exemptions = r.at, state, r.overrides[key], r.exemptions[p]
	d := gate.Decide(q.policy, q.snapshot, q.change)
	d.By, d.Seq = q.by, r.chain.next()
	q.decision = d
	if err := r.chain.decision(d); err != nil {
		return false, err
	}
	if d.Reason == gate.Overridden {
		used := r.overrides[key].Use(d.Seq, r.at)
		delete(r.overrides, key)
		if err := g.useOverride(ctx, tx, r.chain, r.at, used); err != nil {
			return false, err
		}
	}
	r.states[p] = state.Admit(d)
	return !reflect.DeepEqual(r.states[p], state), nil
}
