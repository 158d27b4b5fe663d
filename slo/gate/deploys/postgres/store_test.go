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
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"

	"plimsoll/internal/pg/pgtest"
	"plimsoll/slo/gate"
	"plimsoll/slo/gate/deploys"
	"plimsoll/slo/gate/deploys/postgres"
)

var noon = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

func after(minutes int) time.Time { return noon.Add(time.Duration(minutes) * time.Minute) }

// told collects the jobs of events.
type told struct {
	mu   sync.Mutex
	said []string
}

func (t *told) InsertTx(_ context.Context, _ pgx.Tx, args river.JobArgs, _ *river.InsertOpts) (*rivertype.JobInsertResult, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	a := args.(postgres.Told)
	t.said = append(t.said, string(a.Event.Kind)+" "+a.Deploy.Ref.String())
	return &rivertype.JobInsertResult{}, nil
}

type fixture struct {
	*postgres.Store
	pool *pgxpool.Pool
	told *told
}

// newFixture keeps deploys of video-api and search. It is three hours after noon. Decision 7 let c0ffee of video-api out to production, decision 8
// did not.
func newFixture(t *testing.T) *fixture {
	t.Helper()
	f := &fixture{pool: pgtest.New(t, postgres.Migrations), told: &told{}}
	var err error
	f.Store, err = postgres.New(postgres.Config{Pool: f.pool, Services: func() []string { return []string{"search", "video-api"} }, Jobs: f.told,
		Now: func() time.Time { return after(180) },
		Decision: func(_ context.Context, seq int64) (gate.Decision, error) {
			switch seq {
			case 7:
				return gate.Decision{Outcome: gate.Allow, Change: change("c0ffee")}, nil
			case 8:
				return gate.Decision{Outcome: gate.Deny, Change: change("c0ffee")}, nil
			}
			return gate.Decision{}, errors.New("there is no such entry")
		},
		Allowed: func(_ context.Context, c gate.Change, _ time.Time) (int64, error) {
			if c.Commit == "c0ffee" {
				return 7, nil
			}
			return 0, nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func change(commit string) gate.Change {
	return gate.Change{Service: "video-api", Environment: "production", Commit: commit, Class: gate.Feature, Author: "ada"}
}

func report(kind deploys.Kind, commit string, minutes int) deploys.Report {
	return deploys.Report{Kind: kind, At: after(minutes), By: "ci", Source: "api", Change: change(commit)}
}

func (f *fixture) record(t *testing.T, r deploys.Report) (deploys.Deploy, bool) {
	t.Helper()
	d, changed, err := f.Record(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	return d, changed
}

func TestRecord(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	d, changed := f.record(t, report(deploys.Start, "c0ffee", 0))
	want := deploys.Deploy{Ref: d.Ref, Service: "video-api", Environment: "production", Commit: "c0ffee", Class: gate.Feature, Author: "ada", Decision: 7,
		Source: "api", By: "ci", State: deploys.Started, Started: noon}
	if diff := cmp.Diff(want, d); diff != "" || !changed {
		t.Errorf("changed %v, %s", changed, diff)
	}
	if again, changed := f.record(t, report(deploys.Start, "c0ffee", 1)); changed || !cmp.Equal(again, d) {
		t.Errorf("a start that is told again: changed %v, %+v", changed, again)
	}
	finish := report(deploys.Finish, "c0ffee", 5)
	finish.Committed = after(-60)
	if d, changed = f.record(t, finish); !changed || d.State != deploys.Finished || !d.Finished.Equal(after(5)) || !d.Committed.Equal(after(-60)) {
		t.Errorf("changed %v, %+v", changed, d)
	}
	if again, changed := f.record(t, report(deploys.Finish, "c0ffee", 6)); changed || !cmp.Equal(again, d) {
		t.Errorf("a finish that is told again: changed %v, %+v", changed, again)
	}
	byRef := deploys.Report{Kind: deploys.Fail, Ref: d.Ref, At: after(7), By: "bob", Source: "cli", Reason: "errors"}
	if d, _ = f.record(t, byRef); d.State != deploys.Failed || d.Reason != "errors" {
		t.Errorf("%+v", d)
	}
	if next, changed := f.record(t, report(deploys.Start, "c0ffee", 8)); !changed || next.Ref == d.Ref {
		t.Errorf("the same commit again: changed %v, %+v", changed, next)
	}
	kept, events, err := f.Get(t.Context(), d.Ref)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(d, kept); diff != "" {
		t.Error(diff)
	}
	wantEvents := []deploys.Event{
		{Kind: deploys.Start, At: noon, By: "ci", Source: "api"}, {Kind: deploys.Finish, At: after(5), By: "ci", Source: "api"},
		{Kind: deploys.Fail, At: after(7), By: "bob", Source: "cli", Reason: "errors"},
	}
	if diff := cmp.Diff(wantEvents, events); diff != "" {
		t.Error(diff)
	}
	if got := strings.Join(f.told.said, ", "); got != "start DEP-1, finish DEP-1, fail DEP-1, start DEP-2" {
		t.Errorf("told: %s", got)
	}
}

func TestRecordRefuses(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	keyed := report(deploys.Finish, "c0ffee", 0)
	keyed.Key = "run-1"
	f.record(t, keyed)
	for name, tc := range map[string]struct {
		change func(*deploys.Report)
		says   string
	}{
		"unknown service":         {func(r *deploys.Report) { r.Change.Service = "serach" }, `did you mean "search"?`},
		"unknown reference":       {func(r *deploys.Report) { r.Ref = 99 }, "there is no such deploy: DEP-99"},
		"unknown key":             {func(r *deploys.Report) { r.Key, r.Change = "run-2", gate.Change{} }, `there is no such deploy: none has the key "run-2"`},
		"rollback of nothing":     {func(r *deploys.Report) { r.Kind, r.Change.Commit = deploys.RollBack, "decade" }, "there is no such deploy: decade of video-api to production"},
		"not of this key":         {func(r *deploys.Report) { r.Key, r.Change.Commit = "run-1", "decade" }, `commit "decade": DEP-1 is of commit "c0ffee"`},
		"decision that denied":    {func(r *deploys.Report) { r.Decision = 8 }, `decision "8": it was deny, which lets nothing out`},
		"decision of another":     {func(r *deploys.Report) { r.Decision, r.Change.Commit = 7, "decade" }, `decision "7": it let c0ffee of video-api out to production`},
		"no decision":             {func(r *deploys.Report) { r.Decision = 9 }, "there is no such entry"},
		"before it started":       {func(r *deploys.Report) { r.Key, r.Kind, r.At = "run-1", deploys.Fail, after(-1) }, "nothing happens before that"},
		"not in the future":       {func(r *deploys.Report) { r.At = after(182) }, "not in the future"},
		"what is over is not bad": {func(r *deploys.Report) { r.Kind = "fial" }, `did you mean "fail"?`},
	} {
		r := report(deploys.Start, "c0ffee", 10)
		tc.change(&r)
		if _, _, err := f.Record(t.Context(), r); err == nil || !strings.Contains(err.Error(), tc.says) {
			t.Errorf("%s: %v, want %q", name, err, tc.says)
		}
	}
	if all, err := f.List(t.Context(), deploys.Filter{}); err != nil || len(all) != 1 {
		t.Errorf("%v: %+v", err, all)
	}
	if _, err := f.pool.Exec(t.Context(), `DELETE FROM deploy_events`); err == nil || !strings.Contains(err.Error(), "append-only") {
		t.Errorf("what was told can be rewritten: %v", err)
	}
}

// TestRecordAtOnce tells of the same start from many sides.
func TestRecordAtOnce(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for _, key := range []string{"", "run-1"} {
		var wg sync.WaitGroup
		var mu sync.Mutex
		refs, news := map[deploys.Ref]bool{}, 0
		for range 8 {
			wg.Go(func() {
				r := report(deploys.Start, "bead"+key, 0)
				r.Key = key
				d, changed, err := f.Record(t.Context(), r)
				if err != nil {
					t.Error(err)
				}
				mu.Lock()
				defer mu.Unlock()
				refs[d.Ref] = true
				if changed {
					news++
				}
			})
		}
		wg.Wait()
		if len(refs) != 1 || news != 1 {
			t.Errorf("key %q: %d deploys, %d news", key, len(refs), news)
		}
	}
}

// TestRollbackOfItsOwn marks what a rollback put right, and so measures it.
func TestRollbackOfItsOwn(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.record(t, report(deploys.Finish, "good", 0))
	f.record(t, report(deploys.Finish, "c0ffee", 10))
	back := report(deploys.Start, "good", 30)
	back.Change.Class = gate.Rollback
	f.record(t, back)
	back.Kind, back.At = deploys.Finish, after(35)
	f.record(t, back)
	bad, events, err := f.Get(t.Context(), 2)
	if err != nil {
		t.Fatal(err)
	}
	if bad.State != deploys.RolledBack || !bad.Failed.Equal(after(30)) || !bad.RolledBack.Equal(after(35)) || bad.Reason != "DEP-3 brought good back" || len(events) != 4 {
		t.Errorf("%+v\n%+v", bad, events)
	}
	if good, _, err := f.Get(t.Context(), 1); err != nil || good.State != deploys.Finished {
		t.Errorf("%v: %+v", err, good)
	}
	half := 0.5
	want := []deploys.Measures{{Service: "video-api", Environment: "production", From: noon, To: after(24 * 60), Deployments: 2, PerDay: 2, Ended: 2, Failures: 1,
		ChangeFailureRate: &half, Recovery: deploys.Durations{Count: 1, MedianSeconds: 300, P90Seconds: 300}}}
	got, err := f.Measures(t.Context(), "video-api", "", noon, after(24*60))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// TestRollbackToldOnce tells of a rollback of its own only when it is over, to a commit that had gone out before.
func TestRollbackToldOnce(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.record(t, report(deploys.Finish, "good", 0))
	f.record(t, report(deploys.Finish, "c0ffee", 10))
	back := report(deploys.Finish, "good", 35)
	back.Change.Class = gate.Rollback
	if d, changed := f.record(t, back); !changed || d.Ref != 3 || d.State != deploys.Finished {
		t.Errorf("changed %v, %+v", changed, d)
	}
	if d, changed := f.record(t, back); changed || d.Ref != 3 {
		t.Errorf("told again: changed %v, %+v", changed, d)
	}
	bad, _, err := f.Get(t.Context(), 2)
	if err != nil {
		t.Fatal(err)
	}
	if bad.State != deploys.RolledBack || !bad.Failed.IsZero() || !bad.RolledBack.Equal(after(35)) {
		t.Errorf("%+v", bad)
	}
	got, err := f.Measures(t.Context(), "video-api", "", noon, after(24*60))
	if err != nil || len(got) != 1 || got[0].Failures != 1 || got[0].Recovery.Count != 0 || got[0].Unrecovered != 0 {
		t.Errorf("nobody knows since when it was bad: %v, %+v", err, got)
	}
}

// TestCommittedToldLate keeps when a change was committed although nothing else is news.
func TestCommittedToldLate(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.record(t, report(deploys.Finish, "c0ffee", 5))
	late := report(deploys.Finish, "c0ffee", 6)
	late.Committed = after(-60)
	if d, changed := f.record(t, late); !changed || !d.Committed.Equal(after(-60)) {
		t.Errorf("changed %v, %+v", changed, d)
	}
	if _, changed := f.record(t, late); changed {
		t.Error("what is known is news")
	}
	late.Committed = after(-90)
	if d, changed := f.record(t, late); changed || !d.Committed.Equal(after(-60)) {
		t.Errorf("what was told first stays: changed %v, %+v", changed, d)
	}
	if kept, _, err := f.Get(t.Context(), 1); err != nil || !kept.Committed.Equal(after(-60)) || !kept.Finished.Equal(after(5)) {
		t.Errorf("%v: %+v", err, kept)
	}
}

func TestList(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for minute, commit := range []string{"a1", "b2", "c3"} {
		f.record(t, report(deploys.Start, commit, minute))
	}
	f.record(t, report(deploys.Finish, "b2", 5))
	for name, tc := range map[string]struct {
		filter deploys.Filter
		want   string
	}{
		"all":         {deploys.Filter{}, "c3 b2 a1"},
		"limit":       {deploys.Filter{Limit: 2}, "c3 b2"},
		"before":      {deploys.Filter{Before: 3}, "b2 a1"},
		"state":       {deploys.Filter{State: deploys.Finished}, "b2"},
		"from":        {deploys.Filter{From: after(1)}, "c3 b2"},
		"to":          {deploys.Filter{To: after(1)}, "a1"},
		"service":     {deploys.Filter{Service: "search"}, ""},
		"environment": {deploys.Filter{Service: "video-api", Environment: "staging"}, ""},
	} {
		found, err := f.List(t.Context(), tc.filter)
		if err != nil {
			t.Fatal(err)
		}
		var commits []string
		for _, d := range found {
			commits = append(commits, d.Commit)
		}
		if got := strings.Join(commits, " "); got != tc.want {
			t.Errorf("%s: %q, want %q", name, got, tc.want)
		}
	}
}
