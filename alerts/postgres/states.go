package postgres

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"plimsoll/alerts"
)

// querier is a pool or a transaction.
type querier interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
}

func loadStates(ctx context.Context, db querier) (map[alerts.ID]alerts.Alert, error) {
	return queryStates(ctx, db, `SELECT objective, tier, severity, state, since, fired, quiet FROM alerts_states`)
}

func queryStates(ctx context.Context, db querier, sql string, args ...any) (map[alerts.ID]alerts.Alert, error) {
	rows, err := db.Query(ctx, sql, args...)
	if err != nil {
		return nil, err
	}
	stored := map[alerts.ID]alerts.Alert{}
	var a alerts.Alert
	var severity alerts.Severity
	var fired, quiet *time.Time
	_, err = pgx.ForEachRow(rows, []any{&a.Objective, &a.Tier, &severity, &a.State, &a.Since, &fired, &quiet}, func() error {
		a.Verdict = alerts.Verdict{Tier: alerts.Tier{Name: a.Tier, Severity: severity}}
		a.Fired, a.Quiet = orZero(fired), orZero(quiet)
		stored[a.ID()] = a
		return nil
	})
	return stored, err
}

func orZero(t *time.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return t.UTC()
}

func orNull(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

// saveStates writes alerts that have moved; those that are inactive now are forgotten.
func saveStates(ctx context.Context, tx pgx.Tx, moved []alerts.Alert) error {
	batch := &pgx.Batch{}
	for _, a := range moved {
		if a.State == alerts.Inactive {
			batch.Queue(`DELETE FROM alerts_states WHERE objective = $1 AND tier = $2`, a.Objective, a.Tier)
			continue
		}
		batch.Queue(`INSERT INTO alerts_states (objective, tier, severity, state, since, fired, quiet) VALUES ($1, $2, $3, $4, $5, $6, $7)
			ON CONFLICT (objective, tier) DO UPDATE SET severity = excluded.severity, state = excluded.state, since = excluded.since,
				fired = excluded.fired, quiet = excluded.quiet`,
			a.Objective, a.Tier, a.Verdict.Tier.Severity, a.State, a.Since, orNull(a.Fired), orNull(a.Quiet))
	}
	if batch.Len() == 0 {
		return nil
	}
	return tx.SendBatch(ctx, batch).Close()
}
