// Package postgres keeps incidents in PostgreSQL: their timelines, the holders of their roles, tasks, links, and messages
// with their deliveries.
//
// It decides nothing: a command is carried out by [incidents.Apply] between reading and writing one locked row, in one
// transaction:
//
//	request known? ──yes──▶ its incident and entries, nothing changes
//	      │ no
//	      ▼
//	lock the row ─▶ incidents.Apply ─▶ write the row and what belongs to it, append to the timeline ─▶ commit
//
// A paired command locks two rows in the order of their numbers and goes through incidents.ApplyPair.
//
// Every read and every command says on whose behalf it is, and one condition, in each statement that reads incidents,
// keeps private ones from all but their members: what somebody may not see does not exist for them.
//
// Timelines and deliveries are append-only, and the schema holds that. The package sends no notification; whoever has to
// hear of changes is told within their transaction.
package postgres

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"plimsoll/incidents"
	"plimsoll/internal/pg"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Migrations create the tables of incidents.
var Migrations = pg.Migrations{Name: "incidents", FS: migrations}

// Config of a store.
type Config struct {
	Pool *pgxpool.Pool    // required; migrated
	Now  func() time.Time // time.Now when nil
	// Changed hears of every incident that a command has changed, in the transaction of the command: what it writes is kept
	// exactly if the change is. Nobody hears when nil.
	Changed func(ctx context.Context, tx pgx.Tx, i incidents.Incident) error
}

// Store keeps incidents. It is safe for concurrent use, also by several processes.
type Store struct {
	pool *pgxpool.Pool
	now  func() time.Time

	changed func(ctx context.Context, tx pgx.Tx, i incidents.Incident) error
}

// New returns a store over a migrated database.
func New(cfg Config) (*Store, error) {
	if cfg.Pool == nil {
		return nil, errors.New("a store of incidents needs a database")
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Changed == nil {
		cfg.Changed = func(context.Context, pgx.Tx, incidents.Incident) error { return nil }
	}
	return &Store{pool: cfg.Pool, now: cfg.Now, changed: cfg.Changed}, nil
}

// absent gives the absence of an incident its name.
func absent(err error, ref incidents.Ref) error {
	if errors.Is(err, pgx.ErrNoRows) {
		return fmt.Errorf("%w: %s", incidents.ErrNotFound, ref)
	}
	return err
}
