package postgres

import (
	"context"
	"fmt"
	"math"
	"time"

	"github.com/jackc/pgx/v5"

	"plimsoll/incidents"
)

// DefaultLimit is how many incidents a list holds that states no limit.
const DefaultLimit = 50

// Get returns one incident, or [incidents.ErrNotFound].
func (s *Store) Get(ctx context.Context, v incidents.Viewer, ref incidents.Ref) (incidents.Incident, error) {
	i, err := one(ctx, s.pool, v, "number = $3", ref)
	if err != nil {
		return i, fmt.Errorf("read incident: %w", absent(err, ref))
	}
	return i, nil
}

// Timeline returns the entries of an incident in order, each in its latest version, or [incidents.ErrNotFound].
func (s *Store) Timeline(ctx context.Context, v incidents.Viewer, ref incidents.Ref) ([]incidents.TimelineEntry, error) {
	if _, err := s.Get(ctx, v, ref); err != nil {
		return nil, err
	}
	list, err := entries(ctx, s.pool, ref, 1, math.MaxInt32)
	if err != nil {
		return nil, fmt.Errorf("read timeline: %w", err)
	}
	return list, nil
}

// Versions returns every version of one entry, the first one first.
//
// Errors: [incidents.ErrNotFound] and [incidents.ErrNoEntry].
func (s *Store) Versions(ctx context.Context, v incidents.Viewer, ref incidents.Ref, number int) ([]incidents.TimelineEntry, error) {
	if _, err := s.Get(ctx, v, ref); err != nil {
		return nil, err
	}
	rows, err := s.pool.Query(ctx, `
		SELECT number, version, kind, at, by, text, field, was, became, edited_by, edited_at
		  FROM incident_timeline WHERE incident = $1 AND number = $2::bigint ORDER BY version`, ref, number)
	if err != nil {
		return nil, fmt.Errorf("read versions: %w", err)
	}
	list, err := pgx.CollectRows(rows, scanEntry)
	if err != nil {
		return nil, fmt.Errorf("read versions: %w", err)
	}
	if len(list) == 0 {
		return nil, fmt.Errorf("%w: entry %d of %s", incidents.ErrNoEntry, number, ref)
	}
	return list, nil
}

// List returns the incidents that the filter selects, newest first.
func (s *Store) List(ctx context.Context, v incidents.Viewer, f incidents.Filter) ([]incidents.Incident, error) {
	limit := f.Limit
	if limit <= 0 {
		limit = DefaultLimit
	}
	before := f.Before
	if before == 0 {
		before = math.MaxInt64
	}
	return s.list(ctx, v, `(cardinality($3::text[]) = 0 OR state = ANY ($3))
		AND ($4 = '' OR services @> ARRAY[$4]) AND number < $5
		ORDER BY number DESC LIMIT $6`, texts(f.States), f.Service, before, limit)
}

// Open returns the open incidents that affect a service, or any if it is empty, oldest first and without a limit.
func (s *Store) Open(ctx context.Context, v incidents.Viewer, service string) ([]incidents.Incident, error) {
	return s.list(ctx, v, `state IN ('declared', 'acknowledged', 'mitigated')
		AND ($3 = '' OR services @> ARRAY[$3]) ORDER BY number`, service)
}

// Between returns the incidents that were going on at any time in [from, to), oldest first: begun before to (when
// it started, or was detected if that is not known) and not resolved before from. Cancelled ones were none, and
// merged ones went on as another.
func (s *Store) Between(ctx context.Context, v incidents.Viewer, from, to time.Time) ([]incidents.Incident, error) {
	return s.list(ctx, v, `state NOT IN ('cancelled', 'merged') AND coalesce(started_at, detected_at) < $4
		AND coalesce(resolved_at, 'infinity') >= $3 ORDER BY number`, from, to)
}

// Declared returns the incidents that were declared in [from, to), whatever became of them, oldest first.
func (s *Store) Declared(ctx context.Context, v incidents.Viewer, from, to time.Time) ([]incidents.Incident, error) {
	return s.list(ctx, v, `declared_at >= $3 AND declared_at < $4 ORDER BY number`, from, to)
}

// Absorbed returns the incidents that were merged into one, oldest first.
func (s *Store) Absorbed(ctx context.Context, v incidents.Viewer, ref incidents.Ref) ([]incidents.Incident, error) {
	return s.list(ctx, v, `merged_into = $3 ORDER BY number`, ref)
}

// Latest returns the newest incident that a machine declared with a key that begins with prefix, as what it is a part of if
// it was merged, or [incidents.ErrNotFound].
func (s *Store) Latest(ctx context.Context, v incidents.Viewer, prefix string) (incidents.Incident, error) {
	list, err := s.list(ctx, v, `starts_with(dedup_key, $3) ORDER BY number DESC LIMIT 1`, prefix)
	if err != nil {
		return incidents.Incident{}, err
	}
	if len(list) == 0 {
		return incidents.Incident{}, fmt.Errorf("%w with a key that begins with %q", incidents.ErrNotFound, prefix)
	}
	i := list[0]
	for i.MergedInto != 0 && err == nil {
		i, err = s.Get(ctx, v, i.MergedInto)
	}
	return i, err
}

// Search returns the incidents that say what is looked for in their title, services or timeline as it reads now, best
// first and at most [DefaultLimit]. Words are stemmed as English; "quotes" keep words together, OR offers a choice and
// a minus sign excludes, as in PostgreSQL's websearch_to_tsquery. What an incident says beyond its first 100,000
// characters is not looked at.
func (s *Store) Search(ctx context.Context, v incidents.Viewer, text string) ([]incidents.Incident, error) {
	return s.list(ctx, v, `document @@ websearch_to_tsquery('english', $3)
		ORDER BY ts_rank(document, websearch_to_tsquery('english', $3)) DESC, number DESC LIMIT $4`, text, DefaultLimit)
}

// list reads the visible incidents of a condition, whose arguments are numbered from 3.
func (s *Store) list(ctx context.Context, v incidents.Viewer, condition string, args ...any) ([]incidents.Incident, error) {
	rows, err := query(ctx, s.pool, v, condition, args...)
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

// Counts returns how many incidents there are, by state and severity. Drills are none. What has none is left out.
func (s *Store) Counts(ctx context.Context, v incidents.Viewer) ([]Count, error) {
	rows, err := s.pool.Query(ctx, `SELECT state, severity, count(*) FROM incident_records WHERE `+visible+` AND NOT drill
		GROUP BY 1, 2 ORDER BY 1, 2`, v.System, v.Subject)
	if err != nil {
		return nil, fmt.Errorf("count incidents: %w", err)
	}
	counts, err := pgx.CollectRows(rows, pgx.RowToStructByPos[Count])
	if err != nil {
		return nil, fmt.Errorf("count incidents: %w", err)
	}
	return counts, nil
}

// texts returns an empty list for none, because an array that is null selects nothing.
func texts(states []incidents.State) []string {
	list := make([]string, len(states))
	for n, s := range states {
		list[n] = string(s)
	}
	return list
}

// Approved returns the incidents of which a message to stakeholders was approved at since or later, oldest first.
func (s *Store) Approved(ctx context.Context, v incidents.Viewer, since time.Time) ([]incidents.Incident, error) {
	return s.list(ctx, v, `EXISTS (SELECT FROM incident_messages WHERE incident = r.number
		AND state IN ('approved', 'sent') AND decided_at >= $3) ORDER BY number`, since)
}
