// Package postgres keeps the public keys of all replicas in one place, so that whoever verifies a decision need not know which replica has signed it.
// It never sees a private key.
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
	"plimsoll/slo/gate/attestation"
)

//go:embed migrations/*.sql
var files embed.FS

// Migrations make the table of the keys.
var Migrations = pg.Migrations{Name: "gate-keys", FS: files}

// Config of a Store.
type Config struct {
	Pool *pgxpool.Pool // with [Migrations] applied
	// Replica is what the list calls this process: its address, or its host where nobody reaches it.
	Replica string
	Now     func() time.Time // time.Now by default
}

// Store holds public keys. It is safe for concurrent use, also by several processes on one database.
type Store struct{ cfg Config }

// New makes a store.
func New(cfg Config) (*Store, error) {
	if cfg.Pool == nil || cfg.Replica == "" {
		return nil, errors.New("a store of keys needs a pool and the name of the replica")
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	return &Store{cfg}, nil
}

// Publish adds the keys of a ring. Its newest is in use from now on, if it is not yet; the others are in use no more.
func (s *Store) Publish(ctx context.Context, ring *attestation.Keyring) error {
	now := s.cfg.Now()
	var batch pgx.Batch
	for _, k := range ring.Public() {
		var retired *time.Time
		if k.ID != ring.Newest() {
			retired = &now
		}
		batch.Queue(`INSERT INTO gate_keys (id, pem, replica, published, retired) VALUES ($1, $2, $3, $4, $5)
			ON CONFLICT (id) DO UPDATE SET replica = EXCLUDED.replica,
				retired = CASE WHEN EXCLUDED.retired IS NOT NULL THEN coalesce(gate_keys.retired, greatest(EXCLUDED.retired, gate_keys.published)) END`,
			k.ID, k.PEM, s.cfg.Replica, now, retired)
	}
	err := pgx.BeginFunc(ctx, s.cfg.Pool, func(tx pgx.Tx) error { return tx.SendBatch(ctx, &batch).Close() })
	if err != nil {
		return fmt.Errorf("publish keys: %w", err)
	}
	return nil
}

// Keys returns the keys of all replicas, those in use first, then the newest first.
func (s *Store) Keys(ctx context.Context) ([]attestation.PublicKey, error) {
	rows, err := s.cfg.Pool.Query(ctx, `SELECT id, pem, replica, published, retired FROM gate_keys ORDER BY retired DESC NULLS FIRST, published DESC, id`)
	if err != nil {
		return nil, fmt.Errorf("read keys: %w", err)
	}
	found, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (k attestation.PublicKey, err error) {
		return k, row.Scan(&k.ID, &k.PEM, &k.Replica, &k.From, &k.Until)
	})
	if err != nil {
		return nil, fmt.Errorf("read keys: %w", err)
	}
	return found, nil
}
