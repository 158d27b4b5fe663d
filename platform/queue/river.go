package queue

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"

	"plimsoll/internal/telemetry"
)

// tick asks for one run of a Periodic. Ticks have a queue of their own, so that long tasks do not hold them up.
type tick struct {
	Name string `json:"name"`
}

const tickQueue = "periodic"

// liveStates are those of a job that is waiting or at work.
var liveStates = []rivertype.JobState{
	rivertype.JobStateAvailable, rivertype.JobStatePending, rivertype.JobStateRetryable,
	rivertype.JobStateRunning, rivertype.JobStateScheduled,
}

// Kind names the message for River.
func (tick) Kind() string { return "periodic" }

// InsertOpts keep a tick from piling up behind one that waits.
func (tick) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Queue: tickQueue, MaxAttempts: 1, UniqueOpts: river.UniqueOpts{ByArgs: true, ByState: liveStates}}
}

// riverConfig says what River works for this worker.
func (w *Worker) riverConfig() *river.Config {
	workers := river.NewWorkers()
	river.AddWorker(workers, &untimed[message]{run: w.work})
	jobs := map[string]func(context.Context) error{}
	var periodic []*river.PeriodicJob
	for _, p := range w.cfg.Periodic {
		jobs[p.Name] = p.Run
		periodic = append(periodic, river.NewPeriodicJob(river.PeriodicInterval(p.Every),
			func() (river.JobArgs, *river.InsertOpts) { return tick{Name: p.Name}, nil },
			&river.PeriodicJobOpts{ID: p.Name, RunOnStart: true}))
	}
	river.AddWorker(workers, river.WorkFunc(func(ctx context.Context, job *river.Job[tick]) error {
		run, ok := jobs[job.Args.Name]
		if !ok {
			return fmt.Errorf("run periodic work %q: this worker does not know it", job.Args.Name)
		}
		return run(ctx)
	}))
	return &river.Config{
		Logger:       telemetry.Quiet(w.cfg.Logger, slog.LevelWarn),
		Queues:       map[string]river.QueueConfig{river.QueueDefault: {MaxWorkers: w.cfg.Slots}, tickQueue: {MaxWorkers: 1}},
		Workers:      workers,
		PeriodicJobs: periodic,
	}
}

// untimed is a River worker without River's time limit: a task is limited by its lease and its handler.
type untimed[T river.JobArgs] struct {
	river.WorkerDefaults[T]
	run func(context.Context, *river.Job[T]) error
}

func (u *untimed[T]) Timeout(*river.Job[T]) time.Duration { return -1 }

func (u *untimed[T]) Work(ctx context.Context, job *river.Job[T]) error { return u.run(ctx, job) }
