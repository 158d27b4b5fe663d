package postgres

import (
	"embed"

	"plimsoll/internal/pg"
)

//go:embed migrations/*.sql
var files embed.FS

// Migrations are the gate's tables.
var Migrations = pg.Migrations{Name: "gate", FS: files}
