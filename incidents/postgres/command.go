package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"plimsoll/incidents"
)

// Declare opens an incident and returns it with its first entries. If one was ever declared with the same
// DedupKey, it returns that one as it is now, with no entries.
//
// Errors: those of [incidents.Apply].
func (s *Store) Declare(ctx context.Context, d incidents.Declare, by incidents.Caller) (incidents.Incident, []incidents.TimelineEntry, error) {
	return s.run(ctx, by, "declare an incident", func(ctx context.Context, tx pgx.Tx) (incidents.Incident, []incidents.TimelineEntry, error) {
		if d.DedupKey != "" {
			i, err := one(ctx, tx, "dedup_key = $1", d.DedupKey)
			if !errors.Is(err, pgx.ErrNoRows) {
				return i, nil, err
			}
		}
		var fresh incidents.Incident
		if err := tx.QueryRow(ctx, `SELECT nextval('incident_numbers')`).Scan(&fresh.Ref); err != nil {
			return fresh, nil, err
		}
		i, made, err := incidents.Apply(fresh, d, s.now(), by.Subject)
		if err != nil {
			return fresh, nil, err
		}
		inserted, err := insert(ctx, tx, i)
		if err != nil {
			return fresh, nil, err
		}
		if !inserted { // another transaction declared it between our look and our insert
			i, err = one(ctx, tx, "dedup_key = $1", d.DedupKey)
			return i, nil, err
		}
		return i, made, appendEntries(ctx, tx, i.Ref, made)
	})
}

// Do carries out a command on an incident, and returns the incident as it is then with the entries that it made.
//
// Errors: [incidents.ErrNotFound] and those of [incidents.Apply].
func (s *Store) Do(ctx context.Context, ref incidents.Ref, cmd incidents.Command, by incidents.Caller) (incidents.Incident, []incidents.TimelineEntry, error) {
	what := fmt.Sprintf("%s %s", cmd.Verb(), ref)
	return s.run(ctx, by, what, func(ctx context.Context, tx pgx.Tx) (incidents.Incident, []incidents.TimelineEntry, error) {
		i, err := one(ctx, tx, "number = $1 FOR UPDATE", ref)
		if err != nil {
			return i, nil, absent(err, ref)
		}
		i, made, err := incidents.Apply(i, cmd, s.now(), by.Subject)
		if err != nil {
			return i, nil, err
		}
		if err := update(ctx, tx, i); err != nil {
			return i, nil, err
		}
		if err := handOver(ctx, tx, i.Ref, made); err != nil {
			return i, nil, err
		}
		return i, made, appendEntries(ctx, tx, i.Ref, made)
	})
}

// Amend replaces the text of a note or an update by a new version of the entry; an empty text retracts it.
//
// Errors: [incidents.ErrNotFound], [incidents.ErrNoEntry] and those of [incidents.Amend].
func (s *Store) Amend(ctx context.Context, ref incidents.Ref, number int, text, by string) (e incidents.TimelineEntry, err error) {
	err = pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		if _, err := one(ctx, tx, "number = $1 FOR UPDATE", ref); err != nil {
			return absent(err, ref)
		}
		found, err := entries(ctx, tx, ref, number, number)
		if err != nil {
			return err
		}
		if len(found) == 0 {
			return fmt.Errorf("%w: entry %d of %s", incidents.ErrNoEntry, number, ref)
		}
		if e, err = incidents.Amend(found[0], text, s.now(), by); err != nil {
			return err
		}
		return appendEntries(ctx, tx, ref, []incidents.TimelineEntry{e})
	})
	if err != nil {
		return incidents.TimelineEntry{}, fmt.Errorf("amend the timeline: %w", err)
	}
	return e, nil
}

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
			i, made, err = replay(ctx, tx, by.RequestID)
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

// insert writes a new incident; false if its deduplication key is taken.
func insert(ctx context.Context, tx pgx.Tx, i incidents.Incident) (bool, error) {
	tag, err := tx.Exec(ctx, `
		INSERT INTO incident_records (number, title, severity, state, services, objectives, source, dedup_key,
		       started_at, detected_at, declared_at, acknowledged_at, mitigated_at, resolved_at, closed_at, cancelled_at,
		       last_update, promised_update, reopened, entries, changed_at)
		VALUES (@number, @title, @severity, @state, @services, @objectives, @source, @dedup_key,
		       @started_at, @detected_at, @declared_at, @acknowledged_at, @mitigated_at, @resolved_at, @closed_at, @cancelled_at,
		       @last_update, @promised_update, @reopened, @entries, @changed_at)
		ON CONFLICT ON CONSTRAINT incident_records_dedup_key DO NOTHING`, arguments(i))
	return tag.RowsAffected() == 1, err
}

func update(ctx context.Context, tx pgx.Tx, i incidents.Incident) error {
	_, err := tx.Exec(ctx, `
		UPDATE incident_records SET title = @title, severity = @severity, state = @state, services = @services,
		       objectives = @objectives, source = @source, dedup_key = @dedup_key, started_at = @started_at,
		       detected_at = @detected_at, declared_at = @declared_at, acknowledged_at = @acknowledged_at,
		       mitigated_at = @mitigated_at, resolved_at = @resolved_at, closed_at = @closed_at, cancelled_at = @cancelled_at,
		       last_update = @last_update, promised_update = @promised_update, reopened = @reopened, entries = @entries,
		       changed_at = @changed_at
		 WHERE number = @number`, arguments(i))
	return err
}

func appendEntries(ctx context.Context, tx pgx.Tx, ref incidents.Ref, made []incidents.TimelineEntry) error {
	for _, e := range made {
		if _, err := tx.Exec(ctx, `
			INSERT INTO incident_timeline (incident, number, version, kind, at, by, text, field, was, became, edited_by, edited_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`, ref, e.Number, e.Version, e.Kind, e.At, e.By,
			e.Text, e.Field, e.Was, e.Became, orNull(e.EditedBy), known(e.EditedAt)); err != nil {
			return fmt.Errorf("append to the timeline: %w", err)
		}
	}
	return nil
}

// handOver ends the terms of those who gave a role away and begins those of the new holders.
func handOver(ctx context.Context, tx pgx.Tx, ref incidents.Ref, made []incidents.TimelineEntry) error {
	for _, e := range made {
		if e.Kind != incidents.KindAssigned {
			continue
		}
		if _, err := tx.Exec(ctx, `UPDATE incident_roles SET until = $3 WHERE incident = $1 AND role = $2 AND until IS NULL`,
			ref, e.Field, e.At); err != nil {
			return fmt.Errorf("end the term of the last holder: %w", err)
		}
		if _, err := tx.Exec(ctx, `INSERT INTO incident_roles (incident, role, holder, since) VALUES ($1, $2, $3, $4)`,
			ref, e.Field, e.Became, e.At); err != nil {
			return fmt.Errorf("begin the term of the holder: %w", err)
		}
	}
	return nil
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

func replay(ctx context.Context, tx querier, id string) (incidents.Incident, []incidents.TimelineEntry, error) {
	var first, last int
	rows, err := tx.Query(ctx, `SELECT incident, first_entry, last_entry FROM incident_requests WHERE id = $1`, id)
	if err != nil {
		return incidents.Incident{}, nil, err
	}
	var ref incidents.Ref
	if _, err := pgx.CollectExactlyOneRow(rows, func(row pgx.CollectableRow) (struct{}, error) {
		return struct{}{}, row.Scan(&ref, &first, &last)
	}); err != nil {
		return incidents.Incident{}, nil, err
	}
	i, err := one(ctx, tx, "number = $1", ref)
	if err != nil {
		return i, nil, err
	}
	made, err := entries(ctx, tx, ref, first, last)
	return i, made, err
}
