package queue_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/prometheus/client_golang/prometheus"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"plimsoll/internal/pg/pgtest"
	"plimsoll/platform/catalog"
	"plimsoll/platform/catalog/catalogtest"
	"plimsoll/platform/queue"
)

// handler is a queue.Handler of a function that tells a channel what became of each attempt.
type handler struct {
	handle  func(context.Context, *queue.Task) (catalog.Publication, error)
	settled chan queue.Outcome
}

func handling(f func(context.Context, *queue.Task) (catalog.Publication, error)) *handler {
	return &handler{handle: f, settled: make(chan queue.Outcome, 100)}
}

func (h *handler) Handle(ctx context.Context, t *queue.Task) (catalog.Publication, error) {
	return h.handle(ctx, t)
}

func (h *handler) Settled(_ context.Context, _ *queue.Task, o queue.Outcome) { h.settled <- o }

func (h *handler) await(t *testing.T, want queue.Outcome) {
	t.Helper()
	select {
	case got := <-h.settled:
		if got != want {
			t.Fatalf("the attempt ended %q, want %q", got, want)
		}
	case <-time.After(30 * time.Second):
		t.Fatalf("no attempt ended; want %q", want)
	}
}

func result(t *queue.Task) (catalog.Publication, error) {
	return catalog.Publication{Prefix: fmt.Sprintf("v/%s/%d/%d/", t.VideoID, t.Generation, t.Attempt), Duration: time.Second, Width: 2, Height: 2}, nil
}

// bench is a database with a client on it.
type bench struct {
	*testing.T
	pool   *pgxpool.Pool
	client *queue.Client
}

func newBench(t *testing.T) *bench {
	t.Helper()
	pool := pgtest.New(t, catalog.Migrations)
	if err := queue.Migrate(t.Context(), pool); err != nil {
		t.Fatal(err)
	}
	client, err := queue.NewClient(pool, quiet)
	if err != nil {
		t.Fatal(err)
	}
	return &bench{T: t, pool: pool, client: client}
}

var quiet = slog.New(slog.DiscardHandler)

func (b *bench) enqueue() catalog.Video {
	b.Helper()
	return catalogtest.Video(b, b.pool, func(tx pgx.Tx, v *catalog.Video) error { return b.client.Enqueue(b.Context(), tx, v) })
}

// work runs a worker until the test ends or the returned function is called.
func (b *bench) work(h queue.Handler, edit func(*queue.WorkerConfig)) (stop func()) {
	b.Helper()
	cfg := queue.WorkerConfig{
		Pool: b.pool, Handler: h, Metrics: queue.NewMetrics(prometheus.NewRegistry()), Logger: quiet,
		Heartbeat: 100 * time.Millisecond, Lease: time.Minute, Sweep: 50 * time.Millisecond,
		Backoff: func(int) time.Duration { return 0 },
	}
	if edit != nil {
		edit(&cfg)
	}
	w, err := queue.NewWorker(cfg)
	if err != nil {
		b.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- w.Run(ctx) }()
	stop = func() {
		cancel()
		if err := <-ended; err != nil {
			b.Errorf("stop the worker: %v", err)
		}
		ended <- nil
	}
	b.Cleanup(stop)
	return stop
}

func (b *bench) video(id catalog.VideoID) catalog.Video {
	b.Helper()
	v, err := catalog.New(b.pool).Video(b.Context(), id)
	if err != nil {
		b.Fatal(err)
	}
	return v
}

// task describes the one task of a video: status, attempt, failures, log.
func (b *bench) task(id catalog.VideoID) (status string, attempt, failures int, log string) {
	b.Helper()
	err := b.pool.QueryRow(b.Context(), `SELECT status, attempt, failures, log FROM catalog_tasks WHERE video_id = $1`, id).
		Scan(&status, &attempt, &failures, &log)
	if err != nil {
		b.Fatal(err)
	}
	return status, attempt, failures, log
}

func TestTaskIsPublished(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	v := b.enqueue()
	h := handling(func(_ context.Context, task *queue.Task) (catalog.Publication, error) {
		task.Progress(0.5)
		task.Logf("encoded %d frames", 48)
		return result(task)
	})
	b.work(h, nil)
	h.await(t, queue.Done)
	got := b.video(v.ID)
	if got.Status != catalog.Ready || got.Prefix != fmt.Sprintf("v/%s/1/1/", v.ID) || got.Duration != time.Second {
		t.Errorf("video: %+v", got)
	}
	if status, attempt, failures, log := b.task(v.ID); status != "done" || attempt != 1 || failures != 0 || log != "encoded 48 frames\n" {
		t.Errorf("task: %s, attempt %d, %d failures, log %q", status, attempt, failures, log)
	}
}

func TestRetriesUntilDead(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	v := b.enqueue()
	h := handling(func(_ context.Context, task *queue.Task) (catalog.Publication, error) {
		return catalog.Publication{}, fmt.Errorf("disk on fire in attempt %d", task.Attempt)
	})
	b.work(h, nil)
	for range queue.DefaultTries - 1 {
		h.await(t, queue.Retry)
	}
	h.await(t, queue.Dead)
	if got := b.video(v.ID); got.Status != catalog.Failed || !strings.Contains(got.Reason, "several times") {
		t.Errorf("video: %+v", got)
	}
	status, attempt, failures, log := b.task(v.ID)
	if status != "dead" || attempt != queue.DefaultTries || failures != queue.DefaultTries {
		t.Errorf("task: %s, attempt %d, %d failures", status, attempt, failures)
	}
	for n := range queue.DefaultTries {
		if !strings.Contains(log, fmt.Sprintf("disk on fire in attempt %d", n+1)) {
			t.Errorf("the log of the dead task lacks attempt %d:\n%s", n+1, log)
		}
	}
}

func TestPermanentFailureIsNotRetried(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	v := b.enqueue()
	h := handling(func(context.Context, *queue.Task) (catalog.Publication, error) {
		return catalog.Publication{}, queue.Permanent("the file is not a video", errors.New("moov atom not found"))
	})
	b.work(h, nil)
	h.await(t, queue.Failed)
	if got := b.video(v.ID); got.Status != catalog.Failed || got.Reason != "the file is not a video" {
		t.Errorf("video: %+v", got)
	}
	if status, attempt, _, log := b.task(v.ID); status != "failed" || attempt != 1 || !strings.Contains(log, "moov atom not found") {
		t.Errorf("task: %s, attempt %d, log %q", status, attempt, log)
	}
}

// A worker that stops gives its task back without spending a try, and another finishes it.
func TestStoppingReleases(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	v := b.enqueue()
	started := make(chan struct{})
	first := handling(func(ctx context.Context, _ *queue.Task) (catalog.Publication, error) {
		close(started)
		<-ctx.Done()
		return catalog.Publication{}, errors.New("ffmpeg: signal: killed")
	})
	stop := b.work(first, nil)
	<-started
	stop()
	first.await(t, queue.Released)
	if status, attempt, failures, _ := b.task(v.ID); status != "queued" || attempt != 1 || failures != 0 {
		t.Errorf("task: %s, attempt %d, %d failures", status, attempt, failures)
	}
	second := handling(func(_ context.Context, task *queue.Task) (catalog.Publication, error) { return result(task) })
	b.work(second, nil)
	second.await(t, queue.Done)
	if got := b.video(v.ID); got.Prefix != fmt.Sprintf("v/%s/1/2/", v.ID) {
		t.Errorf("published %s, want the second attempt's", got.Prefix)
	}
}

// A worker that fell silent and comes back after another has taken its task over is told so, and publishes nothing.
func TestZombieCannotPublish(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	v := b.enqueue()
	claimed, wake := make(chan struct{}), make(chan struct{})
	zombie := handling(func(_ context.Context, task *queue.Task) (catalog.Publication, error) {
		if task.Attempt > 1 {
			return catalog.Publication{}, errors.New("the zombie took a second attempt")
		}
		close(claimed)
		<-wake
		return result(task)
	})
	b.work(zombie, func(c *queue.WorkerConfig) {
		c.Heartbeat, c.Sweep = time.Hour, time.Hour // silent
		c.Lease = time.Millisecond
	})
	<-claimed
	successor := handling(func(_ context.Context, task *queue.Task) (catalog.Publication, error) { return result(task) })
	b.work(successor, nil)
	successor.await(t, queue.Done)
	close(wake)
	zombie.await(t, queue.Lost)
	if got := b.video(v.ID); got.Status != catalog.Ready || got.Prefix != fmt.Sprintf("v/%s/1/2/", v.ID) {
		t.Errorf("video: %+v, want the successor's output", got)
	}
	if status, attempt, failures, log := b.task(v.ID); status != "done" || attempt != 2 || failures != 1 || !strings.Contains(log, "renewing its lease") {
		t.Errorf("task: %s, attempt %d, %d failures, log %q", status, attempt, failures, log)
	}
}

// A handler whose lease was taken learns it at the next heartbeat.
func TestHeartbeatNoticesALostLease(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	v := b.enqueue()
	claimed := make(chan struct{}, 10)
	var causes atomic.Int32
	h := handling(func(ctx context.Context, task *queue.Task) (catalog.Publication, error) {
		claimed <- struct{}{}
		if task.Attempt > 1 {
			return result(task)
		}
		<-ctx.Done()
		if errors.Is(context.Cause(ctx), queue.ErrLeaseLost) {
			causes.Add(1)
		}
		return catalog.Publication{}, ctx.Err()
	})
	b.work(h, func(c *queue.WorkerConfig) { c.Slots = 2; c.Sweep = time.Hour })
	<-claimed
	_, err := b.pool.Exec(t.Context(), `UPDATE catalog_tasks SET lease_token = gen_random_uuid() WHERE video_id = $1`, v.ID)
	if err != nil {
		t.Fatal(err)
	}
	h.await(t, queue.Lost)
	if causes.Load() != 1 {
		t.Error("the handler's context does not say that the lease was lost")
	}
}

// The message is lost when a worker dies between taking it and claiming the task.
func TestLostMessageIsSentAgain(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	v := b.enqueue()
	for _, sql := range []string{`DELETE FROM river_job`, `UPDATE catalog_tasks SET run_after = now() - interval '5 minutes'`} {
		if _, err := b.pool.Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
	h := handling(func(_ context.Context, task *queue.Task) (catalog.Publication, error) { return result(task) })
	b.work(h, nil)
	h.await(t, queue.Done)
	if got := b.video(v.ID); got.Status != catalog.Ready {
		t.Errorf("video: %+v", got)
	}
}

func TestPanicIsAFailure(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.enqueue()
	h := handling(func(_ context.Context, task *queue.Task) (catalog.Publication, error) {
		if task.Attempt == 1 {
			panic("index out of range")
		}
		return result(task)
	})
	b.work(h, nil)
	h.await(t, queue.Retry)
	h.await(t, queue.Done)
}

func TestTraceCrossesTheQueue(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	recorder := tracetest.NewSpanRecorder()
	provider := sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(recorder))
	ctx, request := provider.Tracer("test").Start(t.Context(), "complete upload")
	catalogtest.Video(b, b.pool, func(tx pgx.Tx, v *catalog.Video) error { return b.client.Enqueue(ctx, tx, v) })
	request.End()

	tried := false
	h := handling(func(_ context.Context, task *queue.Task) (catalog.Publication, error) {
		if !tried {
			tried = true
			return catalog.Publication{}, errors.New("once")
		}
		return result(task)
	})
	stop := b.work(h, func(c *queue.WorkerConfig) { c.Tracer = provider })
	h.await(t, queue.Retry)
	h.await(t, queue.Done)
	stop()
	attempts := 0
	for _, span := range recorder.Ended() {
		if span.Name() != "process task" {
			continue
		}
		attempts++
		if span.Parent().TraceID() != request.SpanContext().TraceID() || span.Parent().SpanID() != request.SpanContext().SpanID() {
			t.Errorf("attempt %d belongs to trace %s, want that of the request, %s", attempts, span.Parent().TraceID(), request.SpanContext().TraceID())
		}
	}
	if attempts != 2 {
		t.Errorf("%d spans of attempts, want 2", attempts)
	}
}

func TestPeriodicWorkRuns(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	ran := make(chan struct{}, 10)
	h := handling(nil)
	b.work(h, func(c *queue.WorkerConfig) {
		c.Periodic = []queue.Periodic{{Name: "expire-uploads", Every: time.Hour, Run: func(context.Context) error {
			ran <- struct{}{}
			return nil
		}}}
	})
	select {
	case <-ran:
	case <-time.After(30 * time.Second):
		t.Fatal("it did not run")
	}
}

func TestConfigIsChecked(t *testing.T) {
	t.Parallel()
	if _, err := queue.NewWorker(queue.WorkerConfig{}); err == nil {
		t.Error("a worker without a database was made")
	}
}
