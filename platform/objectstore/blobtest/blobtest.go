// Package blobtest gives tests a real S3: the platform's own object storage server in a child process of the test
// binary, with a bucket for each test. It is for tests only. A package that uses it has
//
//	func TestMain(m *testing.M) { blobtest.Main(m) }
package blobtest

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"plimsoll/platform/objectstore"
	"plimsoll/platform/objectstore/blob"
)

// mark makes the test binary the server instead of running tests.
const mark = "PLATFORM_BLOB_TEST_SERVER"

const (
	accessKey = "test"
	secretKey = "test-secret"
)

var (
	shared = sync.OnceValues(start)
	root   string // of the server; set by shared
	serial atomic.Int64
)

// Main runs the tests, or the server if this is the child.
func Main(m *testing.M) {
	if os.Getenv(mark) != "" {
		ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
		defer stop()
		if err := blob.RunFromEnvironment(ctx, os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	code := m.Run()
	if root != "" {
		if server, err := shared(); err == nil {
			_ = server.Stop()
		}
		_ = os.RemoveAll(root)
	}
	os.Exit(code)
}

// Start returns the address of a fresh, empty bucket on the test process's server.
func Start(t testing.TB) objectstore.Config {
	t.Helper()
	server, err := shared()
	if err != nil {
		t.Fatalf("start object storage (is blobtest.Main called by TestMain?): %v", err)
	}
	c := objectstore.Config{
		Endpoint:  server.Endpoint(),
		Bucket:    fmt.Sprintf("test-%d", serial.Add(1)),
		AccessKey: accessKey,
		SecretKey: secretKey,
	}
	store, err := objectstore.New(c)
	if err != nil {
		t.Fatal(err)
	}
	if err := store.EnsureBucket(t.Context()); err != nil {
		t.Fatal(err)
	}
	return c
}

// Process returns a server of the test's own in dir, to be stopped, killed and restarted, and where it is.
func Process(t testing.TB, dir string) (*blob.Process, objectstore.Config) {
	t.Helper()
	server, err := blob.Start(t.Context(), config(dir))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Stop() })
	return server, objectstore.Config{Endpoint: server.Endpoint(), AccessKey: accessKey, SecretKey: secretKey}
}

func start() (*blob.Process, error) {
	dir, err := os.MkdirTemp("", "blobtest")
	if err != nil {
		return nil, err
	}
	root = dir
	return blob.Start(context.Background(), config(filepath.Join(dir, "buckets")))
}

func config(dir string) blob.ProcessConfig {
	return blob.ProcessConfig{
		Server: blob.Config{Dir: dir, Addr: "127.0.0.1:0", AccessKey: accessKey, SecretKey: secretKey},
		Env:    []string{mark + "=1"},
	}
}
