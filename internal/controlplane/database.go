package controlplane

import (
	"context"
	"fmt"
	"log/slog"
	"path/filepath"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivermigrate"

	alertspg "plimsoll/alerts/postgres"
	backfillpg "plimsoll/collectors/backfill/postgres"
	incidentspg "plimsoll/incidents/postgres"
	postmortempg "plimsoll/incidents/postmortem/postgres"
	"plimsoll/incidents/reminders"
	riskpg "plimsoll/incidents/risk/postgres"
	slackpg "plimsoll/incidents/slack/postgres"
	"plimsoll/internal/pg"
	"plimsoll/internal/telemetry"
	keyspg "plimsoll/slo/gate/attestation/postgres"
	deployspg "plimsoll/slo/gate/deploys/postgres"
	gitlabpg "plimsoll/slo/gate/gitlab/postgres"
	gatepg "plimsoll/slo/gate/postgres"
	ledgerpg "plimsoll/slo/ledger/postgres"
)

// database is a migrated PostgreSQL, private or external.
type database struct {
	server *pg.Server
	pool   *pgxpool.Pool
}

func openDatabase(ctx context.Context, cfg Config, logger *slog.Logger) (_ *database, err error) {
	server, err := pg.Start(ctx, pg.Config{Dir: filepath.Join(cfg.DataDir, "postgresql"), URL: cfg.DatabaseURL, Logger: logger})
	if err != nil {
		return nil, err
	}
	d := &database{server: server}
	defer func() {
		if err != nil {
			d.close(context.WithoutCancel(ctx))
		}
	}()
	url := cfg.DatabaseURL
	if url == "" {
		if url, err = server.Database(ctx, "plimsoll"); err != nil {
			return nil, err
		}
	}
	if d.pool, err = pg.Connect(ctx, url); err != nil {
		return nil, err
	}
	if err := pg.Migrate(ctx, d.pool, migrations()...); err != nil {
		return nil, err
	}
	migrator, err := rivermigrate.New(riverpgxv5.New(d.pool), &rivermigrate.Config{Logger: telemetry.Quiet(logger, slog.LevelWarn)})
	if err != nil {
		return nil, fmt.Errorf("prepare job tables: %w", err)
	}
	if _, err := migrator.Migrate(ctx, rivermigrate.DirectionUp, nil); err != nil {
		return nil, fmt.Errorf("migrate job tables: %w", err)
	}
	return d, nil
}

// migrations make all tables but those of the jobs.
func migrations() []pg.Migrations {
	return []pg.Migrations{
		ledgerpg.Migrations, backfillpg.Migrations, gatepg.Migrations, keyspg.Migrations, deployspg.Migrations, incidentspg.Migrations,
		postmortempg.Migrations, reminders.Migrations, slackpg.Migrations, alertspg.Migrations, gitlabpg.Migrations, riskpg.Migrations,
	}
}

func (d *database) close(ctx context.Context) error {
	if d.pool != nil {
		d.pool.Close()
	}
	return d.server.Stop(ctx)
}
