package client_test

import (
	"context"
	"crypto/rand"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"plimsoll/internal/httpapi"
	"plimsoll/platform/client"
	"plimsoll/platform/objectstore/blobtest"
	"plimsoll/platform/platformtest"
)

func TestMain(m *testing.M) { blobtest.Main(m) }

// start runs a platform that takes uploads and makes nothing of them.
func start(t *testing.T) *platformtest.Platform {
	cfg := platformtest.Config(t)
	cfg.Roles = []string{"gateway", "ingest", "playback", "edge"}
	cfg.Uploads.PartSize = 5 << 20
	return platformtest.Start(t, cfg)
}

// threeParts writes a file that goes out in three parts.
func threeParts(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "film.mp4")
	data := make([]byte, 12<<20)
	_, _ = rand.Read(data)
	if err := os.WriteFile(path, data, 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// line is a transport to object storage on which things happen.
type line struct {
	puts   atomic.Int64
	before func(n int64, r *http.Request) (*http.Response, error) // n counts from 1; nil, nil lets the request through
}

func (l *line) RoundTrip(r *http.Request) (*http.Response, error) {
	if resp, err := l.before(l.puts.Add(1), r); resp != nil || err != nil {
		_, _ = io.Copy(io.Discard, r.Body)
		return resp, err
	}
	return http.DefaultTransport.RoundTrip(r)
}

func newClient(t *testing.T, p *platformtest.Platform, resume string, l *line) *client.Client {
	t.Helper()
	c, err := client.New(client.Config{URL: p.Gateway, Key: p.Key, ResumeDir: resume, Storage: &http.Client{Transport: l}})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestUploadGoesOnAfterAnInterruption(t *testing.T) {
	t.Parallel()
	p, film, resume := start(t), threeParts(t), t.TempDir()
	ctx, interrupt := context.WithCancel(t.Context())
	first := &line{before: func(n int64, _ *http.Request) (*http.Response, error) {
		if n == 3 {
			interrupt()
		}
		return nil, nil
	}}
	up := client.Upload{Path: film, Parallel: 1}
	if _, err := newClient(t, p, resume, first).Upload(ctx, up); !errors.Is(err, context.Canceled) {
		t.Fatalf("the interrupted upload ended with %v", err)
	}
	if files, _ := os.ReadDir(resume); len(files) != 1 {
		t.Fatalf("%d unfinished uploads are remembered, want 1", len(files))
	}
	second, resumed := &line{before: func(int64, *http.Request) (*http.Response, error) { return nil, nil }}, int64(0)
	up.Resumed = func(n int64) { resumed = n }
	var mu sync.Mutex
	var last client.Progress
	up.Progress = func(p client.Progress) { mu.Lock(); defer mu.Unlock(); last = p }
	done, err := newClient(t, p, resume, second).Upload(t.Context(), up)
	if err != nil || done.VideoID == "" {
		t.Fatal(done, err)
	}
	if n := second.puts.Load(); n != 1 || resumed != 10<<20 {
		t.Errorf("%d parts were sent and %d bytes were there, want 1 and 10 MiB", n, resumed)
	}
	if last != (client.Progress{Phase: client.Checking, Done: 12 << 20, Total: 12 << 20}) {
		t.Errorf("progress ends with %+v", last)
	}
	if files, _ := os.ReadDir(resume); len(files) != 0 {
		t.Error("the finished upload is still remembered")
	}
}

func TestBadLineAndRefusedURL(t *testing.T) {
	t.Parallel()
	p, film := start(t), threeParts(t)
	l := &line{before: func(n int64, r *http.Request) (*http.Response, error) {
		switch n {
		case 1:
			return nil, errors.New("connection reset by peer")
		case 2:
			return &http.Response{StatusCode: 403, Status: "403 Forbidden", Body: io.NopCloser(strings.NewReader("Request has expired")), Request: r}, nil
		case 3:
			return &http.Response{StatusCode: 503, Status: "503 Slow Down", Body: http.NoBody, Request: r}, nil
		}
		return nil, nil
	}}
	if _, err := newClient(t, p, "", l).Upload(t.Context(), client.Upload{Path: film}); err != nil {
		t.Fatal(err)
	}
	if n := l.puts.Load(); n != 6 {
		t.Errorf("%d parts were sent, want 3 and 3 again", n)
	}
}

// The answer to a completion is lost, and the platform is away for a moment while the video is waited for.
func TestShortOutages(t *testing.T) {
	t.Parallel()
	p := start(t)
	through := &line{before: func(int64, *http.Request) (*http.Response, error) { return nil, nil }}
	l := &lossy{}
	c, err := client.New(client.Config{URL: p.Gateway, Key: p.Key, API: &http.Client{Transport: l}, Storage: &http.Client{Transport: through}})
	if err != nil {
		t.Fatal(err)
	}
	done, err := c.Upload(t.Context(), client.Upload{Path: threeParts(t)})
	if err != nil || done.VideoID == "" {
		t.Fatal(done, err)
	}
	if n := l.completions.Load(); n != 2 {
		t.Errorf("%d completions, want the lost one and another", n)
	}
	ctx, enough := context.WithCancel(t.Context())
	l.asked = func(n int64) {
		if n == 3 {
			enough()
		}
	}
	if _, err := c.Wait(ctx, done.VideoID, time.Millisecond); !errors.Is(err, context.Canceled) {
		t.Errorf("waiting ended with %v before it was interrupted", err)
	}
}

// lossy is a transport to the gateway that loses the answer to the first completion and to the first read of a video.
type lossy struct {
	completions, reads atomic.Int64
	asked              func(n int64)
}

func (l *lossy) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := http.DefaultTransport.RoundTrip(r)
	lost := strings.HasSuffix(r.URL.Path, "/complete") && l.completions.Add(1) == 1
	if strings.HasPrefix(r.URL.Path, "/v1/videos/") {
		n := l.reads.Add(1)
		l.asked(n)
		lost = n == 1
	}
	if lost && err == nil {
		_ = resp.Body.Close()
		return nil, errors.New("connection reset by peer")
	}
	return resp, err
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	p, dir := start(t), t.TempDir()
	write := func(name, content string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	for _, tc := range []struct {
		name, path, key, says string
	}{
		{"no file", filepath.Join(dir, "none.mp4"), p.Key, "there is no file"},
		{"folder", dir, p.Key, "is a folder"},
		{"empty", write("empty.mp4", ""), p.Key, "is empty"},
		{"text", write("notes.txt", "x"), p.Key, "not a video file"},
		{"bad key", write("a.mp4", "x"), "pk_wrong_key", "API key is not valid"},
		{"no key", write("b.mp4", "x"), "", "token"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c, err := client.New(client.Config{URL: p.Gateway, Key: tc.key})
			if err != nil {
				t.Fatal(err)
			}
			_, err = c.Upload(t.Context(), client.Upload{Path: tc.path})
			if err == nil || !strings.Contains(err.Error(), tc.says) {
				t.Errorf("%v, want %q", err, tc.says)
			}
		})
	}
	c, err := client.New(client.Config{URL: p.Gateway})
	if err != nil {
		t.Fatal(err)
	}
	var problem *httpapi.ProblemError
	if _, err := c.Video(t.Context(), "nope"); !errors.As(err, &problem) || problem.Code != httpapi.NotFound {
		t.Errorf("a video that does not exist: %v", err)
	}
	if _, err := client.New(client.Config{URL: "somewhere"}); err == nil {
		t.Error("an address without a scheme")
	}
}
