package controlplane

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"plimsoll/incidents"
	incidentspg "plimsoll/incidents/postgres"
	"plimsoll/internal/pg/pgtest"
	"plimsoll/slo/gate"
)

// TestWhatTheGateKnowsOfIncidents: those that everybody may see, no drills, and merged ones as what they are a part of.
func TestWhatTheGateKnowsOfIncidents(t *testing.T) {
	t.Parallel()
	noon := time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)
	store, err := incidentspg.New(incidentspg.Config{Pool: pgtest.New(t, incidentspg.Migrations), Now: func() time.Time { return noon }})
	if err != nil {
		t.Fatal(err)
	}
	ada := incidents.Caller{Subject: "ada"}
	for _, d := range []incidents.Declare{
		{Title: "Stalls", Severity: 3},
		{Title: "A drill", Severity: 1, Drill: true},
		{Title: "Leak", Severity: 1, Private: true},
		{Title: "Something", Severity: incidents.Unset},
		{Title: "Stalls too", Severity: 1},
	} {
		d.Source, d.Services = incidents.SourceAPI, []string{"video-api"}
		if _, _, err := store.Declare(t.Context(), d, ada); err != nil {
			t.Fatal(err)
		}
	}
	if _, _, err := store.Do(t.Context(), 5, incidents.Merge{Into: 1}, ada); err != nil {
		t.Fatal(err)
	}
	g := gateIncidents{store: store}
	open, err := g.open(t.Context(), "video-api")
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]gate.Incident{
		{Ref: "INC-1", Title: "Stalls", Severity: 3, Since: noon},
		{Ref: "INC-4", Title: "Something (taken for major until its severity is set)", Severity: 2, Since: noon},
	}, open); d != "" {
		t.Errorf("open (-want +got):\n%s", d)
	}
	refs, err := g.references(t.Context(), []string{"INC-1", "INC-2", "INC-3", "INC-5", "INC-9", "JIRA-1"})
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]gate.Reference{
		{Ref: "INC-1", Known: true, Open: true}, {Ref: "INC-2", Known: true}, {Ref: "INC-3"},
		{Ref: "INC-5", Known: true, Open: true}, {Ref: "INC-9"}, {Ref: "JIRA-1"},
	}, refs); d != "" {
		t.Errorf("references (-want +got):\n%s", d)
	}
	if counts, err := g.openBySeverity(t.Context()); err != nil || !cmp.Equal(counts, map[int]int{3: 1, 2: 1}) {
		t.Errorf("counts %v, %v", counts, err)
	}
}
