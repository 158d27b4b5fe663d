package postgres

import (
	"embed"

	"plimsoll/internal/pg"
)

//go:embed migrations/*.sql
var files embed.FS

// Migrations are the tables of backfills.
var Migrations = pg.Migrations{Name: "backfill", FS: files}
