package postgres

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"plimsoll/internal/identity"
	"plimsoll/internal/nearest"
	"plimsoll/slo/gate"
)

// Exempt records an exemption. The error is that of [gate.Exemption.Validate], says that the service, its environment or the dependency is
// not known, or is [gate.ErrNotFrozen].
func (g *Gate) Exempt(ctx context.Context, e gate.Exemption) (gate.Exemption, error) {
	if err := identity.From(ctx).May(e.Service, e.Environment); err != nil {
		return e, err
	}
	if _, err := g.known(e.Service, e.Environment); err != nil {
		return e, err
	}
	e.At = g.now()
	e.ID, e.EndedBy, e.EndedAt = 0, "", nil
	if err := e.Validate(); err != nil {
		return e, err
	}
	if names := g.services(); e.Dependency != "" && !slices.Contains(names, e.Dependency) {
		return e, fmt.Errorf("%w: %q%s", gate.ErrUnknownService, e.Dependency, nearest.Hint(e.Dependency, names))
	}
	err := g.withChain(ctx, func(tx pgx.Tx, chain *chain) error {
		if e.Dependency != "" {
			s, err := loadFreeze(ctx, tx, place{e.Dependency, e.Environment})
			if err != nil {
				return err
			}
			if !s.Frozen(e.At) {
				return fmt.Errorf("%w: %s in %s", gate.ErrNotFrozen, e.Dependency, e.Environment)
			}
		}
		if err := tx.QueryRow(ctx, `INSERT INTO gate_exemptions (service, environment, ends, exemption) VALUES ($1, $2, $3, '{}') RETURNING id`,
			e.Service, e.Environment, e.Until).Scan(&e.ID); err != nil {
			return err
		}
		return recordExemption(ctx, tx, chain, e.At, e)
	})
	if err != nil {
		return gate.Exemption{}, fmt.Errorf("record exemption: %w", err)
	}
	return e, nil
}

// EndExemption ends an exemption before its time. The error is that of [gate.Exemption.End], or [gate.ErrNoExemption].
func (g *Gate) EndExemption(ctx context.Context, by string, id int64) (e gate.Exemption, err error) {
	at := g.now()
	err = g.withChain(ctx, func(tx pgx.Tx, chain *chain) error {
		err := tx.QueryRow(ctx, `SELECT exemption FROM gate_exemptions WHERE id = $1`, id).Scan(&e)
		if errors.Is(err, pgx.ErrNoRows) {
			return fmt.Errorf("%w: %d", gate.ErrNoExemption, id)
		} else if err != nil {
			return err
		}
		if err := identity.From(ctx).May(e.Service, e.Environment); err != nil {
			return err
		}
		if e, err = e.End(by, at); err != nil {
			return err
		}
		return recordExemption(ctx, tx, chain, at, e)
	})
	if err != nil {
		return gate.Exemption{}, fmt.Errorf("end exemption: %w", err)
	}
	return e, nil
}

// Exemptions returns the exemptions that have not ended, newest first; of one service if it is named.
func (g *Gate) Exemptions(ctx context.Context, service string) ([]gate.Exemption, error) {
	rows, err := g.cfg.Pool.Query(ctx, `SELECT exemption FROM gate_exemptions WHERE ($1 = '' OR service = $1) AND ends > $2 ORDER BY id DESC`, service, g.now())
	if err != nil {
		return nil, fmt.Errorf("read exemptions: %w", err)
	}
	found, err := pgx.CollectRows(rows, pgx.RowTo[gate.Exemption])
	if err != nil {
		return nil, fmt.Errorf("read exemptions: %w", err)
	}
	return found, nil
}

// recordExemption writes the present state of an exemption, and an entry of the audit log that tells it.
func recordExemption(ctx context.Context, tx pgx.Tx, chain *chain, at time.Time, e gate.Exemption) error {
	ends := e.Until
	if e.EndedAt != nil {
		ends = *e.EndedAt
	}
	if _, err := tx.Exec(ctx, `UPDATE gate_exemptions SET exemption = $2, ends = $3 WHERE id = $1`, e.ID, e, ends); err != nil {
		return fmt.Errorf("store exemption: %w", err)
	}
	return chain.exemption(at, e)
}

// loadExemptions reads the exemptions of places that have not ended at an instant, newest first, and the freezes of the dependencies that they name.
func loadExemptions(ctx context.Context, tx pgx.Tx, places []place, at time.Time) (map[place][]gate.Exemption, map[place]gate.State, error) {
	services, environments := make([]string, len(places)), make([]string, len(places))
	for i, p := range places {
		services[i], environments[i] = p.service, p.environment
	}
	rows, err := tx.Query(ctx, `SELECT e.exemption FROM gate_exemptions e
		JOIN (SELECT DISTINCT * FROM unnest($1::text[], $2::text[]) AS u (service, environment)) u USING (service, environment)
		WHERE e.ends > $3 ORDER BY e.id DESC`, services, environments, at)
	if err != nil {
		return nil, nil, fmt.Errorf("read exemptions: %w", err)
	}
	list, err := pgx.CollectRows(rows, pgx.RowTo[gate.Exemption])
	if err != nil || len(list) == 0 {
		return nil, nil, wrapped("read exemptions", err)
	}
	found := map[place][]gate.Exemption{}
	var dependencies []place
	for _, e := range list {
		p := place{e.Service, e.Environment}
		found[p] = append(found[p], e)
		if e.Dependency != "" {
			dependencies = append(dependencies, place{e.Dependency, e.Environment})
		}
	}
	if len(dependencies) == 0 {
		return found, nil, nil
	}
	states, err := loadFreezes(ctx, tx, dependencies)
	return found, states, err
}

func wrapped(verb string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", verb, err)
}

// exempt puts exemptions into a snapshot, with the dependencies that they name as they are frozen now.
func exempt(s *gate.Snapshot, list []gate.Exemption, freezes map[place]gate.State, environment string) {
	s.Exemptions = list
	for _, e := range list {
		if e.Dependency == "" {
			continue
		}
		frozen := freezes[place{e.Dependency, environment}].Frozen(s.At)
		if i := slices.IndexFunc(s.Dependencies, func(d gate.Dependency) bool { return d.Service == e.Dependency }); i >= 0 {
			s.Dependencies[i].Frozen = frozen
		} else {
			s.Dependencies = append(s.Dependencies, gate.Dependency{Service: e.Dependency, Frozen: frozen})
		}
	}
}
