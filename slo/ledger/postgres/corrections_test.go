package postgres_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"plimsoll/internal/pg/pgtest"
	"plimsoll/slo"
	"plimsoll/slo/ledger"
	"plimsoll/slo/ledger/postgres"
)

// correcting is a process in which corrections are made.
type correcting struct {
	*postgres.Corrections
	ledger *ledger.Ledger
}

func newCorrecting(t *testing.T, pool *pgxpool.Pool) correcting {
	t.Helper()
	l := ledger.New(ledger.Config{Now: func() time.Time { return base }})
	l.SetObjectives([]*slo.Objective{objective("video/availability")})
	ref, _ := l.Ref("video/availability")
	at := base.Add(-time.Minute).UnixMilli()
	l.Commit(&ledger.Batch{Increments: []ledger.Increment{{Objective: ref, From: at, To: at, Good: 9, Total: 10}}})
	c, err := postgres.NewCorrections(postgres.CorrectionsConfig{Pool: pool, Ledger: l, Now: func() time.Time { return base.Add(time.Hour) }})
	if err != nil {
		t.Fatal(err)
	}
	return correcting{c, l}
}

func (c correcting) total(t *testing.T) int64 {
	t.Helper()
	s, ok := c.ledger.Status("video/availability", base)
	if !ok {
		t.Fatal("no status")
	}
	return s.Window.Total
}

func wrong() slo.Correction {
	return slo.Correction{
		Objective: "video/availability", From: base.Add(-time.Minute), To: base, Effect: slo.Exclude, Reason: "the probe was wrong", By: "ann",
	}
}

func TestCorrectionsAreMadeAndTakenBack(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t, postgres.Migrations)
	c := newCorrecting(t, pool)
	made, err := c.Make(t.Context(), wrong())
	if err != nil {
		t.Fatal(err)
	}
	want := wrong()
	want.ID, want.At = 1, base.Add(time.Hour)
	if diff := cmp.Diff(want, made); diff != "" {
		t.Errorf("made (-want +got)\n%s", diff)
	}
	if got := c.total(t); got != 0 {
		t.Errorf("%d events are left", got)
	}
	undone, err := c.Undo(t.Context(), made.ID, "ben")
	if err != nil {
		t.Fatal(err)
	}
	again, err := c.Undo(t.Context(), made.ID, "cleo")
	if err != nil {
		t.Fatal(err)
	}
	want.Undone, want.UndoneBy = base.Add(time.Hour), "ben"
	for name, got := range map[string]slo.Correction{"undone": undone, "undone again": again} {
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got)\n%s", name, diff)
		}
	}
	if got := c.total(t); got != 10 {
		t.Errorf("%d events after it was taken back", got)
	}
	all, version, err := c.Load(t.Context())
	if err != nil || version != 2 || !cmp.Equal(all, []slo.Correction{want}) {
		t.Errorf("stored: %+v, version %d, %v", all, version, err)
	}
	if _, err := c.Undo(t.Context(), 77, "ann"); !errors.Is(err, ledger.ErrNoCorrection) {
		t.Errorf("undo of none: %v", err)
	}
}

// Corrections of one process arrive at the others, and at one that starts later.
func TestCorrectionsArriveEverywhere(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t, postgres.Migrations)
	here, there := newCorrecting(t, pool), newCorrecting(t, pool)
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- there.Run(ctx) }()
	made, err := here.Make(t.Context(), wrong())
	if err != nil {
		t.Fatal(err)
	}
	arrives := func(total int64) {
		t.Helper()
		deadline := time.After(20 * time.Second)
		for {
			changed := there.ledger.Changed()
			if there.total(t) == total {
				return
			}
			select {
			case <-changed:
			case <-deadline:
				t.Fatalf("%d events elsewhere, want %d", there.total(t), total)
			}
		}
	}
	arrives(0)
	if _, err := here.Undo(t.Context(), made.ID, "ben"); err != nil {
		t.Fatal(err)
	}
	arrives(10)
	// Only this database's listener is ended: another test's is none of ours.
	if _, err := pool.Exec(t.Context(), `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'LISTEN%'`); err != nil {
		t.Fatal(err)
	}
	if _, err := here.Make(t.Context(), wrong()); err != nil {
		t.Fatal(err)
	}
	arrives(0)
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	later := newCorrecting(t, pool)
	if err := later.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := later.total(t); got != 0 {
		t.Errorf("%d events in a process that started later", got)
	}
}

// However long the database is away, the log says it once.
func TestCorrectionsSayOnceThatTheDatabaseIsAway(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		config, err := pgxpool.ParseConfig("postgres://127.0.0.1:1/nowhere")
		if err != nil {
			t.Fatal(err)
		}
		var tries atomic.Int64
		config.ConnConfig.DialFunc = func(context.Context, string, string) (net.Conn, error) {
			tries.Add(1)
			return nil, errors.New("the database is away")
		}
		pool, err := pgxpool.NewWithConfig(t.Context(), config)
		if err != nil {
			t.Fatal(err)
		}
		defer pool.Close()
		var log strings.Builder
		c, err := postgres.NewCorrections(postgres.CorrectionsConfig{
			Pool: pool, Ledger: ledger.New(ledger.Config{}), Logger: slog.New(slog.NewTextHandler(&log, nil)),
		})
		if err != nil {
			t.Fatal(err)
		}
		ctx, stop := context.WithTimeout(t.Context(), time.Minute)
		defer stop()
		if err := c.Run(ctx); err != nil {
			t.Error(err)
		}
		if lines := strings.Count(log.String(), "\n"); tries.Load() < 50 || lines != 1 {
			t.Errorf("%d tries, %d lines in the log:\n%s", tries.Load(), lines, log.String())
		}
	})
}

// lenient is a ledger that finds nothing wrong, so that the schema has to.
type lenient struct{ *ledger.Ledger }

func (lenient) CheckCorrection(slo.Correction) error { return nil }

func TestSchemaRefusesBadCorrections(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t, postgres.Migrations)
	c, err := postgres.NewCorrections(postgres.CorrectionsConfig{Pool: pool, Ledger: lenient{ledger.New(ledger.Config{})}})
	if err != nil {
		t.Fatal(err)
	}
	for field, change := range map[string]func(*slo.Correction){
		"service": func(k *slo.Correction) { k.Service = "video" },
		"from":    func(k *slo.Correction) { k.From = k.From.Add(time.Millisecond) },
		"to":      func(k *slo.Correction) { k.To = k.From },
		"effect":  func(k *slo.Correction) { k.Effect = "forget" },
		"reason":  func(k *slo.Correction) { k.Reason = "  " },
	} {
		k := wrong()
		change(&k)
		_, err := c.Make(t.Context(), k)
		var wrong *ledger.CorrectionError
		if !errors.As(err, &wrong) || wrong.Field != field {
			t.Errorf("bad %s: %v", field, err)
		}
	}
	if _, err := c.Make(t.Context(), wrong()); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Undo(t.Context(), 6, "ben"); err != nil && !errors.Is(err, ledger.ErrNoCorrection) {
		t.Fatal(err)
	}
	for _, statement := range []string{
		`DELETE FROM ledger_corrections`,
		`UPDATE ledger_corrections SET reason = 'another'`,
		`UPDATE ledger_corrections SET undone_at = now(), undone_by = 'x', made_by = 'y'`,
		`UPDATE ledger_corrections SET undone_at = NULL, undone_by = NULL`,
		`TRUNCATE ledger_corrections`,
		`TRUNCATE ledger_imports`,
		`DELETE FROM ledger_imports`,
	} {
		var refused *pgconn.PgError
		if _, err := pool.Exec(t.Context(), statement); !errors.As(err, &refused) || refused.Code != "42501" {
			t.Errorf("%s: %v", statement, err)
		}
	}
}

// forgetful saves a checkpoint, and the first time its answer is lost.
type forgetful struct {
	*postgres.Store
	lost bool
}

func (s *forgetful) Save(ctx context.Context, c *ledger.Checkpoint) error {
	if err := s.Store.Save(ctx, c); err != nil || s.lost {
		return err
	}
	s.lost = true
	return errors.New("the connection was lost")
}

// What is imported is stored once, with the checkpoint that makes it durable, by whom and when as it was.
func TestImportedCorrectionsAreStored(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t, postgres.Migrations)
	undone := wrong()
	undone.At, undone.Undone, undone.UndoneBy = base, base.Add(time.Minute), "ben"
	from := ledger.New(ledger.Config{Now: func() time.Time { return base }})
	from.SetCorrections([]slo.Correction{undone})
	var archive bytes.Buffer
	if err := from.Export(&archive); err != nil {
		t.Fatal(err)
	}
	c := newCorrecting(t, pool)
	file := archive.Bytes()
	brought, err := c.ledger.Import(bytes.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	checkpoints := &ledger.Checkpointer{Ledger: c.ledger, Store: &forgetful{Store: lead(t, pool)}}
	if err := checkpoints.Save(t.Context()); err == nil {
		t.Fatal("the answer was not lost")
	}
	if err := checkpoints.Save(t.Context()); err != nil {
		t.Fatal(err)
	}
	other := newCorrecting(t, pool) // who leads next knows nothing of it, and a client that got no answer sends the file again
	other.ledger.SetCorrections(nil)
	if _, err := other.ledger.Import(bytes.NewReader(file)); err != nil {
		t.Fatal(err)
	}
	if err := (&ledger.Checkpointer{Ledger: other.ledger, Store: lead(t, pool)}).Save(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got, found, err := c.Imported(t.Context(), brought.Archive); err != nil || !found || got != brought || brought.Corrections != 1 {
		t.Errorf("stored %+v, %v, %v; imported %+v", got, found, err, brought)
	}
	if _, found, err := c.Imported(t.Context(), ledger.ArchiveID{}); err != nil || found {
		t.Errorf("another archive: %v, %v", found, err)
	}
	all, version, err := c.Load(t.Context())
	undone.ID = 1
	if diff := cmp.Diff([]slo.Correction{undone}, all); err != nil || version != 2 || diff != "" {
		t.Errorf("version %d, %v\n%s", version, err, diff)
	}
}
