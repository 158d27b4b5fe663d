package queue

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"

	"plimsoll/platform/catalog"
)

// Handler does the work of tasks.
type Handler interface {
	// Handle makes what is to be published. Its context is cancelled when the lease is lost or the worker stops.
	// Errors are told apart by [Permanent] and [Postpone]; any other spends a try.
	Handle(ctx context.Context, t *Task) (catalog.Publication, error)
	// Settled is told what became of the attempt, to tidy up. It has to be quick and cannot change the outcome.
	Settled(ctx context.Context, t *Task, o Outcome)
}

// Periodic is background work that one process of all at a time does every so often.
type Periodic struct {
	Name  string // of letters, digits and hyphens
	Every time.Duration
	Run   func(ctx context.Context) error
}

// WorkerConfig of a Worker.
type WorkerConfig struct {
	Pool      *pgxpool.Pool // migrated; required
	Handler   Handler       // required
	Metrics   *Metrics      // required
	Slots     int           // tasks at a time; 1 if 0
	Name      string        // of this worker in rows and logs; host and process ID if empty
	Heartbeat time.Duration // between extensions of a lease; 5 s if 0
	Lease     time.Duration // how long a worker may fall silent; three heartbeats if 0
	Sweep     time.Duration // between sweeps; 15 s if 0
	Backoff   func(failures int) time.Duration
	Periodic  []Periodic
	Logger    *slog.Logger
	Tracer    trace.TracerProvider // the global one if nil
	Now       func() time.Time
}

// Worker claims tasks and settles them.
type Worker struct {
	cfg    WorkerConfig
	client *Client
	tracer trace.Tracer
}

const (
	defaultHeartbeat = 5 * time.Second
	defaultSweep     = 15 * time.Second
	settleTimeout    = 10 * time.Second
	settleTries      = 3
	tidyTimeout      = time.Minute
	stopTimeout      = 20 * time.Second
)

// NewWorker returns a worker that does nothing until Run.
func NewWorker(c WorkerConfig) (*Worker, error) {
	if c.Pool == nil || c.Handler == nil || c.Metrics == nil {
		return nil, errors.New("set up a worker: pool, handler and metrics are required")
	}
	host, _ := os.Hostname()
	c.Name = cmp.Or(c.Name, fmt.Sprintf("%s/%d", host, os.Getpid()))
	c.Slots = cmp.Or(c.Slots, 1)
	c.Heartbeat = cmp.Or(c.Heartbeat, defaultHeartbeat)
	c.Lease = cmp.Or(c.Lease, 3*c.Heartbeat)
	c.Sweep = cmp.Or(c.Sweep, defaultSweep)
	c.Logger = cmp.Or(c.Logger, slog.Default())
	if c.Backoff == nil {
		c.Backoff = exponential
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Tracer == nil {
		c.Tracer = otel.GetTracerProvider()
	}
	w := &Worker{cfg: c, tracer: c.Tracer.Tracer("plimsoll/platform/queue")}
	client, err := river.NewClient(riverpgxv5.New(c.Pool), w.riverConfig())
	if err != nil {
		return nil, fmt.Errorf("set up a worker: %w", err)
	}
	w.client = &Client{river: client}
	return w, nil
}

// Run works until ctx is done, then gives unfinished tasks back and returns nil.
func (w *Worker) Run(ctx context.Context) error {
	// River must not see ctx end: it would take that for a request to stop without settling.
	if err := w.client.river.Start(context.WithoutCancel(ctx)); err != nil {
		return fmt.Errorf("start the queue: %w", err)
	}
	ticker := time.NewTicker(w.cfg.Sweep)
	defer ticker.Stop()
	for ctx.Err() == nil {
		if err := w.sweep(ctx); err != nil && ctx.Err() == nil {
			w.cfg.Logger.Error("sweep did not finish", "err", err)
		}
		select {
		case <-ctx.Done():
		case <-ticker.C:
		}
	}
	stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTimeout)
	defer cancel()
	if err := w.client.river.StopAndCancel(stop); err != nil {
		return fmt.Errorf("stop the queue: %w", err)
	}
	return nil
}

// work is what River calls with a message. An error means that the row could not be looked at; River sends the
// message again then. What the handler makes of the task is settled in the row and is no error to River.
func (w *Worker) work(ctx context.Context, job *river.Job[message]) error {
	t, err := w.claim(ctx, job.Args)
	if err != nil || t == nil {
		return err
	}
	carrier := propagation.MapCarrier{}
	var metadata map[string]json.RawMessage
	if err := json.Unmarshal(job.Metadata, &metadata); err == nil {
		for _, key := range propagator.Fields() {
			var value string
			if json.Unmarshal(metadata[key], &value) == nil {
				carrier[key] = value
			}
		}
	}
	ctx, span := w.tracer.Start(propagator.Extract(ctx, carrier), "process task", trace.WithSpanKind(trace.SpanKindConsumer),
		trace.WithAttributes(attribute.Int64("task.id", t.ID), attribute.Int("task.attempt", t.Attempt),
			attribute.String("video.id", string(t.VideoID))))
	defer span.End()
	outcome, err := w.attempt(ctx, t)
	w.settled(context.WithoutCancel(ctx), t, outcome)
	w.cfg.Metrics.outcomes.WithLabelValues(string(outcome)).Inc()
	span.SetAttributes(attribute.String("task.outcome", string(outcome)))
	if err != nil {
		span.SetStatus(codes.Error, string(outcome))
		span.RecordError(err)
	}
	w.cfg.Logger.Info("task attempt ended", "task", t.ID, "video", t.VideoID, "attempt", t.Attempt, "outcome", outcome, "err", err)
	return nil
}

// attempt runs the handler under the lease and settles the task.
func (w *Worker) attempt(parent context.Context, t *Task) (Outcome, error) {
	ctx, cancel := context.WithCancelCause(parent)
	defer cancel(nil)
	defer context.AfterFunc(parent, func() { cancel(ErrStopping) })()
	beating := make(chan struct{})
	beats, stopBeats := context.WithCancel(context.WithoutCancel(parent))
	go func() {
		defer close(beating)
		w.beat(beats, t, cancel)
	}()
	defer func() { stopBeats(); <-beating }()

	publication, err := w.handle(ctx, t)
	stopped := context.Cause(ctx)
	settling := context.WithoutCancel(parent)
	if err == nil {
		if err = w.retrySettling(settling, func(ctx context.Context) error { return w.publish(ctx, t, publication) }); err == nil {
			w.cfg.Metrics.published(w.cfg.Now().Sub(t.CreatedAt), publication.Duration)
			return Done, nil
		}
	}
	s := decide(err, stopped, t.Failures, t.MaxFailures, w.cfg.Backoff)
	if s.outcome == Lost {
		return Lost, err
	}
	if e := w.retrySettling(settling, func(ctx context.Context) error { return w.giveUp(ctx, t, s, err) }); e != nil {
		return Lost, errors.Join(err, e) // the sweep takes the task back
	}
	return s.outcome, err
}

// handle calls the handler; a panic is an error like any other.
func (w *Worker) handle(ctx context.Context, t *Task) (p catalog.Publication, err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("the handler panicked: %v", v)
		}
	}()
	return w.cfg.Handler.Handle(ctx, t)
}

// settled lets the handler tidy up.
func (w *Worker) settled(ctx context.Context, t *Task, o Outcome) {
	ctx, cancel := context.WithTimeout(ctx, tidyTimeout)
	defer cancel()
	w.cfg.Handler.Settled(ctx, t, o)
}

// beat extends the lease until ctx is done, and cancels the handler once the lease is lost or must be taken to be.
func (w *Worker) beat(ctx context.Context, t *Task, cancel context.CancelCauseFunc) {
	ticker := time.NewTicker(w.cfg.Heartbeat)
	defer ticker.Stop()
	extended := time.Now()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		asked := time.Now()
		attempt, done := context.WithTimeout(ctx, w.cfg.Lease)
		err := w.extend(attempt, t)
		done()
		switch {
		case err == nil:
			extended = asked
		case ctx.Err() != nil:
			return
		case errors.Is(err, ErrLeaseLost) || time.Since(extended) >= w.cfg.Lease:
			cancel(fmt.Errorf("%w: %w", ErrLeaseLost, err))
			return
		default:
			w.cfg.Logger.Warn("heartbeat did not arrive", "task", t.ID, "err", err)
		}
	}
}

// retrySettling repeats a settling transaction that the database could not take.
func (w *Worker) retrySettling(ctx context.Context, settle func(context.Context) error) (err error) {
	for range settleTries {
		attempt, cancel := context.WithTimeout(ctx, settleTimeout)
		err = settle(attempt)
		cancel()
		if err == nil || errors.Is(err, ErrLeaseLost) || errors.Is(err, catalog.ErrVideoSettled) {
			return err
		}
		w.cfg.Logger.Warn("settling did not succeed", "err", err)
	}
	return err
}
