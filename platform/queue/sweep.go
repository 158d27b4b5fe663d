package queue

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"go.opentelemetry.io/otel/propagation"
)

const (
	sweepBatch = 100
	// messageGrace is how long a message may be on its way between two states of River before it counts as lost.
	messageGrace = 30 * time.Second
)

// errLeaseRanOut is what is recorded of an attempt whose worker fell silent.
var errLeaseRanOut = errors.New("the worker stopped renewing its lease: it died, or lost the database")

// sweep takes back leases that ran out and sends lost messages again. Any number of workers may sweep at once.
func (w *Worker) sweep(ctx context.Context) error {
	if err := w.takeBack(ctx); err != nil {
		return err
	}
	if err := w.resend(ctx); err != nil {
		return err
	}
	return w.measure(ctx)
}

func (w *Worker) takeBack(ctx context.Context) error {
	type expired struct {
		row
		Failures, MaxFailures int
		Worker                string
	}
	return pgx.BeginFunc(ctx, w.cfg.Pool, func(tx pgx.Tx) error {
		rows, _ := tx.Query(ctx, `SELECT id, video_id, generation, attempt, lease_token::text AS lease, failures, max_failures, worker
			FROM catalog_tasks WHERE status = 'running' AND lease_until < now()
			ORDER BY lease_until LIMIT $1 FOR UPDATE SKIP LOCKED`, sweepBatch)
		found, err := pgx.CollectRows(rows, pgx.RowToStructByName[expired])
		if err != nil {
			return fmt.Errorf("find leases that ran out: %w", err)
		}
		for _, e := range found {
			s := decide(errLeaseRanOut, nil, e.Failures, e.MaxFailures, w.cfg.Backoff)
			account := fmt.Sprintf("attempt %d by %s: %s: %v\n", e.Attempt, e.Worker, s.outcome, errLeaseRanOut)
			if err := w.client.settle(ctx, tx, e.row, s, errLeaseRanOut.Error(), account); err != nil {
				return err
			}
			w.cfg.Metrics.outcomes.WithLabelValues(string(s.outcome)).Inc()
			w.cfg.Logger.Warn("took back a task", "task", e.ID, "video", e.VideoID, "attempt", e.Attempt, "worker", e.Worker, "outcome", s.outcome)
		}
		return nil
	})
}

// resend sends a message for each queued task that has none left, as after a worker died between taking a message and
// claiming its task.
func (w *Worker) resend(ctx context.Context) error {
	type lost struct {
		ID      int64
		Attempt int
		Trace   propagation.MapCarrier
	}
	return pgx.BeginFunc(ctx, w.cfg.Pool, func(tx pgx.Tx) error {
		rows, _ := tx.Query(ctx, `SELECT id, attempt, trace_context AS trace FROM catalog_tasks t
			WHERE status = 'queued' AND run_after < now() - $2::interval AND NOT EXISTS (
				SELECT FROM river_job WHERE kind = $3
					AND args @> jsonb_build_object('task', t.id, 'attempt', t.attempt)
					AND (state IN ('available', 'pending', 'retryable', 'scheduled')
						OR state = 'running' AND attempted_at > now() - $2::interval))
			ORDER BY run_after LIMIT $1 FOR UPDATE SKIP LOCKED`, sweepBatch, messageGrace, messageKind)
		found, err := pgx.CollectRows(rows, pgx.RowToStructByName[lost])
		if err != nil {
			return fmt.Errorf("find lost messages: %w", err)
		}
		for _, l := range found {
			if err := w.client.send(ctx, tx, message{Task: l.ID, Attempt: l.Attempt}, l.Trace, 0); err != nil {
				return err
			}
			w.cfg.Logger.Warn("sent a lost message again", "task", l.ID)
		}
		return nil
	})
}

// measure sets the gauges of the queue's depth and age.
func (w *Worker) measure(ctx context.Context) error {
	var depth, running, dead int64
	var age float64
	err := w.cfg.Pool.QueryRow(ctx, `SELECT count(*) FILTER (WHERE status = 'queued'), count(*) FILTER (WHERE status = 'running'),
			count(*) FILTER (WHERE status = 'dead'),
			coalesce(extract(epoch FROM now() - min(run_after) FILTER (WHERE status = 'queued' AND run_after <= now())), 0)
		FROM catalog_tasks WHERE status IN ('queued', 'running', 'dead')`).Scan(&depth, &running, &dead, &age)
	if err != nil {
		return fmt.Errorf("measure the queue: %w", err)
	}
	m := w.cfg.Metrics
	m.tasks.WithLabelValues("queued").Set(float64(depth))
	m.tasks.WithLabelValues("running").Set(float64(running))
	m.tasks.WithLabelValues("dead").Set(float64(dead))
	m.age.Set(age)
	return nil
}
