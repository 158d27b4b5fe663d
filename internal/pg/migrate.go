package pg

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"path"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// Migrations are the versioned schema changes of one component, in files migrations/NNNN_what.sql of FS.
// A file that has been applied must not change; a later one changes what it made.
type Migrations struct {
	Name string
	FS   fs.FS
}

// migrationLock is the advisory lock under which migrations run, so that replicas that start together take turns.
const migrationLock = 7_233_001

// Migrate brings the schema of each component up to date, every file in a transaction of its own.
func Migrate(ctx context.Context, pool *pgxpool.Pool, components ...Migrations) error {
	return pgx.BeginFunc(ctx, pool, func(lock pgx.Tx) error {
		if err := unbounded(ctx, lock); err != nil {
			return err
		}
		if _, err := lock.Exec(ctx, `SELECT pg_advisory_xact_lock($1)`, migrationLock); err != nil {
			return fmt.Errorf("lock migrations: %w", err)
		}
		// The table is made outside the lock's transaction: the migrations' own transactions have to see it.
		if _, err := pool.Exec(ctx, `CREATE TABLE IF NOT EXISTS schema_migrations (
			component  text        NOT NULL,
			version    int         NOT NULL,
			name       text        NOT NULL,
			sha256     text        NOT NULL,
			applied_at timestamptz NOT NULL DEFAULT now(),
			PRIMARY KEY (component, version)
		)`); err != nil {
			return fmt.Errorf("make table schema_migrations: %w", err)
		}
		for _, m := range components {
			if err := m.apply(ctx, pool); err != nil {
				return fmt.Errorf("migrate %s: %w", m.Name, err)
			}
		}
		return nil
	})
}

// unbounded takes the bounds of [Connect] off a transaction: a migration takes as long as it takes, and the others wait for it.
func unbounded(ctx context.Context, tx pgx.Tx) error {
	for name := range sessionTimeouts {
		if _, err := tx.Exec(ctx, `SELECT set_config($1, '0', true)`, name); err != nil {
			return fmt.Errorf("take bounds off a migration: %w", err)
		}
	}
	return nil
}

func (m Migrations) apply(ctx context.Context, pool *pgxpool.Pool) error {
	files, err := fs.Glob(m.FS, "migrations/*.sql") // sorted by name
	if err != nil {
		return err
	}
	if len(files) == 0 {
		return fmt.Errorf("no migrations/*.sql")
	}
	for i, file := range files {
		name := path.Base(file)
		number, _, _ := strings.Cut(name, "_")
		if version, err := strconv.Atoi(number); err != nil || version != i+1 {
			return fmt.Errorf("%s: expected version %04d", name, i+1)
		}
		sql, err := fs.ReadFile(m.FS, file)
		if err != nil {
			return err
		}
		if err := m.applyOne(ctx, pool, i+1, name, string(sql)); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

func (m Migrations) applyOne(ctx context.Context, pool *pgxpool.Pool, version int, name, sql string) error {
	sum := sha256.Sum256([]byte(sql))
	digest := hex.EncodeToString(sum[:])
	return pgx.BeginFunc(ctx, pool, func(tx pgx.Tx) error {
		var applied string
		err := tx.QueryRow(ctx, `SELECT sha256 FROM schema_migrations WHERE component = $1 AND version = $2`, m.Name, version).Scan(&applied)
		switch {
		case err == nil && applied == digest:
			return nil
		case err == nil:
			return fmt.Errorf("the file was changed after it had been applied; write a new migration instead")
		case err != pgx.ErrNoRows:
			return err
		}
		if err := unbounded(ctx, tx); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, sql); err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `INSERT INTO schema_migrations (component, version, name, sha256) VALUES ($1, $2, $3, $4)`,
			m.Name, version, name, digest)
		return err
	})
}
