package postgres_test

import (
	"testing"
	"time"

	"plimsoll/internal/pg"
	"plimsoll/internal/pg/pgtest"
	"plimsoll/slo/ledger"
	"plimsoll/slo/ledger/postgres"
)

// Loading everything may take longer than any other statement. Here it has to wait for a lock, as elsewhere for a slow disk.
func TestLoadingTakesAsLongAsItTakes(t *testing.T) {
	t.Parallel()
	pool, err := pg.Connect(t.Context(), pgtest.URL(t)+"&statement_timeout=100ms")
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	if err := pg.Migrate(t.Context(), pool, postgres.Migrations); err != nil {
		t.Fatal(err)
	}
	for _, table := range []string{"ledger_blocks", "ledger_cursors"} {
		tx, err := pool.Begin(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = tx.Rollback(t.Context()) }() // if the test fails
		if _, err := tx.Exec(t.Context(), `LOCK TABLE `+table); err != nil {
			t.Fatal(err)
		}
		s, loaded := newStore(t, pool), make(chan error, 1)
		go func() { loaded <- s.Load(t.Context(), ledger.New(ledger.Config{})) }()
		for waits := false; !waits; time.Sleep(10 * time.Millisecond) {
			select {
			case err := <-loaded:
				t.Fatalf("%s: loading ended with %v, want it to wait", table, err)
			default:
			}
			err := tx.QueryRow(t.Context(), `SELECT EXISTS (SELECT FROM pg_stat_activity
				WHERE datname = current_database() AND wait_event_type = 'Lock' AND clock_timestamp() - query_start > interval '300ms')`).Scan(&waits)
			if err != nil {
				t.Fatal(err)
			}
		}
		if err := tx.Rollback(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := <-loaded; err != nil {
			t.Errorf("%s: %v", table, err)
		}
	}
}
