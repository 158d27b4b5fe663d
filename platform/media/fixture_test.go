package media_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/binary"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/minio/crc64nvme"
	"github.com/prometheus/client_golang/prometheus"

	"plimsoll/internal/pg"
	"plimsoll/internal/pg/pgtest"
	"plimsoll/platform/catalog"
	"plimsoll/platform/catalog/catalogtest"
	"plimsoll/platform/media"
	"plimsoll/platform/objectstore"
	"plimsoll/platform/objectstore/blobtest"
	"plimsoll/platform/queue"
)

var quiet = slog.New(slog.DiscardHandler)

// fixture is a database and an object store on which workers run.
type fixture struct {
	*testing.T
	database string
	pool     *pgxpool.Pool
	bucket   objectstore.Config
	objects  *objectstore.Store
	tasks    *queue.Client
	scratch  string
}

func newFixture(t *testing.T) *fixture {
	t.Helper()
	f := &fixture{T: t, database: pgtest.URL(t), bucket: blobtest.Start(t), scratch: t.TempDir()}
	var err error
	if f.pool, err = pg.Connect(t.Context(), f.database); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(f.pool.Close)
	if err := pg.Migrate(t.Context(), f.pool, catalog.Migrations); err != nil {
		t.Fatal(err)
	}
	if err := queue.Migrate(t.Context(), f.pool); err != nil {
		t.Fatal(err)
	}
	if f.tasks, err = queue.NewClient(f.pool, quiet); err != nil {
		t.Fatal(err)
	}
	if f.objects, err = objectstore.New(f.bucket); err != nil {
		t.Fatal(err)
	}
	return f
}

// work runs a worker until the test ends.
func (f *fixture) work(edit func(*media.Config)) {
	f.Helper()
	registry := prometheus.NewRegistry()
	cfg := media.Config{
		Pool: f.pool, Objects: f.objects, Scratch: f.scratch, Metrics: media.NewMetrics(registry), Segment: time.Second, Logger: quiet,
		Queue: queue.WorkerConfig{Metrics: queue.NewMetrics(registry), Heartbeat: 200 * time.Millisecond, Lease: time.Minute,
			Sweep: 200 * time.Millisecond, Backoff: func(int) time.Duration { return 0 }},
	}
	if edit != nil {
		edit(&cfg)
	}
	w, err := media.New(cfg)
	if err != nil {
		f.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- w.Run(ctx) }()
	f.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			f.Errorf("stop the worker: %v", err)
		}
	})
}

// accept records an uploaded file as a processing video with its task, as ingest does.
func (f *fixture) accept(file []byte, edit func(*catalog.Upload)) catalog.VideoID {
	f.Helper()
	u := catalogtest.Upload(f, f.pool, func(u *catalog.Upload) {
		sum := binary.BigEndian.AppendUint64(nil, crc64nvme.Checksum(file))
		u.Size, u.Checksum = int64(len(file)), catalog.Checksum{Algorithm: catalog.CRC64NVME, Value: base64.StdEncoding.EncodeToString(sum)}
		if edit != nil {
			edit(u)
		}
	})
	if err := f.objects.Put(f.Context(), u.ObjectKey, bytes.NewReader(file), int64(len(file)), "video/mp4"); err != nil {
		f.Fatal(err)
	}
	var v catalog.Video
	err := pgx.BeginFunc(f.Context(), f.pool, func(tx pgx.Tx) (err error) {
		if v, err = catalog.Accept(f.Context(), tx, &u, time.Now()); err != nil {
			return err
		}
		return f.tasks.Enqueue(f.Context(), tx, &v)
	})
	if err != nil {
		f.Fatal(err)
	}
	return v.ID
}

// settled waits until the video is ready or failed.
func (f *fixture) settled(id catalog.VideoID) catalog.Video {
	f.Helper()
	for deadline := time.Now().Add(2 * time.Minute); ; {
		v, err := catalog.New(f.pool).Video(f.Context(), id)
		if err != nil {
			f.Fatal(err)
		}
		if v.Status != catalog.Processing {
			return v
		}
		if time.Now().After(deadline) {
			f.Fatalf("the video still is %s; its task: %s", v.Status, f.log(id))
		}
		time.Sleep(20 * time.Millisecond)
	}
}

func (f *fixture) log(id catalog.VideoID) string {
	f.Helper()
	var status, log string
	if err := f.pool.QueryRow(f.Context(), `SELECT status, log FROM catalog_tasks WHERE video_id = $1`, id).Scan(&status, &log); err != nil {
		f.Fatal(err)
	}
	return status + ": " + log
}

func (f *fixture) keys(prefix string) []string {
	f.Helper()
	objects, err := f.objects.List(f.Context(), prefix)
	if err != nil {
		f.Fatal(err)
	}
	var keys []string
	for _, o := range objects {
		keys = append(keys, strings.TrimPrefix(o.Key, prefix))
	}
	return keys
}

// serve serves the bucket over HTTP, as an edge would.
func (f *fixture) serve() string {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, o, err := f.objects.Get(r.Context(), strings.TrimPrefix(r.URL.Path, "/"), nil)
		if err != nil {
			http.Error(w, err.Error(), http.StatusNotFound)
			return
		}
		defer func() { _ = body.Close() }()
		w.Header().Set("Content-Type", o.ContentType)
		_, _ = io.Copy(w, body)
	}))
	f.Cleanup(server.Close)
	return server.URL + "/"
}

// ffmpeg runs FFmpeg and returns what it writes.
func ffmpeg(t testing.TB, program string, args ...string) string {
	t.Helper()
	var complaints bytes.Buffer
	cmd := exec.CommandContext(t.Context(), program, append([]string{"-v", "error"}, args...)...)
	cmd.Stderr = &complaints
	out, err := cmd.Output()
	if err != nil || complaints.Len() > 0 {
		t.Fatalf("%s (make deps) %s: %v: %s", program, strings.Join(args, " "), err, complaints.String())
	}
	return string(out)
}

// clip makes a file by FFmpeg's arguments; name decides the container.
func clip(t testing.TB, name string, args ...string) []byte {
	t.Helper()
	file := filepath.Join(t.TempDir(), name)
	ffmpeg(t, "ffmpeg", append(append([]string{"-nostdin"}, args...), file)...)
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// picture and tone are FFmpeg's inputs of moving bars and of a sine.
func picture(size, seconds string) []string {
	return []string{"-f", "lavfi", "-i", "testsrc2=rate=25:size=" + size + ":duration=" + seconds}
}

func tone(seconds string) []string {
	return []string{"-f", "lavfi", "-i", "sine=duration=" + seconds}
}

func join(lists ...[]string) (all []string) {
	for _, l := range lists {
		all = append(all, l...)
	}
	return all
}
