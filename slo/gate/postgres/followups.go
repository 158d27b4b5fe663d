package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"plimsoll/internal/identity"
	"plimsoll/slo/gate"
)

// OverrideFollowUp is the job that brings the follow-up of a used override to where people work on such things. It is inserted in the
// transaction that uses the override; whoever owns incidents works it, and tells where with [Gate.AttachFollowUp].
type OverrideFollowUp struct {
	Override gate.Override `json:"override"`
}

// Kind names the job.
func (OverrideFollowUp) Kind() string { return "override_follow_up" }

// useOverride records that an override is used up, and that a follow-up is owed.
func (g *Gate) useOverride(ctx context.Context, tx pgx.Tx, chain *chain, at time.Time, used gate.Override) error {
	if g.cfg.Jobs != nil {
		if _, err := g.cfg.Jobs.InsertTx(ctx, tx, OverrideFollowUp{Override: used}, nil); err != nil {
			return fmt.Errorf("insert job for follow-up: %w", err)
		}
	}
	return recordOverride(ctx, tx, chain, at, used)
}

// AttachFollowUp says where the follow-up of an override is worked on, such as "INC-7 task 2". It may be told again.
func (g *Gate) AttachFollowUp(ctx context.Context, id int64, ref string) (gate.Override, error) {
	return g.changeOverride(ctx, "attach follow-up", id, func(o gate.Override, _ time.Time) (gate.Override, error) { return o.Attach(ref) })
}

// FinishFollowUp says that the follow-up of an override is done. The error is that of [gate.Override.FollowedUp], or [gate.ErrNoOverride].
func (g *Gate) FinishFollowUp(ctx context.Context, by string, id int64, evidence string) (gate.Override, error) {
	return g.changeOverride(ctx, "finish follow-up", id, func(o gate.Override, at time.Time) (gate.Override, error) {
		return o.FollowedUp(by, evidence, at)
	})
}

// changeOverride takes one override through a change and into the audit log.
func (g *Gate) changeOverride(ctx context.Context, verb string, id int64, change func(gate.Override, time.Time) (gate.Override, error)) (o gate.Override, err error) {
	at := g.now()
	err = g.withChain(ctx, func(tx pgx.Tx, chain *chain) error {
		err := tx.QueryRow(ctx, `SELECT override FROM gate_overrides WHERE id = $1`, id).Scan(&o)
		if errors.Is(err, pgx.ErrNoRows) {
			return fmt.Errorf("%w: %d", gate.ErrNoOverride, id)
		} else if err != nil {
			return err
		}
		if err := identity.Authorize(ctx, identity.Override, identity.Place{Service: o.Service, Environment: o.Environment}); err != nil {
			return err
		}
		if o, err = change(o, at); err != nil {
			return err
		}
		return recordOverride(ctx, tx, chain, at, o)
	})
	if err != nil {
		return gate.Override{}, fmt.Errorf("%s: %w", verb, err)
	}
	return o, nil
}

// OverridesBetween returns the overrides that were asked for or used in [from, to), oldest first; of one service if it is named. One whose
// follow-up was owed at some time in it counts as well.
func (g *Gate) OverridesBetween(ctx context.Context, service string, from, to time.Time) ([]gate.Override, error) {
	rows, err := g.cfg.Pool.Query(ctx, `SELECT override FROM gate_overrides
		WHERE ($1 = '' OR service = $1) AND requested < $3
		  AND (requested >= $2 OR until >= $2 OR override ? 'followUp' AND coalesce((override -> 'followUp' ->> 'doneAt')::timestamptz, $2) >= $2)
		ORDER BY id`, service, from, to)
	if err != nil {
		return nil, fmt.Errorf("read overrides: %w", err)
	}
	found, err := pgx.CollectRows(rows, pgx.RowTo[gate.Override])
	if err != nil {
		return nil, fmt.Errorf("read overrides: %w", err)
	}
	return found, nil
}
