package postgres_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivermigrate"

	"plimsoll/slo/gate"
	"plimsoll/slo/gate/postgres"
)

func TestCheckIsRecorded(t *testing.T) {
	t.Parallel()
	f := newFixture(t, nil)
	d := f.expect(t, change(gate.Feature, "c0ffee"), gate.Allow, gate.WithinBudget)
	if d.Seq != 2 || d.By != "ci" || !d.At.Equal(f.clock.now()) {
		t.Errorf("%+v", d)
	}
	got, err := f.Decisions(t.Context(), gate.Filter{})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]gate.Decision{d}, got); diff != "" {
		t.Error(diff)
	}
	if v := f.verify(t); v.Entries != 2 || v.Broken != nil || len(v.Head) != 64 {
		t.Errorf("%+v", v)
	}
}

func TestPreviewIsNot(t *testing.T) {
	t.Parallel()
	f := newFixture(t, nil)
	d, err := f.Preview(t.Context(), change(gate.Feature, "c0ffee"))
	if err != nil || d.Outcome != gate.Allow {
		t.Fatal(d, err)
	}
	if v := f.verify(t); v.Entries != 0 {
		t.Errorf("%+v", v)
	}
}

func TestCodeRedAndBack(t *testing.T) {
	t.Parallel()
	f := newFixture(t, nil)
	f.evaluate(t)
	f.budgets.set(152, 110_000, f.clock.now())
	f.expect(t, change(gate.Feature, "c0ffee"), gate.Deny, gate.BudgetSpent) // the keeper has not been round yet
	f.evaluate(t)
	f.evaluate(t) // once is enough
	d := f.expect(t, change(gate.Feature, "c0ffee"), gate.Deny, gate.CodeRedInForce)
	if d.Until == nil || d.Freeze.Freeze != 3 || d.Freeze.Cause[0] != availability.Key {
		t.Errorf("%+v", d)
	}
	f.expect(t, change(gate.Rollback, "bad"), gate.Allow, gate.ExemptRollback)

	f.clock.advance(26 * time.Hour)
	f.budgets.set(20, 110_000, f.clock.now())
	f.evaluate(t)
	f.expect(t, change(gate.Feature, "c0ffee"), gate.Deny, gate.CodeRedInForce)
	f.clock.advance(time.Hour)
	f.budgets.set(20, 110_000, f.clock.now())
	f.evaluate(t)
	f.expect(t, change(gate.Feature, "aaa"), gate.Allow, gate.WithinBudget)
	f.expect(t, change(gate.Feature, "bbb"), gate.Hold, gate.ThawingSlowly)
	f.expect(t, change(gate.Feature, "aaa"), gate.Allow, gate.WithinBudget)
	f.clock.advance(6 * time.Hour)
	f.budgets.set(20, 110_000, f.clock.now())
	f.evaluate(t)
	f.expect(t, change(gate.Feature, "bbb"), gate.Allow, gate.WithinBudget)

	events, err := f.Events(t.Context(), gate.Filter{Service: "video-api"})
	if err != nil {
		t.Fatal(err)
	}
	var kinds []gate.EventKind
	for _, e := range events {
		kinds = append(kinds, e.Kind)
	}
	if diff := cmp.Diff([]gate.EventKind{gate.EnteredOpen, gate.EnteredThawing, gate.EnteredCodeRed}, kinds); diff != "" {
		t.Error(diff)
	}
	states, err := f.Freezes(t.Context())
	if err != nil || len(states) != 1 || states[0].Phase != gate.Open {
		t.Errorf("%+v %v", states, err)
	}
	if v := f.verify(t); v.Broken != nil || v.Entries != 12 {
		t.Errorf("%+v", v)
	}
}

func TestReferencesAndIncidents(t *testing.T) {
	t.Parallel()
	var open []gate.Incident
	f := newFixture(t, func(cfg *postgres.Config) {
		cfg.Policies = policies(t, strings.Replace(policyText, "  - budget", "  - incident: {severity: 2}\n  - budget", 1))
		cfg.Incidents = func(context.Context, string) ([]gate.Incident, error) { return open, nil }
		cfg.References = func(_ context.Context, refs []string) ([]gate.Reference, error) {
			return []gate.Reference{{Ref: refs[0], Known: true, Open: refs[0] == "INC-7"}}, nil
		}
	})
	open = []gate.Incident{{Ref: "INC-7", Severity: 1, Title: "uploads fail", Since: f.clock.now()}}
	f.expect(t, change(gate.Feature, "c0ffee"), gate.Hold, gate.IncidentOpen)
	fix := change(gate.Reliability, "c0ffee")
	fix.Refs = []string{"INC-7"}
	f.expect(t, fix, gate.Allow, gate.ExemptClass)
	fix.Refs = []string{"INC-6"}
	f.expect(t, fix, gate.Hold, gate.IncidentOpen)
}

func TestUndecidable(t *testing.T) {
	t.Parallel()
	f := newFixture(t, func(cfg *postgres.Config) {
		cfg.Incidents = func(context.Context, string) ([]gate.Incident, error) { return nil, errors.New("away") }
	})
	if d, err := f.Check(t.Context(), "ci", change(gate.Feature, "c0ffee")); err == nil || d.Outcome != "" {
		t.Errorf("%+v, %v", d, err)
	}
	f = newFixture(t, nil)
	f.pool.Close()
	if d, err := f.Check(t.Context(), "ci", change(gate.Feature, "c0ffee")); err == nil || d.Outcome != "" {
		t.Errorf("%+v, %v", d, err)
	}
}

func TestManual(t *testing.T) {
	t.Parallel()
	f := newFixture(t, nil)
	until := f.clock.now().Add(time.Hour)
	e, err := f.Freeze(t.Context(), "ada", "video-api", "production", "cup final", until)
	if err != nil || e.Kind != gate.Frozen || e.Seq != 1 {
		t.Fatal(e, err)
	}
	f.expect(t, change(gate.Feature, "c0ffee"), gate.Deny, gate.FrozenByHand)
	if e, err := f.Thaw(t.Context(), "grace", "video-api", "production", "won", until); err != nil || e.Kind != gate.ManualEnded {
		t.Fatal(e, err)
	}
	f.expect(t, change(gate.Feature, "c0ffee"), gate.Allow, gate.WithinBudget)

	if _, err := f.Freeze(t.Context(), "ada", "vidoe-api", "production", "x", until); !errors.Is(err, gate.ErrUnknownService) || !strings.Contains(err.Error(), `"video-api"`) {
		t.Error(err)
	}
	if _, err := f.Freeze(t.Context(), "ada", "video-api", "prodction", "x", until); !errors.Is(err, gate.ErrNoPolicy) || !strings.Contains(err.Error(), `"production"`) {
		t.Error(err)
	}
	var invalid *gate.InputError
	if _, err := f.Freeze(t.Context(), "ada", "video-api", "production", "", until); !errors.As(err, &invalid) {
		t.Error(err)
	}
	if _, err := f.Freeze(t.Context(), "ada", "video-api", "production", "x", f.clock.now()); !errors.As(err, &invalid) {
		t.Error(err)
	}
}

// TestIncidentOfCodeRed proves that the freeze and the job that opens its incident come together or not at all.
func TestIncidentOfCodeRed(t *testing.T) {
	t.Parallel()
	f := newFixture(t, nil)
	driver := riverpgxv5.New(f.pool)
	migrator, err := rivermigrate.New(driver, nil)
	if err != nil {
		t.Fatal(err)
	}
	client, err := river.NewClient(driver, &river.Config{})
	if err != nil {
		t.Fatal(err)
	}
	withJobs := func(cfg *postgres.Config) { cfg.Jobs = client }
	f.Gate = f.another(t, withJobs)
	f.budgets.set(152, 110_000, f.clock.now())
	if err := f.Evaluate(t.Context()); err == nil {
		t.Fatal("the job could not be inserted, and nobody noticed")
	}
	if states, err := f.Freezes(t.Context()); err != nil || len(states) != 0 {
		t.Fatalf("frozen without its job: %+v %v", states, err)
	}
	if _, err := migrator.Migrate(t.Context(), rivermigrate.DirectionUp, nil); err != nil {
		t.Fatal(err)
	}
	other := f.another(t, withJobs)
	var wg sync.WaitGroup
	for _, g := range []*postgres.Gate{f.Gate, other, f.Gate, other} {
		wg.Go(func() {
			if err := g.Evaluate(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	rows, err := f.pool.Query(t.Context(), `SELECT args FROM river_job WHERE kind = 'code_red_incident'`)
	if err != nil {
		t.Fatal(err)
	}
	jobs, err := pgx.CollectRows(rows, pgx.RowTo[postgres.CodeRedIncident])
	if err != nil {
		t.Fatal(err)
	}
	want := []postgres.CodeRedIncident{{
		Service: "video-api", Environment: "production", Freeze: 1, Owners: []string{"team-video"}, Objectives: []string{"video-api/availability"},
		Title: "Code Red: video-api has spent the error budget of Availability",
		Summary: "Releases of video-api to production are frozen since 10:00 UTC on 24 November, because the budget is spent: " +
			"Availability: budget −38.2 %: 152 bad of 110 allowed, 110,000 events over 30d. Only rollbacks and reliability fixes with " +
			"an open reference (--ref) still go out; the freeze ends when every budget has been above 10 % for 1h. An incident commander is to be named.",
	}}
	if diff := cmp.Diff(want, jobs); diff != "" {
		t.Error(diff)
	}
}

func TestRunEvaluatesUntilStopped(t *testing.T) {
	t.Parallel()
	f := newFixture(t, func(cfg *postgres.Config) { cfg.Every = time.Millisecond })
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- f.Run(ctx) }()
	f.budgets.set(152, 110_000, f.clock.now())
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		states, err := f.Freezes(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if len(states) == 1 && states[0].Phase == gate.CodeRed {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("no code red: %+v", states)
		}
	}
	stop()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

func TestFilter(t *testing.T) {
	t.Parallel()
	f := newFixture(t, nil)
	start := f.clock.now()
	for _, class := range []gate.Class{gate.Feature, gate.Rollback, gate.Feature} {
		f.budgets.set(10, 100_000, f.clock.now())
		f.expect(t, change(class, "c0ffee"), gate.Allow, map[gate.Class]gate.Reason{gate.Feature: gate.WithinBudget, gate.Rollback: gate.ExemptRollback}[class])
		f.clock.advance(time.Hour)
	}
	f.expect(t, gate.Change{Service: "moon", Environment: "production", Commit: "c0ffee"}, gate.Hold, gate.NoObjective)
	for _, tc := range []struct {
		name   string
		filter gate.Filter
		want   []int64
	}{
		{"all", gate.Filter{}, []int64{5, 4, 3, 2}}, // 1 is the policy
		{"service", gate.Filter{Service: "video-api"}, []int64{4, 3, 2}},
		{"outcome", gate.Filter{Outcome: gate.Hold}, []int64{5}},
		{"environment", gate.Filter{Environment: "moon"}, nil},
		{"from includes, to excludes", gate.Filter{From: start.Add(time.Hour), To: start.Add(2 * time.Hour)}, []int64{3}},
		{"page", gate.Filter{Before: 5, Limit: 2}, []int64{4, 3}},
	} {
		decisions, err := f.Decisions(t.Context(), tc.filter)
		if err != nil {
			t.Fatal(err)
		}
		var got []int64
		for _, d := range decisions {
			got = append(got, d.Seq)
		}
		if diff := cmp.Diff(tc.want, got); diff != "" {
			t.Errorf("%s: %s", tc.name, diff)
		}
	}
}
