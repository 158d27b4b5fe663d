package postgres_test

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"plimsoll/internal/pg"
	"plimsoll/slo"
	"plimsoll/slo/gate/postgres"
	"plimsoll/slo/slotest"
)

// cluster is a PostgreSQL of one test, durable, and kept alive however often it is killed.
type cluster struct {
	*pg.Server
	t   testing.TB
	dir string
}

func startCluster(t testing.TB) *cluster {
	t.Helper()
	dir, err := os.MkdirTemp("", "gate")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil { // PostgreSQL may run as another user
		t.Fatal(err)
	}
	c := &cluster{t: t, dir: dir}
	if c.Server, err = pg.Start(t.Context(), pg.Config{Dir: dir, Logger: slog.New(slog.DiscardHandler), Settings: map[string]string{"shared_buffers": "32MB"}}); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- c.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		if err := c.Stop(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return c
}

func (c *cluster) postmaster() (int, error) {
	b, err := os.ReadFile(filepath.Join(c.dir, "data", "postmaster.pid"))
	if err != nil {
		return 0, err
	}
	return strconv.Atoi(strings.SplitN(string(b), "\n", 2)[0])
}

// restart kills the server as a crash would, and returns when another process runs in its place.
func (c *cluster) restart() {
	c.t.Helper()
	killed, err := c.postmaster()
	if err != nil {
		c.t.Fatal(err)
	}
	if err := syscall.Kill(killed, syscall.SIGKILL); err != nil {
		c.t.Fatal(err)
	}
	c.until("PostgreSQL is started again", func() bool {
		now, err := c.postmaster()
		return err == nil && now != killed
	})
}

// await returns when pools have a connection again.
func (c *cluster) await(pools ...*pgxpool.Pool) {
	for _, pool := range pools {
		c.until("PostgreSQL answers again", func() bool { return pool.Ping(context.Background()) == nil })
	}
}

// until polls with a deadline.
func (c *cluster) until(what string, holds func() bool) {
	for deadline := time.Now().Add(time.Minute); !holds(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			c.t.Errorf("%s: not within a minute", what)
			return
		}
	}
}

// historyStart is the instant that every request of a history is made at.
var historyStart = time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC)

// replica is a gate with a pool of its own, as each process has it.
type replica struct {
	*postgres.Gate
	pool *pgxpool.Pool
}

func newReplica(t testing.TB, url string) *replica {
	t.Helper()
	pool, err := pg.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	if err := pg.Migrate(t.Context(), pool, postgres.Migrations); err != nil {
		t.Fatal(err)
	}
	objectives := historyObjectives()
	ledger := slotest.New(objectives...)
	for _, o := range objectives {
		ledger.Add(o.Key, historyStart, 99_999, 100_000)
	}
	g, err := postgres.New(postgres.Config{Pool: pool, Policies: policies(t, "service: '*'\nclauses:\n- budget: {}\n"), Ledger: ledger,
		Now: func() time.Time { return historyStart }, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	return &replica{g, pool}
}

// historyObjectives are those of the services of a history: each has one, of whose budget a hundredth is spent.
func historyObjectives() []*slo.Objective {
	names := []string{"script"}
	for i := range services {
		names = append(names, serviceName(i))
	}
	var all []*slo.Objective
	for _, name := range names {
		all = append(all, slotest.Objective(name, "availability", "Availability", slo.One/1000*999, 30*24*time.Hour))
	}
	return all
}
