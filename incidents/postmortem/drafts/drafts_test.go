package drafts_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"

	"plimsoll/incidents"
	incidentspg "plimsoll/incidents/postgres"
	"plimsoll/incidents/postmortem"
	"plimsoll/incidents/postmortem/drafts"
	"plimsoll/incidents/postmortem/postgres"
	"plimsoll/internal/pg/pgtest"
)

// queue keeps jobs until they are worked on.
type queue struct{ list []drafts.Args }

func (q *queue) Insert(_ context.Context, args river.JobArgs, _ *river.InsertOpts) (*rivertype.JobInsertResult, error) {
	q.list = append(q.list, args.(drafts.Args))
	return &rivertype.JobInsertResult{}, nil
}

// TestEveryIncidentThatIsOver gets a draft, whose facts follow the incident until somebody submits it.
func TestEveryIncidentThatIsOver(t *testing.T) {
	t.Parallel()
	ctx, at := t.Context(), time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)
	now := func() time.Time { return at }
	pool := pgtest.New(t, incidentspg.Migrations, postgres.Migrations)
	known, err := incidentspg.New(incidentspg.Config{Pool: pool, Now: now})
	if err != nil {
		t.Fatal(err)
	}
	store, err := postgres.New(postgres.Config{Pool: pool, Incidents: known, Now: now})
	if err != nil {
		t.Fatal(err)
	}
	waiting := &queue{}
	runner, err := drafts.New(drafts.Config{Incidents: known, Postmortems: store, Jobs: waiting})
	if err != nil {
		t.Fatal(err)
	}
	worker := &drafts.Worker{Postmortems: store}
	look := func() (drafted []incidents.Ref) {
		t.Helper()
		at = at.Add(time.Minute)
		if err := runner.Look(ctx); err != nil {
			t.Fatal(err)
		}
		for _, args := range waiting.list {
			if err := worker.Work(ctx, &river.Job[drafts.Args]{Args: args}); err != nil {
				t.Fatal(err)
			}
			drafted = append(drafted, args.Incident)
		}
		waiting.list = nil
		return drafted
	}
	ada := incidents.Caller{Subject: "ada"}
	do := func(ref incidents.Ref, cmd incidents.Command) {
		t.Helper()
		at = at.Add(time.Minute)
		if _, _, err := known.Do(ctx, ref, cmd, ada); err != nil {
			t.Fatal(err)
		}
	}
	for _, private := range []bool{false, true} {
		if _, _, err := known.Declare(ctx, incidents.Declare{Title: "Films stall", Severity: 1, Source: incidents.SourceAPI, Private: private}, ada); err != nil {
			t.Fatal(err)
		}
	}
	check := func(when string, want ...incidents.Ref) {
		t.Helper()
		if d := cmp.Diff(want, look()); d != "" {
			t.Errorf("%s: %s", when, d)
		}
	}
	check("while both are open")
	do(1, incidents.Mitigate{How: "rolled back"})
	do(2, incidents.Resolve{})
	check("when both are over", 2, 1)
	check("when nothing has changed")
	do(1, incidents.Resolve{How: "cache rebuilt"})
	check("when one has gone on", 1)
	r, err := store.Get(ctx, incidents.Viewer{}, 1)
	if err != nil || r.Version != 2 || r.Facts.Resolution != "cache rebuilt" || r.State != postmortem.Draft || r.Required == "" {
		t.Errorf("%v: version %d, %q", err, r.Version, r.Facts.Resolution)
	}
}
