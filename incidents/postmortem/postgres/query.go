package postgres

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"plimsoll/incidents"
	"plimsoll/incidents/postmortem"
)

// Get returns the postmortem of an incident, or [postmortem.ErrNotFound]. Like List and Late, it says of one whose incident was
// cancelled or merged since that it was, and when it is due no more.
func (s *Store) Get(ctx context.Context, v incidents.Viewer, ref incidents.Ref) (postmortem.Record, error) {
	r, err := one(ctx, s.pool, ref, "")
	if err == nil {
		var i incidents.Incident
		i, err = s.visible(ctx, v, ref)
		tellVoid(&r, i)
	}
	if err != nil {
		return postmortem.Record{}, fmt.Errorf("read postmortem: %w", err)
	}
	return r, nil
}

// Versions returns every version of a postmortem in order, or [postmortem.ErrNotFound].
func (s *Store) Versions(ctx context.Context, v incidents.Viewer, ref incidents.Ref) ([]postmortem.Version, error) {
	list, err := versions(ctx, s.pool, `incident = $1 ORDER BY version`, ref)
	if err == nil && len(list) == 0 {
		err = fmt.Errorf("%w: that of %s", postmortem.ErrNotFound, ref)
	}
	if err == nil {
		_, err = s.visible(ctx, v, ref)
	}
	if err != nil {
		return nil, fmt.Errorf("read versions: %w", err)
	}
	return list, nil
}

// Version returns one version, or [postmortem.ErrNotFound], or [postmortem.ErrNoVersion].
func (s *Store) Version(ctx context.Context, v incidents.Viewer, ref incidents.Ref, number int) (postmortem.Version, error) {
	if _, err := s.Get(ctx, v, ref); err != nil {
		return postmortem.Version{}, err
	}
	out, err := version(ctx, s.pool, ref, number)
	if err != nil {
		return out, fmt.Errorf("read version: %w", err)
	}
	return out, nil
}

// List returns the postmortems that the filter selects and the viewer may see, that of the latest incident first.
func (s *Store) List(ctx context.Context, v incidents.Viewer, f postmortem.Filter) ([]postmortem.Record, error) {
	list, err := records(ctx, s.pool, `(cardinality($1::text[]) = 0 OR state = ANY ($1)) AND ($2 = '' OR services @> ARRAY[$2])
		AND ($3::timestamptz IS NULL OR due_at < $3 AND state IN ('draft', 'in_review')) ORDER BY incident DESC`,
		texts(f.States), f.Service, known(f.Overdue))
	if err == nil {
		list, err = s.visibleOf(ctx, v, list)
	}
	if err != nil {
		return nil, fmt.Errorf("list postmortems: %w", err)
	}
	if !f.Overdue.IsZero() {
		list = slices.DeleteFunc(list, func(r postmortem.Record) bool { return !r.Overdue(f.Overdue) })
	}
	return list, nil
}

// Late returns the postmortems that are overdue, or have an action item that is, and that the viewer may see, by incident.
func (s *Store) Late(ctx context.Context, v incidents.Viewer, now time.Time) ([]postmortem.Record, error) {
	list, err := records(ctx, s.pool, `due_at < $1 AND state IN ('draft', 'in_review')
		OR incident IN (SELECT incident FROM postmortem_items WHERE state = 'open' AND due_at < $1) ORDER BY incident`, now)
	if err == nil {
		list, err = s.visibleOf(ctx, v, list)
	}
	if err != nil {
		return nil, fmt.Errorf("list late postmortems: %w", err)
	}
	return list, nil
}

// Item returns one action item, or [postmortem.ErrNoItem].
func (s *Store) Item(ctx context.Context, v incidents.Viewer, id postmortem.ItemRef) (postmortem.ActionItem, error) {
	list, err := items(ctx, s.pool, `number = $1`, id)
	if err == nil && len(list) == 0 {
		err = noItem(id)
	}
	if err == nil {
		_, err = s.incidents.Get(ctx, v, list[0].Incident)
		if errors.Is(err, incidents.ErrNotFound) {
			err = noItem(id)
		}
	}
	if err != nil {
		return postmortem.ActionItem{}, fmt.Errorf("read action item: %w", err)
	}
	return list[0], nil
}

// Items returns the action items that the filter selects and the viewer may see, the one that is due first first.
func (s *Store) Items(ctx context.Context, v incidents.Viewer, f postmortem.ItemFilter) ([]postmortem.ActionItem, error) {
	list, err := items(ctx, s.pool, `(cardinality($1::text[]) = 0 OR state = ANY ($1)) AND ($2 = '' OR owner = $2)
		AND ($3 = '' OR incident IN (SELECT incident FROM postmortem_records WHERE services @> ARRAY[$3]))
		AND ($4::timestamptz IS NULL OR state = 'open' AND due_at < $4) AND ($5::timestamptz IS NULL OR verified_at >= $5)
		ORDER BY due_at, number`, texts(f.States), f.Owner, f.Service, known(f.Overdue), known(f.Verified))
	if err == nil {
		list, _, err = keep(ctx, s.incidents, v, list, func(i postmortem.ActionItem) incidents.Ref { return i.Incident })
	}
	if err != nil {
		return nil, fmt.Errorf("list action items: %w", err)
	}
	return list, nil
}

// visibleOf leaves out the postmortems of incidents that the viewer may not see.
func (s *Store) visibleOf(ctx context.Context, v incidents.Viewer, list []postmortem.Record) ([]postmortem.Record, error) {
	list, known, err := keep(ctx, s.incidents, v, list, func(r postmortem.Record) incidents.Ref { return r.Incident })
	for n := range list {
		tellVoid(&list[n], known[list[n].Incident])
	}
	return list, err
}

// tellVoid makes a postmortem say that its incident was none: facts of it are taken no more, and nobody waits for a review.
func tellVoid(r *postmortem.Record, i incidents.Incident) {
	if postmortem.Void(i) {
		r.Facts.State, r.Due, r.DueSet = i.State, time.Time{}, false
	}
}

// keep leaves out what belongs to incidents that the viewer may not see. The rows were read before, so that an incident
// which became private in between is left out. It returns the incidents as well.
func keep[T any](ctx context.Context, store incidentStore, v incidents.Viewer, list []T, of func(T) incidents.Ref) ([]T, map[incidents.Ref]incidents.Incident, error) {
	refs := make([]incidents.Ref, len(list))
	for n, e := range list {
		refs[n] = of(e)
	}
	known, err := store.Known(ctx, v, refs)
	if err != nil {
		return nil, nil, err
	}
	seen := map[incidents.Ref]incidents.Incident{}
	for _, i := range known {
		seen[i.Ref] = i
	}
	kept := []T{}
	for _, e := range list {
		if _, ok := seen[of(e)]; ok {
			kept = append(kept, e)
		}
	}
	return kept, seen, nil
}

const (
	// maxMatches is how many similar postmortems are worth reading.
	maxMatches = 10
	// maxAsked is how many characters of a text are looked for: a query of very many words is too deep for PostgreSQL.
	maxAsked = 10_000
)

// Similar returns the postmortems that share words with a text and that the viewer may see, the most similar first; without that of the
// incident itself, which may be 0. Words are stemmed as English; those that say nothing are left out.
func (s *Store) Similar(ctx context.Context, v incidents.Viewer, text string, itself incidents.Ref) ([]postmortem.Match, error) {
	rows, err := s.pool.Query(ctx, `
		WITH wanted AS (
			SELECT string_agg(quote_literal(lexeme), ' | ')::tsquery AS query FROM unnest(to_tsvector('english', $1)))
		SELECT incident, ts_rank(document, query, 1) FROM postmortem_records, wanted
		 WHERE document @@ query AND incident <> $2 ORDER BY 2 DESC, incident DESC`, beginning(text, maxAsked), itself)
	if err != nil {
		return nil, fmt.Errorf("look for similar postmortems: %w", err)
	}
	type hit struct {
		Ref  incidents.Ref
		Rank float64
	}
	hits, err := pgx.CollectRows(rows, pgx.RowToStructByPos[hit])
	if err == nil {
		hits, _, err = keep(ctx, s.incidents, v, hits, func(h hit) incidents.Ref { return h.Ref })
	}
	if err != nil {
		return nil, fmt.Errorf("look for similar postmortems: %w", err)
	}
	list := []postmortem.Match{}
	for _, h := range hits[:min(len(hits), maxMatches)] {
		r, err := s.Get(ctx, v, h.Ref)
		if errors.Is(err, postmortem.ErrNotFound) { // no longer visible
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("look for similar postmortems: %w", err)
		}
		list = append(list, postmortem.MatchOf(r, h.Rank, s.now()))
	}
	return list, nil
}

// Due returns those of the incidents that are to be drafted: without a postmortem, or with a draft whose facts are older than the
// incident's last change.
func (s *Store) Due(ctx context.Context, list []incidents.Incident) ([]incidents.Ref, error) {
	refs := make([]int64, len(list))
	for n, i := range list {
		refs[n] = int64(i.Ref)
	}
	rows, err := s.pool.Query(ctx, `SELECT incident, state, (record->'facts'->>'at')::timestamptz FROM postmortem_records WHERE incident = ANY ($1)`, refs)
	if err != nil {
		return nil, fmt.Errorf("look for drafts: %w", err)
	}
	type draft struct {
		Ref   incidents.Ref
		State postmortem.State
		At    time.Time
	}
	found, err := pgx.CollectRows(rows, pgx.RowToStructByPos[draft])
	if err != nil {
		return nil, fmt.Errorf("look for drafts: %w", err)
	}
	drafts := map[incidents.Ref]draft{}
	for _, d := range found {
		drafts[d.Ref] = d
	}
	var due []incidents.Ref
	for _, i := range list {
		d, begun := drafts[i.Ref]
		if postmortem.DraftDue(i) && (!begun || d.State == postmortem.Draft && i.Changed.After(d.At)) {
			due = append(due, i.Ref)
		}
	}
	return due, nil
}

// texts returns an empty list for none, because an array that is null selects nothing.
func texts[T ~string](states []T) []string {
	list := make([]string, len(states))
	for n, s := range states {
		list[n] = string(s)
	}
	return list
}
