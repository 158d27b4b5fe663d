package postgres_test

import (
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"plimsoll/internal/pg/pgtest"
	"plimsoll/slo"
	"plimsoll/slo/gate"
	"plimsoll/slo/gate/postgres"
)

// budgets is a ledger of one objective, video-api/availability at 99.9 %, of which a test says what was bad.
type budgets struct {
	mu         sync.Mutex
	bad, total int64
	heard      time.Time
}

var availability = &slo.Objective{
	Key: "video-api/availability", Service: "video-api", Name: "availability", DisplayName: "Availability", Owner: "team-video",
	Target: slo.One - slo.One/1000, Window: slo.Window{Length: 30 * 24 * time.Hour},
}

func (b *budgets) set(bad, total int64, heard time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.bad, b.total, b.heard = bad, total, heard
}

func (b *budgets) Objectives() []*slo.Objective { return []*slo.Objective{availability} }

func (b *budgets) Status(_ slo.Key, at time.Time) (slo.Status, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	c := slo.Counts{Good: b.total - b.bad, Total: b.total}
	return slo.Status{Objective: availability, At: at, Window: slo.Reading{Counts: c},
		Budget: slo.BudgetOf(availability.Target, c), LastSample: b.heard}, true
}

// ReaderAt gives no events: none of the objectives here asks what gaps mean.
func (b *budgets) ReaderAt(slo.Key, time.Time) (slo.Reader, bool) { return nil, false }

func (b *budgets) Forecast(_ slo.Key, at time.Time, _ slo.Use) (slo.Forecast, bool) {
	back := at.Add(26 * time.Hour)
	return slo.Forecast{RecoversAt: &back}, true
}

// clock is a settable time.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

// fixture is a gate over a database of its own.
type fixture struct {
	*postgres.Gate
	pool    *pgxpool.Pool
	clock   *clock
	budgets *budgets
}

const policyText = `
service: "*"
clauses:
  - exempt: {classes: [reliability], reference: open}
  - budget: {}
freeze: {thawAfter: 1h, thawing: {every: 1h, for: 6h}}
`

func policies(t testing.TB, text string) func() *gate.Policies {
	t.Helper()
	p, err := gate.ParsePolicy("policy.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	ps, err := gate.NewPolicies([]*gate.Policy{p})
	if err != nil {
		t.Fatal(err)
	}
	return func() *gate.Policies { return ps }
}

func newFixture(t testing.TB, change func(*postgres.Config)) *fixture {
	t.Helper()
	f := &fixture{pool: pgtest.New(t, postgres.Migrations), budgets: &budgets{},
		clock: &clock{at: time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC)}}
	f.budgets.set(10, 100_000, f.clock.now())
	f.Gate = f.another(t, change)
	return f
}

// another is a second gate on the same database, as another process has it.
func (f *fixture) another(t testing.TB, change func(*postgres.Config)) *postgres.Gate {
	t.Helper()
	cfg := postgres.Config{Pool: f.pool, Policies: policies(t, policyText), Ledger: f.budgets, Now: f.clock.now,
		Logger: slog.New(slog.DiscardHandler)}
	if change != nil {
		change(&cfg)
	}
	g, err := postgres.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func change(class gate.Class, commit string) gate.Change {
	return gate.Change{Service: "video-api", Environment: "production", Commit: commit, Class: class}
}

func (f *fixture) expect(t *testing.T, c gate.Change, outcome gate.Outcome, reason gate.Reason) gate.Decision {
	t.Helper()
	d, err := f.Check(t.Context(), "ci", c)
	if err != nil {
		t.Fatal(err)
	}
	if d.Outcome != outcome || d.Reason != reason {
		t.Fatalf("%s %s, want %s %s\n%s", d.Outcome, d.Reason, outcome, reason, strings.Join(d.Message, "\n"))
	}
	return d
}

func (f *fixture) evaluate(t *testing.T) {
	t.Helper()
	if err := f.Evaluate(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func (f *fixture) verify(t *testing.T) gate.Verification {
	t.Helper()
	v, err := f.Verify(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return v
}
