package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"plimsoll/alerts"
	"plimsoll/slo"
)

// tell enqueues a notice for every group of which one is due. The alerts are sorted.
func (e *Engine) tell(ctx context.Context, tx pgx.Tx, all []alerts.Alert, statuses map[slo.Key]slo.Status, at time.Time) error {
	told, err := loadGroups(ctx, tx)
	if err != nil {
		return fmt.Errorf("load what was told: %w", err)
	}
	groups := map[string][]alerts.Alert{}
	for service := range told {
		groups[service] = nil
	}
	for _, a := range all {
		groups[a.Objective.Service()] = append(groups[a.Objective.Service()], a)
	}
	for service, group := range groups {
		cause, due := alerts.Due(group, told[service], at, e.cadence)
		if !due {
			continue
		}
		if err := e.enqueue(ctx, tx, service, cause, group, told[service], statuses, at); err != nil {
			return fmt.Errorf("enqueue notice about %s: %w", service, err)
		}
	}
	return nil
}

func (e *Engine) enqueue(ctx context.Context, tx pgx.Tx, service string, cause alerts.Cause, group []alerts.Alert, last alerts.Told, statuses map[slo.Key]slo.Status, at time.Time) error {
	now := alerts.Summary(group, at)
	if err := saveGroup(ctx, tx, service, now); err != nil {
		return err
	}
	var seq int64
	var id string
	if err := tx.QueryRow(ctx, `INSERT INTO alerts_notices (name, at, body) VALUES ($1, $2, '{}') RETURNING seq, id::text`, service, at).Scan(&seq, &id); err != nil {
		return err
	}
	n := alerts.Compose(id, cause, group, last, statuses, at, e.cfg.PublicURL)
	n.Group = service
	if _, err := tx.Exec(ctx, `UPDATE alerts_notices SET body = $2 WHERE seq = $1`, seq, n); err != nil {
		return err
	}
	if e.cfg.Jobs == nil {
		return nil
	}
	for _, r := range e.cfg.Routes {
		if !r.takes(service, now.Urgent, last.Urgent) {
			continue
		}
		if _, err := e.cfg.Jobs.InsertTx(ctx, tx, NoticeArgs{Seq: seq, Receiver: r.Receiver}, nil); err != nil {
			return err
		}
	}
	return nil
}

func loadGroups(ctx context.Context, tx pgx.Tx) (map[string]alerts.Told, error) {
	rows, err := tx.Query(ctx, `SELECT name, told_at, firing, urgent FROM alerts_groups`)
	if err != nil {
		return nil, err
	}
	told := map[string]alerts.Told{}
	var name string
	var at time.Time
	var firing []alerts.ID
	var urgent alerts.Severity
	_, err = pgx.ForEachRow(rows, []any{&name, &at, &firing, &urgent}, func() error {
		told[name] = alerts.Told{At: at, Firing: append([]alerts.ID(nil), firing...), Urgent: urgent}
		firing = nil
		return nil
	})
	return told, err
}

func saveGroup(ctx context.Context, tx pgx.Tx, name string, t alerts.Told) error {
	if len(t.Firing) == 0 {
		_, err := tx.Exec(ctx, `DELETE FROM alerts_groups WHERE name = $1`, name)
		return err
	}
	_, err := tx.Exec(ctx, `INSERT INTO alerts_groups (name, told_at, firing, urgent) VALUES ($1, $2, $3, $4)
		ON CONFLICT (name) DO UPDATE SET told_at = excluded.told_at, firing = excluded.firing, urgent = excluded.urgent`,
		name, t.At, t.Firing, t.Urgent)
	return err
}

// Notices returns the newest notices, at most limit, the newest first; of one group if it is named.
func (e *Engine) Notices(ctx context.Context, group string, limit int) ([]alerts.Notice, error) {
	rows, err := e.cfg.Pool.Query(ctx, `SELECT body FROM alerts_notices WHERE $1 = '' OR name = $1 ORDER BY seq DESC LIMIT $2`, group, limit)
	if err != nil {
		return nil, fmt.Errorf("read notices: %w", err)
	}
	return pgx.CollectRows(rows, pgx.RowTo[alerts.Notice])
}
