package postgres

import (
	"context"
	"fmt"
	"strings"
	"time"

	"plimsoll/internal/identity"
	"plimsoll/slo/gate"
)

// Freeze denies changes to a service in an environment until an end, by the word of a person. No check that begins after
// it has returned allows a change that is not exempt. An earlier freeze by hand that ends later keeps its end.
func (g *Gate) Freeze(ctx context.Context, by, service, environment, reason string, until time.Time) (gate.Event, error) {
	return g.command(ctx, service, environment, gate.Command{Kind: gate.FreezeByHand, By: by, Reason: reason, Until: until})
}

// Thaw lifts a freeze and spent budgets until an end, by the word of a person.
func (g *Gate) Thaw(ctx context.Context, by, service, environment, reason string, until time.Time) (gate.Event, error) {
	return g.command(ctx, service, environment, gate.Command{Kind: gate.ThawByHand, By: by, Reason: reason, Until: until})
}

// ThawByCriteria ends Code Red before the budgets are back, by the word of a person with the role [gate.ReleaseManager]. The error is
// [gate.ErrNotReleaseManager], [gate.ErrNoCodeRed], or [gate.ErrCriteria] with all that is missing.
func (g *Gate) ThawByCriteria(ctx context.Context, by string, roles []string, service, environment, reason string) (gate.Event, error) {
	return g.command(ctx, service, environment, gate.Command{Kind: gate.ThawByCriteria, By: by, Roles: roles, Reason: reason})
}

// FilePlan files the action plan of a Code Red, or another one in its place. The error may be [gate.ErrNoCodeRed].
func (g *Gate) FilePlan(ctx context.Context, by, service, environment string, plan gate.Plan) (gate.Event, error) {
	return g.command(ctx, service, environment, gate.Command{Kind: gate.FilePlan, By: by, Plan: plan})
}

// command returns the event of the command itself; the same transition may have told others before or after it.
func (g *Gate) command(ctx context.Context, service, environment string, c gate.Command) (gate.Event, error) {
	if err := identity.Authorize(ctx, identity.Freeze, identity.Place{Service: service, Environment: environment}); err != nil {
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
	p := place{service, environment}
	state, err := g.stored(ctx, p)
	if err != nil {
		return gate.Event{}, err
	}
	if in.Response, err = g.response(ctx, policy, state); err != nil && c.Kind == gate.ThawByCriteria {
		return gate.Event{}, err // a freeze by hand does not wait for what people do about a Code Red
	}
	events, err := g.move(ctx, p, policy, in, state.Freeze)
	if err != nil {
		return gate.Event{}, fmt.Errorf("%s %s in %s: %w", strings.ReplaceAll(string(c.Kind), "_", " "), service, environment, err)
	}
	for _, e := range events {
		if e.By != "" {
			return e, nil
		}
	}
	return gate.Event{}, fmt.Errorf("%s %s in %s: the command told nothing", c.Kind, service, environment)
}
