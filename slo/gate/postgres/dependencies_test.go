package postgres_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"plimsoll/slo"
	"plimsoll/slo/gate"
	"plimsoll/slo/gate/postgres"
)

// leaning is a ledger whose video-api depends on search.
type leaning struct{ *budgets }

func (leaning) Objectives() []*slo.Objective {
	api, search := *availability, *availability
	api.DependsOn = []string{"search"}
	search.Key, search.Service = "search/availability", "search"
	return []*slo.Objective{&api, &search}
}

// A freeze in shadow mode stops nothing: neither what depends on the service, nor does it exempt, nor is it shown.
func TestFreezeInShadowMode(t *testing.T) {
	t.Parallel()
	list := []*gate.Policy{}
	for _, text := range []string{"service: video-api\nclauses:\n- budget: {}\n- dependency: {}\n", "service: search\nmode: shadow\nclauses:\n- budget: {}\n"} {
		p, err := gate.ParsePolicy("policy.yaml", []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, p)
	}
	set, err := gate.NewPolicies(list)
	if err != nil {
		t.Fatal(err)
	}
	f := newFixture(t, nil)
	f.Gate = f.another(t, func(cfg *postgres.Config) {
		cfg.Ledger, cfg.Policies = leaning{f.budgets}, func() *gate.Policies { return set }
	})
	until := f.clock.now().Add(time.Hour)
	if _, err := f.Freeze(t.Context(), "ada", "search", "production", "migration", until); err != nil {
		t.Fatal(err)
	}
	f.expect(t, change(gate.Feature, "c0ffee"), gate.Allow, gate.WithinBudget)
	if _, err := f.Exempt(t.Context(), gate.Exemption{Service: "video-api", Environment: "production", Because: gate.DependencyFrozen, Dependency: "search",
		Reason: "search is slow", By: "ada", Until: until}); !errors.Is(err, gate.ErrNotFrozen) {
		t.Errorf("%v", err)
	}
	if shown, err := f.Binding(t.Context()); err != nil || len(shown) != 0 {
		t.Errorf("%+v, %v", shown, err)
	}
	if status, err := f.Status(t.Context(), "search"); err != nil || len(status) != 1 || status[0].Stopped {
		t.Errorf("%+v, %v", status, err)
	}
	if _, err := f.Freeze(t.Context(), "ada", "video-api", "production", "migration", until); err != nil {
		t.Fatal(err)
	}
	if shown, err := f.Binding(t.Context()); err != nil || len(shown) != 1 || shown[0].Service != "video-api" {
		t.Errorf("%+v, %v", shown, err)
	}
}

// What a service depends on, and what fires, reaches the decision.
func TestDependenciesAndAlerts(t *testing.T) {
	t.Parallel()
	var incidents []gate.Incident
	var alerts []gate.Alert
	f := newFixture(t, nil)
	f.Gate = f.another(t, func(cfg *postgres.Config) {
		cfg.Ledger = leaning{f.budgets}
		cfg.Policies = policies(t, "service: \"*\"\nclauses:\n- budget: {}\n- alert: {}\n- dependency: {}\n")
		cfg.Incidents = func(_ context.Context, service string) ([]gate.Incident, error) {
			if service == "search" {
				return incidents, nil
			}
			return nil, nil
		}
		cfg.Alerts = func(context.Context, string) ([]gate.Alert, error) { return alerts, nil }
	})
	f.expect(t, change(gate.Feature, "c0ffee"), gate.Allow, gate.WithinBudget)
	incidents = []gate.Incident{{Ref: "INC-1", Severity: 1, CodeRed: true}, {Ref: "INC-2", Severity: 3}}
	f.expect(t, change(gate.Feature, "c0ffee"), gate.Allow, gate.WithinBudget)
	incidents = append(incidents, gate.Incident{Ref: "INC-3", Severity: 2})
	d := f.expect(t, change(gate.Feature, "c0ffee"), gate.Hold, gate.DependencyInTrouble)
	if d.Dependencies[0].Incident.Ref != "INC-3" {
		t.Errorf("%+v", d.Dependencies)
	}
	incidents = nil
	if _, err := f.Freeze(t.Context(), "ada", "search", "production", "migration", f.clock.now().Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	f.expect(t, change(gate.Feature, "c0ffee"), gate.Hold, gate.DependencyInTrouble)
	f.clock.advance(time.Hour)
	f.budgets.set(10, 100_000, f.clock.now())
	alerts = []gate.Alert{{Objective: availability.Key, Tier: "page-fast", Severity: "page"}}
	f.expect(t, change(gate.Feature, "c0ffee"), gate.Hold, gate.AlertFiring)
	replayed, err := f.Replay(t.Context(), gate.Filter{})
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range replayed {
		if r.Problem != "" || len(r.Differences) > 0 {
			t.Errorf("%+v", r)
		}
	}
}
