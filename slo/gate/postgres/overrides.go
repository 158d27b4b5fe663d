package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"plimsoll/internal/identity"
	"plimsoll/slo/gate"
)

// RequestOverride asks for an override, which another person has to approve. The error is that of [gate.Override.Validate], or says that the
// service or its environment is not known.
func (g *Gate) RequestOverride(ctx context.Context, o gate.Override) (gate.Override, error) {
	if err := identity.Authorize(ctx, identity.Override, identity.Place{Service: o.Service, Environment: o.Environment}); err != nil {
		return o, err
	}
	if _, err := g.known(o.Service, o.Environment); err != nil {
		return o, err
	}
	o.At = g.now()
	o.ID, o.ApprovedBy, o.ApprovedAt, o.UsedBy = 0, "", nil, 0
	err := g.withChain(ctx, func(tx pgx.Tx, chain *chain) error {
		var before int
		if err := tx.QueryRow(ctx, `SELECT count(*) FROM gate_overrides WHERE service = $1 AND requested > $2`,
			o.Service, o.At.Add(-gate.OverrideSpan)).Scan(&before); err != nil {
			return err
		}
		if err := o.Validate(before); err != nil {
			return err
		}
		if err := tx.QueryRow(ctx, `INSERT INTO gate_overrides (service, environment, commit, requested, until, override)
			VALUES ($1, $2, $3, $4, $5, '{}') RETURNING id`, o.Service, o.Environment, o.Commit, o.At, o.Until).Scan(&o.ID); err != nil {
			return err
		}
		return recordOverride(ctx, tx, chain, o.At, o)
	})
	if err != nil {
		return gate.Override{}, fmt.Errorf("request override: %w", err)
	}
	return o, nil
}

// ApproveOverride lets an override count. The error is that of [gate.Override.Approve], or [gate.ErrNoOverride].
func (g *Gate) ApproveOverride(ctx context.Context, by string, id int64) (gate.Override, error) {
	return g.changeOverride(ctx, "approve override", id, func(o gate.Override, at time.Time) (gate.Override, error) { return o.Approve(by, at) })
}

// Overrides returns the overrides that were asked for within [gate.OverrideSpan], newest first; of one service if it is named.
func (g *Gate) Overrides(ctx context.Context, service string) ([]gate.Override, error) {
	rows, err := g.cfg.Pool.Query(ctx, `SELECT override FROM gate_overrides WHERE ($1 = '' OR service = $1) AND requested > $2 ORDER BY id DESC`,
		service, g.now().Add(-gate.OverrideSpan))
	if err != nil {
		return nil, fmt.Errorf("read overrides: %w", err)
	}
	found, err := pgx.CollectRows(rows, pgx.RowTo[gate.Override])
	if err != nil {
		return nil, fmt.Errorf("read overrides: %w", err)
	}
	return found, nil
}

// withChain runs f in a transaction that holds the head of the audit log, and appends what f adds to it.
func (g *Gate) withChain(ctx context.Context, f func(pgx.Tx, *chain) error) error {
	return pgx.BeginFunc(ctx, g.cfg.Pool, func(tx pgx.Tx) error {
		chain, err := lockChain(ctx, tx)
		if err != nil {
			return err
		}
		if err := f(tx, chain); err != nil {
			return err
		}
		return chain.flush(ctx, tx)
	})
}

// recordOverride writes the present state of an override, and an entry of the audit log that tells it.
func recordOverride(ctx context.Context, tx pgx.Tx, chain *chain, at time.Time, o gate.Override) error {
	if _, err := tx.Exec(ctx, `UPDATE gate_overrides SET override = $2 WHERE id = $1`, o.ID, o); err != nil {
		return fmt.Errorf("store override: %w", err)
	}
	return chain.override(at, o)
}

// commitKey is what an override is for.
type commitKey struct{ service, environment, commit string }

// queueOverrides puts the overrides of a batch's commits that end after an instant into a round trip; they are there when it is over.
func queueOverrides(b *pgx.Batch, batch []*check, at time.Time) *[]gate.Override {
	var services, environments, commits []string
	for _, q := range batch {
		services, environments, commits = append(services, q.change.Service), append(environments, q.change.Environment), append(commits, q.change.Commit)
	}
	var found []gate.Override
	b.Queue(`SELECT o.override FROM gate_overrides o
		JOIN (SELECT DISTINCT * FROM unnest($1::text[], $2::text[], $3::text[]) AS u (service, environment, commit)) u USING (service, environment, commit)
		WHERE o.until > $4 ORDER BY o.id`, services, environments, commits, at).Query(func(rows pgx.Rows) (err error) {
		found, err = pgx.CollectRows(rows, pgx.RowTo[gate.Override])
		return wrapped("read overrides", err)
	})
	return &found
}

// usable are the overrides that may be used at an instant; of several for one commit the newest.
func usable(found []gate.Override, at time.Time) map[commitKey]*gate.Override {
	usable := map[commitKey]*gate.Override{}
	for _, o := range found {
		if o.ApprovedBy != "" && o.UsedBy == 0 && at.Before(o.Until) {
			usable[commitKey{o.Service, o.Environment, o.Commit}] = &o
		}
	}
	return usable
}
