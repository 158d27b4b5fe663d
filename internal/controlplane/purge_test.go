package controlplane

import (
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"plimsoll/internal/pg/pgtest"
)

// kept says of each table why it does not grow without end, or why it may.
var kept = map[string]string{
	"alerts_notices":      "purged after 90 days",
	"alerts_deliveries":   "purged with the last notice of its group",
	"backfills":           "purged after 400 days",
	"incident_requests":   "purged after 400 days",
	"postmortem_requests": "purged after 400 days",
	"reminders":           "purged after 400 days",
	"ledger_blocks":       "deleted by checkpoints, with the retention",
	"ledger_drops":        "deleted by checkpoints, with the retention",
	"ledger_cursors":      "deleted by checkpoints, after a week without samples",
	"ledger_changes":      "deleted by checkpoints, after minutes",
	"ledger_objectives":   "deleted by checkpoints, when nothing of it is left",
	"ledger_versions":     "deleted with its objective",
	"ledger_checkpoint":   "one row",
	"ledger_corrections":  "audit",
	"ledger_imports":      "audit",
	"gate_audit":          "audit",
	"gate_audit_head":     "one row",
	"gate_overrides":      "audit",
	"gate_exemptions":     "audit",
	"gate_freezes":        "one row a service and environment",
	"gate_gitlab_periods": "one row a period that is open",
	"gate_keys":           "audit: what was signed stays verifiable",
	"deploys":             "record",
	"deploy_events":       "audit",
	"incident_records":    "record",
	"incident_timeline":   "audit",
	"incident_roles":      "record",
	"incident_tasks":      "record",
	"incident_links":      "record",
	"incident_messages":   "record",
	"incident_deliveries": "audit",
	"postmortem_records":  "record",
	"postmortem_items":    "record",
	"postmortem_history":  "audit",
	"slack_rooms":         "one row an incident",
	"slack_pins":          "one row an entry of a timeline",
	"risk_items":          "record",
	"risk_history":        "audit",
	"alerts_states":       "one row an alert that is not inactive",
	"alerts_groups":       "one row a group that is not over",
	"schema_migrations":   "one row a file",
}

// No table is added without saying how long its rows are kept.
func TestEveryTableSaysHowLongItsRowsAreKept(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t, migrations()...)
	rows, err := pool.Query(t.Context(), `SELECT table_name::text FROM information_schema.tables WHERE table_schema = current_schema() ORDER BY 1`)
	if err != nil {
		t.Fatal(err)
	}
	tables, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(tables)
	if diff := cmp.Diff(slices.Sorted(maps.Keys(kept)), tables); diff != "" {
		t.Errorf("tables (-kept +are there):\n%s", diff)
	}
}

// What is older than its rule goes, everything else stays, and doing it again changes nothing.
func TestPurge(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t, migrations()...)
	now := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	insert := map[string]struct {
		kept time.Duration
		sql  string // of a row of an instant and a name
	}{
		"alerts_notices":      {90 * day, `INSERT INTO alerts_notices (at, name, body) VALUES ($1, $2, '{}')`},
		"incident_requests":   {400 * day, `INSERT INTO incident_requests (ran_at, id) VALUES ($1, $2)`},
		"postmortem_requests": {400 * day, `INSERT INTO postmortem_requests (ran_at, id) VALUES ($1, $2)`},
		"reminders":           {400 * day, `INSERT INTO reminders (made_at, key, kind, text, due_at) VALUES ($1, $2, 'overdue', 'It is overdue.', $1)`},
		"backfills": {400 * day, `INSERT INTO backfills (ended_at, created_by, state, created_at, from_at, source, url, service, objectives)
			VALUES ($1, $2, 'done', $1, $1, 'main', '', '', '{}')`},
	}
	for table, row := range insert {
		for name, age := range map[string]time.Duration{"old": row.kept + time.Minute, "young": row.kept - time.Minute} {
			if _, err := pool.Exec(t.Context(), row.sql, now.Add(-age), name); err != nil {
				t.Fatalf("%s: %v", table, err)
			}
		}
	}
	if _, err := pool.Exec(t.Context(), `INSERT INTO backfills (created_by, state, created_at, from_at, source, url, service, objectives)
		VALUES ('waiting', 'waiting', '2020-01-01', '2020-01-01', 'main', '', '', '{}')`); err != nil {
		t.Fatal(err)
	}
	w := &purgeWorker{pool: pool, now: func() time.Time { return now }, logger: slog.New(slog.DiscardHandler)}
	for range 2 {
		if err := w.Work(t.Context(), nil); err != nil {
			t.Fatal(err)
		}
		for table := range insert {
			var n, old int
			err := pool.QueryRow(t.Context(), fmt.Sprintf(`SELECT count(*), count(*) FILTER (WHERE r::text ~ '\yold\y') FROM %s r`, table)).Scan(&n, &old)
			want := 1
			if table == "backfills" {
				want = 2
			}
			if err != nil || n != want || old != 0 {
				t.Errorf("%s: %d rows, %d of them old, %v; want %d and 0", table, n, old, err, want)
			}
		}
	}
}
