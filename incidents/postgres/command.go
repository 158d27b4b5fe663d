package postgres

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"

	"plimsoll/incidents"
	"plimsoll/internal/identity"
)

// Declare opens an incident and returns it with its first entries. If one was ever declared with the same
// DedupKey, it returns that one as it is now, with no entries.
//
// Errors: those of [incidents.Apply]; [identity.ErrForbidden]; [incidents.ErrNotFound] if the one with the same DedupKey is not visible to the
// caller.
func (s *Store) Declare(ctx context.Context, d incidents.Declare, by incidents.Caller) (incidents.Incident, []incidents.TimelineEntry, error) {
	return s.run(ctx, by, "declare an incident", func(ctx context.Context, tx pgx.Tx) (incidents.Incident, []incidents.TimelineEntry, error) {
		if d.DedupKey != "" {
			i, err := declared(ctx, tx, by.Viewer(), d.DedupKey)
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
		if err := identity.Authorize(ctx, identity.DeclareIncidents, places(i.Services)...); err != nil {
			return fresh, nil, err
		}
		inserted, err := insert(ctx, tx, i)
		if err != nil {
			return fresh, nil, err
		}
		if !inserted { // another transaction declared it between our look and our insert
			i, err = declared(ctx, tx, by.Viewer(), d.DedupKey)
			return i, nil, err
		}
		if err := appendEntries(ctx, tx, i.Ref, made); err != nil {
			return i, nil, err
		}
		return i, made, s.changed(ctx, tx, i)
	})
}

// declared finds the incident with a deduplication key; [pgx.ErrNoRows] if there is none.
func declared(ctx context.Context, q querier, v incidents.Viewer, key string) (incidents.Incident, error) {
	i, err := one(ctx, q, incidents.Viewer{System: true}, "dedup_key = $3", key)
	if err == nil && !i.VisibleTo(v) {
		return incidents.Incident{}, incidents.ErrNotFound
	}
	return i, err
}

// Do carries out a command on an incident, and returns the incident as it is then with the entries that it made. A
// [incidents.Paired] command carries out both halves in the one transaction.
//
// Errors: [incidents.ErrNotFound], also for a partner that is not visible to the caller, [identity.ErrForbidden], and those of [incidents.Apply].
func (s *Store) Do(ctx context.Context, ref incidents.Ref, cmd incidents.Command, by incidents.Caller) (incidents.Incident, []incidents.TimelineEntry, error) {
	what := fmt.Sprintf("%s %s", cmd.Verb(), ref)
	return s.run(ctx, by, what, func(ctx context.Context, tx pgx.Tx) (incidents.Incident, []incidents.TimelineEntry, error) {
		if paired, ok := cmd.(incidents.Paired); ok {
			return s.doPair(ctx, tx, ref, paired, by)
		}
		i, err := s.open(ctx, tx, ref, by)
		if err != nil {
			return i, nil, err
		}
		next, made, err := incidents.Apply(i, cmd, s.now(), by.Subject)
		if err != nil {
			return i, nil, err
		}
		added := slices.DeleteFunc(slices.Clone(next.Services), func(service string) bool { return slices.Contains(i.Services, service) })
		if err := identity.Authorize(ctx, identity.DeclareIncidents, places(added)...); err != nil {
			return i, nil, err
		}
		return next, made, s.write(ctx, tx, i, next, made)
	})
}

// doPair locks both incidents in the order of their numbers, so that two pairs never wait for each other.
func (s *Store) doPair(ctx context.Context, tx pgx.Tx, ref incidents.Ref, cmd incidents.Paired, by incidents.Caller) (incidents.Incident, []incidents.TimelineEntry, error) {
	locked := map[incidents.Ref]incidents.Incident{}
	for _, r := range []incidents.Ref{min(ref, cmd.Partner()), max(ref, cmd.Partner())} {
		i, err := s.open(ctx, tx, r, by)
		if err != nil {
			return i, nil, err
		}
		locked[r] = i
	}
	i, partner := locked[ref], locked[cmd.Partner()]
	p, err := incidents.ApplyPair(i, partner, cmd, s.now(), by.Subject)
	if err != nil {
		return i, nil, err
	}
	if err := s.write(ctx, tx, i, p.Incident, p.Entries); err != nil {
		return i, nil, err
	}
	if len(p.PartnerEntries) > 0 {
		if err := s.write(ctx, tx, partner, p.Partner, p.PartnerEntries); err != nil {
			return i, nil, err
		}
	}
	return p.Incident, p.Entries, nil
}

// Amend replaces the text of what somebody wrote by a new version of the entry; an empty text retracts it.
//
// Errors: [incidents.ErrNotFound], [identity.ErrForbidden], [incidents.ErrNoEntry] and those of [incidents.Amend].
func (s *Store) Amend(ctx context.Context, ref incidents.Ref, number int, text string, by incidents.Caller) (incidents.TimelineEntry, error) {
	_, made, err := s.run(ctx, by, "amend the timeline", func(ctx context.Context, tx pgx.Tx) (incidents.Incident, []incidents.TimelineEntry, error) {
		i, err := s.open(ctx, tx, ref, by)
		if err != nil {
			return i, nil, err
		}
		found, err := entries(ctx, tx, ref, number, number)
		if err != nil {
			return i, nil, err
		}
		if len(found) == 0 {
			return i, nil, fmt.Errorf("%w: entry %d of %s", incidents.ErrNoEntry, number, ref)
		}
		e, err := incidents.Amend(found[0], text, s.now(), by.Subject)
		if err != nil {
			return i, nil, err
		}
		made := []incidents.TimelineEntry{e}
		return i, made, appendEntries(ctx, tx, ref, made)
	})
	if err != nil {
		return incidents.TimelineEntry{}, err
	}
	return made[0], nil
}

// open keeps an incident for the transaction on behalf of whoever may work on it.
func (s *Store) open(ctx context.Context, tx pgx.Tx, ref incidents.Ref, by incidents.Caller) (incidents.Incident, error) {
	i, err := lock(ctx, tx, by.Viewer(), ref)
	if err != nil {
		return i, err
	}
	return i, identity.Authorize(ctx, identity.WorkOnIncidents, places(i.Services)...)
}

// places are services, whatever the environment.
func places(services []string) []identity.Place {
	out := make([]identity.Place, len(services))
	for n, s := range services {
		out[n].Service = s
	}
	return out
}

// lock keeps an incident for the transaction and then reads it. Those are two statements: one that waited for a lock would see the
// row as it is by then, and its roles, tasks, links and messages as they were before.
func lock(ctx context.Context, tx pgx.Tx, v incidents.Viewer, ref incidents.Ref) (incidents.Incident, error) {
	if _, err := tx.Exec(ctx, `SELECT FROM incident_records WHERE number = $1 FOR UPDATE`, ref); err != nil {
		return incidents.Incident{}, fmt.Errorf("lock: %w", err)
	}
	i, err := one(ctx, tx, v, "number = $3", ref)
	return i, absent(err, ref)
}
