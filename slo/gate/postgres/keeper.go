package postgres

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"time"

	"github.com/jackc/pgx/v5"

	"plimsoll/internal/loops"
	"plimsoll/slo/gate"
)

// Run evaluates the freezes at once and then again and again until ctx ends, and returns why that is. What fails is logged and tried again.
func (g *Gate) Run(ctx context.Context) error {
	return loops.Repeat(ctx, g.cfg.Every, g.cfg.Logger, "freezes not evaluated", g.Evaluate)
}

// Evaluate moves every freeze to where it belongs now. Freezes that stay where they are cost one read for all.
func (g *Gate) Evaluate(ctx context.Context) error {
	at := g.now()
	policies := g.cfg.Policies()
	var problems []error
	stored, err := g.Freezes(ctx)
	if err != nil {
		return err
	}
	states := make(map[place]gate.State, len(stored))
	for _, s := range stored {
		states[place{s.Service, s.Environment}] = s
	}
	for _, service := range g.services() {
		figures := g.figures(service, at)
		for _, environment := range policies.Environments(service) {
			p := place{service, environment}
			policy := policies.For(service, environment)
			in := input(policy, figures, at)
			state, ok := states[p]
			if !ok {
				state = gate.State{Service: service, Environment: environment, Phase: gate.Open}
			}
			if in.Response, err = g.response(ctx, policy, state); err != nil {
				problems = append(problems, err)
			}
			if next, _ := gate.Transition(state, in); reflect.DeepEqual(next, state) {
				continue
			}
			if _, err := g.move(ctx, p, policy, in, state.Freeze); err != nil {
				problems = append(problems, fmt.Errorf("freeze of %s in %s: %w", service, environment, err))
			}
		}
	}
	return errors.Join(problems...)
}

func input(policy *gate.Policy, figures []gate.Figures, at time.Time) gate.Input {
	return gate.Input{At: at, Watched: policy.Watch(figures), Thaw: policy.Thaw, MaxAge: policy.MaxAge()}
}

// move takes one freeze through a transition, with its audit entries and the jobs that tell of it, in one transaction. What is known of the
// response is of one Code Red; it says nothing of another that has begun since. The error is that of [gate.State.Permits].
func (g *Gate) move(ctx context.Context, p place, policy *gate.Policy, in gate.Input, codeRed int64) (events []gate.Event, err error) {
	err = pgx.BeginFunc(ctx, g.cfg.Pool, func(tx pgx.Tx) error {
		chain, err := lockChain(ctx, tx)
		if err != nil {
			return err
		}
		before, err := loadFreeze(ctx, tx, p)
		if err != nil {
			return err
		}
		if before.Freeze != codeRed {
			in.Response = nil
		}
		if err := before.Permits(in); err != nil {
			return err
		}
		var state gate.State
		state, events = gate.Transition(before, in)
		for i := range events {
			events[i].Seq = chain.next()
			if events[i].Kind == gate.EnteredCodeRed {
				state.Freeze = events[i].Seq
			}
			if err := g.tell(ctx, tx, policy, events[i]); err != nil {
				return err
			}
			if err := chain.event(events[i]); err != nil {
				return err
			}
		}
		if err := saveFreeze(ctx, tx, state, in.At); err != nil {
			return err
		}
		return chain.flush(ctx, tx)
	})
	if err != nil {
		return nil, err
	}
	for _, e := range events {
		g.cfg.Logger.InfoContext(ctx, "freeze", "service", e.Service, "environment", e.Environment, "event", e.Kind,
			"from", e.From, "to", e.To, "by", e.By, "reason", e.Reason)
	}
	return events, nil
}
