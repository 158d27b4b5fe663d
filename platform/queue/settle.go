package queue

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"go.opentelemetry.io/otel/propagation"

	"plimsoll/platform/catalog"
)

// publish makes the result public and settles the task as done, in one transaction that only the holder of the lease
// can commit. Anyone else gets ErrLeaseLost, and nothing changes.
func (w *Worker) publish(ctx context.Context, t *Task, p catalog.Publication) error {
	return pgx.BeginFunc(ctx, w.cfg.Pool, func(tx pgx.Tx) error {
		tag, err := tx.Exec(ctx, `UPDATE catalog_tasks
			SET status = 'done', lease_token = NULL, lease_until = NULL, progress = 1, finished_at = now(),
				log = right(log || $3, $4)
			WHERE id = $1 AND lease_token = $2`, t.ID, t.lease, t.logged(), maxLog)
		if err != nil {
			return fmt.Errorf("settle task %d: %w", t.ID, err)
		}
		if tag.RowsAffected() == 0 {
			return fmt.Errorf("settle task %d: %w", t.ID, ErrLeaseLost)
		}
		return catalog.Publish(ctx, tx, t.VideoID, t.Generation, p, w.cfg.Now())
	})
}

// giveUp writes what becomes of a task whose attempt published nothing. Only the holder of the lease can; anyone else
// gets ErrLeaseLost.
func (w *Worker) giveUp(ctx context.Context, t *Task, s settlement, cause error) error {
	account := fmt.Sprintf("attempt %d by %s: %s: %v\n%s", t.Attempt, w.cfg.Name, s.outcome, cause, t.logged())
	return pgx.BeginFunc(ctx, w.cfg.Pool, func(tx pgx.Tx) error {
		return w.client.settle(ctx, tx, row{ID: t.ID, VideoID: t.VideoID, Generation: t.Generation, Attempt: t.Attempt, Lease: t.lease},
			s, cause.Error(), account)
	})
}

// row is what settling needs to know of a running task.
type row struct {
	ID         int64
	VideoID    catalog.VideoID
	Generation int
	Attempt    int
	Lease      string
}

// settle ends a lease without a publication: the task is queued again with a new message, or it and its video fail.
func (c *Client) settle(ctx context.Context, tx pgx.Tx, r row, s settlement, cause, account string) error {
	spent := 0
	if s.spends {
		spent = 1
	}
	var trace propagation.MapCarrier
	err := tx.QueryRow(ctx, `UPDATE catalog_tasks
		SET status = $3, lease_token = NULL, lease_until = NULL, failures = failures + $4, run_after = now() + $5,
			error = $6, log = right(log || $7, $8),
			finished_at = CASE WHEN $3 = 'queued' THEN NULL ELSE now() END
		WHERE id = $1 AND lease_token = $2 RETURNING trace_context`,
		r.ID, r.Lease, s.status, spent, s.after, plain(cause), plain(account), maxLog).Scan(&trace)
	if errors.Is(err, pgx.ErrNoRows) {
		return fmt.Errorf("settle task %d: %w", r.ID, ErrLeaseLost)
	}
	if err != nil {
		return fmt.Errorf("settle task %d: %w", r.ID, err)
	}
	if s.status == "queued" {
		return c.send(ctx, tx, message{Task: r.ID, Attempt: r.Attempt}, trace, s.after)
	}
	err = catalog.Fail(ctx, tx, r.VideoID, r.Generation, s.reason)
	if errors.Is(err, catalog.ErrVideoSettled) { // nothing is left to fail
		return nil
	}
	return err
}
