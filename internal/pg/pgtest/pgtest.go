// Package pgtest gives each test a database of its own on a private PostgreSQL of the test process.
//
// The cluster is made by the first test that asks and ends with the process, however that ends: a small shell holds the
// other end of a pipe and stops the server when the pipe closes. It is for tests only.
package pgtest

import (
	"context"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"

	"plimsoll/internal/pg"
)

var shared = sync.OnceValues(start)

// cluster is the server of this process.
type cluster struct {
	*pg.Server
	admin    *pgxpool.Pool
	lifeline io.Closer // held open for as long as the process lives; the guard waits for its end

	databases atomic.Int64
	mu        sync.Mutex
	templates map[string]string // databases from which others are copied, by the digest of their migrations
}

// New returns a pool on a fresh database to which the migrations have been applied.
func New(t testing.TB, migrations ...pg.Migrations) *pgxpool.Pool {
	t.Helper()
	ctx := context.Background()
	c := find(t)
	template, err := c.template(ctx, migrations)
	if err != nil {
		t.Fatal(err)
	}
	address, err := c.create(ctx, template)
	if err != nil {
		t.Fatal(err)
	}
	pool, err := pg.Connect(ctx, address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	return pool
}

// URL returns the address of a fresh, empty database.
func URL(t testing.TB) string {
	t.Helper()
	address, err := find(t).create(context.Background(), empty)
	if err != nil {
		t.Fatal(err)
	}
	return address
}

func find(t testing.TB) *cluster {
	t.Helper()
	c, err := shared()
	if err != nil {
		t.Fatalf("tests need PostgreSQL (make deps): %v", err)
	}
	return c
}

// start makes the cluster. Durability is off: no test of this process outlives it.
func start() (*cluster, error) {
	dir, err := os.MkdirTemp(home(), "pgtest")
	if err != nil {
		return nil, err
	}
	if err := os.Chmod(dir, 0o755); err != nil {
		return nil, err
	}
	lifeline, err := guard(dir)
	if err != nil {
		return nil, err
	}
	server, err := pg.Start(context.Background(), pg.Config{
		Dir:    filepath.Join(dir, "pg"),
		Logger: slog.New(slog.DiscardHandler),
		Settings: map[string]string{
			"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off",
			"max_connections": "200", "shared_buffers": "64MB", "autovacuum": "off",
		},
	})
	if err != nil {
		return nil, err
	}
	admin, err := pgxpool.New(context.Background(), server.URL())
	if err != nil {
		return nil, err
	}
	return &cluster{Server: server, admin: admin, lifeline: lifeline, templates: map[string]string{}}, nil
}

// memory is where Linux keeps files that live no longer than the machine runs, and leastMemory what has to be free there.
const (
	memory      = "/dev/shm"
	leastMemory = 4 << 30 // those of the largest package take one; two run at a time
)

// home returns where clusters are made: in memory if there is room, otherwise among the temporary files. A database is some
// 300 files, and to make those on a disk costs several times what PostgreSQL itself does for it.
func home() string {
	var fs syscall.Statfs_t
	if err := syscall.Statfs(memory, &fs); err != nil || fs.Bavail*uint64(fs.Bsize) < leastMemory {
		return os.TempDir()
	}
	return memory
}

// guard starts the shell that ends the server: reading its standard input returns when this process is gone.
func guard(dir string) (lifeline io.Closer, err error) {
	const script = `read _
pid=$(head -n 1 "$1/pg/data/postmaster.pid" 2>/dev/null)
if [ -n "$pid" ]; then
	kill -QUIT "$pid"
	while kill -0 "$pid" 2>/dev/null; do sleep 0.05; done
fi
rm -rf "$1"`
	cmd := exec.Command("sh", "-c", script, "guard", dir)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if lifeline, err = cmd.StdinPipe(); err != nil {
		return nil, err
	}
	return lifeline, cmd.Start()
}
