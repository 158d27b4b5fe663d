package catalog

import (
	"embed"

	"plimsoll/internal/pg"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Migrations create the catalog's tables.
var Migrations = pg.Migrations{Name: "catalog", FS: migrations}
