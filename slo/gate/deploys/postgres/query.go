package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"plimsoll/slo/gate/deploys"
)

// Get returns one deploy with what was told of it, oldest first, or [deploys.ErrNotFound].
func (s *Store) Get(ctx context.Context, ref deploys.Ref) (d deploys.Deploy, events []deploys.Event, err error) {
	if d, err = one(ctx, s.cfg.Pool, `WHERE ref = $1`, ref); err != nil {
		return d, nil, fmt.Errorf("%w: %s", err, ref)
	}
	rows, err := s.cfg.Pool.Query(ctx, `SELECT kind, at, by, source, reason FROM deploy_events WHERE deploy = $1 ORDER BY seq`, ref)
	if err != nil {
		return d, nil, fmt.Errorf("read events: %w", err)
	}
	events, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (e deploys.Event, err error) {
		err = row.Scan(&e.Kind, &e.At, &e.By, &e.Source, &e.Reason)
		e.At = e.At.UTC()
		return e, err
	})
	if err != nil {
		return d, nil, fmt.Errorf("read events: %w", err)
	}
	return d, events, nil
}

// List returns the deploys that a filter picks, the one that was told of last first.
func (s *Store) List(ctx context.Context, f deploys.Filter) ([]deploys.Deploy, error) {
	return list(ctx, s.cfg.Pool, `
		WHERE (@service = '' OR service = @service)
		  AND (@environment = '' OR environment = @environment)
		  AND (@state = '' OR state = @state)
		  AND (@from::timestamptz IS NULL OR started >= @from)
		  AND (@to::timestamptz IS NULL OR started < @to)
		  AND (@before::bigint = 0 OR ref < @before)
		ORDER BY ref DESC
		LIMIT nullif(@limit::bigint, 0)`, pgx.StrictNamedArgs{
		"service": f.Service, "environment": f.Environment, "state": string(f.State), "from": orNull(f.From), "to": orNull(f.To),
		"before": int64(f.Before), "limit": f.Limit,
	})
}

// Measures returns the measures of [from, to), of one service or environment where they are named.
func (s *Store) Measures(ctx context.Context, service, environment string, from, to time.Time) ([]deploys.Measures, error) {
	found, err := s.since(ctx, service, environment, from)
	if err != nil {
		return nil, err
	}
	return deploys.Measure(found, from, to), nil
}

// Since returns the deploys that ended or started at an instant or later, which is what [deploys.Measure] needs for windows that begin there or
// later.
func (s *Store) Since(ctx context.Context, service string, from time.Time) ([]deploys.Deploy, error) {
	return s.since(ctx, service, "", from)
}

func (s *Store) since(ctx context.Context, service, environment string, from time.Time) ([]deploys.Deploy, error) {
	return list(ctx, s.cfg.Pool, `
		WHERE (@service = '' OR service = @service)
		  AND (@environment = '' OR environment = @environment)
		  AND greatest(started, finished, failed, rolled_back) >= @from
		ORDER BY started, ref`, pgx.StrictNamedArgs{"service": service, "environment": environment, "from": from})
}
