package pgtest_test

import (
	"testing"
	"testing/fstest"

	"plimsoll/internal/pg"
	"plimsoll/internal/pg/pgtest"
)

// Databases with the same migrations are copies of one, and do not share what tests write to them; other migrations make another one.
func TestDatabasesAreApart(t *testing.T) {
	t.Parallel()
	component := func(sql string) pg.Migrations {
		return pg.Migrations{Name: "c", FS: fstest.MapFS{"migrations/0001_make.sql": {Data: []byte(sql)}}}
	}
	narrow, wide := component(`CREATE TABLE t (a int)`), component(`CREATE TABLE t (a int, b int)`)
	one, other, wider := pgtest.New(t, narrow), pgtest.New(t, narrow), pgtest.New(t, wide)
	if _, err := one.Exec(t.Context(), `INSERT INTO t VALUES (1)`); err != nil {
		t.Fatal(err)
	}
	var rows int
	if err := other.QueryRow(t.Context(), `SELECT count(*) FROM t`).Scan(&rows); err != nil || rows != 0 {
		t.Errorf("%d rows, %v; want none", rows, err)
	}
	if _, err := wider.Exec(t.Context(), `INSERT INTO t VALUES (1, 2)`); err != nil {
		t.Error(err)
	}
}
