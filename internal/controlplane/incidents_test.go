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

// TestCodeRedGoesOnInAnother: the incident of a Code Red is not resolved because what it was merged into was merged as well.
func TestCodeRedGoesOnInAnother(t *testing.T) {
	t.Parallel()
	store, err := incidentspg.New(incidentspg.Config{Pool: pgtest.New(t, incidentspg.Migrations), Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	state := gate.State{Service: "video-api", Environment: "production", Phase: gate.CodeRed, Freeze: 7}
	by := incidents.Caller{Subject: "gate", System: true, RequestID: codeRedID(state.Service, state.Environment, state.Freeze)}
	for _, title := range []string{"Code Red", "Stalls", "The network is down"} {
		if _, _, err := store.Declare(t.Context(), incidents.Declare{Title: title, Severity: 2, Source: incidents.SourceAPI, Services: []string{"video-api"}}, by); err != nil {
			t.Fatal(err)
		}
		by = incidents.Caller{Subject: "ada"}
	}
	for _, m := range []struct{ from, into incidents.Ref }{{1, 2}, {2, 3}} {
		if _, _, err := store.Do(t.Context(), m.from, incidents.Merge{Into: m.into}, by); err != nil {
			t.Fatal(err)
		}
	}
	a := &App{incidents: store}
	if inc, ok, err := a.incidentOf(t.Context(), state); err != nil || !ok || inc.Ref != 3 || !inc.State.Open() {
		t.Errorf("%s, %s, %t, %v; it goes on in INC-3", inc.Ref, inc.State, ok, err)
	}
}

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
	of := []string{"video-api"}
	refs, err := g.references(t.Context(), []string{"INC-1", "INC-2", "INC-3", "INC-5", "INC-9", "JIRA-1"})
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]gate.Reference{
		{Ref: "INC-1", Known: true, Open: true, Services: of}, {Ref: "INC-2", Known: true, Services: of}, {Ref: "INC-3"},
		{Ref: "INC-5", Known: true, Open: true, Services: of}, {Ref: "INC-9"}, {Ref: "JIRA-1"},
	}, refs); d != "" {
		t.Errorf("references (-want +got):\n%s", d)
	}
	if counts, err := g.openBySeverity(t.Context()); err != nil || !cmp.Equal(counts, map[int]int{3: 1, 2: 1}) {
		t.Errorf("counts %v, %v", counts, err)
	}
}
