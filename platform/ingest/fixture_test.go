package ingest_test

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/minio/crc64nvme"
	"github.com/prometheus/client_golang/prometheus"

	"plimsoll/internal/httpapi"
	"plimsoll/internal/identity"
	"plimsoll/internal/pg/pgtest"
	"plimsoll/platform/catalog"
	"plimsoll/platform/ingest"
	"plimsoll/platform/objectstore"
	"plimsoll/platform/objectstore/blobtest"
	"plimsoll/platform/queue"
)

func TestMain(m *testing.M) { blobtest.Main(m) }

const partSize = 5 << 20

// fixture is the upload API over a real database and object storage.
type fixture struct {
	*testing.T
	url     string
	pool    *pgxpool.Pool
	objects *objectstore.Store
	service *ingest.Service
	now     atomic.Int64 // added to the clock, in nanoseconds
}

func newFixture(t *testing.T) *fixture {
	t.Helper()
	f := &fixture{T: t, pool: pgtest.New(t, catalog.Migrations)}
	if err := queue.Migrate(t.Context(), f.pool); err != nil {
		t.Fatal(err)
	}
	quiet := slog.New(slog.DiscardHandler)
	client, err := queue.NewClient(f.pool, quiet)
	if err != nil {
		t.Fatal(err)
	}
	if f.objects, err = objectstore.New(blobtest.Start(t)); err != nil {
		t.Fatal(err)
	}
	f.service, err = ingest.New(ingest.Config{
		Pool: f.pool, Objects: f.objects, Queue: client, Metrics: ingest.NewMetrics(prometheus.NewRegistry()),
		PartSize: partSize, MaxSize: 1 << 30, Logger: quiet,
		Now: func() time.Time { return time.Now().Add(time.Duration(f.now.Load())) },
	})
	if err != nil {
		t.Fatal(err)
	}
	keys := identity.NewTokens(map[string]identity.Principal{"key": {Subject: "ada"}})
	api := httpapi.New(httpapi.Config{Title: "test", Version: "1", Logger: quiet, Authenticate: keys.Authenticate})
	(&ingest.Handlers{Service: f.service}).Register(api.Huma)
	server := httptest.NewServer(api.Mux)
	t.Cleanup(server.Close)
	f.url = server.URL
	return f
}

// call sends a request and decodes the answer; it returns the status.
func (f *fixture) call(method, path, token string, in, out any) int {
	f.Helper()
	body, err := json.Marshal(in)
	if err != nil {
		f.Fatal(err)
	}
	req, err := http.NewRequestWithContext(f.Context(), method, f.url+path, bytes.NewReader(body))
	if err != nil {
		f.Fatal(err)
	}
	if in == nil {
		req.Body = http.NoBody
	}
	req.Header.Set("Content-Type", "application/json")
	if token == "" {
		req.Header.Set("Authorization", "Bearer key")
	} else {
		req.Header.Set("Upload-Token", token)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		f.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		f.Fatal(err)
	}
	if out != nil && len(answer) > 0 {
		if err := json.Unmarshal(answer, out); err != nil {
			f.Fatalf("%s %s: %s: %s", method, path, err, answer)
		}
	}
	return resp.StatusCode
}

type promise struct {
	Title       string                `json:"title,omitempty"`
	Name        string                `json:"name"`
	Size        int64                 `json:"size"`
	ContentType string                `json:"contentType"`
	Checksum    ingest.ChecksumOfFile `json:"checksum"`
}

func promising(file []byte) promise {
	sum := base64.StdEncoding.EncodeToString(binary.BigEndian.AppendUint64(nil, crc64nvme.Checksum(file)))
	return promise{Name: "clip.mp4", Size: int64(len(file)), ContentType: "video/mp4",
		Checksum: ingest.ChecksumOfFile{Algorithm: catalog.CRC64NVME, Value: sum}}
}

func (f *fixture) create(p promise) ingest.NewUpload {
	f.Helper()
	var u ingest.NewUpload
	if status := f.call("POST", "/v1/uploads", "", p, &u); status != http.StatusCreated {
		f.Fatalf("create: status %d", status)
	}
	return u
}

func (f *fixture) put(part ingest.PartURL, file []byte) {
	f.Helper()
	from := int64(part.Number-1) * partSize
	req, err := http.NewRequestWithContext(f.Context(), http.MethodPut, part.URL, bytes.NewReader(file[from:min(from+part.Size, int64(len(file)))]))
	if err != nil {
		f.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		f.Fatal(err)
	}
	answer, _ := io.ReadAll(resp.Body)
	_ = resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		f.Fatalf("put part %d: %s: %s", part.Number, resp.Status, answer)
	}
}

func (f *fixture) complete(u ingest.NewUpload) (ingest.CompletedUpload, int, string) {
	f.Helper()
	var answer json.RawMessage
	status := f.call("POST", "/v1/uploads/"+string(u.ID)+"/complete", u.Token, nil, &answer)
	var done ingest.CompletedUpload
	var problem struct{ Detail string }
	into := any(&problem)
	if status == http.StatusOK {
		into = &done
	}
	if err := json.Unmarshal(answer, into); err != nil {
		f.Fatal(err)
	}
	return done, status, problem.Detail
}

func (f *fixture) state(u ingest.NewUpload) ingest.UploadState {
	f.Helper()
	var s ingest.UploadState
	if status := f.call("GET", "/v1/uploads/"+string(u.ID), u.Token, nil, &s); status != http.StatusOK {
		f.Fatalf("state: status %d", status)
	}
	return s
}

// counts returns how many videos, tasks and messages there are.
func (f *fixture) counts() (n [3]int) {
	f.Helper()
	for i, table := range []string{"catalog_videos", "catalog_tasks", "river_job"} {
		if err := f.pool.QueryRow(f.Context(), `SELECT count(*) FROM `+table).Scan(&n[i]); err != nil {
			f.Fatal(err)
		}
	}
	return n
}

func file(size int) []byte {
	b := make([]byte, size)
	for i := range b {
		b[i] = byte(i*7 + i>>9)
	}
	return b
}
