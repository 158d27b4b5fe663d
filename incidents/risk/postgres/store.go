// Package postgres keeps the register of risks and its history in PostgreSQL.
//
// It decides nothing: the domain makes the next version between reading and writing one locked row, in one transaction.
//
//	lock the row ─▶ is it the version that the change was made from? ──no──▶ risk.ErrChanged
//	                      │ yes
//	                      ▼
//	             risk.Item.Edit or Move ─▶ write the row, append to the history ─▶ commit
//
// The history is append-only, and the schema holds that. The package notifies nobody.
package postgres

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"plimsoll/incidents/risk"
	"plimsoll/internal/identity"
	"plimsoll/internal/pg"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Migrations create the tables of risks.
var Migrations = pg.Migrations{Name: "risk", FS: migrations}

// Config of a store.
type Config struct {
	Pool *pgxpool.Pool    // required; migrated
	Now  func() time.Time // time.Now when nil
}

// Store keeps risks. It is safe for concurrent use, also by several processes.
type Store struct {
	pool *pgxpool.Pool
	now  func() time.Time
}

// New returns a store over a migrated database.
func New(cfg Config) (*Store, error) {
	if cfg.Pool == nil {
		return nil, errors.New("a register of risks needs a database")
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	return &Store{pool: cfg.Pool, now: cfg.Now}, nil
}

// author is who makes a change now. The database keeps microseconds, so what is returned is what is kept.
func (s *Store) author(by, reason string) risk.Author {
	return risk.Author{By: by, Reason: reason, At: s.now().UTC().Truncate(time.Microsecond)}
}

// Add writes a new item down.
func (s *Store) Add(ctx context.Context, c risk.Content, by, reason string) (i risk.Item, err error) {
	err = pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		i, err = add(ctx, tx, c, s.author(by, reason))
		return err
	})
	if err != nil {
		return risk.Item{}, fmt.Errorf("add risk: %w", err)
	}
	return i, nil
}

// Edit replaces the content of an item that stands at version. One that differs in nothing stays as it is.
func (s *Store) Edit(ctx context.Context, ref risk.Ref, version int, c risk.Content, by, reason string) (risk.Item, error) {
	return s.change(ctx, ref, version, "edit", func(i risk.Item) (risk.Item, risk.Entry, bool, error) {
		return i.Edit(c, s.author(by, reason))
	})
}

// Move gives an item that stands at version another state.
func (s *Store) Move(ctx context.Context, ref risk.Ref, version int, to risk.State, by, reason string) (risk.Item, error) {
	return s.change(ctx, ref, version, "move", func(i risk.Item) (risk.Item, risk.Entry, bool, error) {
		next, e, err := i.Move(to, s.author(by, reason))
		return next, e, true, err
	})
}

type step func(risk.Item) (next risk.Item, e risk.Entry, changed bool, err error)

func (s *Store) change(ctx context.Context, ref risk.Ref, version int, what string, do step) (i risk.Item, err error) {
	err = pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		was, err := one(ctx, tx, "number = $1 FOR UPDATE", ref)
		if err != nil {
			return absent(err, ref)
		}
		if was.Version != version {
			return fmt.Errorf("%w: %s is at version %d, and the change was made from version %d", risk.ErrChanged, ref, was.Version, version)
		}
		i, err = advance(ctx, tx, was, do)
		return err
	})
	if err != nil {
		return risk.Item{}, fmt.Errorf("%s risk: %w", what, err)
	}
	return i, nil
}

// advance writes the next version of an item whose row is locked.
func advance(ctx context.Context, tx pgx.Tx, was risk.Item, do step) (risk.Item, error) {
	next, e, changed, err := do(was)
	if err != nil || !changed {
		return next, err
	}
	if err := authorize(ctx, append(slices.Clone(was.Services), next.Services...)); err != nil {
		return next, err
	}
	if err := update(ctx, tx, next); err != nil {
		return next, translate(err, next.Title)
	}
	return next, record(ctx, tx, next.Ref, e)
}

// authorize returns nil if whoever asks may write risks of all these services down. A risk that names none is anybody's.
func authorize(ctx context.Context, services []string) error {
	places := make([]identity.Place, len(services))
	for n, s := range services {
		places[n].Service = s
	}
	return identity.Authorize(ctx, identity.KeepRisks, places...)
}

// Import adds the contents whose titles are new and edits the items of those that are not, all of them or none. States stay as they are.
// Imports take turns, since two that lock the same items in different orders would wait for each other. The fields of an [*risk.InvalidError]
// begin with risks[n].
func (s *Store) Import(ctx context.Context, contents []risk.Content, by, reason string) (out risk.Outcome, err error) {
	author := s.author(by, reason)
	err = pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, `SELECT pg_advisory_xact_lock(hashtextextended('risk import', 0))`); err != nil {
			return fmt.Errorf("wait for other imports: %w", err)
		}
		out = risk.Outcome{Added: []risk.Ref{}, Changed: []risk.Ref{}, Unchanged: []risk.Ref{}}
		for n, c := range contents {
			if err := importOne(ctx, tx, c, author, &out); err != nil {
				return numbered(err, n)
			}
		}
		return nil
	})
	if err != nil {
		return risk.Outcome{}, fmt.Errorf("import risks: %w", err)
	}
	return out, nil
}

func importOne(ctx context.Context, tx pgx.Tx, c risk.Content, by risk.Author, out *risk.Outcome) error {
	was, err := one(ctx, tx, "lower(title) = lower($1) FOR UPDATE", c.Title)
	if errors.Is(err, pgx.ErrNoRows) {
		i, err := add(ctx, tx, c, by)
		out.Added = append(out.Added, i.Ref)
		return err
	}
	if err != nil {
		return err
	}
	next, err := advance(ctx, tx, was, func(i risk.Item) (risk.Item, risk.Entry, bool, error) { return i.Edit(c, by) })
	if next.Version == was.Version {
		out.Unchanged = append(out.Unchanged, was.Ref)
	} else {
		out.Changed = append(out.Changed, was.Ref)
	}
	return err
}

// numbered says which of the contents an error speaks of.
func numbered(err error, n int) error {
	at := fmt.Sprintf("risks[%d]", n)
	var invalid *risk.InvalidError
	if !errors.As(err, &invalid) {
		return fmt.Errorf("%s: %w", at, err)
	}
	out := &risk.InvalidError{}
	for _, p := range invalid.Problems {
		p.Field = at + "." + p.Field
		out.Problems = append(out.Problems, p)
	}
	return out
}

func absent(err error, ref risk.Ref) error {
	if errors.Is(err, pgx.ErrNoRows) {
		return fmt.Errorf("%w: %s", risk.ErrNotFound, ref)
	}
	return err
}

// translate gives a refusal of the schema its name in the domain.
func translate(err error, title string) error {
	var refused *pgconn.PgError
	if errors.As(err, &refused) && refused.ConstraintName == "risk_items_title" {
		return fmt.Errorf("%w: %q", risk.ErrTitleTaken, title)
	}
	return err
}
