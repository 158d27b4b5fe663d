package sqlcheck_test

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"plimsoll/collectors/sqlcheck"
	"plimsoll/internal/config"
)

const minimal = `checks:
- name: durability
  service: video-api
  database: {url_env: VIDEO_DATABASE_URL}
  query: SELECT 1 AS good, 1 AS total WHERE now() > $1 AND now() <= $2
`

func parse(text string) ([]sqlcheck.Check, error) {
	return sqlcheck.Parse(config.File{Name: "c.yaml", Data: []byte(text)})
}

func TestParse(t *testing.T) {
	t.Parallel()
	got, err := parse(minimal + "  every: 5m\n  timeout: 30s\n  delay: 10m\n  catch_up: 48h\n" + strings.Replace(minimal[len("checks:\n"):], "durability", "other", 1))
	if err != nil {
		t.Fatal(err)
	}
	want := sqlcheck.Check{
		Name: "durability", Service: "video-api", Database: sqlcheck.Database{URLEnv: "VIDEO_DATABASE_URL"},
		Query: "SELECT 1 AS good, 1 AS total WHERE now() > $1 AND now() <= $2",
		Every: 5 * time.Minute, Timeout: 30 * time.Second, Delay: 10 * time.Minute, CatchUp: 48 * time.Hour,
	}
	other := want
	other.Name = "other"
	other.Every, other.Timeout, other.Delay, other.CatchUp = time.Minute, 10*time.Second, time.Minute, 7*24*time.Hour
	if diff := cmp.Diff([]sqlcheck.Check{want, other}, got); diff != "" {
		t.Error(diff)
	}
	file := config.File{Name: "checks/c.yaml", Data: []byte(strings.Replace(minimal, "url_env: VIDEO_DATABASE_URL", "url_file: url", 1))}
	if got, err := sqlcheck.Parse(file); err != nil || got[0].Database.URLFile != filepath.Join("checks", "url") {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestParseProblems(t *testing.T) {
	t.Parallel()
	with := func(line string) string { return minimal + "  " + line + "\n" }
	for _, test := range []struct{ name, text, want string }{
		{"unknown key", with("evry: 1m"), `c.yaml:6: unknown key "checks[0].evry" (did you mean "every"?)`},
		{"not a duration", with("every: often"), `c.yaml:6: checks[0].every: must be a duration`},
		{"no name", strings.Replace(minimal, "durability", "''", 1), `c.yaml:2: checks[0].name: must be 1 to 63 of`},
		{"a name with spaces", strings.Replace(minimal, "durability", "two words", 1), `c.yaml:2: checks[0].name: must be 1 to 63 of`},
		{"no service", strings.Replace(minimal, "  service: video-api\n", "", 1), `c.yaml:2: checks[0].service: must be`},
		{"no database", strings.Replace(minimal, "url_env: VIDEO_DATABASE_URL", "", 1), `c.yaml:4: checks[0].database: must name the environment variable`},
		{"a password in the file", strings.Replace(minimal, "url_env: VIDEO_DATABASE_URL", "url: 'postgres://a:b@c/d'", 1), `c.yaml:4: unknown key "checks[0].database.url"`},
		{"two databases", strings.Replace(minimal, "url_env: VIDEO_DATABASE_URL", "url_env: A, url_file: b", 1), `c.yaml:4: checks[0].database: must have one of url_env and url_file`},
		{"no query", strings.Replace(minimal, "SELECT 1 AS good, 1 AS total WHERE now() > $1 AND now() <= $2", "", 1), `c.yaml:5: checks[0].query: must be a SELECT`},
		{"no end of the interval", strings.Replace(minimal, "$2", "now()", 1), `c.yaml:5: checks[0].query: must use $2`},
		{"too often", with("every: 100ms"), `c.yaml:6: checks[0].every: must be between 1s and 24h0m0s, found 100ms`},
		{"does not divide a day", with("every: 7m"), `c.yaml:6: checks[0].every: must divide a day`},
		{"a timeout beyond the interval", with("timeout: 2m"), `c.yaml:6: checks[0].timeout: must be between 10ms and 1m0s, found 2m0s`},
		{"a negative delay", with("delay: -1s"), `c.yaml:6: checks[0].delay: must be between 0s`},
		{"catches up less than an interval", with("every: 1h\n  catch_up: 5m"), `c.yaml:7: checks[0].catch_up: must not be shorter than every`},
		{"one name twice", minimal + minimal[len("checks:\n"):], `c.yaml:6: checks[1].name: "durability" is the name of another check, at c.yaml:2`},
		{"all at once", with("every: 7m\n  delay: 48h"), `c.yaml:7: checks[0].delay`},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			_, err := parse(test.text)
			if !errors.Is(err, config.ErrInvalid) || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %q", err, test.want)
			}
		})
	}
	_, err := sqlcheck.Parse(config.File{Name: "a.yaml", Data: []byte(minimal)}, config.File{Name: "b.yaml", Data: []byte(minimal)})
	if want := `b.yaml:2: checks[0].name: "durability" is the name of another check, at a.yaml:2`; err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("one name in two files: %v, want %q", err, want)
	}
}

func FuzzParse(f *testing.F) {
	f.Add(minimal)
	f.Add("checks: [&a {name: *a}]")
	f.Add("checks: [{every: 0s, timeout: -1h, catch_up: 1ns}]")
	f.Fuzz(func(_ *testing.T, text string) {
		_, _ = parse(text) // does not panic
	})
}
