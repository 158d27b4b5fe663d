package sqlcheck

import (
	"errors"
	"fmt"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"plimsoll/internal/config"
)

// Check is a query that returns the good and total events of an interval.
type Check struct {
	Name    string // unique; the labels check and instance of its series
	Service string // whose objectives it feeds
	// Database is where the query is asked.
	Database Database
	// Query is one SELECT with the parameters $1 and $2, instants: it counts the events in ($1, $2] and returns one row with
	// the columns good and total, whole numbers. In comparisons with columns without a time zone the instants are in UTC.
	Query string
	// Every is the length of an interval.
	Every time.Duration
	// Timeout bounds one question.
	Timeout time.Duration
	// Delay is how long after its end an interval is asked.
	Delay time.Duration
	// CatchUp is how far back intervals are asked that were missed.
	CatchUp time.Duration
}

// Database names where the address of a PostgreSQL is found. Exactly one member is set.
type Database struct {
	URLEnv  string // an environment variable
	URLFile string // a file, read before each connection; in a definition relative to it
}

// Defaults and bounds of a check.
const (
	DefaultEvery   = time.Minute
	DefaultTimeout = 10 * time.Second
	DefaultDelay   = time.Minute
	DefaultCatchUp = 7 * 24 * time.Hour

	minEvery, maxEvery     = time.Second, 24 * time.Hour
	minTimeout             = 10 * time.Millisecond
	maxDelay               = 24 * time.Hour
	minCatchUp, maxCatchUp = time.Minute, 30 * 24 * time.Hour
)

// file is a file of checks as it is written.
type file struct {
	Checks []written `yaml:"checks"`
}

type written struct {
	Name     string `yaml:"name"`
	Service  string `yaml:"service"`
	Database struct {
		URLEnv  string `yaml:"url_env"`
		URLFile string `yaml:"url_file"`
	} `yaml:"database"`
	Query   string         `yaml:"query"`
	Every   *time.Duration `yaml:"every"`
	Timeout *time.Duration `yaml:"timeout"`
	Delay   *time.Duration `yaml:"delay"`
	CatchUp *time.Duration `yaml:"catch_up"`
}

// Load reads the checks of files and folders.
func Load(paths ...string) ([]Check, error) {
	files, err := config.Files(paths...)
	if err != nil {
		return nil, err
	}
	return Parse(files...)
}

// Parse reads the checks of files. All problems are reported at once, each as "file:line: field: …"; the error is then
// [config.ErrInvalid].
func Parse(files ...config.File) ([]Check, error) {
	var checks []Check
	var problems []error
	where := map[string]string{}
	for _, f := range files {
		var content file
		if err := config.Decode(f.Name, f.Data, &content); err != nil {
			problems = append(problems, err)
			continue
		}
		p := config.NewProblems(f.Name, f.Data)
		for i, w := range content.Checks {
			at := config.Path{"checks", i}
			c := w.check(p, at, filepath.Dir(f.Name))
			if other, ok := where[c.Name]; ok && c.Name != "" {
				p.Add(at.In("name"), "%q is the name of another check, at %s", c.Name, other)
			}
			where[c.Name] = fmt.Sprintf("%s:%d", f.Name, p.Line(at.In("name")))
			checks = append(checks, c)
		}
		problems = append(problems, p.Err())
	}
	if err := errors.Join(problems...); err != nil {
		return nil, err
	}
	return checks, nil
}

// nameFormat is that of names that become values of labels and parts of keys.
var nameFormat = regexp.MustCompile(`^[a-z0-9]([a-z0-9._-]{0,61}[a-z0-9])?$`)

// check fills in the defaults and notes what is wrong. Names of files are relative to dir.
func (w written) check(p *config.Problems, at config.Path, dir string) Check {
	c := Check{Name: w.Name, Service: w.Service, Database: Database(w.Database), Query: strings.TrimSpace(w.Query)}
	for _, name := range []struct{ key, value string }{{"name", w.Name}, {"service", w.Service}} {
		if !nameFormat.MatchString(name.value) {
			p.Add(at.In(name.key), "must be 1 to 63 of a–z, 0–9, ., _ and -, such as %q, found %q", "video-api", name.value)
		}
	}
	switch env, file := w.Database.URLEnv, w.Database.URLFile; {
	case env == "" && file == "":
		p.Add(at.In("database"), "must name the environment variable (url_env) or file (url_file) that holds the address, postgres://user:password@host/database")
	case env != "" && file != "":
		p.Add(at.In("database"), "must have one of url_env and url_file, found both")
	case file != "" && !filepath.IsAbs(file):
		c.Database.URLFile = filepath.Join(dir, file)
	}
	if c.Query == "" {
		p.Add(at.In("query"), "must be a SELECT that returns good and total for the interval ($1, $2]")
	}
	for _, parameter := range []string{"$1", "$2"} {
		if c.Query != "" && !strings.Contains(c.Query, parameter) {
			p.Add(at.In("query"), "must use %s: it counts the events of the interval ($1, $2] and nothing else", parameter)
		}
	}
	c.Every = duration(p, at.In("every"), w.Every, DefaultEvery, minEvery, maxEvery)
	c.Timeout = duration(p, at.In("timeout"), w.Timeout, min(DefaultTimeout, c.Every), minTimeout, c.Every)
	c.Delay = duration(p, at.In("delay"), w.Delay, DefaultDelay, 0, maxDelay)
	c.CatchUp = duration(p, at.In("catch_up"), w.CatchUp, DefaultCatchUp, minCatchUp, maxCatchUp)
	if 24*time.Hour%c.Every != 0 {
		p.Add(at.In("every"), "must divide a day, such as 30s, 1m or 1h, found %v", c.Every)
	}
	if c.CatchUp < c.Every {
		p.Add(at.In("catch_up"), "must not be shorter than every (%v), found %v", c.Every, c.CatchUp)
	}
	return c
}

// duration reads a setting between two bounds.
func duration(p *config.Problems, at config.Path, found *time.Duration, byDefault, least, most time.Duration) time.Duration {
	if found == nil {
		return byDefault
	}
	if *found < least || *found > most {
		p.Add(at, "must be between %v and %v, found %v", least, most, *found)
		return byDefault
	}
	return *found
}
