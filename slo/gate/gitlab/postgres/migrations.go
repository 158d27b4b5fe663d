package postgres

import (
	"embed"

	"plimsoll/internal/pg"
)

//go:embed migrations/*.sql
var files embed.FS

// Migrations are the notes of freeze periods.
var Migrations = pg.Migrations{Name: "gitlab", FS: files}
