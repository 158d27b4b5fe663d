package postgres

import (
	"context"
	"fmt"
	"time"

	"plimsoll/internal/identity"
	"plimsoll/slo/gate"
)

// Freeze denies changes to a service in an environment until an end, by the word of a person. No check that begins after
// it has returned allows a change that is not exempt.
func (g *Gate) Freeze(ctx context.Context, by, service, environment, reason string, until time.Time) (gate.Event, error) {
	return g.command(ctx, service, environment, gate.Command{Kind: gate.FreezeByHand, By: by, Reason: reason, Until: until})
}

// Thaw lifts a freeze and spent budgets until an end, by the word of a person.
func (g *Gate) Thaw(ctx context.Context, by, service, environment, reason string, until time.Time) (gate.Event, error) {
	return g.command(ctx, service, environment, gate.Command{Kind: gate.ThawByHand, By: by, Reason: reason, Until: until})
}

// command returns the event of the command itself; the same transition may have told others before or after it.
func (g *Gate) command(ctx context.Context, service, environment string, c gate.Command) (gate.Event, error) {
	if err := identity.From(ctx).May(service, environment); err != nil {
		return gate.Event{}, err
	}
	policy, err := g.known(service, environment)
	if err != nil {
		return gate.Event{}, err
	}
	at := g.now()
	if err := c.Validate(at); err != nil {
		return gate.Event{}, err
	}
	in := input(policy, g.figures(service, at), at)
	in.Command = &c
	events, err := g.move(ctx, place{service, environment}, policy, in)
	if err != nil {
		return gate.Event{}, fmt.Errorf("%s %s in %s: %w", c.Kind, service, environment, err)
	}
	for _, e := range events {
		if e.By != "" {
			return e, nil
		}
	}
	return gate.Event{}, fmt.Errorf("%s %s in %s: the command told nothing", c.Kind, service, environment)
}
