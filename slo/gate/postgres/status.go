package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"plimsoll/slo/gate"
)

// Status describes the freeze of every service in every environment that a policy covers, sorted; of one service if it is named.
func (g *Gate) Status(ctx context.Context, service string) ([]gate.FreezeStatus, error) {
	at := g.now()
	stored, err := g.Freezes(ctx)
	if err != nil {
		return nil, err
	}
	states := map[place]gate.State{}
	for _, s := range stored {
		states[place{s.Service, s.Environment}] = s
	}
	exemptions, err := g.Exemptions(ctx, service)
	if err != nil {
		return nil, err
	}
	policies := g.cfg.Policies()
	found := []gate.FreezeStatus{}
	for _, name := range g.services() {
		if service != "" && name != service {
			continue
		}
		figures := g.figures(name, at)
		for _, environment := range policies.Environments(name) {
			p := place{name, environment}
			policy, s := policies.For(name, environment), states[p]
			s.Service, s.Environment = name, environment
			response, err := g.response(ctx, policy, s)
			if err != nil {
				return nil, err
			}
			var here []gate.Exemption
			for _, e := range exemptions {
				if e.Service == name && e.Environment == environment && !e.Ended(at) {
					here = append(here, e)
				}
			}
			status := gate.StatusOf(policy, s, figures, response, here, at)
			status.Tier = policies.Tier(name)
			found = append(found, status)
		}
	}
	return found, nil
}

// response asks how people respond to a Code Red; nil where nobody is asked to respond.
func (g *Gate) response(ctx context.Context, policy *gate.Policy, s gate.State) (*gate.Response, error) {
	if g.cfg.Response == nil || s.Phase != gate.CodeRed || policy.Mode == gate.Shadow {
		return nil, nil
	}
	r, err := g.cfg.Response(ctx, s)
	if err != nil {
		return nil, fmt.Errorf("read response to Code Red of %s in %s: %w", s.Service, s.Environment, err)
	}
	return &r, nil
}

// stored reads one freeze as it is now.
func (g *Gate) stored(ctx context.Context, p place) (s gate.State, err error) {
	err = pgx.BeginTxFunc(ctx, g.cfg.Pool, pgx.TxOptions{AccessMode: pgx.ReadOnly}, func(tx pgx.Tx) (err error) {
		s, err = loadFreeze(ctx, tx, p)
		return err
	})
	return s, err
}
