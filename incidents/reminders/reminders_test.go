package reminders_test

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivermigrate"
	"github.com/riverqueue/river/rivertype"

	"plimsoll/incidents"
	"plimsoll/incidents/reminders"
	"plimsoll/internal/pg/pgtest"
)

var noon = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

// desk is a table of open incidents, a clock and a channel that may be down.
type desk struct {
	mu   sync.Mutex
	now  time.Time
	open []incidents.Incident
	down int    // how often the channel fails before it is back
	back func() // called when it is
	told []string
}

func (d *desk) set(edit func(*desk)) {
	d.mu.Lock()
	defer d.mu.Unlock()
	edit(d)
}

func (d *desk) clock() time.Time {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.now
}

func (d *desk) list(context.Context) ([]incidents.Incident, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.open, nil
}

func (d *desk) notify(_ context.Context, r reminders.Reminder) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.down > 0 {
		if d.down--; d.down == 0 {
			d.back()
		}
		return errors.New("the channel is down")
	}
	d.told = append(d.told, r.Incident.String()+" "+r.Kind+" "+r.Due.UTC().Format("15:04"))
	return nil
}

func (d *desk) said() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return append([]string(nil), d.told...)
}

// atOnce makes an attempt follow the one before it.
type atOnce struct{}

func (atOnce) NextRetry(*rivertype.JobRow) time.Time { return time.Now() }

// fixture is a replica of the control plane: a runner over the jobs of a database that others may share.
type fixture struct {
	*desk
	pool   *pgxpool.Pool
	jobs   *river.Client[pgx.Tx]
	runner *reminders.Runner
	ended  <-chan *river.Event
}

func database(t *testing.T) *pgxpool.Pool {
	t.Helper()
	pool := pgtest.New(t, reminders.Migrations)
	migrator, err := rivermigrate.New(riverpgxv5.New(pool), &rivermigrate.Config{Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := migrator.Migrate(t.Context(), rivermigrate.DirectionUp, nil); err != nil {
		t.Fatal(err)
	}
	return pool
}

func replica(t *testing.T, pool *pgxpool.Pool, d *desk) *fixture {
	t.Helper()
	sources := []reminders.Source{reminders.OfIncidents(d.list)}
	workers := river.NewWorkers()
	if err := reminders.AddWorkers(workers, reminders.WorkerConfig{Pool: pool, Sources: sources, Notify: d.notify, Now: d.clock}); err != nil {
		t.Fatal(err)
	}
	client, err := river.NewClient(riverpgxv5.New(pool), &river.Config{
		Logger: slog.New(slog.DiscardHandler), Workers: workers, RetryPolicy: atOnce{}, FetchPollInterval: 100 * time.Millisecond,
		Queues: map[string]river.QueueConfig{river.QueueDefault: {MaxWorkers: 1}},
	})
	if err != nil {
		t.Fatal(err)
	}
	ended, cancel := client.Subscribe(river.EventKindJobCompleted, river.EventKindJobFailed)
	t.Cleanup(cancel)
	runner, err := reminders.New(reminders.Config{Pool: pool, Jobs: client, Sources: sources, Now: d.clock})
	if err != nil {
		t.Fatal(err)
	}
	return &fixture{desk: d, pool: pool, jobs: client, runner: runner, ended: ended}
}

func (f *fixture) look(t *testing.T) {
	t.Helper()
	if err := f.runner.Look(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// work lets the jobs run until every occasion has ended.
func (f *fixture) work(t *testing.T) {
	t.Helper()
	for deadline := time.After(20 * time.Second); ; {
		var open int
		if err := f.pool.QueryRow(t.Context(), `SELECT count(*) FROM reminders WHERE told_at IS NULL AND settled_at IS NULL`).Scan(&open); err != nil {
			t.Fatal(err)
		}
		if open == 0 {
			return
		}
		select {
		case <-f.ended:
		case <-deadline:
			t.Fatalf("%d reminders are under way still", open)
		}
	}
}

func (f *fixture) start(t *testing.T) {
	t.Helper()
	if err := f.jobs.Start(context.WithoutCancel(t.Context())); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := f.jobs.StopAndCancel(context.Background()); err != nil {
			t.Error(err)
		}
	})
}

func fresh(ref incidents.Ref) incidents.Incident {
	return incidents.Incident{Ref: ref, State: incidents.Declared, Severity: 1, Times: incidents.Times{Declared: noon, Detected: noon}}
}

// TestOnceEach: replicas that look at the same time, again and again, tell each occasion once.
func TestOnceEach(t *testing.T) {
	t.Parallel()
	d := &desk{now: noon.Add(3 * time.Minute), open: []incidents.Incident{fresh(1), fresh(2)}}
	pool := database(t)
	a, b := replica(t, pool, d), replica(t, pool, d)
	a.start(t)
	var wg sync.WaitGroup
	for _, f := range []*fixture{a, b, a, b} {
		wg.Go(func() {
			if err := f.runner.Look(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	a.work(t)
	b.look(t) // as another process would after a restart
	d.set(func(d *desk) { d.now = noon.Add(31 * time.Minute) })
	b.look(t)
	a.look(t)
	a.work(t)
	want := map[string]int{"INC-1 no_commander 12:02": 1, "INC-2 no_commander 12:02": 1, "INC-1 update_overdue 12:30": 1, "INC-2 update_overdue 12:30": 1}
	got := map[string]int{}
	for _, s := range d.said() {
		got[s]++
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestChannelDown: what could not be told is told when the channel is back, and not at all if it was done meanwhile.
func TestChannelDown(t *testing.T) {
	t.Parallel()
	d := &desk{now: noon.Add(3 * time.Minute), open: []incidents.Incident{fresh(1), fresh(2)}, down: 4}
	d.back = func() {
		led := fresh(1)
		led.Roles = map[incidents.Role]string{incidents.Commander: "ada"}
		d.open = []incidents.Incident{led, fresh(2)}
	}
	f := replica(t, database(t), d)
	f.look(t)
	f.start(t)
	f.work(t)
	if diff := cmp.Diff([]string{"INC-2 no_commander 12:02"}, d.said()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	var settled string
	if err := f.pool.QueryRow(t.Context(), `SELECT key FROM reminders WHERE settled_at IS NOT NULL`).Scan(&settled); err != nil || settled != "incident/1/no_commander/0" {
		t.Errorf("settled %q, %v", settled, err)
	}
}

// TestSourceFails: a source that cannot be read keeps the others from nothing, and ends no reminder.
func TestSourceFails(t *testing.T) {
	t.Parallel()
	d := &desk{now: noon.Add(3 * time.Minute), open: []incidents.Incident{fresh(1)}}
	f := replica(t, database(t), d)
	broken := func(context.Context, time.Time) ([]reminders.Reminder, error) { return nil, errors.New("no answer") }
	runner, err := reminders.New(reminders.Config{Pool: f.pool, Jobs: f.jobs, Sources: []reminders.Source{broken, reminders.OfIncidents(d.list)}, Now: d.clock})
	if err != nil {
		t.Fatal(err)
	}
	if err := runner.Look(t.Context()); err == nil {
		t.Error("the failure is not told")
	}
	f.start(t)
	f.work(t)
	if diff := cmp.Diff([]string{"INC-1 no_commander 12:02"}, d.said()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
