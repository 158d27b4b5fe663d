package postgres_test

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"plimsoll/internal/pg"
	"plimsoll/slo/gate"
	"plimsoll/slo/gate/postgres"
)

// BenchmarkCheck measures a check with its audit row on disk: the cluster is a durable one, not that of the tests.
func BenchmarkCheck(b *testing.B) {
	dir, err := os.MkdirTemp("", "gate-bench")
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
	for _, callers := range []int{1, 8, 64} {
		b.Run(fmt.Sprintf("callers=%d", callers), func(b *testing.B) {
			url, err := server.Database(b.Context(), fmt.Sprintf("bench_%d_%d", callers, b.N))
			if err != nil {
				b.Fatal(err)
			}
			benchmarkCheck(b, url, callers)
		})
	}
}

func benchmarkCheck(b *testing.B, url string, callers int) {
	pool, err := pg.Connect(b.Context(), url)
	if err != nil {
		b.Fatal(err)
	}
	defer pool.Close()
	if err := pg.Migrate(b.Context(), pool, postgres.Migrations); err != nil {
		b.Fatal(err)
	}
	ledger := &budgets{}
	ledger.set(10, 100_000, time.Now().Add(time.Hour))
	g, err := postgres.New(postgres.Config{Pool: pool, Policies: policies(b, policyText), Ledger: ledger})
	if err != nil {
		b.Fatal(err)
	}
	took := make([]time.Duration, b.N)
	var next atomic.Int64
	var wg sync.WaitGroup
	b.ResetTimer()
	for range callers {
		wg.Go(func() {
			for i := next.Add(1) - 1; i < int64(b.N); i = next.Add(1) - 1 {
				start := time.Now()
				if _, err := g.Check(b.Context(), "ci", change(gate.Feature, "c0ffee")); err != nil {
					b.Error(err)
					return
				}
				took[i] = time.Since(start)
			}
		})
	}
	wg.Wait()
	b.StopTimer()
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds())/1000, "p99-ms")
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "checks/s")
}
