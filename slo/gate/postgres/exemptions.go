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
	if err := identity.Authorize(ctx, identity.Exempt, identity.Place{Service: e.Service, Environment: e.Environment}); err != nil {
		return e, err
	}
	if _, err := g.known(e.Service, e.Environment); err != nil {
		return e, err
	}
	e.At = g.now()
	e.ID, e.CodeRed, e.EndedBy, e.EndedAt = 0, 0, "", nil
	if err := e.Validate(); err != nil {
		return e, err
	}
	if names := g.services(); e.Dependency != "" && !slices.Contains(names, e.Dependency) {
		return e, fmt.Errorf("%w: %q%s", gate.ErrUnknownService, e.Dependency, nearest.Hint(e.Dependency, names))
	}
	err := g.withChain(ctx, func(tx pgx.Tx, chain *chain) error {
		own, err := loadFreeze(ctx, tx, place{e.Service, e.Environment})
		if err != nil {
			return err
		}
		if own.Phase == gate.CodeRed {
			e.CodeRed = own.Freeze
		}
		if e.Dependency != "" {
			s, err := loadFreeze(ctx, tx, place{e.Dependency, e.Environment})
			if err != nil {
				return err
			}
			if e.Frozen = s.Frozen(e.At) && g.binds(s); !e.Frozen {
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
		if err := identity.Authorize(ctx, identity.Exempt, identity.Place{Service: e.Service, Environment: e.Environment}); err != nil {
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

// Exemptions returns the exemptions that have not ended, or did in the last [gate.OverrideSpan], newest first; of one service if it is named.
func (g *Gate) Exemptions(ctx context.Context, service string) ([]gate.Exemption, error) {
	now := g.now()
	list, err := g.ExemptionsBetween(ctx, service, now.Add(-gate.OverrideSpan), now.Add(time.Microsecond))
	slices.Reverse(list)
	return list, err
}

// ExemptionsBetween returns the exemptions that counted at some time in [from, to), oldest first, with whether they count for the freezes of
// now; of one service if it is named.
func (g *Gate) ExemptionsBetween(ctx context.Context, service string, from, to time.Time) ([]gate.Exemption, error) {
	rows, err := g.cfg.Pool.Query(ctx, `SELECT e.exemption, f.state, own.state FROM gate_exemptions e
		LEFT JOIN gate_freezes f ON f.service = e.exemption ->> 'dependency' AND f.environment = e.environment
		LEFT JOIN gate_freezes own ON own.service = e.service AND own.environment = e.environment
		WHERE ($1 = '' OR e.service = $1) AND e.ends > $2 AND (e.exemption ->> 'at')::timestamptz < $3 ORDER BY e.id`, service, from, to)
	if err != nil {
		return nil, fmt.Errorf("read exemptions: %w", err)
	}
	found, err := pgx.CollectRows(rows, pgx.RowToStructByPos[exemptionRow])
	if err != nil {
		return nil, fmt.Errorf("read exemptions: %w", err)
	}
	list := make([]gate.Exemption, len(found))
	for i, r := range found {
		list[i] = g.exemptionAt(r, g.now())
	}
	return list, nil
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

// loadExemptions reads the exemptions of places that have not ended at an instant, newest first, with whether the dependencies that they name are
// frozen then.
func (g *Gate) loadExemptions(ctx context.Context, tx pgx.Tx, places []place, at time.Time) (map[place][]gate.Exemption, error) {
	var b pgx.Batch
	found := queueExemptions(&b, places, at)
	err := tx.SendBatch(ctx, &b).Close()
	return g.exemptionsAt(*found, at), err
}

// exemptionRow is an exemption with the freeze of the dependency that it names, and that of its own service.
type exemptionRow struct {
	Exemption gate.Exemption
	Freeze    *gate.State // nil if it names none, or that was never frozen
	Own       *gate.State // nil if it was never frozen
}

// queueExemptions puts the exemptions of places that end after an instant into a round trip; they are there when it is over.
func queueExemptions(b *pgx.Batch, places []place, at time.Time) *[]exemptionRow {
	services, environments := make([]string, len(places)), make([]string, len(places))
	for i, p := range places {
		services[i], environments[i] = p.service, p.environment
	}
	var found []exemptionRow
	b.Queue(`SELECT e.exemption, f.state, own.state FROM gate_exemptions e
		JOIN (SELECT DISTINCT * FROM unnest($1::text[], $2::text[]) AS u (service, environment)) u USING (service, environment)
		LEFT JOIN gate_freezes f ON f.service = e.exemption ->> 'dependency' AND f.environment = e.environment
		LEFT JOIN gate_freezes own ON own.service = e.service AND own.environment = e.environment
		WHERE e.ends > $3 ORDER BY e.id DESC`, services, environments, at).Query(func(rows pgx.Rows) (err error) {
		found, err = pgx.CollectRows(rows, pgx.RowToStructByPos[exemptionRow])
		return wrapped("read exemptions", err)
	})
	return &found
}

// exemptionsAt are the exemptions of each place, with whether the dependencies that they name are frozen at an instant.
func (g *Gate) exemptionsAt(rows []exemptionRow, at time.Time) map[place][]gate.Exemption {
	found := map[place][]gate.Exemption{}
	for _, r := range rows {
		p := place{r.Exemption.Service, r.Exemption.Environment}
		found[p] = append(found[p], g.exemptionAt(r, at))
	}
	return found
}

func (g *Gate) exemptionAt(r exemptionRow, at time.Time) gate.Exemption {
	e := r.Exemption
	if r.Own != nil {
		e = e.Outlived(*r.Own)
	}
	e.Frozen = r.Freeze != nil && r.Freeze.Frozen(at) && g.binds(*r.Freeze)
	return e
}

// wrapped puts what was done before an error, if there is one.
func wrapped(verb string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", verb, err)
}
