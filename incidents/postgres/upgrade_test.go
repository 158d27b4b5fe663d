package postgres_test

import (
	"context"
	"io/fs"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"plimsoll/incidents"
	"plimsoll/incidents/postgres"
	"plimsoll/internal/pg"
	"plimsoll/internal/pg/pgtest"
)

// before holds the migrations up to and including one.
func before(t *testing.T, last string) pg.Migrations {
	t.Helper()
	old := fstest.MapFS{}
	names, err := fs.Glob(postgres.Migrations.FS, "migrations/*.sql")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		if name > "migrations/"+last {
			continue
		}
		data, err := fs.ReadFile(postgres.Migrations.FS, name)
		if err != nil {
			t.Fatal(err)
		}
		old[name] = &fstest.MapFile{Data: data}
	}
	return pg.Migrations{Name: postgres.Migrations.Name, FS: old}
}

// TestUpgrade: incidents that were declared before there were members have those who had a part in them, and are found
// by what they say.
func TestUpgrade(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	pool := pgtest.New(t, before(t, "0004_create_requests.sql"))
	if _, err := pool.Exec(ctx, `
		INSERT INTO incident_records (number, title, severity, state, services, objectives, source, detected_at, declared_at,
		            reopened, entries, changed_at)
		VALUES (7, 'Playback stalls', 2, 'declared', '{video-api}', '{}', 'api', now(), now(), 0, 3, now());
		INSERT INTO incident_timeline (incident, number, version, kind, at, by, text, field, was, became, edited_by, edited_at)
		VALUES (7, 1, 1, 'declared', now(), 'dee', 'Playback stalls', '', '', 'sev2', NULL, NULL),
		       (7, 2, 1, 'assigned', now(), 'dee', '', 'scribe', '', 'bob', NULL, NULL),
		       (7, 3, 1, 'note', now(), 'eve', 'the cache', '', '', '', NULL, NULL),
		       (7, 3, 2, 'note', now(), 'eve', 'the disk', '', '', '', 'eve', now());
		INSERT INTO incident_roles VALUES (7, 'scribe', 'bob', now(), now()), (7, 'scribe', 'ada', now(), NULL)`); err != nil {
		t.Fatal(err)
	}
	if err := pg.Migrate(ctx, pool, postgres.Migrations); err != nil {
		t.Fatal(err)
	}
	s, err := postgres.New(postgres.Config{Pool: pool})
	if err != nil {
		t.Fatal(err)
	}
	i, err := s.Get(ctx, outsider, 7)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]string{"ada", "bob", "dee"}, i.Members); d != "" {
		t.Error(d)
	}
	for text, found := range map[string]int{"disk": 1, "cache": 0, "stalling": 1} {
		if list, err := s.Search(ctx, outsider, text); err != nil || len(list) != found {
			t.Errorf("%q: %d incidents, %v", text, len(list), err)
		}
	}
	if _, _, err := s.Do(ctx, 7, incidents.SetPrivate{Private: true}, by("ada")); err != nil {
		t.Error(err)
	}
}
