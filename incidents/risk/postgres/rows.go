package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"plimsoll/incidents/risk"
)

// querier is a pool or a transaction.
type querier interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
}

// one reads one item. The condition follows WHERE.
func one(ctx context.Context, q querier, condition string, args ...any) (risk.Item, error) {
	list, err := items(ctx, q, "WHERE "+condition, args...)
	if err != nil {
		return risk.Item{}, err
	}
	if len(list) == 0 {
		return risk.Item{}, pgx.ErrNoRows
	}
	return list[0], nil
}

func items(ctx context.Context, q querier, rest string, args ...any) ([]risk.Item, error) {
	rows, err := q.Query(ctx, `SELECT number, version, state, content, created_at, changed_at FROM risk_items `+rest, args...)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (i risk.Item, err error) {
		err = row.Scan(&i.Ref, &i.Version, &i.State, &i.Content, &i.Created, &i.Changed)
		i.Created, i.Changed = i.Created.UTC(), i.Changed.UTC()
		return i, err
	})
}

// arguments are the columns that a change may touch, by name.
func arguments(i risk.Item) pgx.StrictNamedArgs {
	services := i.Services
	if services == nil {
		services = []string{}
	}
	return pgx.StrictNamedArgs{
		"version": i.Version, "title": i.Title, "owner": i.Owner, "services": services, "state": i.State,
		"compliance": i.Scores.Compliance, "security": i.Scores.Security, "blast_radius": i.Scores.BlastRadius,
		"probability": i.Scores.Probability, "person_days": i.Cost.PersonDays, "content": i.Content, "changed_at": i.Changed,
	}
}

// add makes the first version of an item. Its number comes from the row.
func add(ctx context.Context, tx pgx.Tx, c risk.Content, by risk.Author) (risk.Item, error) {
	i, e, err := risk.New(0, c, by)
	if err == nil {
		err = authorize(ctx, i.Services)
	}
	if err != nil {
		return risk.Item{}, err
	}
	err = tx.QueryRow(ctx, `
		INSERT INTO risk_items (version, title, owner, services, state, compliance, security, blast_radius, probability, person_days,
		       content, created_at, changed_at)
		VALUES (@version, @title, @owner, @services, @state, @compliance, @security, @blast_radius, @probability, @person_days,
		       @content, @changed_at, @changed_at)
		RETURNING number`, arguments(i)).Scan(&i.Ref)
	if err != nil {
		return risk.Item{}, translate(err, c.Title)
	}
	return i, record(ctx, tx, i.Ref, e)
}

func update(ctx context.Context, tx pgx.Tx, i risk.Item) error {
	args := arguments(i)
	args["number"] = i.Ref
	_, err := tx.Exec(ctx, `
		UPDATE risk_items SET version = @version, title = @title, owner = @owner, services = @services, state = @state,
		       compliance = @compliance, security = @security, blast_radius = @blast_radius, probability = @probability,
		       person_days = @person_days, content = @content, changed_at = @changed_at
		 WHERE number = @number`, args)
	return err
}

func record(ctx context.Context, tx pgx.Tx, ref risk.Ref, e risk.Entry) error {
	if _, err := tx.Exec(ctx, `INSERT INTO risk_history (item, version, at, by, reason, changes) VALUES ($1, $2, $3, $4, $5, $6)`,
		ref, e.Version, e.At, e.By, e.Reason, e.Changes); err != nil {
		return fmt.Errorf("append to the history: %w", err)
	}
	return nil
}

// Get returns one item, or [risk.ErrNotFound].
func (s *Store) Get(ctx context.Context, ref risk.Ref) (risk.Item, error) {
	i, err := one(ctx, s.pool, "number = $1", ref)
	if err != nil {
		return i, fmt.Errorf("read risk: %w", absent(err, ref))
	}
	return i, nil
}

// List returns the items that the filter selects, by number.
func (s *Store) List(ctx context.Context, f risk.Filter) ([]risk.Item, error) {
	states := []string{}
	for _, state := range f.States {
		states = append(states, string(state))
	}
	list, err := items(ctx, s.pool, `WHERE (cardinality($1::text[]) = 0 OR state = ANY ($1)) AND ($2 = '' OR services @> ARRAY[$2]) ORDER BY number`,
		states, f.Service)
	if err != nil {
		return nil, fmt.Errorf("list risks: %w", err)
	}
	return list, nil
}

// History returns the versions of an item in order. An unknown item has none.
func (s *Store) History(ctx context.Context, ref risk.Ref) ([]risk.Entry, error) {
	rows, err := s.pool.Query(ctx, `SELECT version, at, by, reason, changes FROM risk_history WHERE item = $1 ORDER BY version`, ref)
	if err != nil {
		return nil, fmt.Errorf("read history: %w", err)
	}
	list, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (e risk.Entry, err error) {
		var at time.Time
		err = row.Scan(&e.Version, &at, &e.By, &e.Reason, &e.Changes)
		e.At = at.UTC()
		return e, err
	})
	if err != nil {
		return nil, fmt.Errorf("read history: %w", err)
	}
	return list, nil
}
