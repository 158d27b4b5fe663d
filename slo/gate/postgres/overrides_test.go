package postgres_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"plimsoll/slo/gate"
	"plimsoll/slo/gate/postgres"
)

// An override is asked for by one person, approved by another, turns one decision, and all of that is in the audit log.
func TestOverride(t *testing.T) {
	t.Parallel()
	f := newFixture(t, nil)
	f.budgets.set(152, 110_000, f.clock.now())
	f.expect(t, change(gate.Feature, "c0ffee"), gate.Deny, gate.BudgetSpent)
	ask := gate.Override{Service: "video-api", Environment: "production", Commit: "c0ffee", Reason: "customers cannot pay", By: "ada", Until: f.clock.now().Add(time.Hour)}
	o, err := f.RequestOverride(t.Context(), ask)
	if err != nil {
		t.Fatal(err)
	}
	f.expect(t, change(gate.Feature, "c0ffee"), gate.Deny, gate.BudgetSpent)
	if _, err := f.ApproveOverride(t.Context(), "ada", o.ID); !errors.Is(err, gate.ErrOwnApproval) {
		t.Errorf("approved her own: %v", err)
	}
	if _, err := f.ApproveOverride(t.Context(), "grace", o.ID+1); !errors.Is(err, gate.ErrNoOverride) {
		t.Errorf("approved nothing: %v", err)
	}
	if _, err := f.ApproveOverride(t.Context(), "grace", o.ID); err != nil {
		t.Fatal(err)
	}
	f.expect(t, change(gate.Feature, "decade"), gate.Deny, gate.BudgetSpent)
	d := f.expect(t, change(gate.Feature, "c0ffee"), gate.Allow, gate.Overridden)
	f.expect(t, change(gate.Feature, "c0ffee"), gate.Deny, gate.BudgetSpent)
	list, err := f.Overrides(t.Context(), "video-api")
	if err != nil || len(list) != 1 || list[0].UsedBy != d.Seq || list[0].ApprovedBy != "grace" {
		t.Errorf("%+v, %v", list, err)
	}
	if v := f.verify(t); v.Broken != nil || v.Entries != 9 { // a policy, five decisions; asked, approved, used
		t.Errorf("%+v", v)
	}
}

func TestOverrideQuota(t *testing.T) {
	t.Parallel()
	f := newFixture(t, nil)
	ask := func() error {
		_, err := f.RequestOverride(t.Context(), gate.Override{Service: "video-api", Environment: "production", Commit: "c0ffee", Reason: "r", By: "ada", Until: f.clock.now().Add(time.Hour)})
		return err
	}
	for range gate.OverrideQuota {
		if err := ask(); err != nil {
			t.Fatal(err)
		}
	}
	if err := ask(); !errors.Is(err, gate.ErrQuota) {
		t.Errorf("one too many: %v", err)
	}
	f.clock.advance(gate.OverrideSpan + time.Second)
	if err := ask(); err != nil {
		t.Errorf("after the span: %v", err)
	}
	if _, err := f.RequestOverride(t.Context(), gate.Override{Service: "moon", Environment: "production"}); !errors.Is(err, gate.ErrUnknownService) {
		t.Errorf("unknown service: %v", err)
	}
}

// What the audit log holds is enough to decide everything again, under the policy of then; a record that somebody changed comes out otherwise.
// TestReplayOfAPolicyOfThen: what no policy may say any more does not keep other decisions from being made again.
func TestReplayOfAPolicyOfThen(t *testing.T) {
	t.Parallel()
	f := newFixture(t, nil)
	f.expect(t, change(gate.Feature, "c0ffee"), gate.Allow, gate.WithinBudget)
	then, err := gate.ParsePolicy("policy.yaml", []byte("service: video-api\nclauses:\n- budget: {}\n"))
	if err != nil {
		t.Fatal(err)
	}
	then.Source = strings.Replace(then.Source, "budget", "remainder", 1)
	set, err := gate.NewPolicies([]*gate.Policy{then})
	if err != nil {
		t.Fatal(err)
	}
	g := f.another(t, func(cfg *postgres.Config) { cfg.Policies = func() *gate.Policies { return set } })
	if _, err := g.Check(t.Context(), "ci", change(gate.Feature, "c0ffee")); err != nil {
		t.Fatal(err)
	}
	replayed, err := f.Replay(t.Context(), gate.Filter{})
	if err != nil || len(replayed) != 2 || !strings.Contains(replayed[0].Problem, `unknown key "clauses[0].remainder"`) || replayed[1].Problem != "" || replayed[1].Differences != nil {
		t.Errorf("%+v, %v", replayed, err)
	}
}

func TestReplay(t *testing.T) {
	t.Parallel()
	f := newFixture(t, nil)
	f.expect(t, change(gate.Feature, "c0ffee"), gate.Allow, gate.WithinBudget)
	f.budgets.set(152, 110_000, f.clock.now())
	f.evaluate(t)
	f.expect(t, change(gate.Feature, "c0ffee"), gate.Deny, gate.CodeRedInForce)
	f.expect(t, change(gate.Rollback, "bad"), gate.Allow, gate.ExemptRollback)
	f.expect(t, gate.Change{Service: "moon", Environment: "production", Commit: "c0ffee"}, gate.Hold, gate.NoObjective)
	f.expect(t, gate.Change{Service: "video-api", Environment: "moon", Commit: "c0ffee"}, gate.Hold, gate.NoPolicy)
	replayed, err := f.Replay(t.Context(), gate.Filter{})
	if err != nil || len(replayed) != 5 {
		t.Fatalf("%d replayed, %v", len(replayed), err)
	}
	for _, r := range replayed {
		if r.Problem != "" || len(r.Differences) > 0 {
			t.Errorf("%+v", r)
		}
	}
	if err := pgx.BeginFunc(t.Context(), f.pool, func(tx pgx.Tx) error {
		_, err := tx.Exec(t.Context(), `ALTER TABLE gate_audit DISABLE TRIGGER gate_audit_append_only; ALTER TABLE gate_audit DROP CONSTRAINT gate_audit_hash;
			UPDATE gate_audit SET record = replace(record, '"outcome":"deny"', '"outcome":"allow"') WHERE outcome = 'deny'`)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	replayed, err = f.Replay(t.Context(), gate.Filter{Outcome: gate.Deny})
	if err != nil || len(replayed) != 1 || len(replayed[0].Differences) != 1 || replayed[0].Differences[0].Field != "outcome" {
		t.Errorf("%+v, %v", replayed, err)
	}
}
