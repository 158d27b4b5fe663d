// Package postgres keeps postmortems, their action items and every version of both in PostgreSQL.
//
// It decides nothing: a command is carried out by [postmortem.Apply] between reading and writing one locked row, in one
// transaction:
//
//	may the caller see the incident? ──no──▶ postmortem.ErrNotFound
//	      │ yes
//	request known? ──yes──▶ the record as it is, nothing changes
//	      │ no
//	      ▼
//	lock the row ─▶ merge an edit that was made from an older version ─▶ postmortem.Apply ─▶ write the row and the items,
//	append the version to the history ─▶ commit
//
// Whoever may not see an incident learns nothing of its postmortem: neither by reading nor from a list, a search, a count or
// a refusal. Who may see which incident is for the store of incidents to say, and it is asked after the rows were read, so that
// one which became private in between is left out.
//
// The history is append-only, and the schema holds that. The package notifies nobody.
package postgres

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"plimsoll/incidents"
	"plimsoll/incidents/postmortem"
	"plimsoll/internal/pg"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Migrations create the tables of postmortems.
var Migrations = pg.Migrations{Name: "postmortem", FS: migrations}

// incidentStore knows the incidents and who may see them.
type incidentStore interface {
	Get(ctx context.Context, v incidents.Viewer, ref incidents.Ref) (incidents.Incident, error)
	Timeline(ctx context.Context, v incidents.Viewer, ref incidents.Ref) ([]incidents.TimelineEntry, error)
	Known(ctx context.Context, v incidents.Viewer, refs []incidents.Ref) ([]incidents.Incident, error)
}

// Config of a store.
type Config struct {
	Pool      *pgxpool.Pool // required; migrated
	Incidents incidentStore // required
	// Spent measures what objectives lost in an incident until an instant; nil where no budget can be measured.
	Spent func(i incidents.Incident, at time.Time) []postmortem.Spent
	Now   func() time.Time // time.Now when nil
}

// Store keeps postmortems. It is safe for concurrent use, also by several processes.
type Store struct {
	pool      *pgxpool.Pool
	incidents incidentStore
	spent     func(incidents.Incident, time.Time) []postmortem.Spent
	now       func() time.Time
}

// New returns a store over a migrated database.
func New(cfg Config) (*Store, error) {
	if cfg.Pool == nil || cfg.Incidents == nil {
		return nil, errors.New("a store of postmortems needs a database and a store of incidents")
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Spent == nil {
		cfg.Spent = func(incidents.Incident, time.Time) []postmortem.Spent { return nil }
	}
	return &Store{pool: cfg.Pool, incidents: cfg.Incidents, spent: cfg.Spent, now: cfg.Now}, nil
}

// visible returns an incident that the viewer may see, or [postmortem.ErrNotFound].
func (s *Store) visible(ctx context.Context, v incidents.Viewer, ref incidents.Ref) (incidents.Incident, error) {
	i, err := s.incidents.Get(ctx, v, ref)
	if errors.Is(err, incidents.ErrNotFound) {
		return i, fmt.Errorf("%w: that of %s", postmortem.ErrNotFound, ref)
	}
	return i, err
}

// facts takes the facts of an incident that was read at an instant or later. They are of that instant: what changes while they are
// taken makes them old.
func (s *Store) facts(ctx context.Context, v incidents.Viewer, i incidents.Incident, at time.Time) (postmortem.Facts, error) {
	timeline, err := s.incidents.Timeline(ctx, v, i.Ref)
	if err != nil {
		return postmortem.Facts{}, err
	}
	return postmortem.FactsOf(postmortem.Input{Incident: i, Timeline: timeline, Spent: s.spent(i, at), At: at})
}
