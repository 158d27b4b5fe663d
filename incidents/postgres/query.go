package postgres

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/jackc/pgx/v5"

	"plimsoll/incidents"
)

// DefaultLimit is how many incidents a list holds that states no limit.
const DefaultLimit = 50

// Get returns one incident, or [incidents.ErrNotFound].
func (s *Store) Get(ctx context.Context, ref incidents.Ref) (incidents.Incident, error) {
	i, err := one(ctx, s.pool, "number = $1", ref)
	if err != nil {
		return i, fmt.Errorf("read incident: %w", absent(err, ref))
	}
	return i, nil
}

// Timeline returns the entries of an incident in order, each in its latest version. An unknown incident has none.
func (s *Store) Timeline(ctx context.Context, ref incidents.Ref) ([]incidents.TimelineEntry, error) {
	list, err := entries(ctx, s.pool, ref, 1, math.MaxInt32)
	if err != nil {
		return nil, fmt.Errorf("read timeline: %w", err)
	}
	return list, nil
}

// List returns the incidents that the filter selects, newest first.
func (s *Store) List(ctx context.Context, f incidents.Filter) ([]incidents.Incident, error) {
	limit := f.Limit
	if limit <= 0 {
		limit = DefaultLimit
	}
	before := f.Before
	if before == 0 {
		before = math.MaxInt64
	}
	return s.list(ctx, ` WHERE (cardinality($1::text[]) = 0 OR state = ANY ($1))
		AND ($2 = '' OR services @> ARRAY[$2]) AND number < $3
		ORDER BY number DESC LIMIT $4`, texts(f.States), f.Service, before, limit)
}

// Open returns the open incidents that affect a service, or any if it is empty, oldest first and without a limit.
func (s *Store) Open(ctx context.Context, service string) ([]incidents.Incident, error) {
	return s.list(ctx, ` WHERE state IN ('declared', 'acknowledged', 'mitigated')
		AND ($1 = '' OR services @> ARRAY[$1]) ORDER BY number`, service)
}

// Between returns the incidents that were going on at any time in [from, to), oldest first: begun before to (when
// it started, or was detected if that is not known) and not resolved before from. Cancelled ones were none.
func (s *Store) Between(ctx context.Context, from, to time.Time) ([]incidents.Incident, error) {
	return s.list(ctx, ` WHERE state <> 'cancelled' AND coalesce(started_at, detected_at) < $2
		AND coalesce(resolved_at, 'infinity') >= $1 ORDER BY number`, from, to)
}

func (s *Store) list(ctx context.Context, condition string, args ...any) ([]incidents.Incident, error) {
	rows, err := s.pool.Query(ctx, selectIncidents+condition, args...)
	if err != nil {
		return nil, fmt.Errorf("list incidents: %w", err)
	}
	list, err := pgx.CollectRows(rows, scanIncident)
	if err != nil {
		return nil, fmt.Errorf("list incidents: %w", err)
	}
	return list, nil
}

// Count is how many incidents are in a state at a severity.
type Count struct {
	State    incidents.State
	Severity incidents.Severity
	Count    int
}

// Counts returns how many incidents there are, by state and severity. What has none is left out.
func (s *Store) Counts(ctx context.Context) ([]Count, error) {
	rows, err := s.pool.Query(ctx, `SELECT state, severity, count(*) FROM incident_records GROUP BY 1, 2 ORDER BY 1, 2`)
	if err != nil {
		return nil, fmt.Errorf("count incidents: %w", err)
	}
	counts, err := pgx.CollectRows(rows, pgx.RowToStructByPos[Count])
	if err != nil {
		return nil, fmt.Errorf("count incidents: %w", err)
	}
	return counts, nil
}

// Request returns what a request left that has run before: the incident as it is now, and the entries that it made.
// False if it has not.
func (s *Store) Request(ctx context.Context, id string) (incidents.Incident, []incidents.TimelineEntry, bool, error) {
	i, made, err := replay(ctx, s.pool, id)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return i, nil, false, nil
	case err != nil:
		return i, nil, false, fmt.Errorf("look for an earlier request: %w", err)
	}
	return i, made, true, nil
}

// texts returns an empty list for none, because an array that is null selects nothing.
func texts(states []incidents.State) []string {
	list := make([]string, len(states))
	for n, s := range states {
		list[n] = string(s)
	}
	return list
}
