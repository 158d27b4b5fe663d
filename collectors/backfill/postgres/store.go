package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"plimsoll/collectors/backfill"
	"plimsoll/internal/identity"
	"plimsoll/slo"
)

// Store keeps jobs.
type Store struct {
	pool *pgxpool.Pool
}

// New returns the store on a database to which [Migrations] have been applied.
func New(pool *pgxpool.Pool) *Store { return &Store{pool: pool} }

// columns are those of a job, in the order of scan.
const columns = `id, from_at, source, url, service, objectives, created_at, created_by, state, position, until_at, samples, filled, problem, ended_at`

func scan(row pgx.CollectableRow) (j backfill.Job, err error) {
	var position, until, ended *time.Time
	err = row.Scan(&j.ID, &j.From, &j.Source, &j.URL, &j.Service, &j.Objectives, &j.CreatedAt, &j.CreatedBy,
		&j.State, &position, &until, &j.Samples, &j.Filled, &j.Problem, &ended)
	j.Position, j.Until, j.EndedAt = orZero(position), orZero(until), orZero(ended)
	return j, err
}

func orZero(t *time.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return *t
}

func orNull(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

// texts makes keys an array of texts that is never NULL.
func texts(keys []slo.Key) []string {
	out := make([]string, len(keys))
	for i, k := range keys {
		out[i] = string(k)
	}
	return out
}

// authorize returns nil if whoever asks may fill all that a job is for.
func authorize(ctx context.Context, spec backfill.Spec) error {
	places := []identity.Place{}
	for _, key := range spec.Objectives {
		places = append(places, identity.Place{Service: key.Service()})
	}
	if len(places) == 0 {
		places = append(places, identity.Place{Service: spec.Service}) // every service, if it names none
	}
	return identity.Authorize(ctx, identity.FillLedger, places...)
}

// Create adds a job that waits to be done. The error may be an [identity.ErrForbidden].
func (s *Store) Create(ctx context.Context, spec backfill.Spec, by string, at time.Time) (backfill.Job, error) {
	if err := authorize(ctx, spec); err != nil {
		return backfill.Job{}, err
	}
	rows, err := s.pool.Query(ctx, `INSERT INTO backfills (created_at, created_by, from_at, source, url, service, objectives)
		VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING `+columns, at, by, spec.From, spec.Source, spec.URL, spec.Service, texts(spec.Objectives))
	return one(rows, err, "create backfill")
}

// Get returns a job, or [backfill.ErrNotFound].
func (s *Store) Get(ctx context.Context, id int64) (backfill.Job, error) {
	rows, err := s.pool.Query(ctx, `SELECT `+columns+` FROM backfills WHERE id = $1`, id)
	return one(rows, err, "get backfill")
}

// List returns the newest jobs, newest first.
func (s *Store) List(ctx context.Context, limit int) ([]backfill.Job, error) {
	rows, err := s.pool.Query(ctx, `SELECT `+columns+` FROM backfills ORDER BY id DESC LIMIT $1`, limit)
	if err != nil {
		return nil, fmt.Errorf("list backfills: %w", err)
	}
	jobs, err := pgx.CollectRows(rows, scan)
	if err != nil {
		return nil, fmt.Errorf("list backfills: %w", err)
	}
	return jobs, nil
}

// Next returns the oldest job that has not ended; [backfill.ErrNotFound] if there is none.
func (s *Store) Next(ctx context.Context) (backfill.Job, error) {
	rows, err := s.pool.Query(ctx, `SELECT `+columns+` FROM backfills WHERE ended_at IS NULL ORDER BY id LIMIT 1`)
	return one(rows, err, "find the next backfill")
}

// Begins returns, of each objective that other jobs have begun to fill, where the earliest of those began, if that is later than a job begins.
func (s *Store) Begins(ctx context.Context, job backfill.Job) (map[slo.Key]time.Time, error) {
	rows, err := s.pool.Query(ctx, `SELECT key, min(from_at) FROM backfills, unnest(filled) AS key
		WHERE id <> $1 AND position IS NOT NULL GROUP BY key HAVING min(from_at) > $2`, job.ID, job.From)
	if err != nil {
		return nil, fmt.Errorf("look for earlier backfills: %w", err)
	}
	begins := map[slo.Key]time.Time{}
	var key slo.Key
	var from time.Time
	if _, err := pgx.ForEachRow(rows, []any{&key, &from}, func() error { begins[key] = from; return nil }); err != nil {
		return nil, fmt.Errorf("look for earlier backfills: %w", err)
	}
	return begins, nil
}

// Save writes how far a job has come, unless it has ended: then it returns [backfill.ErrEnded].
func (s *Store) Save(ctx context.Context, id int64, p backfill.Progress) error {
	tag, err := s.pool.Exec(ctx, `UPDATE backfills
		SET state = $2, position = $3, until_at = $4, samples = $5, filled = $6, problem = $7, ended_at = $8
		WHERE id = $1 AND ended_at IS NULL`,
		id, p.State, orNull(p.Position), orNull(p.Until), p.Samples, texts(p.Filled), p.Problem, orNull(p.EndedAt))
	switch {
	case err != nil:
		return fmt.Errorf("save backfill %d: %w", id, err)
	case tag.RowsAffected() == 0:
		return fmt.Errorf("save backfill %d: %w", id, backfill.ErrEnded)
	}
	return nil
}

// Cancel ends a job and returns it. One that has ended stays as it is. The error may be an [identity.ErrForbidden].
func (s *Store) Cancel(ctx context.Context, id int64, at time.Time) (backfill.Job, error) {
	if j, err := s.Get(ctx, id); err != nil {
		return j, err
	} else if err := authorize(ctx, j.Spec); err != nil {
		return backfill.Job{}, err
	}
	if _, err := s.pool.Exec(ctx, `UPDATE backfills SET state = 'cancelled', ended_at = $2 WHERE id = $1 AND ended_at IS NULL`, id, at); err != nil {
		return backfill.Job{}, fmt.Errorf("cancel backfill %d: %w", id, err)
	}
	return s.Get(ctx, id)
}

func one(rows pgx.Rows, err error, doing string) (backfill.Job, error) {
	if err != nil {
		return backfill.Job{}, fmt.Errorf("%s: %w", doing, err)
	}
	j, err := pgx.CollectExactlyOneRow(rows, scan)
	if errors.Is(err, pgx.ErrNoRows) {
		err = backfill.ErrNotFound
	}
	if err != nil {
		return backfill.Job{}, fmt.Errorf("%s: %w", doing, err)
	}
	return j, nil
}
