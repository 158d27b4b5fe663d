package pg_test

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// The log of a private server begins anew when it is too large; the server goes on with it, and what was in it is kept once.
func TestRunKeepsTheLogSmall(t *testing.T) {
	t.Parallel()
	dir := tempDir(t)
	s := startIn(t, dir)
	path := filepath.Join(dir, "log")
	log, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := log.Write(bytes.Repeat([]byte("an old line\n"), 17<<20/12)); err != nil {
		t.Fatal(err)
	}
	log.Close()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	conn, err := pgx.Connect(t.Context(), s.URL())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(50 * time.Millisecond) {
		if _, err := conn.Exec(t.Context(), "SELECT a_new_line"); err == nil {
			t.Fatal("the statement succeeded")
		}
		now, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if len(now) < 1<<20 && bytes.Contains(now, []byte("a_new_line")) {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("the log has %d bytes", len(now))
		}
	}
	cancel()
	if err := <-ended; err != nil {
		t.Errorf("run ended with %v", err)
	}
	if old, err := os.ReadFile(path + ".1"); err != nil || !bytes.Contains(old, []byte("an old line")) {
		t.Errorf("the log before it has %d bytes, %v", len(old), err)
	}
}
