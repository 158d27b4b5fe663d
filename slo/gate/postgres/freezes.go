package postgres

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"plimsoll/slo/gate"
)

// place is where a freeze applies.
type place struct{ service, environment string }

// loadFreezes reads the freezes of places. One that was never stored is in its first state.
func loadFreezes(ctx context.Context, tx pgx.Tx, places []place) (map[place]gate.State, error) {
	var b pgx.Batch
	states := queueFreezes(&b, places)
	return states, tx.SendBatch(ctx, &b).Close()
}

// queueFreezes puts the same into a round trip; the states are there when it is over.
func queueFreezes(b *pgx.Batch, places []place) map[place]gate.State {
	states := make(map[place]gate.State, len(places))
	services, environments := make([]string, len(places)), make([]string, len(places))
	for i, p := range places {
		states[p] = gate.State{Service: p.service, Environment: p.environment, Phase: gate.Open}
		services[i], environments[i] = p.service, p.environment
	}
	b.Queue(`SELECT f.state FROM gate_freezes f
		JOIN (SELECT DISTINCT * FROM unnest($1::text[], $2::text[]) AS u (service, environment)) u USING (service, environment)`,
		services, environments).Query(func(rows pgx.Rows) error {
		stored, err := pgx.CollectRows(rows, pgx.RowTo[gate.State])
		for _, s := range stored {
			states[place{s.Service, s.Environment}] = s
		}
		return wrapped("read freezes", err)
	})
	return states
}

// loadFreeze reads one freeze.
func loadFreeze(ctx context.Context, tx pgx.Tx, p place) (gate.State, error) {
	states, err := loadFreezes(ctx, tx, []place{p})
	return states[p], err
}

func saveFreeze(ctx context.Context, tx pgx.Tx, s gate.State, at time.Time) error {
	var b pgx.Batch
	queueFreeze(&b, s, at)
	return wrapped("store freeze", tx.SendBatch(ctx, &b).Close())
}

// queueFreeze puts the same into a round trip.
func queueFreeze(b *pgx.Batch, s gate.State, at time.Time) {
	b.Queue(`INSERT INTO gate_freezes (service, environment, state, updated_at) VALUES ($1, $2, $3, $4)
		ON CONFLICT (service, environment) DO UPDATE SET state = EXCLUDED.state, updated_at = EXCLUDED.updated_at`,
		s.Service, s.Environment, s, at)
}

// binds reports whether a freeze has a say: whether there is a policy for its place that is not in shadow mode.
func (g *Gate) binds(s gate.State) bool {
	policy := g.cfg.Policies().For(s.Service, s.Environment)
	return policy != nil && policy.Mode != gate.Shadow
}

// Binding returns the freezes that have a say, for others to show: those of [Gate.Freezes] but in shadow mode, or where no policy is any more.
func (g *Gate) Binding(ctx context.Context) ([]gate.State, error) {
	states, err := g.Freezes(ctx)
	return slices.DeleteFunc(states, func(s gate.State) bool { return !g.binds(s) }), err
}

// Freezes returns every freeze that was ever stored, in its present state, sorted by service and environment.
// What has no row is open.
func (g *Gate) Freezes(ctx context.Context) ([]gate.State, error) {
	rows, err := g.cfg.Pool.Query(ctx, `SELECT state FROM gate_freezes ORDER BY service, environment`)
	if err != nil {
		return nil, fmt.Errorf("read freezes: %w", err)
	}
	states, err := pgx.CollectRows(rows, pgx.RowTo[gate.State])
	if err != nil {
		return nil, fmt.Errorf("read freezes: %w", err)
	}
	policies := g.cfg.Policies()
	for n, s := range states {
		policy := policies.For(s.Service, s.Environment)
		states[n].Shadow = policy != nil && policy.Mode == gate.Shadow
	}
	return states, nil
}
