package pg_test

import (
	"strings"
	"testing"
	"testing/fstest"

	"plimsoll/internal/pg"
	"plimsoll/internal/pg/pgtest"
)

func files(kv ...string) fstest.MapFS {
	m := fstest.MapFS{}
	for i := 0; i < len(kv); i += 2 {
		m["migrations/"+kv[i]] = &fstest.MapFile{Data: []byte(kv[i+1])}
	}
	return m
}

func TestMigrate(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t)
	first := []string{"0001_make.sql", "CREATE TABLE room_a (n int)"}
	for _, step := range []struct {
		name  string
		files []string
		want  string // part of the error; empty for none
	}{
		{"from empty", first, ""},
		{"again", first, ""},
		{"a later one", append(first, "0002_grow.sql", "ALTER TABLE room_a ADD COLUMN m int; INSERT INTO room_a VALUES (1, 2)"), ""},
		{"a changed one", []string{"0001_make.sql", "CREATE TABLE room_a (n bigint)"}, "was changed after it had been applied"},
		{"a gap", append(first, "0003_gap.sql", "SELECT 1"), "expected version 0002"},
		{"a broken one", []string{"0001_make.sql", first[1], "0002_grow.sql", "ALTER TABLE room_a ADD COLUMN m int; INSERT INTO room_a VALUES (1, 2)", "0003_bad.sql", "CREATE TABLE half (n int); SELEC"}, "0003_bad.sql"},
		{"none", nil, "no migrations"},
	} {
		err := pg.Migrate(t.Context(), pool, pg.Migrations{Name: "room", FS: files(step.files...)})
		if (err == nil) != (step.want == "") || (err != nil && !strings.Contains(err.Error(), step.want)) {
			t.Errorf("%s: %v, want %q", step.name, err, step.want)
		}
	}
	var rows int
	var half *string
	if err := pool.QueryRow(t.Context(), `SELECT (SELECT count(*) FROM room_a), to_regclass('half')::text`).Scan(&rows, &half); err != nil {
		t.Fatal(err)
	}
	if rows != 1 || half != nil {
		t.Errorf("rows %d (want 1: each file once), half-made table %v (want none)", rows, half)
	}
}
