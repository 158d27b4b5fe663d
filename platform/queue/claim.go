package queue

import (
	"context"
	"errors"
	"fmt"
	"math"

	"github.com/jackc/pgx/v5"
)

// claim takes the task that a message names, if it still is queued for the message's attempt. It returns nil if it is
// not: it was claimed, settled, or sent again.
func (w *Worker) claim(ctx context.Context, m message) (*Task, error) {
	t := &Task{}
	err := w.cfg.Pool.QueryRow(ctx, `UPDATE catalog_tasks
		SET status = 'running', attempt = attempt + 1, lease_token = gen_random_uuid(),
			lease_until = now() + $3, worker = $4, progress = 0, started_at = now()
		WHERE id = $1 AND status = 'queued' AND attempt = $2
		RETURNING id, video_id, generation, attempt, failures, max_failures, created_at, lease_token`,
		m.Task, m.Attempt, w.cfg.Lease, w.cfg.Name).
		Scan(&t.ID, &t.VideoID, &t.Generation, &t.Attempt, &t.Failures, &t.MaxFailures, &t.CreatedAt, &t.lease)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("claim task %d: %w", m.Task, err)
	}
	return t, nil
}

// extend prolongs the lease and writes the progress, or returns ErrLeaseLost.
func (w *Worker) extend(ctx context.Context, t *Task) error {
	tag, err := w.cfg.Pool.Exec(ctx, `UPDATE catalog_tasks SET lease_until = now() + $3, progress = $4
		WHERE id = $1 AND lease_token = $2`, t.ID, t.lease, w.cfg.Lease, math.Float32frombits(t.progress.Load()))
	if err != nil {
		return fmt.Errorf("extend the lease of task %d: %w", t.ID, err)
	}
	if tag.RowsAffected() == 0 {
		return fmt.Errorf("extend the lease of task %d: %w", t.ID, ErrLeaseLost)
	}
	return nil
}
