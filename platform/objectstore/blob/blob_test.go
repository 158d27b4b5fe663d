package blob_test

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"plimsoll/platform/objectstore"
	"plimsoll/platform/objectstore/blob"
	"plimsoll/platform/objectstore/blobtest"
)

func TestMain(m *testing.M) { blobtest.Main(m) }

func open(t *testing.T, c objectstore.Config) *objectstore.Store {
	t.Helper()
	s, err := objectstore.New(c)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.EnsureBucket(t.Context()); err != nil {
		t.Fatal(err)
	}
	return s
}

// part uploads one small part and returns the upload's ID.
func part(t *testing.T, s *objectstore.Store, key, body string) string {
	t.Helper()
	id, err := s.CreateMultipart(t.Context(), key, "video/mp4", objectstore.CRC64NVME)
	if err != nil {
		t.Fatal(err)
	}
	url, err := s.PresignPart(t.Context(), key, id, 1, int64(len(body)), time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPut, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		t.Fatalf("put part: %s", resp.Status)
	}
	return id
}

func complete(ctx context.Context, s *objectstore.Store, key, id string) error {
	parts, err := s.Parts(ctx, key, id, objectstore.CRC64NVME)
	if err != nil {
		return err
	}
	return s.CompleteMultipart(ctx, key, id, parts, objectstore.CRC64NVME, "")
}

func content(t *testing.T, s *objectstore.Store, key string) string {
	t.Helper()
	r, _, err := s.Get(t.Context(), key, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = r.Close() }()
	b, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// What was acknowledged survives SIGKILL; the server comes back at its address by itself.
func TestKilledServerIsRestarted(t *testing.T) {
	t.Parallel()
	server, c := blobtest.Process(t, t.TempDir())
	s := open(t, c)
	if err := s.Put(t.Context(), "v/1/a", strings.NewReader("kept"), 4, "text/plain"); err != nil {
		t.Fatal(err)
	}
	id := part(t, s, "uploads/1", "kept too")

	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- server.Run(ctx) }()
	first := server.PID()
	if err := syscall.Kill(first, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(20 * time.Second); ; {
		if err := complete(t.Context(), s, "uploads/1", id); err == nil {
			break
		} else if time.Now().After(deadline) {
			t.Fatalf("the server did not come back: %v", err)
		}
	}
	if server.PID() == first {
		t.Error("the killed process still serves")
	}
	if a, b := content(t, s, "v/1/a"), content(t, s, "uploads/1"); a != "kept" || b != "kept too" {
		t.Errorf("after the kill: %q, %q", a, b)
	}
	stop()
	if err := <-ended; err != nil {
		t.Errorf("graceful stop: %v", err)
	}
}

// A crash in the middle of a completion leaves the upload claimed; the next server must let it be completed.
func TestCutOffCompletionIsRolledBack(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	server, c := blobtest.Process(t, dir)
	s := open(t, c)
	id := part(t, s, "uploads/1", "whole")
	if err := server.Stop(); err != nil {
		t.Fatal(err)
	}
	uploads, err := filepath.Glob(filepath.Join(dir, "*", ".sgwtmp", "multipart", "*", id))
	if err != nil || len(uploads) != 1 {
		t.Fatalf("directory of the upload: %v, %v", uploads, err)
	}
	if err := os.Rename(uploads[0], uploads[0]+".0123-1.inprogress"); err != nil {
		t.Fatal(err)
	}

	_, c = blobtest.Process(t, dir)
	s = open(t, c)
	if err := complete(t.Context(), s, "uploads/1", id); err != nil {
		t.Fatal(err)
	}
	if got := content(t, s, "uploads/1"); got != "whole" {
		t.Errorf("object: %q", got)
	}
}

// Whoever is told that the upload is complete must find the object, also when others complete it at the same time.
func TestParallelCompletions(t *testing.T) {
	t.Parallel()
	s := open(t, blobtest.Start(t))
	body := strings.Repeat("x", 1<<20)
	id := part(t, s, "uploads/1", body)
	parts, err := s.Parts(t.Context(), "uploads/1", id, objectstore.CRC64NVME)
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			if err := s.CompleteMultipart(t.Context(), "uploads/1", id, parts, objectstore.CRC64NVME, ""); err != nil {
				t.Error(err)
			}
			if o, err := s.Head(t.Context(), "uploads/1"); err != nil || o.Size != int64(len(body)) {
				t.Errorf("head after completion: %+v, %v", o, err)
			}
		})
	}
	wg.Wait()
}

func TestOneServerADirectory(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	blobtest.Process(t, dir)
	err := blob.Run(t.Context(), blob.Config{Dir: dir, Addr: "127.0.0.1:0", AccessKey: "a", SecretKey: "b"})
	if err == nil || !strings.Contains(err.Error(), blob.ErrDirInUse.Error()) {
		t.Errorf("second server: %v", err)
	}
	// What keeps a child process from starting is in the parent's error, not in its log alone.
	_, err = blob.Start(t.Context(), blob.ProcessConfig{
		Server: blob.Config{Dir: dir, Addr: "127.0.0.1:0", AccessKey: "a", SecretKey: "b"},
		Env:    []string{"PLATFORM_BLOB_TEST_SERVER=1"}, // as blobtest.Main has it
		Logger: slog.New(slog.DiscardHandler),
	})
	if err == nil || !strings.Contains(err.Error(), blob.ErrDirInUse.Error()) {
		t.Errorf("second process: %v", err)
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]blob.Config{
		"no keys":     {Dir: "x", Addr: "127.0.0.1:0"},
		"bad address": {Dir: t.TempDir(), Addr: "nonsense", AccessKey: "a", SecretKey: "b"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if err := blob.Run(t.Context(), c); err == nil {
				t.Error("it ran")
			}
		})
	}
}

func TestBytesArePreserved(t *testing.T) {
	t.Parallel()
	s := open(t, blobtest.Start(t))
	body := bytes.Repeat([]byte{0, 1, 255, '\n'}, 50_000)
	if err := s.Put(t.Context(), "a/b/c/d/e", bytes.NewReader(body), int64(len(body)), "video/mp4"); err != nil {
		t.Fatal(err)
	}
	if content(t, s, "a/b/c/d/e") != string(body) {
		t.Error("the object differs from what was put")
	}
}
