// Package dialect is what the wire formats of the gate have in common: they ask within the time that their caller waits,
// and what cannot be decided is a hold in the same three lines everywhere. It owns no format and decides nothing.
package dialect

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"plimsoll/internal/identity"
	"plimsoll/slo/gate"
)

// Ask puts a change to the gate, with at most timeout to answer, and always has an answer that may be passed on: what
// cannot be decided is logged and is a hold with the reason [gate.NoAnswer], which is in no record. The only errors are a
// *[gate.InputError], for a question that no gate can answer, and an [identity.ErrForbidden], for one that the identity in ctx has no grant for.
func Ask(ctx context.Context, timeout time.Duration, logger *slog.Logger, c gate.Change,
	check func(context.Context, gate.Change) (gate.Decision, error)) (gate.Decision, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	d, err := check(ctx, c)
	if err == nil {
		return d, nil
	}
	if input := (*gate.InputError)(nil); errors.As(err, &input) {
		return gate.Decision{}, input
	}
	if errors.Is(err, identity.ErrForbidden) {
		return gate.Decision{}, err
	}
	logger.ErrorContext(ctx, "the gate could not decide", "service", c.Service, "environment", c.Environment, "commit", c.Commit, "err", err)
	return undecided(c), nil
}

func undecided(c gate.Change) gate.Decision {
	if c.Class == "" {
		c.Class = gate.Feature
	}
	return gate.Decision{
		Outcome: gate.Hold, Reason: gate.NoAnswer, Change: c,
		Message: []string{
			fmt.Sprintf("HOLD %s %s of %s to %s: the gate cannot decide now, which is never an allow.", c.Class, c.Commit, c.Service, c.Environment),
			"What the decision needs could not be read, or not in time.",
			"Next: ask again; if it goes on, look at Plimsoll's log.",
		},
	}
}
