package postgres

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"plimsoll/incidents"
	"plimsoll/incidents/postmortem"
)

// querier is a pool or a transaction.
type querier interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
}

// one reads one postmortem with its action items, or [postmortem.ErrNotFound]. The lock is empty or FOR UPDATE.
func one(ctx context.Context, q querier, ref incidents.Ref, lock string) (postmortem.Record, error) {
	list, err := records(ctx, q, `incident = $1 `+lock, ref)
	if err != nil {
		return postmortem.Record{}, err
	}
	if len(list) == 0 {
		return postmortem.Record{}, fmt.Errorf("%w: that of %s", postmortem.ErrNotFound, ref)
	}
	return list[0], nil
}

// records reads postmortems with their action items, in the order of the query. The condition follows WHERE.
func records(ctx context.Context, q querier, condition string, args ...any) ([]postmortem.Record, error) {
	rows, err := q.Query(ctx, `SELECT record FROM postmortem_records WHERE `+condition, args...)
	if err != nil {
		return nil, err
	}
	list, err := pgx.CollectRows(rows, pgx.RowTo[postmortem.Record])
	if err != nil {
		return nil, err
	}
	refs := make([]int64, len(list))
	for n := range list {
		refs[n] = int64(list[n].Incident)
	}
	found, err := items(ctx, q, `incident = ANY ($1) ORDER BY number`, refs)
	if err != nil {
		return nil, err
	}
	for n := range list {
		list[n].Items = []postmortem.ActionItem{}
		for _, i := range found {
			if i.Incident == list[n].Incident {
				list[n].Items = append(list[n].Items, i)
			}
		}
	}
	return list, nil
}

func items(ctx context.Context, q querier, condition string, args ...any) ([]postmortem.ActionItem, error) {
	rows, err := q.Query(ctx, `SELECT item FROM postmortem_items WHERE `+condition, args...)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[postmortem.ActionItem])
}

// maxSearched is how many characters of a text are searched: many more different words do not fit into a document of PostgreSQL.
const maxSearched = 100_000

// beginning returns the first characters of a text.
func beginning(text string, most int) string {
	if runes := []rune(text); len(runes) > most {
		return string(runes[:most])
	}
	return text
}

// arguments are the columns of a record by name. The action items have rows of their own.
func arguments(r postmortem.Record) pgx.StrictNamedArgs {
	words := beginning(r.Words(), maxSearched)
	r.Items = nil
	return pgx.StrictNamedArgs{
		"incident": r.Incident, "version": r.Version, "state": r.State, "services": append([]string{}, r.Facts.Services...), "due_at": known(r.Due),
		"changed_at": r.Changed, "record": r, "words": words,
	}
}

// insert writes a new postmortem; false if there is one already.
func insert(ctx context.Context, tx pgx.Tx, r postmortem.Record) (bool, error) {
	tag, err := tx.Exec(ctx, `
		INSERT INTO postmortem_records (incident, version, state, services, due_at, changed_at, record, document)
		VALUES (@incident, @version, @state, @services, @due_at, @changed_at, @record, to_tsvector('english', @words))
		ON CONFLICT (incident) DO NOTHING`, arguments(r))
	return tag.RowsAffected() == 1, err
}

// update writes the next version of a postmortem, and of those action items that differ.
func update(ctx context.Context, tx pgx.Tx, was, r postmortem.Record) error {
	if _, err := tx.Exec(ctx, `
		UPDATE postmortem_records SET version = @version, state = @state, services = @services, due_at = @due_at, changed_at = @changed_at,
		       record = @record, document = to_tsvector('english', @words)
		 WHERE incident = @incident`, arguments(r)); err != nil {
		return err
	}
	for _, i := range r.Items {
		if old, ok := was.Item(i.ID); ok && alike(old, i) {
			continue
		}
		if err := write(ctx, tx, i); err != nil {
			return fmt.Errorf("write %s: %w", i.ID, err)
		}
	}
	return nil
}

func alike(a, b postmortem.ActionItem) bool {
	x, errX := json.Marshal(a)
	y, errY := json.Marshal(b)
	return errX == nil && errY == nil && slices.Equal(x, y)
}

func write(ctx context.Context, tx pgx.Tx, i postmortem.ActionItem) error {
	_, err := tx.Exec(ctx, `
		INSERT INTO postmortem_items (number, incident, state, owner, due_at, evidence, closed_by, verified_by, verified_at, item)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
		ON CONFLICT (number) DO UPDATE SET state = excluded.state, owner = excluded.owner, due_at = excluded.due_at, evidence = excluded.evidence,
		       closed_by = excluded.closed_by, verified_by = excluded.verified_by, verified_at = excluded.verified_at, item = excluded.item`,
		i.ID, i.Incident, i.State, i.Owner, i.Due, len(i.Evidence), orNull(i.ClosedBy), orNull(i.VerifiedBy), known(i.Verified), i)
	return err
}

// record appends a version to the history.
func record(ctx context.Context, tx pgx.Tx, ref incidents.Ref, v postmortem.Version) error {
	if _, err := tx.Exec(ctx, `INSERT INTO postmortem_history (incident, version, at, by, verb, reason, fields, record) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
		ref, v.Number, v.At, v.By, v.Verb, v.Reason, v.Fields, v.Record); err != nil {
		return fmt.Errorf("append to the history: %w", err)
	}
	return nil
}

// version reads one version of a postmortem, or [postmortem.ErrNoVersion].
func version(ctx context.Context, q querier, ref incidents.Ref, number int) (postmortem.Version, error) {
	list, err := versions(ctx, q, `incident = $1 AND version = $2::bigint`, ref, number)
	if err == nil && len(list) == 0 {
		err = fmt.Errorf("%w: %d of %s", postmortem.ErrNoVersion, number, ref)
	}
	if err != nil {
		return postmortem.Version{}, err
	}
	return list[0], nil
}

func versions(ctx context.Context, q querier, condition string, args ...any) ([]postmortem.Version, error) {
	rows, err := q.Query(ctx, `SELECT version, at, by, verb, reason, fields, record FROM postmortem_history WHERE `+condition, args...)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (v postmortem.Version, err error) {
		err = row.Scan(&v.Number, &v.At, &v.By, &v.Verb, &v.Reason, &v.Fields, &v.Record)
		v.At = v.At.UTC()
		return v, err
	})
}

// begin reports whether this is the first time that the request runs. It waits for one that is running. An empty one is always the first.
func begin(ctx context.Context, tx pgx.Tx, id string, at time.Time) (bool, error) {
	if id == "" {
		return true, nil
	}
	tag, err := tx.Exec(ctx, `INSERT INTO postmortem_requests (id, ran_at) VALUES ($1, $2) ON CONFLICT DO NOTHING`, id, at)
	return tag.RowsAffected() == 1, err
}

// known makes the zero time unknown to the database.
func known(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

func orNull(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

func noItem(id postmortem.ItemRef) error { return fmt.Errorf("%w: %s", postmortem.ErrNoItem, id) }
