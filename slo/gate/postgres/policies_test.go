package postgres_test

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"plimsoll/slo/gate"
	"plimsoll/slo/gate/postgres"
)

// TestPolicyIsRecordedOnce has many checks share the first transaction under a policy. They wait for one before them that waits for the log.
func TestPolicyIsRecordedOnce(t *testing.T) {
	t.Parallel()
	var list []*gate.Policy
	for _, env := range []string{"production", "staging"} {
		p, err := gate.ParsePolicy(env+".yaml", fmt.Appendf(nil, "service: video-api\nenvironments: [%s]\nclauses:\n- budget: {}\n", env))
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, p)
	}
	both, err := gate.NewPolicies(list)
	if err != nil {
		t.Fatal(err)
	}
	var asked atomic.Int32
	f := newFixture(t, func(cfg *postgres.Config) {
		cfg.Policies = func() *gate.Policies { return both }
		cfg.Incidents = func(context.Context, string) ([]gate.Incident, error) {
			asked.Add(1)
			return nil, nil
		}
	})
	until := func(what string, holds func() bool) {
		t.Helper()
		for deadline := time.Now().Add(30 * time.Second); !holds(); time.Sleep(5 * time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatalf("%s: not within half a minute", what)
			}
		}
	}
	var all sync.WaitGroup
	ask := func(env string) {
		all.Go(func() {
			c := change(gate.Feature, "c0ffee")
			c.Environment = env
			if _, err := f.Check(t.Context(), "ci", c); err != nil {
				t.Error(err)
			}
		})
	}
	err = pgx.BeginFunc(t.Context(), f.pool, func(tx pgx.Tx) error {
		if _, err := tx.Exec(t.Context(), `SELECT FROM gate_audit_head FOR UPDATE`); err != nil {
			return err
		}
		ask("production")
		until("a check waits for the log", func() bool {
			var waits bool
			err := f.pool.QueryRow(t.Context(), `SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock')`).Scan(&waits)
			return err == nil && waits
		})
		before := asked.Load()
		for range 10 {
			ask("staging")
		}
		until("the others are asked", func() bool { return asked.Load() > before })
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	all.Wait()
	var recorded int
	if err := f.pool.QueryRow(t.Context(), `SELECT count(*) FROM gate_audit WHERE kind = 'policy'`).Scan(&recorded); err != nil || recorded != 2 {
		t.Errorf("%d policies are recorded, %v; there are 2", recorded, err)
	}
}
