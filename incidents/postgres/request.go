package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"plimsoll/incidents"
)

type work func(ctx context.Context, tx pgx.Tx) (incidents.Incident, []incidents.TimelineEntry, error)

// run does work in a transaction, unless the request has run before: then it returns what that one left.
func (s *Store) run(ctx context.Context, by incidents.Caller, what string, do work) (i incidents.Incident, made []incidents.TimelineEntry, err error) {
	err = pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		if by.RequestID == "" {
			i, made, err = do(ctx, tx)
			return err
		}
		first, err := begin(ctx, tx, by.RequestID, s.now())
		if err != nil {
			return err
		}
		if !first {
			i, made, err = replay(ctx, tx, by.Viewer(), by.RequestID)
			if errors.Is(err, pgx.ErrNoRows) { // it ran for somebody who could see the incident
				return incidents.ErrNotFound
			}
			return err
		}
		if i, made, err = do(ctx, tx); err != nil {
			return err
		}
		return finish(ctx, tx, by.RequestID, i, made)
	})
	if err != nil {
		return incidents.Incident{}, nil, fmt.Errorf("%s: %w", what, err)
	}
	return i, made, nil
}

// Request returns what a request left that has run before: the incident as it is now, and the entries that it made.
// False if it has not, or on an incident that is not visible.
func (s *Store) Request(ctx context.Context, v incidents.Viewer, id string) (incidents.Incident, []incidents.TimelineEntry, bool, error) {
	i, made, err := replay(ctx, s.pool, v, id)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return i, nil, false, nil
	case err != nil:
		return i, nil, false, fmt.Errorf("look for an earlier request: %w", err)
	}
	return i, made, true, nil
}

// begin reports whether this is the first time that the request runs. It waits for one that is running.
func begin(ctx context.Context, tx pgx.Tx, id string, at time.Time) (bool, error) {
	tag, err := tx.Exec(ctx, `INSERT INTO incident_requests (id, ran_at) VALUES ($1, $2) ON CONFLICT DO NOTHING`, id, at)
	return tag.RowsAffected() == 1, err
}

func finish(ctx context.Context, tx pgx.Tx, id string, i incidents.Incident, made []incidents.TimelineEntry) error {
	first, last := 1, 0 // an empty range
	if len(made) > 0 {
		first, last = made[0].Number, made[len(made)-1].Number
	}
	_, err := tx.Exec(ctx, `UPDATE incident_requests SET incident = $2, first_entry = $3, last_entry = $4 WHERE id = $1`,
		id, i.Ref, first, last)
	return err
}

func replay(ctx context.Context, q querier, v incidents.Viewer, id string) (incidents.Incident, []incidents.TimelineEntry, error) {
	rows, err := q.Query(ctx, `SELECT incident, first_entry, last_entry FROM incident_requests WHERE id = $1`, id)
	if err != nil {
		return incidents.Incident{}, nil, err
	}
	type ran struct {
		Ref         incidents.Ref
		First, Last int
	}
	r, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByPos[ran])
	if err != nil {
		return incidents.Incident{}, nil, err
	}
	i, err := one(ctx, q, v, "number = $3", r.Ref)
	if err != nil {
		return i, nil, err
	}
	made, err := entries(ctx, q, r.Ref, r.First, r.Last)
	return i, made, err
}
