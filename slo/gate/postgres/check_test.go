package postgres_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"plimsoll/slo/gate"
	"plimsoll/slo/gate/postgres"
)

// TestNobodyWaits proves that a check whose caller has gone before its turn decides nothing: the override is left for the next.
func TestNobodyWaits(t *testing.T) {
	t.Parallel()
	f := newFixture(t, nil)
	o, err := f.RequestOverride(t.Context(), gate.Override{Service: "video-api", Environment: "production", Commit: "c0ffee", Reason: "customers cannot pay",
		By: "ada", Until: f.clock.now().Add(time.Hour)})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.ApproveOverride(t.Context(), "grace", o.ID); err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	err = pgx.BeginFunc(t.Context(), f.pool, func(tx pgx.Tx) error {
		if _, err := tx.Exec(t.Context(), `SELECT FROM gate_audit_head FOR UPDATE`); err != nil {
			return err
		}
		all.Go(func() {
			if _, err := f.Check(t.Context(), "ci", change(gate.Feature, "first")); err != nil {
				t.Error(err)
			}
		})
		f.awaitLock(t)
		gone, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := f.Check(gone, "ci", change(gate.Feature, "c0ffee")); !errors.Is(err, context.Canceled) {
			t.Errorf("%v", err)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	all.Wait()
	f.expect(t, change(gate.Feature, "c0ffee"), gate.Allow, gate.Overridden)
	if d, err := f.Decisions(t.Context(), gate.Filter{}); err != nil || len(d) != 2 {
		t.Errorf("%d decisions, %v", len(d), err)
	}
}

// TestOnePolicyDecides reads other policies between two looks at them, as a reload does: what decides is what the snapshot was gathered for.
func TestOnePolicyDecides(t *testing.T) {
	t.Parallel()
	before, after := policies(t, policyText)(), policies(t, strings.Replace(policyText, "  - budget", "  - alert: {}\n  - budget", 1))()
	var looks atomic.Int32
	f := newFixture(t, func(cfg *postgres.Config) {
		cfg.Policies = func() *gate.Policies {
			if looks.Add(1) == 1 {
				return before
			}
			return after
		}
		cfg.Alerts = func(context.Context, string) ([]gate.Alert, error) {
			return []gate.Alert{{Objective: availability.Key, Tier: "fast", Severity: "page"}}, nil
		}
	})
	if d := f.expect(t, change(gate.Feature, "c0ffee"), gate.Allow, gate.WithinBudget); d.Policy.Version != before.For("video-api", "production").Version {
		t.Errorf("decided under %+v without the alerts that it asks for", d.Policy)
	}
	f.expect(t, change(gate.Feature, "c0ffee"), gate.Hold, gate.AlertFiring)
}

// TestOneBadNameSpoilsNoOther asks in a form that PostgreSQL does not take: whoever shares a transaction with that must not suffer.
func TestOneBadNameSpoilsNoOther(t *testing.T) {
	t.Parallel()
	f := newFixture(t, nil)
	for _, field := range []func(*gate.Change){
		func(c *gate.Change) { c.Service = "video-\xff" },
		func(c *gate.Change) { c.Environment = "\xc3(" },
		func(c *gate.Change) { c.Service = "a\x00b" },
	} {
		c := change(gate.Feature, "c0ffee")
		field(&c)
		var input *gate.InputError
		if _, err := f.Check(t.Context(), "ci", c); !errors.As(err, &input) {
			t.Errorf("%q in %q: %v", c.Service, c.Environment, err)
		}
	}
}

// awaitLock returns when a transaction waits for the audit log.
func (f *fixture) awaitLock(t *testing.T) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		var waits bool
		err := f.pool.QueryRow(t.Context(), `SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock')`).Scan(&waits)
		if err == nil && waits {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("nobody waits for the audit log after half a minute: %v", err)
		}
	}
}
