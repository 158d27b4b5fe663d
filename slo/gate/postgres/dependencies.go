package postgres

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"plimsoll/slo/gate"
)

// severeIncident is the severity from which an incident of a dependency counts.
const severeIncident = 2

// dependencies tells how the services are doing that the objectives of a change's service name, in the same environment.
func (g *Gate) dependencies(ctx context.Context, c gate.Change, at time.Time) ([]gate.Dependency, error) {
	var services []string
	for _, o := range g.cfg.Ledger.Objectives() {
		if o.Service == c.Service && o.Parent == "" {
			services = append(services, o.DependsOn...)
		}
	}
	if len(services) == 0 {
		return nil, nil
	}
	slices.Sort(services)
	services = slices.Compact(services)
	states, err := g.freezesOf(ctx, services, c.Environment)
	if err != nil {
		return nil, err
	}
	var found []gate.Dependency
	for _, service := range services {
		d := gate.Dependency{Service: service, Frozen: states[service].Frozen(at) && g.binds(states[service])}
		for _, f := range g.figures(service, at) {
			d.Spent = d.Spent || f.Spent
		}
		if d.Incident, err = g.severe(ctx, service); err != nil {
			return nil, err
		}
		found = append(found, d)
	}
	return found, nil
}

func (g *Gate) freezesOf(ctx context.Context, services []string, environment string) (map[string]gate.State, error) {
	rows, err := g.cfg.Pool.Query(ctx, `SELECT state FROM gate_freezes WHERE service = ANY ($1) AND environment = $2`, services, environment)
	if err != nil {
		return nil, fmt.Errorf("read freezes of dependencies: %w", err)
	}
	list, err := pgx.CollectRows(rows, pgx.RowTo[gate.State])
	if err != nil {
		return nil, fmt.Errorf("read freezes of dependencies: %w", err)
	}
	states := make(map[string]gate.State, len(list))
	for _, s := range list {
		states[s.Service] = s
	}
	return states, nil
}

// severe returns the worst open incident of a service that is severe, or nil. One that a freeze opened is not: the freeze speaks for it.
func (g *Gate) severe(ctx context.Context, service string) (*gate.Incident, error) {
	if g.cfg.Incidents == nil {
		return nil, nil
	}
	open, err := g.incidents.get(ctx, service)
	if err != nil {
		return nil, fmt.Errorf("read open incidents of %s: %w", service, err)
	}
	var worst *gate.Incident
	for _, i := range open {
		if i.Severity <= severeIncident && !i.CodeRed && (worst == nil || i.Severity < worst.Severity) {
			worst = &i
		}
	}
	return worst, nil
}
