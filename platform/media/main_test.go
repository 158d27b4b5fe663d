package media_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"plimsoll/internal/pg"
	"plimsoll/platform/media"
	"plimsoll/platform/objectstore"
	"plimsoll/platform/objectstore/blobtest"
	"plimsoll/platform/queue"
)

// workerEnv makes the test binary a worker process, to be killed. It holds a workerProcess.
const workerEnv = "MEDIA_TEST_WORKER"

// workerProcess is what a worker process is told.
type workerProcess struct {
	Database string
	Objects  objectstore.Config
	Scratch  string
	FFmpeg   string
}

func TestMain(m *testing.M) {
	if described := os.Getenv(workerEnv); described != "" {
		if err := runWorkerProcess(described); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	blobtest.Main(m)
}

func runWorkerProcess(described string) error {
	var p workerProcess
	if err := json.Unmarshal([]byte(described), &p); err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	pool, err := pg.Connect(ctx, p.Database)
	if err != nil {
		return err
	}
	defer pool.Close()
	objects, err := objectstore.New(p.Objects)
	if err != nil {
		return err
	}
	registry := prometheus.NewRegistry()
	w, err := media.New(media.Config{
		Pool: pool, Objects: objects, Scratch: p.Scratch, FFmpeg: p.FFmpeg, Metrics: media.NewMetrics(registry),
		Logger: slog.New(slog.DiscardHandler),
		Queue:  queue.WorkerConfig{Metrics: queue.NewMetrics(registry), Heartbeat: 200 * time.Millisecond, Lease: time.Second},
	})
	if err != nil {
		return err
	}
	return w.Run(ctx)
}
