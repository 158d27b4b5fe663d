package postgres

import (
	"context"
	"fmt"
	"reflect"
	"time"

	"github.com/jackc/pgx/v5"

	"plimsoll/internal/identity"
	"plimsoll/slo/gate"
)

const (
	// batchSize bounds the checks that share one transaction.
	batchSize = 64
	// batchTimeout bounds a transaction, which no single caller may cancel.
	batchTimeout = 10 * time.Second
)

// check is a question on its way into the audit log.
type check struct {
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
		at, places := q.snapshot.At, []place{q.place()}
		if q.snapshot.Freeze, err = loadFreeze(ctx, tx, q.place()); err != nil {
			return err
		}
		exemptions, frozen, err := loadExemptions(ctx, tx, places, at)
		exempt(&q.snapshot, exemptions[q.place()], frozen, c.Environment)
		return err
	})
	return gate.Decide(q.policy, q.snapshot, q.change), err
}

func (g *Gate) ask(ctx context.Context, by string, c gate.Change) (*check, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	if err := identity.From(ctx).May(c.Service, c.Environment); err != nil {
		return nil, err
	}
	s, err := g.snapshot(ctx, c)
	if err != nil {
		return nil, err
	}
	return &check{by: by, change: c, snapshot: s, policy: g.cfg.Policies().For(c.Service, c.Environment), done: make(chan struct{})}, nil
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

// drain commits waiting checks until there are none. It ends by itself.
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
		err := g.commit(batch)
		for _, q := range batch {
			q.err = err
			close(q.done)
		}
	}
}

// commit decides and records a batch in one transaction.
func (g *Gate) commit(batch []*check) error {
	ctx, cancel := context.WithTimeout(context.Background(), batchTimeout)
	defer cancel()
	var recorded []string
	err := g.withChain(ctx, func(tx pgx.Tx, chain *chain) error {
		places := make([]place, len(batch))
		for i, q := range batch {
			places[i] = q.place()
		}
		states, err := loadFreezes(ctx, tx, places)
		if err != nil {
			return err
		}
		at := g.now()
		overrides, err := loadOverrides(ctx, tx, batch, at)
		if err != nil {
			return err
		}
		exemptions, frozen, err := loadExemptions(ctx, tx, places, at)
		if err != nil {
			return err
		}
		changed := map[place]bool{}
		for i, q := range batch {
			if err := g.recordPolicy(ctx, tx, chain, q.policy); err != nil {
				return err
			}
			state, key := states[places[i]], commitKey{q.change.Service, q.change.Environment, q.change.Commit}
			q.snapshot.At, q.snapshot.Freeze, q.snapshot.Override = at, state, overrides[key]
			exempt(&q.snapshot, exemptions[places[i]], frozen, q.change.Environment)
			d := gate.Decide(q.policy, q.snapshot, q.change)
			d.By, d.Seq = q.by, chain.next()
			q.decision = d
			if err := chain.decision(d); err != nil {
				return err
			}
			if d.Reason == gate.Overridden {
				used := overrides[key].Use(d.Seq, at)
				delete(overrides, key)
				if err := g.useOverride(ctx, tx, chain, at, used); err != nil {
					return err
				}
			}
			if next := state.Admit(d); !reflect.DeepEqual(next, state) {
				states[places[i]], changed[places[i]] = next, true
			}
		}
		for p := range changed {
			if err := saveFreeze(ctx, tx, states[p], at); err != nil {
				return err
			}
		}
		recorded = chain.policies
		return nil
	})
	if err != nil {
		return err
	}
	for _, version := range recorded {
		g.recorded[version] = true
	}
	return nil
}
