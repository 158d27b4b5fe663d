package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"plimsoll/slo/gate/deploys"
)

// querier is a pool or a transaction.
type querier interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
}

const columns = `ref, coalesce(key, ''), service, environment, commit, version, author, class, coalesce(decision, 0), source, state, by, reason,
	committed, started, finished, failed, rolled_back`

func list(ctx context.Context, q querier, rest string, args ...any) ([]deploys.Deploy, error) {
	rows, err := q.Query(ctx, `SELECT `+columns+` FROM deploys `+rest, args...)
	if err != nil {
		return nil, fmt.Errorf("read deploys: %w", err)
	}
	found, err := pgx.CollectRows(rows, scan)
	if err != nil {
		return nil, fmt.Errorf("read deploys: %w", err)
	}
	return found, nil
}

func one(ctx context.Context, q querier, rest string, args ...any) (deploys.Deploy, error) {
	found, err := list(ctx, q, rest, args...)
	if err != nil {
		return deploys.Deploy{}, err
	}
	if len(found) == 0 {
		return deploys.Deploy{}, deploys.ErrNotFound
	}
	return found[0], nil
}

func scan(row pgx.CollectableRow) (d deploys.Deploy, err error) {
	var committed, finished, failed, rolledBack *time.Time
	err = row.Scan(&d.Ref, &d.Key, &d.Service, &d.Environment, &d.Commit, &d.Version, &d.Author, &d.Class, &d.Decision, &d.Source, &d.State,
		&d.By, &d.Reason, &committed, &d.Started, &finished, &failed, &rolledBack)
	d.Started = d.Started.UTC()
	d.Committed, d.Finished, d.Failed, d.RolledBack = orZero(committed), orZero(finished), orZero(failed), orZero(rolledBack)
	return d, err
}

// find locks and returns the deploy that a report is of, or [deploys.ErrNotFound].
func find(ctx context.Context, tx pgx.Tx, r deploys.Report) (d deploys.Deploy, err error) {
	c := r.Change
	switch {
	case r.Ref != 0:
		if d, err = one(ctx, tx, `WHERE ref = $1 FOR UPDATE`, r.Ref); err != nil {
			return d, fmt.Errorf("%w: %s", err, r.Ref)
		}
	case r.Key != "":
		if d, err = one(ctx, tx, `WHERE key = $1 FOR UPDATE`, r.Key); err != nil {
			return d, fmt.Errorf("%w: none has the key %q", err, r.Key)
		}
	default:
		d, err = one(ctx, tx, `WHERE service = $1 AND environment = $2 AND commit = $3 ORDER BY started DESC, ref DESC LIMIT 1 FOR UPDATE`,
			c.Service, c.Environment, c.Commit)
		if err != nil {
			return d, fmt.Errorf("%w: %s of %s to %s", err, c.Commit, c.Service, c.Environment)
		}
	}
	return d, nil
}

func insert(ctx context.Context, tx pgx.Tx, d deploys.Deploy) (deploys.Deploy, error) {
	err := tx.QueryRow(ctx, `
		INSERT INTO deploys (key, service, environment, commit, version, author, class, decision, source, state, by, reason, committed, started)
		VALUES (nullif(@key, ''), @service, @environment, @commit, @version, @author, @class, nullif(@decision::bigint, 0), @source, @state, @by,
		       @reason, @committed, @started)
		RETURNING ref`, pgx.StrictNamedArgs{
		"key": d.Key, "service": d.Service, "environment": d.Environment, "commit": d.Commit, "version": d.Version, "author": d.Author,
		"class": d.Class, "decision": d.Decision, "source": d.Source, "state": d.State, "by": d.By, "reason": d.Reason,
		"committed": orNull(d.Committed), "started": d.Started,
	}).Scan(&d.Ref)
	return d, translate(err, d)
}

func update(ctx context.Context, tx pgx.Tx, d deploys.Deploy) error {
	if _, err := tx.Exec(ctx, `UPDATE deploys SET state = $2, reason = $3, committed = $4, finished = $5, failed = $6, rolled_back = $7 WHERE ref = $1`,
		d.Ref, d.State, d.Reason, orNull(d.Committed), orNull(d.Finished), orNull(d.Failed), orNull(d.RolledBack)); err != nil {
		return fmt.Errorf("update deploy: %w", err)
	}
	return nil
}

func orNull(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

func orZero(t *time.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return t.UTC()
}
