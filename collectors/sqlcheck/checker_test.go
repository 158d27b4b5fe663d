package sqlcheck_test

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"plimsoll/collectors"
	"plimsoll/collectors/sqlcheck"
	"plimsoll/internal/pg"
	"plimsoll/internal/pg/pgtest"
	"plimsoll/slo"
	"plimsoll/slo/ledger"
)

// start is when the clocks of the tests begin.
var start = time.Date(2026, 11, 24, 12, 0, 30, 0, time.UTC)

var durability = &slo.Objective{
	Key: "video-api/durability", Service: "video-api", DisplayName: "Durability", Target: 999_900_000,
	Window: slo.Window{Length: 7 * 24 * time.Hour}, Method: slo.Occurrences,
	Indicator: slo.Indicator{Good: `sum(sqlcheck_good_total{check="durability"})`, Total: `sum(sqlcheck_events_total{check="durability"})`},
}

// service is a database that holds the uploads of a service.
type service struct {
	*pgxpool.Pool
	url  string
	file string // holds the address
}

func startService(t *testing.T) *service {
	t.Helper()
	s := &service{url: pgtest.URL(t), file: filepath.Join(t.TempDir(), "url")}
	pool, err := pg.Connect(t.Context(), s.url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	s.Pool = pool
	s.exec(t, `CREATE TABLE uploads (completed_at timestamptz NOT NULL, kept boolean NOT NULL)`)
	s.address(t, s.url)
	return s
}

func (s *service) exec(t *testing.T, sql string, args ...any) {
	t.Helper()
	if _, err := s.Exec(context.WithoutCancel(t.Context()), sql, args...); err != nil {
		t.Fatal(err)
	}
}

func (s *service) address(t *testing.T, url string) {
	t.Helper()
	if err := os.WriteFile(s.file, []byte(url+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
}

// fill adds uploads at random instants of (from, to], some of them at the ends of minutes, and returns them.
func (s *service) fill(t *testing.T, from, to time.Time, n int) []upload {
	t.Helper()
	var all []upload
	for range n {
		at := from.Add(time.Duration(1+rand.Int64N(to.Sub(from).Microseconds())) * time.Microsecond)
		if rand.IntN(4) == 0 {
			if whole := at.Truncate(time.Minute); whole.After(from) {
				at = whole
			}
		}
		all = append(all, upload{at, rand.IntN(10) > 0})
	}
	_, err := s.CopyFrom(t.Context(), pgx.Identifier{"uploads"}, []string{"completed_at", "kept"},
		pgx.CopyFromSlice(n, func(i int) ([]any, error) { return []any{all[i].at, all[i].kept}, nil }))
	if err != nil {
		t.Fatal(err)
	}
	return all
}

type upload struct {
	at   time.Time
	kept bool
}

const query = `SELECT count(*) FILTER (WHERE kept) AS good, count(*) AS total FROM uploads WHERE completed_at > $1 AND completed_at <= $2`

func (s *service) check() sqlcheck.Check {
	return sqlcheck.Check{
		Name: "durability", Service: "video-api", Database: sqlcheck.Database{URLFile: s.file}, Query: query,
		Every: time.Minute, Timeout: 10 * time.Second, Delay: time.Minute, CatchUp: 24 * time.Hour,
	}
}

// clock is set by the test.
type clock struct{ at atomic.Int64 }

func newClock(at time.Time) *clock {
	c := &clock{}
	c.set(at)
	return c
}

func (c *clock) set(at time.Time) { c.at.Store(at.UnixMilli()) }
func (c *clock) now() time.Time   { return time.UnixMilli(c.at.Load()).UTC() }

// process is a checker with its collector and ledger.
type process struct {
	*sqlcheck.Checker
	clock   *clock
	ledger  *ledger.Ledger
	metrics *prometheus.Registry
}

func newProcess(t *testing.T, c *clock, l *ledger.Ledger, checks ...sqlcheck.Check) *process {
	t.Helper()
	collector, err := collectors.New(collectors.Config{Ledger: l, Now: c.now})
	if err != nil {
		t.Fatal(err)
	}
	if err := collector.SetObjectives([]*slo.Objective{durability}); err != nil {
		t.Fatal(err)
	}
	p := &process{clock: c, ledger: l, metrics: prometheus.NewRegistry()}
	p.Checker, err = sqlcheck.New(sqlcheck.Config{
		Appender: collector.From("").Late(), Last: collector.Last, Checks: checks, Registerer: p.metrics, Now: c.now, Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// during runs the checker until ok.
func (p *process) during(t *testing.T, ok func() bool) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- p.Run(ctx) }()
	eventually(t, ok, func() string { return fmt.Sprintf("%+v", p.Health()) })
	cancel()
	if err := <-done; err != nil {
		t.Errorf("run: %v", err)
	}
}

// counted reports whether everything is counted that has settled at the clock.
func (p *process) counted() bool {
	h := p.Health()[0]
	return h.Health == sqlcheck.Up && h.CountedUntil.Equal(p.clock.now().Add(-time.Minute).Truncate(time.Minute))
}

// failed reports whether the last question had no answer.
func (p *process) failed() bool { return p.Health()[0].Health == sqlcheck.Down }

// eventually polls until ok, up to a deadline that only a fault reaches.
func eventually(t *testing.T, ok func() bool, state func() string) {
	t.Helper()
	deadline := time.After(30 * time.Second)
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatal(state())
		}
	}
}

// expect compares the ledger, minute by minute, with the uploads of (from, to].
func (p *process) expect(t *testing.T, uploads []upload, from, to time.Time) {
	t.Helper()
	reader, ok := p.ledger.Reader(durability.Key)
	if !ok {
		t.Fatal("no objective")
	}
	want := map[slo.Minute]slo.Counts{}
	for _, u := range uploads {
		m := slo.MinuteOf(u.at.Add(-1)) // the end of a minute belongs to it
		c := want[m]
		c.Total++
		if u.kept {
			c.Good++
		}
		want[m] = c
	}
	for at := from; at.Before(to); at = at.Add(time.Minute) {
		m := slo.MinuteOf(at)
		got := reader.Read(m-1, m)
		if diff := cmp.Diff(want[m], got.Counts); diff != "" {
			t.Errorf("minute %v (-want +got):\n%s", at, diff)
		}
		if got.Observed != 1 {
			t.Errorf("minute %v: observed %d times", at, got.Observed)
		}
	}
}

func TestEventsAreCountedInTheirMinutes(t *testing.T) {
	t.Parallel()
	s := startService(t)
	uploads := s.fill(t, start.Add(-30*time.Minute), start.Add(5*time.Hour), 5000)
	c := newClock(start)
	p := newProcess(t, c, ledger.New(ledger.Config{Now: c.now}), s.check())
	p.during(t, p.counted) // begins with the newest minute that has settled
	first, end := start.Truncate(time.Minute).Add(-2*time.Minute), start.Truncate(time.Minute).Add(-time.Minute)
	p.expect(t, uploads, first, end)

	c.set(start.Add(4 * time.Hour)) // nobody asked for long
	p.during(t, p.counted)
	p.expect(t, uploads, first, end.Add(4*time.Hour))
	if got := testutil.ToFloat64(p.counter(t, "counted")); got != 241 {
		t.Errorf("asked %v times for 241 minutes", got)
	}
}

// counter returns the questions with a result.
func (p *process) counter(t *testing.T, result string) prometheus.Collector {
	t.Helper()
	families, err := p.metrics.Gather()
	if err != nil {
		t.Fatal(err)
	}
	value := -1.0
	for _, f := range families {
		for _, m := range f.GetMetric() {
			for _, l := range m.GetLabel() {
				if f.GetName() == "plimsoll_sqlcheck_questions_total" && l.GetName() == "result" && l.GetValue() == result {
					value = m.GetCounter().GetValue()
				}
			}
		}
	}
	return prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "found"}, func() float64 { return value })
}

// What is older than the check catches up stays a gap.
func TestOldIntervalsAreGivenUp(t *testing.T) {
	t.Parallel()
	s := startService(t)
	c := newClock(start)
	check := s.check()
	check.CatchUp = time.Hour
	p := newProcess(t, c, ledger.New(ledger.Config{Now: c.now}), check)
	p.during(t, p.counted)
	c.set(start.Add(3 * time.Hour))
	p.during(t, p.counted)
	if err := testutil.GatherAndCompare(p.metrics, strings.NewReader(`
# HELP plimsoll_sqlcheck_skipped_seconds_total Time that was not counted because it is longer ago than the check catches up.
# TYPE plimsoll_sqlcheck_skipped_seconds_total counter
plimsoll_sqlcheck_skipped_seconds_total{check="durability"} 7200
`), "plimsoll_sqlcheck_skipped_seconds_total"); err != nil {
		t.Error(err)
	}
	status, _ := p.ledger.Status(durability.Key, c.now())
	if status.Window.Observed != 61 {
		t.Errorf("%d minutes are observed, want 1 before the gap and 60 after it", status.Window.Observed)
	}
}

// An interval of an hour is observed in each of its minutes, though it is asked once.
func TestLongIntervalsAreObserved(t *testing.T) {
	t.Parallel()
	s := startService(t)
	hour := start.Truncate(time.Hour)
	s.exec(t, `INSERT INTO uploads SELECT $1::timestamptz + n * interval '1 minute', true FROM generate_series(1, 60) n`, hour.Add(-time.Hour))
	c := newClock(hour.Add(90 * time.Second))
	check := s.check()
	check.Every = time.Hour
	p := newProcess(t, c, ledger.New(ledger.Config{Now: c.now}), check)
	p.during(t, func() bool { return p.Health()[0].CountedUntil.Equal(hour) })
	reader, _ := p.ledger.Reader(durability.Key)
	first, after := slo.MinuteOf(hour.Add(-time.Hour)), slo.MinuteOf(hour)
	got := reader.Read(first-1, after-1)
	if got.Counts != (slo.Counts{Good: 60, Total: 60}) || got.Observed != 60 {
		t.Errorf("the hour reads %+v", got)
	}
	if all := reader.Read(first-60, after+60); all.Counts != got.Counts || all.Observed != got.Observed {
		t.Errorf("with what is around it %+v", all)
	}
}
