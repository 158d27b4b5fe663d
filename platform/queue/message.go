package queue

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivermigrate"
	"go.opentelemetry.io/otel/propagation"

	"plimsoll/internal/telemetry"
	"plimsoll/platform/catalog"
)

// message says "look at this task". It is for one attempt: a copy that arrives later claims nothing.
type message struct {
	Task    int64 `json:"task"`
	Attempt int   `json:"attempt"` // that the row had when the message was sent
}

const messageKind = "task"

// Kind names the message for River.
func (message) Kind() string { return messageKind }

// propagator is fixed: both ends of the queue are ours, whatever the process has installed globally.
var propagator = propagation.TraceContext{}

// Client enqueues tasks. It is safe for concurrent use.
type Client struct {
	river *river.Client[pgx.Tx]
}

// NewClient returns a client that only enqueues, over a database on which [Migrate] and the catalog's migrations ran.
func NewClient(pool *pgxpool.Pool, logger *slog.Logger) (*Client, error) {
	c, err := river.NewClient(riverpgxv5.New(pool), &river.Config{Logger: telemetry.Quiet(logger, slog.LevelWarn)})
	if err != nil {
		return nil, fmt.Errorf("set up the queue: %w", err)
	}
	return &Client{river: c}, nil
}

// Migrate brings River's tables up to date. Replicas that start together must take turns.
func Migrate(ctx context.Context, pool *pgxpool.Pool) error {
	m, err := rivermigrate.New(riverpgxv5.New(pool), &rivermigrate.Config{Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return fmt.Errorf("set up the queue's migrations: %w", err)
	}
	if _, err := m.Migrate(ctx, rivermigrate.DirectionUp, nil); err != nil {
		return fmt.Errorf("migrate the queue: %w", err)
	}
	return nil
}

// DefaultTries is how many failures a task may have before it is dead.
const DefaultTries = 4

// Enqueue creates the task that makes a generation of a video, with its message, inside the caller's transaction.
// The trace of ctx goes on in the worker.
func (c *Client) Enqueue(ctx context.Context, tx pgx.Tx, v *catalog.Video) error {
	carrier := propagation.MapCarrier{}
	propagator.Inject(ctx, carrier)
	var id int64
	err := tx.QueryRow(ctx, `INSERT INTO catalog_tasks (video_id, generation, max_failures, trace_context)
		VALUES ($1, $2, $3, $4) RETURNING id`, v.ID, v.Generation, DefaultTries, carrier).Scan(&id)
	if err != nil {
		return fmt.Errorf("create the task of video %s: %w", v.ID, err)
	}
	return c.send(ctx, tx, message{Task: id}, carrier, 0)
}

// send inserts a message that is delivered after the given time.
func (c *Client) send(ctx context.Context, tx pgx.Tx, m message, trace propagation.MapCarrier, after time.Duration) error {
	metadata, err := json.Marshal(trace)
	if err != nil {
		return fmt.Errorf("encode trace context: %w", err)
	}
	options := &river.InsertOpts{Metadata: metadata}
	if after > 0 {
		options.ScheduledAt = time.Now().Add(after) // River keeps its own clock
	}
	if _, err := c.river.InsertTx(ctx, tx, m, options); err != nil {
		return fmt.Errorf("send the message of task %d: %w", m.Task, err)
	}
	return nil
}
