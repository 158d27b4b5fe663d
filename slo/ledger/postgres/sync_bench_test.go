package postgres_test

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"

	"plimsoll/internal/pg"
	"plimsoll/slo"
	"plimsoll/slo/ledger"
	"plimsoll/slo/ledger/postgres"
)

// durable returns a database on a cluster that waits for the disk, unlike that of the tests.
func durable(b *testing.B) *pgxpool.Pool {
	b.Helper()
	dir, err := os.MkdirTemp("", "ledger-bench")
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil { // PostgreSQL may run as another user
		b.Fatal(err)
	}
	server, err := pg.Start(b.Context(), pg.Config{Dir: dir, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := server.Stop(context.Background()); err != nil {
			b.Error(err)
		}
	})
	pool, err := pg.Connect(b.Context(), server.URL())
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(pool.Close)
	if err := pg.Migrate(b.Context(), pool, postgres.Migrations); err != nil {
		b.Fatal(err)
	}
	return pool
}

// BenchmarkSync is what an acknowledged push waits for: its events and cursors on disk. Callers that wait at the same time share a
// checkpoint, so many cost little more than one. The time is that of one acknowledgement among all.
func BenchmarkSync(b *testing.B) {
	pool := durable(b)
	s := lead(b, pool)
	l := ledger.New(ledger.Config{})
	var objs []*slo.Objective
	for i := range 100 {
		objs = append(objs, objective(slo.Key(fmt.Sprintf("service-%d/availability", i))))
	}
	l.SetObjectives(objs)
	checkpoints := &ledger.Checkpointer{Ledger: l, Store: s}
	for _, callers := range []int{1, 8, 64, 256} {
		b.Run(fmt.Sprintf("callers=%d", callers), func(b *testing.B) {
			var next atomic.Int64
			var wg sync.WaitGroup
			for caller := range callers {
				wg.Go(func() {
					cursor := &ledger.Cursor{Key: fmt.Sprintf("push %d", caller)}
					batch := &ledger.Batch{Increments: make([]ledger.Increment, 1), Cursors: []*ledger.Cursor{cursor}}
					for n := next.Add(1); n <= int64(b.N); n = next.Add(1) {
						at := base.UnixMilli() + n
						batch.Increments[0] = ledger.Increment{Objective: ledger.Ref(caller % len(objs)), From: at, To: at, Good: 9, Total: 10}
						cursor.T = at
						l.Commit(batch)
						if err := checkpoints.Sync(b.Context()); err != nil {
							b.Error(err)
							return
						}
					}
				})
			}
			wg.Wait()
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "acks/s")
		})
	}
}
