// Package postgres keeps the checkpoints of the event ledger in PostgreSQL.
//
// It owns the tables ledger_checkpoint, ledger_objectives, ledger_blocks, ledger_cursors, ledger_changes, ledger_versions, ledger_drops,
// ledger_corrections and ledger_imports. It never looks into a block or a definition, and it knows nothing of objectives but their keys.
//
// Only one process may write. It takes over with [Store.Lead], which raises the epoch; from then on every Save of an older
// epoch is refused, even one that had begun before:
//
//	Lead (epoch n) ──▶ Load ──▶ Save … Save ──▶ ErrFenced, as soon as another has led with epoch n+1
//
// The epoch alone decides who may write. The [Lock] only keeps several processes from taking over from each other all the time: who
// holds it may Lead. A process that is frozen or cut off loses it by itself.
//
// Load needs no lead. A process that only follows reads what the leader saved: each checkpoint has a number and notes which
// hours it changed, so that going along costs as much as what changed.
//
//	leader:    Save ── blocks, cursors, ledger_changes(seq), NOTIFY ──▶ commit
//	follower:  Wait ──▶ Follow: changes since my seq ──▶ those blocks ──▶ Ledger.ApplyObjective
//	                            └─ too far behind ────▶ everything ────▶ Ledger.Replace
package postgres

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
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
	// URL is where this process is reached, for those who need the leader; may be empty.
	URL string
	// Now tells when this process took over; [time.Now] when nil.
	Now func() time.Time
}

// Store keeps checkpoints. Lead, Save, Load and Follow must not be called at the same time.
type Store struct {
	pool     *pgxpool.Pool
	url      string
	now      func() time.Time
	epoch    int64             // 0: not leading
	ids      map[slo.Key]int32 // of objectives that are known to be stored
	followed int64             // the checkpoint up to which the ledger of Follow has come; unknown if that must be loaded anew
	listener *pgx.Conn         // of Wait; nil until it listens
}

// unknown is where a ledger stands that has not been loaded yet.
const unknown = -1

// New returns a store that does not lead yet.
func New(cfg Config) (*Store, error) {
	if cfg.Pool == nil {
		return nil, errors.New("the ledger's store needs a connection pool")
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	return &Store{pool: cfg.Pool, url: cfg.URL, now: cfg.Now, ids: map[slo.Key]int32{}, followed: unknown}, nil
}

// Lead makes this process the only one that may save and returns its epoch. It waits for a Save that is under way. Nothing is listened to
// until the next Wait: what nobody reads would fill the server's queue of notifications, and in the end no checkpoint could be made known.
func (s *Store) Lead(ctx context.Context) (epoch int64, err error) {
	s.Close()
	err = s.pool.QueryRow(ctx, `UPDATE ledger_checkpoint SET epoch = epoch + 1, leader = $1, led_since = $2 RETURNING epoch`,
		s.url, s.now()).Scan(&epoch)
	if err != nil {
		return 0, fmt.Errorf("take over the ledger's store: %w", err)
	}
	s.epoch = epoch
	clear(s.ids) // who led before may have deleted some
	return epoch, nil
}
