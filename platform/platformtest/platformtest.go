// Package platformtest runs a whole video platform inside a test process, on a database of its own and a bucket of its
// own of the test process's object storage. It is for tests only. A package that uses it has
//
//	func TestMain(m *testing.M) { blobtest.Main(m) }
package platformtest

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"plimsoll/internal/pg/pgtest"
	"plimsoll/platform"
	"plimsoll/platform/objectstore/blobtest"
)

// Platform is a running platform.
type Platform struct {
	platform.Addresses
	Key  string // API key
	Data string // data directory
	stop context.CancelFunc
	done chan error
}

// Config returns the configuration of a platform with all roles but blob, on free ports, that waits for no last scrape.
func Config(t testing.TB) platform.Config {
	t.Helper()
	cfg, err := platform.Default()
	if err != nil {
		t.Fatal(err)
	}
	s3 := blobtest.Start(t)
	cfg.Data = t.TempDir()
	cfg.Dev = true
	cfg.FinalScrapeTimeout = 0
	cfg.Roles = []string{"gateway", "ingest", "worker", "playback", "edge"}
	cfg.Listen = platform.Listen{Gateway: "127.0.0.1:0", Edge: "127.0.0.1:0", Ops: "127.0.0.1:0", Blob: "127.0.0.1:0"}
	cfg.Database.URL = pgtest.URL(t)
	cfg.ObjectStore = platform.ObjectStore{Endpoint: s3.Endpoint, Bucket: s3.Bucket, AccessKey: s3.AccessKey, SecretKey: s3.SecretKey}
	cfg.Logger = slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelWarn}))
	return cfg
}

// startTimeout bounds the start of a platform.
const startTimeout = time.Minute

// Start runs a platform until the test ends or stops it.
func Start(t testing.TB, cfg platform.Config) *Platform {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	p := &Platform{Data: cfg.Data, stop: stop, done: make(chan error, 1)}
	ready := make(chan platform.Addresses, 1)
	cfg.Ready = func(a platform.Addresses) { ready <- a }
	go func() { p.done <- platform.Run(ctx, cfg) }()
	t.Cleanup(func() {
		if err := p.Stop(); err != nil {
			t.Errorf("the platform ended with %v", err)
		}
	})
	select {
	case p.Addresses = <-ready:
	case err := <-p.done:
		p.done <- nil
		t.Fatalf("the platform did not start: %v", err)
	case <-time.After(startTimeout):
		t.Fatal("the platform did not start in time")
	}
	if key, err := os.ReadFile(filepath.Join(cfg.Data, "api-key")); err == nil {
		p.Key = strings.TrimSpace(string(key))
	}
	return p
}

// Stop asks the platform to stop and waits until it has.
func (p *Platform) Stop() error {
	p.stop()
	err := <-p.done
	p.done <- nil // a further Stop finds it stopped
	return err
}

// Ask asks the platform to stop and does not wait.
func (p *Platform) Ask() { p.stop() }
