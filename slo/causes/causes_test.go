package causes_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"plimsoll/incidents"
	"plimsoll/slo"
	"plimsoll/slo/causes"
	"plimsoll/slo/gate"
	"plimsoll/slo/gate/deploys"
)

var noon = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

func at(hours float64) time.Time { return noon.Add(time.Duration(hours * float64(time.Hour))) }

func decision(hours float64, environment, commit string, outcome gate.Outcome) gate.Decision {
	return gate.Decision{At: at(hours), Outcome: outcome, Change: gate.Change{Service: "video-api", Environment: environment, Commit: commit, Class: gate.Feature, Author: "ada"}}
}

func TestOf(t *testing.T) {
	t.Parallel()
	o := &slo.Objective{Key: "video-api/availability", Service: "video-api"}
	incident := func(ref int, change func(*incidents.Incident)) incidents.Incident {
		i := incidents.Incident{Ref: incidents.Ref(ref), Title: "Uploads fail", State: incidents.Resolved, Services: []string{"video-api"},
			Times: incidents.Times{Declared: at(-5), Resolved: at(-3)}}
		change(&i)
		return i
	}
	var asked []time.Time
	sources := causes.Sources{
		Corrections: func(context.Context) ([]slo.Correction, error) {
			return []slo.Correction{
				{ID: 1, Service: "video-api", From: at(-9), To: at(-8), Reason: "maintenance"},
				{ID: 2, Service: "search", From: at(-9), To: at(-8)},
				{ID: 3, From: at(-9), To: at(-8), Undone: at(-1)},
				{ID: 4, From: at(-90), To: at(-80)},
			}, nil
		},
		Incidents: func(context.Context, time.Time, time.Time) ([]incidents.Incident, error) {
			return []incidents.Incident{
				incident(1, func(i *incidents.Incident) { i.Times.Started, i.Times.Detected = at(-7), at(-6) }),
				incident(2, func(i *incidents.Incident) { i.Times.Resolved, i.State = time.Time{}, incidents.Mitigated }),
				incident(3, func(i *incidents.Incident) { i.State = incidents.Cancelled }),
				incident(7, func(i *incidents.Incident) { i.State = incidents.Merged }),
				incident(8, func(i *incidents.Incident) { i.Drill = true }),
				incident(4, func(i *incidents.Incident) { i.Services = []string{"search"} }),
				incident(5, func(i *incidents.Incident) { i.Objectives = []slo.Key{"video-api/latency"} }),
				incident(6, func(i *incidents.Incident) { i.Objectives, i.Services = []slo.Key{o.Key}, nil }),
				incident(9, func(i *incidents.Incident) { i.Objectives = []slo.Key{"video-api/avail", "video-api/availability/sub"} }),
			}, nil
		},
		Decisions: func(_ context.Context, service string, from, to time.Time) ([]gate.Decision, error) {
			asked = []time.Time{from, to}
			return []gate.Decision{
				decision(-6, "production", "b", gate.Allow), decision(-5.5, "production", "b", gate.Allow), decision(-5, "production", "c", gate.Deny),
				decision(-4.5, "production", "d", gate.Allow), decision(-7, "staging", "a", gate.Allow), decision(-11, "production", "old", gate.Allow),
			}, nil
		},
	}
	got, err := sources.Of(t.Context(), o, at(-10), noon)
	if err != nil {
		t.Fatal(err)
	}
	want := []slo.Cause{
		{Kind: slo.ByCorrection, Ref: "1", Title: "maintenance", From: at(-9), To: at(-8)},
		{Kind: slo.ByIncident, Ref: "INC-1", Title: "Uploads fail", From: at(-7), To: at(-3)},
		{Kind: slo.ByIncident, Ref: "INC-2", Title: "Uploads fail", From: at(-5)},
		{Kind: slo.ByIncident, Ref: "INC-6", Title: "Uploads fail", From: at(-5), To: at(-3)},
		{Kind: slo.ByDeploy, Ref: "old", Title: "feature to production by ada", From: at(-11), To: at(-9)},
		{Kind: slo.ByDeploy, Ref: "a", Title: "feature to staging by ada", From: at(-7), To: at(-5)},
		{Kind: slo.ByDeploy, Ref: "b", Title: "feature to production by ada", From: at(-6), To: at(-4.5)},
		{Kind: slo.ByDeploy, Ref: "d", Title: "feature to production by ada", From: at(-4.5), To: at(-2.5)},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if !asked[0].Equal(at(-12)) || !asked[1].Equal(noon) {
		t.Errorf("releases of %s until %s were asked for: one before the window may last into it", asked[0], asked[1])
	}
}

// TestDeploysTellMore leaves out what the gate let through where somebody told of the deploy.
func TestDeploysTellMore(t *testing.T) {
	t.Parallel()
	deploy := func(ref deploys.Ref, commit string, state deploys.State, started, rolledBack float64) deploys.Deploy {
		d := deploys.Deploy{Ref: ref, Service: "video-api", Environment: "production", Commit: commit, Class: gate.Feature, Author: "ada", State: state, Started: at(started)}
		if rolledBack != 0 {
			d.RolledBack = at(rolledBack)
		}
		return d
	}
	sources := causes.Sources{
		Decisions: func(context.Context, string, time.Time, time.Time) ([]gate.Decision, error) {
			return []gate.Decision{decision(-6, "production", "b", gate.Allow), decision(-2, "production", "b", gate.Allow), decision(-3, "production", "c", gate.Allow)}, nil
		},
		Deploys: func(context.Context, string, time.Time, time.Time) ([]deploys.Deploy, error) {
			return []deploys.Deploy{deploy(1, "b", deploys.RolledBack, -5.5, -5), deploy(2, "d", deploys.Failed, -4.5, 0), deploy(3, "e", deploys.Finished, -4, 0)}, nil
		},
	}
	got, err := sources.Of(t.Context(), &slo.Objective{Key: "video-api/availability", Service: "video-api"}, at(-10), noon)
	if err != nil {
		t.Fatal(err)
	}
	want := []slo.Cause{
		{Kind: slo.ByDeploy, Ref: "b", Title: "feature to production by ada (DEP-1, rolled back)", From: at(-5.5), To: at(-5)},
		{Kind: slo.ByDeploy, Ref: "d", Title: "feature to production by ada (DEP-2, failed)", From: at(-4.5), To: at(-4)},
		{Kind: slo.ByDeploy, Ref: "e", Title: "feature to production by ada (DEP-3)", From: at(-4), To: at(-3)},
		{Kind: slo.ByDeploy, Ref: "c", Title: "feature to production by ada", From: at(-3), To: at(-2)},
		{Kind: slo.ByDeploy, Ref: "b", Title: "feature to production by ada", From: at(-2), To: noon},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// TestStepsOfOneDeploy leaves the deploy one cause, however often the gate is asked while it goes out.
func TestStepsOfOneDeploy(t *testing.T) {
	t.Parallel()
	d := deploys.Deploy{Ref: 1, Service: "video-api", Environment: "production", Commit: "b", Class: gate.Feature, State: deploys.Finished, Started: at(-5), Finished: at(-4)}
	sources := causes.Sources{
		Decisions: func(context.Context, string, time.Time, time.Time) ([]gate.Decision, error) {
			return []gate.Decision{decision(-5.1, "production", "b", gate.Allow), decision(-4.7, "production", "b", gate.Allow), decision(-4.3, "production", "b", gate.Allow)}, nil
		},
		Deploys: func(context.Context, string, time.Time, time.Time) ([]deploys.Deploy, error) {
			return []deploys.Deploy{d}, nil
		},
	}
	got, err := sources.Of(t.Context(), &slo.Objective{Key: "video-api/availability", Service: "video-api"}, at(-10), noon)
	want := []slo.Cause{{Kind: slo.ByDeploy, Ref: "b", Title: "feature to production (DEP-1)", From: at(-5), To: at(-3)}}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("%v: %s", err, diff)
	}
}

func TestUnreadableSources(t *testing.T) {
	t.Parallel()
	broken := errors.New("no database")
	for want, s := range map[string]causes.Sources{
		"read corrections: ": {Corrections: func(context.Context) ([]slo.Correction, error) { return nil, broken }},
		"read incidents: ":   {Incidents: func(context.Context, time.Time, time.Time) ([]incidents.Incident, error) { return nil, broken }},
		"read releases: ": {Decisions: func(context.Context, string, time.Time, time.Time) ([]gate.Decision, error) {
			return nil, broken
		}},
		"read deploys: ": {Deploys: func(context.Context, string, time.Time, time.Time) ([]deploys.Deploy, error) { return nil, broken }},
	} {
		if _, err := s.Of(t.Context(), &slo.Objective{}, noon, noon); !errors.Is(err, broken) || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
	if got, err := (causes.Sources{}).Of(t.Context(), &slo.Objective{}, noon, noon); err != nil || len(got) != 0 {
		t.Errorf("without sources: %v, %v", got, err)
	}
}

// An incident of a composite is one of its components, whose spend the composite's is made of, and of the children of those.
func TestIncidentsOfComposites(t *testing.T) {
	t.Parallel()
	sources := causes.Sources{Incidents: func(context.Context, time.Time, time.Time) ([]incidents.Incident, error) {
		return []incidents.Incident{{Ref: 1, State: incidents.Resolved, Objectives: []slo.Key{"video-api/journey"}, Services: []string{"video-api"},
			Times: incidents.Times{Declared: at(-5), Resolved: at(-3)}}}, nil
	}}
	for key, want := range map[slo.Key]int{
		"video-api/journey": 1, "video-api/journey/upload": 1, `video-api/journey/upload{route="/videos"}`: 1, "video-api/availability": 0, "video-api/journeys/x": 0,
	} {
		got, err := sources.Of(t.Context(), &slo.Objective{Key: key, Service: "video-api"}, at(-10), noon)
		if err != nil || len(got) != want {
			t.Errorf("%s: %v %v, want %d", key, got, err, want)
		}
	}
}
