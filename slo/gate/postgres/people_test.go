package postgres_test

import (
	"context"
	"errors"
	"strings"
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

// withJobs gives a fixture a queue of jobs that nobody works.
func withJobs(t *testing.T, f *fixture, change func(*postgres.Config)) {
	t.Helper()
	driver := riverpgxv5.New(f.pool)
	migrator, err := rivermigrate.New(driver, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := migrator.Migrate(t.Context(), rivermigrate.DirectionUp, nil); err != nil {
		t.Fatal(err)
	}
	client, err := river.NewClient(driver, &river.Config{})
	if err != nil {
		t.Fatal(err)
	}
	f.Gate = f.another(t, func(cfg *postgres.Config) { cfg.Jobs = client; change(cfg) })
}

// jobsOf returns the arguments of all jobs of a kind.
func jobsOf[T river.JobArgs](t *testing.T, f *fixture) []T {
	t.Helper()
	var kind T
	rows, err := f.pool.Query(t.Context(), `SELECT args FROM river_job WHERE kind = $1 ORDER BY id`, kind.Kind())
	if err != nil {
		t.Fatal(err)
	}
	list, err := pgx.CollectRows(rows, pgx.RowTo[T])
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// A Code Red from its beginning to the word of a release manager: what is owed, who is told, and that the budget that is still spent lets
// changes go.
func TestCodeRedEndsByItsCriteria(t *testing.T) {
	t.Parallel()
	f := newFixture(t, nil)
	response := gate.Response{}
	withJobs(t, f, func(cfg *postgres.Config) {
		cfg.Policies = policies(t, strings.Replace(policyText, "for: 6h}}", "for: 6h}, exit: [{commander: named}, {plan: filed}, {verifiedItems: 2}]}", 1))
		cfg.Response = func(_ context.Context, s gate.State) (gate.Response, error) {
			if s.Freeze != 1 {
				t.Errorf("asked for the response to %+v", s)
			}
			return response, nil
		}
	})
	ctx := t.Context()
	if _, err := f.FilePlan(ctx, "ada", "video-api", "production", gate.Plan{Text: "drain sooner"}); !errors.Is(err, gate.ErrNoCodeRed) {
		t.Errorf("a plan for no Code Red: %v", err)
	}
	f.budgets.set(152, 110_000, f.clock.now())
	f.evaluate(t)
	f.clock.advance(61 * time.Minute)
	f.budgets.set(152, 110_000, f.clock.now())
	f.evaluate(t)
	f.evaluate(t) // tells nothing twice
	status, err := f.Status(ctx, "video-api")
	if err != nil || len(status) != 1 || !status[0].Stopped || len(status[0].Duties) != 3 || !status[0].Duties[0].Overdue || len(status[0].Criteria) != 3 || status[0].BackAbout == nil {
		t.Fatalf("%+v, %v", status, err)
	}

	manager := []string{gate.ReleaseManager}
	thaw := func(roles []string) error {
		_, err := f.ThawByCriteria(ctx, "grace", roles, "video-api", "production", "the queue drains again")
		return err
	}
	if err := thaw(manager); !errors.Is(err, gate.ErrCriteria) ||
		!strings.Contains(err.Error(), "its incident is not open yet; no action plan is filed; 0 of 2 action items verified") {
		t.Errorf("nothing is met: %v", err)
	}
	if e, err := f.FilePlan(ctx, "ada", "video-api", "production", gate.Plan{Text: "drain sooner", URL: "https://wiki.example.com/plan"}); err != nil || e.Kind != gate.PlanFiled || e.Plan.By != "ada" {
		t.Errorf("%+v, %v", e, err)
	}
	response = gate.Response{Incident: "INC-1", Commander: "ada", VerifiedItems: 2}
	if err := thaw([]string{"operator"}); !errors.Is(err, gate.ErrNotReleaseManager) {
		t.Errorf("without the role: %v", err)
	}
	f.expect(t, change(gate.Feature, "a"), gate.Deny, gate.CodeRedInForce)
	if err := thaw(manager); err != nil {
		t.Fatal(err)
	}
	f.expect(t, change(gate.Feature, "a"), gate.Allow, gate.BudgetExcused)
	f.expect(t, change(gate.Feature, "b"), gate.Hold, gate.ThawingSlowly)
	if err := thaw(manager); !errors.Is(err, gate.ErrNoCodeRed) {
		t.Errorf("twice: %v", err)
	}
	var told []gate.EventKind
	for _, n := range jobsOf[postgres.FreezeNotice](t, f) {
		told = append(told, n.Event)
	}
	if diff := cmp.Diff([]gate.EventKind{gate.EnteredCodeRed, gate.DutyOverdue, gate.PlanFiled, gate.EnteredThawing}, told); diff != "" {
		t.Error(diff)
	}
	replays(t, f)
}

// replays fails unless every decision comes out again as it was recorded, and the audit log holds.
func replays(t *testing.T, f *fixture) {
	t.Helper()
	replayed, err := f.Replay(t.Context(), gate.Filter{})
	if err != nil || len(replayed) == 0 {
		t.Fatalf("%+v, %v", replayed, err)
	}
	for _, r := range replayed {
		if r.Problem != "" || len(r.Differences) > 0 {
			t.Errorf("%+v", r)
		}
	}
	if v := f.verify(t); v.Broken != nil {
		t.Errorf("%+v", v)
	}
}

func TestExemptionTurnsCodeRed(t *testing.T) {
	t.Parallel()
	f := newFixture(t, nil)
	ctx := t.Context()
	f.budgets.set(152, 110_000, f.clock.now())
	f.evaluate(t)
	f.expect(t, change(gate.Feature, "a"), gate.Deny, gate.CodeRedInForce)
	ask := gate.Exemption{Service: "video-api", Environment: "production", Because: gate.CauseOutside, Incident: "INC-7", Reason: "the network was down", By: "ada",
		Until: f.clock.now().Add(time.Hour)}
	e, err := f.Exempt(ctx, ask)
	if err != nil || e.ID != 1 {
		t.Fatalf("%+v, %v", e, err)
	}
	d := f.expect(t, change(gate.Feature, "a"), gate.Allow, gate.ExemptCause)
	if !strings.Contains(strings.Join(d.Message, "\n"), "exempt because the cause lay outside the team (INC-7), by the word of ada") {
		t.Error(d.Message)
	}
	if preview, err := f.Preview(ctx, change(gate.Feature, "a")); err != nil || preview.Reason != gate.ExemptCause {
		t.Errorf("previewed as %s, %v", preview.Reason, err)
	}
	if list, err := f.Exemptions(ctx, "video-api"); err != nil || len(list) != 1 {
		t.Errorf("%+v, %v", list, err)
	}
	if _, err := f.EndExemption(ctx, "grace", 1); err != nil {
		t.Fatal(err)
	}
	if _, err := f.EndExemption(ctx, "grace", 1); !errors.Is(err, gate.ErrExemptionOver) {
		t.Errorf("ended twice: %v", err)
	}
	if _, err := f.EndExemption(ctx, "grace", 9); !errors.Is(err, gate.ErrNoExemption) {
		t.Errorf("ended nothing: %v", err)
	}
	f.expect(t, change(gate.Feature, "a"), gate.Deny, gate.CodeRedInForce)
	if _, err := f.Exempt(ctx, ask); err != nil {
		t.Fatal(err)
	}
	f.clock.advance(time.Hour)
	f.budgets.set(152, 110_000, f.clock.now())
	f.expect(t, change(gate.Feature, "a"), gate.Deny, gate.CodeRedInForce)

	ask.Because, ask.Dependency, ask.Until = gate.DependencyFrozen, "serach", f.clock.now().Add(time.Hour)
	if _, err := f.Exempt(ctx, ask); !errors.Is(err, gate.ErrUnknownService) {
		t.Errorf("an unknown dependency: %v", err)
	}
	replays(t, f)
}

func TestUsedOverrideOwesAFollowUp(t *testing.T) {
	t.Parallel()
	f := newFixture(t, nil)
	withJobs(t, f, func(*postgres.Config) {})
	ctx, began := t.Context(), f.clock.now()
	f.budgets.set(152, 110_000, f.clock.now())
	f.evaluate(t)
	ask := gate.Override{Service: "video-api", Environment: "production", Commit: "a", Reason: "customers cannot pay", By: "ada", Until: f.clock.now().Add(time.Hour)}
	if _, err := f.RequestOverride(ctx, ask); err != nil {
		t.Fatal(err)
	}
	if _, err := f.ApproveOverride(ctx, "grace", 1); err != nil {
		t.Fatal(err)
	}
	if _, err := f.FinishFollowUp(ctx, "ada", 1, "nothing"); !errors.Is(err, gate.ErrNoFollowUp) {
		t.Errorf("of an override that was not used: %v", err)
	}
	d := f.expect(t, change(gate.Feature, "a"), gate.Allow, gate.Overridden)
	jobs := jobsOf[postgres.OverrideFollowUp](t, f)
	if len(jobs) != 1 || jobs[0].Override.UsedBy != d.Seq || jobs[0].Override.FollowUp.Owner != "ada" {
		t.Fatalf("%+v", jobs)
	}
	for range 2 {
		if o, err := f.AttachFollowUp(ctx, 1, "INC-7 task 2"); err != nil || o.FollowUp.Ref != "INC-7 task 2" {
			t.Fatalf("%+v, %v", o, err)
		}
	}
	f.clock.advance(40 * 24 * time.Hour)
	if owed, err := f.OverridesBetween(ctx, "", f.clock.now(), f.clock.now().Add(time.Hour)); err != nil || len(owed) != 1 {
		t.Errorf("what is owed is forgotten: %+v, %v", owed, err)
	}
	if o, err := f.FinishFollowUp(ctx, "grace", 1, "the alert came too late"); err != nil || o.FollowUp.DoneBy != "grace" {
		t.Errorf("%+v, %v", o, err)
	}
	if owed, err := f.OverridesBetween(ctx, "", f.clock.now().Add(time.Minute), f.clock.now().Add(time.Hour)); err != nil || len(owed) != 0 {
		t.Errorf("what is done is owed: %+v, %v", owed, err)
	}
	if asked, err := f.OverridesBetween(ctx, "video-api", began, f.clock.now()); err != nil || len(asked) != 1 {
		t.Errorf("%+v, %v", asked, err)
	}
	replays(t, f)
}
