package backfill_test

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/prometheus/prometheus/storage"

	"plimsoll/collectors"
	"plimsoll/collectors/backfill"
	"plimsoll/collectors/backfill/postgres"
	"plimsoll/collectors/promql"
	"plimsoll/collectors/promql/promtest"
	"plimsoll/internal/pg/pgtest"
	"plimsoll/slo"
	"plimsoll/slo/ledger"
	ledgerpg "plimsoll/slo/ledger/postgres"
)

// base is when histories begin; the present of most tests is 30 days later.
var base = time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)

const month = 30 * 24 * time.Hour

func objective(name string, ind slo.Indicator) *slo.Objective {
	return &slo.Objective{
		Key: slo.Key("api/" + name), Service: "api", Name: name, DisplayName: name, Target: 999_000_000,
		Window: slo.Window{Length: month}, Method: slo.Occurrences, Indicator: ind, File: "test.yaml", Line: 1,
	}
}

func objectives() []*slo.Objective {
	return []*slo.Objective{
		objective("availability", slo.Indicator{Good: `sum(rate(requests_total{code=~"2..|404"}[5m]))`, Total: `sum(rate(requests_total[5m]))`}),
		objective("errors", slo.Indicator{Bad: `requests_total{code=~"5..", job="api"}`, Total: `requests_total{job="api"}`}),
	}
}

// clock is moved by hand.
type clock struct{ ms atomic.Int64 }

func at(t time.Time) *clock {
	c := &clock{}
	c.ms.Store(t.UnixMilli())
	return c
}

func (c *clock) now() time.Time { return time.UnixMilli(c.ms.Load()).UTC() }

// tick is now for what waits until time has passed.
func (c *clock) tick() time.Time { return time.UnixMilli(c.ms.Add(1)).UTC() }

// plimsoll is a process that counts, saves and fills.
type plimsoll struct {
	clock       *clock
	ledger      *ledger.Ledger
	collector   *collectors.Collector
	checkpoints *ledger.Checkpointer
	jobs        *postgres.Store
}

// start makes a process with what the database has. Without a pool nothing is saved.
func start(t testing.TB, pool *pgxpool.Pool, clock *clock, objs []*slo.Objective) *plimsoll {
	t.Helper()
	p := &plimsoll{clock: clock, ledger: ledger.New(ledger.Config{Now: clock.now})}
	if pool != nil {
		store, err := ledgerpg.New(ledgerpg.Config{Pool: pool})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := store.Lead(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := store.Load(t.Context(), p.ledger); err != nil {
			t.Fatal(err)
		}
		p.checkpoints = &ledger.Checkpointer{Ledger: p.ledger, Store: store}
		p.jobs = postgres.New(pool)
	}
	var err error
	if p.collector, err = collectors.New(collectors.Config{Ledger: p.ledger, Now: clock.now}); err != nil {
		t.Fatal(err)
	}
	if err := p.collector.SetObjectives(objs); err != nil {
		t.Fatal(err)
	}
	return p
}

func newDatabase(t testing.TB) *pgxpool.Pool {
	t.Helper()
	return pgtest.New(t, ledgerpg.Migrations, postgres.Migrations)
}

// scrape counts scrapes live, at the time at which they happened.
func (p *plimsoll) scrape(t testing.TB, source string, scrapes []promtest.Scrape) {
	t.Helper()
	road := p.collector.From(source)
	for _, s := range scrapes {
		p.clock.ms.Store(s.T)
		p.append(t, road, s)
	}
}

func (p *plimsoll) append(t testing.TB, into storage.AppendableV2, s promtest.Scrape) {
	t.Helper()
	app := into.AppenderV2(t.Context())
	for _, sample := range s.Samples {
		if _, err := app.Append(0, sample.Labels, 0, sample.T, sample.V, nil, nil, storage.AOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	if err := app.Commit(); err != nil {
		t.Fatal(err)
	}
}

// config is that of a runner which waits for nothing.
func (p *plimsoll) config(server promql.Server) backfill.Config {
	return backfill.Config{
		Store: p.jobs, Ledger: p.ledger, Collector: p.collector, Now: p.clock.tick,
		Server: func(name string) (promql.Server, error) {
			if name != server.Name {
				return promql.Server{}, promql.ErrUnknownServer
			}
			return server, nil
		},
		Sync:   p.checkpoints.Save,
		Settle: time.Millisecond, Poll: time.Millisecond, Stretches: 1e6,
	}
}

// run lets a runner do jobs until one has ended, and returns it.
func run(t testing.TB, cfg backfill.Config, jobs *postgres.Store, id int64) backfill.Job {
	t.Helper()
	runner, err := backfill.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- runner.Run(ctx) }()
	job := await(t, jobs, id, func(j backfill.Job) bool { return j.State.Ended() })
	cancel()
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	return job
}

// await polls a job until it is as wanted.
func await(t testing.TB, jobs *postgres.Store, id int64, as func(backfill.Job) bool) backfill.Job {
	t.Helper()
	deadline := time.Now().Add(5 * time.Minute)
	for {
		job, err := jobs.Get(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		if as(job) {
			return job
		}
		if time.Now().After(deadline) {
			t.Fatalf("the backfill is still %+v", job)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// books returns all that a ledger holds of an objective.
func books(t testing.TB, l *ledger.Ledger, key slo.Key) []slo.MinuteCounts {
	t.Helper()
	r, ok := l.Reader(key)
	if !ok {
		t.Fatalf("no objective %s", key)
	}
	var all []slo.MinuteCounts
	r.Each(0, slo.MinuteOf(base)+120*24*60, func(m slo.MinuteCounts) bool {
		all = append(all, m)
		return true
	})
	return all
}

// progress is the store of a runner that does something whenever progress is saved.
type progress struct {
	*postgres.Store
	saved func() error
	ended func()
}

// Save saves progress.
func (p *progress) Save(ctx context.Context, id int64, made backfill.Progress) error {
	if err := p.Store.Save(ctx, id, made); err != nil {
		return err
	}
	if made.State.Ended() {
		p.ended()
	}
	return p.saved()
}
