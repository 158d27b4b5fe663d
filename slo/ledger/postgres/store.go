// Package postgres keeps the checkpoints of the event ledger in PostgreSQL.
//
// It owns the tables ledger_checkpoint, ledger_objectives, ledger_blocks and ledger_cursors. It never looks into a block, and it knows
// nothing of objectives but their keys.
//
// Only one process may write. It takes over with [Store.Lead], which raises the epoch; from then on every Save of an older
// epoch is refused, even one that had begun before:
//
//	Lead (epoch n) ──▶ Load ──▶ Save … Save ──▶ ErrFenced, as soon as another has led with epoch n+1
//
// Load needs no lead: a process that only follows reads what the leader saved.
package postgres

import (
	"context"
	"embed"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5/pgxpool"

	"plimsoll/internal/pg"
	"plimsoll/slo"
)

//go:embed migrations/*.sql
var files embed.FS

// Migrations make the tables of this package.
var Migrations = pg.Migrations{Name: "ledger", FS: files}

// Config of a [Store].
type Config struct {
	Pool *pgxpool.Pool // required; the schema is there already
}

// Store keeps checkpoints. Lead and Save must not be called at the same time.
type Store struct {
	pool  *pgxpool.Pool
	epoch int64             // 0: not leading
	ids   map[slo.Key]int32 // of objectives that are known to be stored
}

// New returns a store that does not lead yet.
func New(cfg Config) (*Store, error) {
	if cfg.Pool == nil {
		return nil, errors.New("the ledger's store needs a connection pool")
	}
	return &Store{pool: cfg.Pool, ids: map[slo.Key]int32{}}, nil
}

// Lead makes this process the only one that may save. It waits for a Save that is under way.
func (s *Store) Lead(ctx context.Context) error {
	err := s.pool.QueryRow(ctx, `UPDATE ledger_checkpoint SET epoch = epoch + 1 RETURNING epoch`).Scan(&s.epoch)
	if err != nil {
		return fmt.Errorf("take over the ledger's store: %w", err)
	}
	return nil
}
