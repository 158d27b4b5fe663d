package platform

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"plimsoll/internal/pg"
	"plimsoll/platform/catalog"
	"plimsoll/platform/gateway/apikey"
	"plimsoll/platform/queue"
)

// databaseStopTimeout is how long the private cluster may take to end.
const databaseStopTimeout = time.Minute

// database is the migrated database of a process.
type database struct {
	pool   *pgxpool.Pool
	server *pg.Server // nil when another process runs it
	note   string     // file in which that other process finds the URL
}

// urlFile is where the process that runs the private cluster leaves its URL, readable by the owner only, for
// commands that need the database at the same time.
func urlFile(data string) string { return filepath.Join(data, "database-url") }

// openDatabase starts or finds the database and brings its tables up to date.
func openDatabase(ctx context.Context, cfg Config, logger *slog.Logger) (*database, error) {
	server, err := pg.Start(ctx, pg.Config{Dir: filepath.Join(cfg.Data, "pg"), URL: cfg.Database.URL, Logger: logger})
	if err != nil {
		return nil, fmt.Errorf("start the database: %w", err)
	}
	d := &database{server: server}
	url := server.URL()
	if cfg.Database.URL == "" {
		if url, err = server.Database(ctx, "platform"); err == nil {
			d.note = urlFile(cfg.Data)
			err = replaceFile(d.note, []byte(url+"\n"), 0o600)
		}
	}
	if err == nil {
		d.pool, err = pg.Connect(ctx, url)
	}
	if err == nil {
		err = migrate(ctx, d.pool)
	}
	if err != nil {
		return nil, errors.Join(err, d.close())
	}
	return d, nil
}

// migrationLock makes processes that start together take turns with the queue's tables.
const migrationLock = 7_233_002

func migrate(ctx context.Context, pool *pgxpool.Pool) error {
	if err := pg.Migrate(ctx, pool, catalog.Migrations, apikey.Migrations); err != nil {
		return err
	}
	return pgx.BeginFunc(ctx, pool, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, `SELECT pg_advisory_xact_lock($1)`, migrationLock); err != nil {
			return fmt.Errorf("lock the queue's migrations: %w", err)
		}
		return queue.Migrate(ctx, pool)
	})
}

func (d *database) close() error {
	if d == nil {
		return nil
	}
	if d.pool != nil {
		d.pool.Close()
	}
	if d.server == nil {
		return nil
	}
	if d.note != "" {
		_ = os.Remove(d.note)
	}
	ctx, cancel := context.WithTimeout(context.Background(), databaseStopTimeout)
	defer cancel()
	return d.server.Stop(ctx)
}

// Keys opens the API keys for a command, beside a running process or without one. Close ends what was opened.
func Keys(ctx context.Context, cfg Config) (keys *apikey.Keys, closeAll func() error, err error) {
	logger := cmp.Or(cfg.Logger, slog.Default())
	d, err := openDatabase(ctx, cfg, logger)
	if errors.Is(err, pg.ErrInUse) {
		var url []byte
		if url, err = os.ReadFile(urlFile(cfg.Data)); err != nil {
			return nil, nil, fmt.Errorf("find the database of the running process: %w", err)
		}
		d = &database{}
		d.pool, err = pg.Connect(ctx, strings.TrimSpace(string(url)))
	}
	if err != nil {
		return nil, nil, err
	}
	if keys, err = apikey.New(apikey.Config{Pool: d.pool}); err != nil {
		return nil, nil, errors.Join(err, d.close())
	}
	return keys, d.close, nil
}
