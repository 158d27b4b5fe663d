package postgres

import (
	"context"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"plimsoll/slo/gate/gitlab"
)

// Store keeps notes of freeze periods.
type Store struct{ pool *pgxpool.Pool }

// New makes a store over a pool with [Migrations] applied.
func New(pool *pgxpool.Pool) *Store { return &Store{pool} }

// Ours returns the periods that are ours, by project.
func (s *Store) Ours(ctx context.Context) (map[string][]gitlab.Period, error) {
	rows, err := s.pool.Query(ctx, `SELECT project, freeze_start, freeze_end, zone FROM gate_gitlab_periods
		ORDER BY project, freeze_start, freeze_end, zone`)
	if err != nil {
		return nil, err
	}
	ours := map[string][]gitlab.Period{}
	var project string
	var p gitlab.Period
	_, err = pgx.ForEachRow(rows, []any{&project, &p.Start, &p.End, &p.Zone}, func() error {
		ours[project] = append(ours[project], p)
		return nil
	})
	return ours, err
}

// Note says that a period is ours. To say it again changes nothing.
func (s *Store) Note(ctx context.Context, project string, p gitlab.Period) error {
	_, err := s.pool.Exec(ctx, `INSERT INTO gate_gitlab_periods (project, freeze_start, freeze_end, zone) VALUES ($1, $2, $3, $4)
		ON CONFLICT DO NOTHING`, project, p.Start, p.End, p.Zone)
	return err
}

// Forget says that a period is no longer ours.
func (s *Store) Forget(ctx context.Context, project string, p gitlab.Period) error {
	_, err := s.pool.Exec(ctx, `DELETE FROM gate_gitlab_periods WHERE project = $1 AND freeze_start = $2 AND freeze_end = $3 AND zone = $4`,
		project, p.Start, p.End, p.Zone)
	return err
}
