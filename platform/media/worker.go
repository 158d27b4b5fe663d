package media

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"plimsoll/platform/catalog"
	"plimsoll/platform/objectstore"
	"plimsoll/platform/queue"
)

// Config of a Worker.
type Config struct {
	Pool    *pgxpool.Pool      // migrated by catalog and queue; required
	Objects *objectstore.Store // required
	Scratch string             // directory for files at work; workers may share it; required
	Metrics *Metrics           // required

	FFmpeg    string        // program; found in PATH if empty
	FFprobe   string        // program; found in PATH if empty
	Segment   time.Duration // length of a segment, in which it is rounded to whole frames; 4 s if 0
	TimeLimit time.Duration // of one run of FFmpeg; 6 h if 0
	// AttemptLimit bounds a whole attempt, so that a store that falls silent in the middle of an object does not hold a
	// video for ever; 12 h if 0.
	AttemptLimit time.Duration

	// Queue holds the worker's pace and background work; its Pool, Handler and Logger are set here.
	Queue  queue.WorkerConfig
	Logger *slog.Logger
}

const (
	defaultSegment      = 4 * time.Second
	defaultTimeLimit    = 6 * time.Hour
	defaultAttemptLimit = 12 * time.Hour
)

// Worker makes videos of uploaded files.
type Worker struct {
	cfg     Config
	catalog *catalog.Store
	queue   *queue.Worker
	scratch *scratch // set by Run
}

// New returns a worker that does nothing until Run.
func New(c Config) (*Worker, error) {
	if c.Pool == nil || c.Objects == nil || c.Scratch == "" || c.Metrics == nil {
		return nil, errors.New("set up the media worker: database, object store, scratch directory and metrics are required")
	}
	c.FFmpeg = cmp.Or(c.FFmpeg, "ffmpeg")
	c.FFprobe = cmp.Or(c.FFprobe, "ffprobe")
	c.Segment = cmp.Or(c.Segment, defaultSegment)
	c.TimeLimit = cmp.Or(c.TimeLimit, defaultTimeLimit)
	c.AttemptLimit = cmp.Or(c.AttemptLimit, defaultAttemptLimit)
	c.Logger = cmp.Or(c.Logger, slog.Default())
	w := &Worker{cfg: c, catalog: catalog.New(c.Pool)}
	tasks := c.Queue
	tasks.Pool, tasks.Handler, tasks.Logger = c.Pool, w, c.Logger
	var err error
	w.queue, err = queue.NewWorker(tasks)
	return w, err
}

// Run works until ctx is done. It removes the files that crashed workers left in the scratch directory.
func (w *Worker) Run(ctx context.Context) error {
	s, err := openScratch(w.cfg.Scratch)
	if err != nil {
		return err
	}
	w.scratch = s
	return errors.Join(w.queue.Run(ctx), s.close())
}
