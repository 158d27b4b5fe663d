package postgres_test

import (
	"context"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"plimsoll/internal/pg/pgtest"
	"plimsoll/slo"
	"plimsoll/slo/ledger"
	"plimsoll/slo/ledger/postgres"
)

// fill commits events in every minute of the last days for n objectives and saves them.
func fill(b *testing.B, pool *pgxpool.Pool, n, days int) (*ledger.Ledger, *ledger.Checkpointer) {
	b.Helper()
	l := ledger.New(ledger.Config{})
	var objs []*slo.Objective
	for i := range n {
		objs = append(objs, objective(slo.Key(fmt.Sprintf("service-%d/availability", i))))
	}
	l.SetObjectives(objs)
	checkpoints := &ledger.Checkpointer{Ledger: l, Store: lead(b, pool)}
	rng := rand.New(rand.NewPCG(1, 2))
	for m := -days * 24 * 60; m <= 0; m++ {
		at := base.Add(time.Duration(m) * time.Minute).UnixMilli()
		batch := &ledger.Batch{}
		for i := range n {
			total := 5000 + rng.Int64N(1000)
			batch.Increments = append(batch.Increments, ledger.Increment{Objective: ledger.Ref(i), From: at, To: at, Good: total - rng.Int64N(10), Total: total})
			batch.Observations = append(batch.Observations, ledger.Observation{Objective: ledger.Ref(i), At: at})
		}
		l.Commit(batch)
		if m%(24*60) == 0 { // day by day, as a server would
			if err := checkpoints.Save(context.Background()); err != nil {
				b.Fatal(err)
			}
		}
	}
	if err := checkpoints.Save(context.Background()); err != nil {
		b.Fatal(err)
	}
	return l, checkpoints
}

// BenchmarkLoad is the start of a server with 30 days of events. The full size, a thousand objectives, takes a gigabyte of disk and
// is left out with -short.
func BenchmarkLoad(b *testing.B) {
	for _, n := range []int{10, 100, 1000} {
		b.Run(fmt.Sprintf("objectives=%d", n), func(b *testing.B) {
			if n > 100 && testing.Short() {
				b.Skip("too large for -short")
			}
			pool := pgtest.New(b, postgres.Migrations)
			fill(b, pool, n, 30)
			s := newStore(b, pool)
			for b.Loop() {
				l := ledger.New(ledger.Config{})
				if err := s.Load(b.Context(), l); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkSave is one checkpoint in which every objective has new events and ten series have been counted for each.
func BenchmarkSave(b *testing.B) {
	for _, n := range []int{10, 100, 1000} {
		b.Run(fmt.Sprintf("objectives=%d", n), func(b *testing.B) {
			pool := pgtest.New(b, postgres.Migrations)
			l, checkpoints := fill(b, pool, n, 0)
			at := base.UnixMilli()
			batch := &ledger.Batch{}
			for i := range 10 * n {
				batch.Increments = append(batch.Increments, ledger.Increment{Objective: ledger.Ref(i / 10), Good: 9, Total: 10})
				batch.Cursors = append(batch.Cursors, &ledger.Cursor{Key: fmt.Sprintf(`scrape/video-api/10.0.0.%d:8080{__name__="http_requests_total",code="200",method="GET",route="/v1/videos"}`, i)})
			}
			for b.Loop() {
				for i := range batch.Increments {
					batch.Increments[i].From, batch.Increments[i].To = at, at+5000
					batch.Cursors[i].T = at + 5000
				}
				at += 5000
				l.Commit(batch)
				if err := checkpoints.Save(b.Context()); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkCursors saves cursors that each remember so many gaps, of some seconds each. bytes/cursor is what one takes in the database, indexes
// included, when each was saved once.
func BenchmarkCursors(b *testing.B) {
	const n = 2000
	for _, gaps := range []int{0, 16, 256} {
		b.Run(fmt.Sprintf("gaps=%d", gaps), func(b *testing.B) {
			pool := pgtest.New(b, postgres.Migrations)
			s := lead(b, pool)
			rng := rand.New(rand.NewPCG(1, 2))
			var c ledger.Checkpoint
			for i := range n {
				var text []byte
				for range 2 * gaps {
					text = binary.AppendUvarint(text, 5000+rng.Uint64N(10_000))
				}
				c.Cursors = append(c.Cursors, ledger.CursorState{ID: ledger.CursorID(i + 1), Cursor: ledger.Cursor{
					Key: fmt.Sprintf(`series {__name__="http_requests_total", code="200", handler="/api/v1/things/%d", instance="10.0.0.1:8080", job="shop/api"}`, i),
					T:   base.UnixMilli(), Start: base.UnixMilli(), Value: float64(i), Gaps: string(text),
				}})
			}
			var bytes int64
			for i := 0; b.Loop(); i++ {
				if err := s.Save(b.Context(), &c); err != nil {
					b.Fatal(err)
				}
				if i > 0 {
					continue
				}
				if err := pool.QueryRow(b.Context(), `SELECT pg_total_relation_size('ledger_cursors')`).Scan(&bytes); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(bytes)/n, "bytes/cursor")
		})
	}
}
