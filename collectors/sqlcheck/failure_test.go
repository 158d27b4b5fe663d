package sqlcheck_test

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"plimsoll/collectors/sqlcheck"
	"plimsoll/slo/ledger"
)

// A question without an answer that counts says why, counts nothing, and changes nothing in the database.
func TestFailures(t *testing.T) {
	t.Parallel()
	s := startService(t)
	s.exec(t, `CREATE FUNCTION sneak() RETURNS bigint LANGUAGE sql AS $$ INSERT INTO uploads VALUES (now(), true) RETURNING 1::bigint $$`)
	const where = " WHERE $1 < $2::timestamptz"
	for _, test := range []struct{ name, query, result, says string }{
		{"wrong column", "SELECT 1 AS god, 1 AS total" + where, "answer", "must return the columns good and total, found god, total"},
		{"one column more", "SELECT 1 AS good, 1 AS total, 2 AS bad" + where, "answer", "must return the columns good and total, found good, total, bad"},
		{"one column twice", "SELECT 1 AS good, 1 AS good" + where, "answer", "must return the columns good and total, found good, good"},
		{"NULL", "SELECT sum(1) AS good, 1 AS total WHERE $1 > $2::timestamptz", "answer", "good is NULL"},
		{"fraction", "SELECT 0.5 AS good, 1 AS total" + where, "answer", "good is not a whole number"},
		{"not a number", "SELECT 'NaN'::numeric AS good, 1 AS total" + where, "answer", "good is not a whole number"},
		{"floating point", "SELECT 1 AS good, 1::float8 AS total" + where, "answer", "the column total must be a whole number (integer, bigint or numeric)"},
		{"no row", "SELECT 1 AS good, 1 AS total WHERE $1 > $2::timestamptz", "answer", "must return one row, found none"},
		{"two rows", "SELECT 1 AS good, g AS total FROM generate_series(1, 2) g" + where, "answer", "must return one row, found more"},
		{"no columns", "SELECT" + where, "answer", "must return the columns good and total, found none"},
		{"total first", "SELECT 1 AS total, 2 AS good" + where, "counts", "found 2 of 1"},
		{"negative", "SELECT -1 AS good, 1 AS total" + where, "counts", "good and total must not be negative, found -1 and 1"},
		{"more good than total", "SELECT 2 AS good, 1 AS total" + where, "counts", "good must not be greater than total, found 2 of 1"},
		{"too many", "SELECT 1 AS good, 9007199254740993 AS total" + where, "counts", "total must be below 2^53"},
		{"beyond whole numbers", "SELECT 1 AS good, 1e30::numeric AS total" + where, "answer", "total is not a whole number"},
		{"write", "WITH i AS (INSERT INTO uploads VALUES ($1, true), ($2, true) RETURNING 1) SELECT count(*) AS good, count(*) AS total FROM i", "write", "a check may only read"},
		{"write in a function", "SELECT sneak() AS good, 1 AS total" + where, "write", "a check may only read"},
		{"make the transaction one that writes", "SELECT set_config('transaction_read_only', 'off', true)::int AS good, 1 AS total" + where, "query", "read-write"},
		{"two statements", "SELECT 1 AS good, 1 AS total" + where + "; DELETE FROM uploads", "query", "multiple commands"},
		{"end of the transaction", "COMMIT -- $1 $2", "query", "ask the database"},
		{"slow", "SELECT 1 AS good, 1 AS total FROM pg_sleep(60)" + where, "timeout", "longer than the check's timeout"},
		{"syntax", "SELEC $1 $2", "query", "syntax error"},
		{"no such table", "SELECT 1 AS good, 1 AS total FROM nowhere" + where, "query", "nowhere"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			c := newClock(start)
			check := s.check()
			check.Query, check.Timeout = test.query, 200*time.Millisecond
			p := newProcess(t, c, ledger.New(ledger.Config{Now: c.now}), check)
			p.during(t, p.failed)
			h := p.Health()[0]
			if !strings.Contains(h.LastError, test.says) || !h.CountedUntil.IsZero() {
				t.Errorf("%+v\nwant %q", h, test.says)
			}
			if n := testutil.ToFloat64(p.counter(t, test.result)); n < 1 {
				t.Errorf("%v questions with the result %s", n, test.result)
			}
			if got, _ := p.ledger.Status(durability.Key, c.now()); got.Window.Total != 0 || got.Window.Observed != 0 {
				t.Errorf("counted %+v", got.Window)
			}
		})
	}
	t.Cleanup(func() { // after the parallel parts, before the pool is closed
		var rows int
		if err := s.QueryRow(context.Background(), "SELECT count(*) FROM uploads").Scan(&rows); err != nil || rows != 0 {
			t.Errorf("%d rows were written, %v", rows, err)
		}
	})
}

// A database that cannot be reached, or refuses the login, is told without its password.
func TestUnreachableDatabase(t *testing.T) {
	t.Parallel()
	s := startService(t)
	u, err := url.Parse(s.url)
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name   string
		change func(*url.URL)
	}{
		{"wrong password", func(u *url.URL) { u.User = url.UserPassword("nobody-here", "s3cr3t-word") }},
		{"no such database", func(u *url.URL) { u.User = url.UserPassword(u.User.Username(), "s3cr3t-word"); u.Path = "/nowhere" }},
		{"nobody listens", func(u *url.URL) { u.User = url.UserPassword("reader", "s3cr3t-word"); u.Host = "127.0.0.1:1" }},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			other := *u
			test.change(&other)
			check := s.check()
			check.Database.URLFile = t.TempDir() + "/url"
			if err := os.WriteFile(check.Database.URLFile, []byte(other.String()), 0o600); err != nil {
				t.Fatal(err)
			}
			c := newClock(start)
			p := newProcess(t, c, ledger.New(ledger.Config{Now: c.now}), check)
			p.during(t, p.failed)
			if h := p.Health()[0]; strings.Contains(h.LastError, "s3cr3t-word") || !strings.Contains(h.LastError, "connect to the database") {
				t.Errorf("%+v", h)
			}
			if n := testutil.ToFloat64(p.counter(t, "connect")); n < 1 {
				t.Errorf("%v questions with the result connect", n)
			}
		})
	}
}

// After an outage everything is counted as if there had been none.
func TestOutageIsCaughtUpWith(t *testing.T) {
	t.Parallel()
	s := startService(t)
	uploads := s.fill(t, start.Add(-10*time.Minute), start.Add(time.Hour), 1000)
	c := newClock(start)
	p := newProcess(t, c, ledger.New(ledger.Config{Now: c.now}), s.check())
	p.during(t, p.counted)
	first := start.Truncate(time.Minute).Add(-2 * time.Minute)

	s.exec(t, "ALTER TABLE uploads RENAME TO gone")
	c.set(start.Add(30 * time.Minute))
	p.during(t, p.failed)
	c.set(start.Add(40 * time.Minute))
	s.exec(t, "ALTER TABLE gone RENAME TO uploads")
	p.during(t, p.counted)
	p.expect(t, uploads, first, first.Add(41*time.Minute))
}

// A role that could write is reported, one that only reads is not.
func TestRoleThatCouldWrite(t *testing.T) {
	t.Parallel()
	s := startService(t)
	role := fmt.Sprintf("role_%d", time.Now().UnixNano())
	s.exec(t, fmt.Sprintf("CREATE ROLE %s LOGIN PASSWORD 'pw'; GRANT SELECT ON uploads TO %[1]s", role))
	t.Cleanup(func() { s.exec(t, fmt.Sprintf("DROP OWNED BY %s; DROP ROLE %[1]s", role)) })
	as := func(user *url.Userinfo) string {
		u, err := url.Parse(s.url)
		if err != nil {
			t.Fatal(err)
		}
		u.User = user
		return u.String()
	}
	c := newClock(start)
	p := newProcess(t, c, ledger.New(ledger.Config{Now: c.now}), s.check())
	expect := func(at time.Time, says string) {
		t.Helper()
		c.set(at)
		p.during(t, p.counted)
		if got := p.Health()[0].Warning; !strings.Contains(got, says) || (says == "") != (got == "") {
			t.Errorf("warning %q, want %q", got, says)
		}
	}
	expect(start, "superuser")
	s.address(t, as(url.UserPassword(role, "pw"))) // read again before each connection
	expect(start.Add(time.Minute), "")
	s.exec(t, "GRANT DELETE ON uploads TO "+role)
	expect(start.Add(2*time.Minute), "the role may write, to uploads for one")
}

// A reload takes whole or not at all; a check that has changed goes on where it was.
func TestApply(t *testing.T) {
	t.Parallel()
	s := startService(t)
	uploads := s.fill(t, start.Add(-10*time.Minute), start.Add(time.Hour), 1000)
	c := newClock(start)
	p := newProcess(t, c, ledger.New(ledger.Config{Now: c.now}), s.check())
	p.during(t, p.counted)
	first := start.Truncate(time.Minute).Add(-2 * time.Minute)

	changed, broken := s.check(), s.check()
	changed.Timeout /= 2
	broken.Name, broken.Database = "broken", sqlcheck.Database{URLEnv: "PLIMSOLL_TEST_NO_SUCH_VARIABLE"}
	err := p.Apply([]sqlcheck.Check{changed, broken})
	if err == nil || !strings.Contains(err.Error(), `check "broken": the environment variable PLIMSOLL_TEST_NO_SUCH_VARIABLE is empty`) {
		t.Errorf("applied with %v", err)
	}
	if h := p.Health(); len(h) != 1 {
		t.Errorf("after a reload that was refused there are %+v", h)
	}
	if err := p.Apply([]sqlcheck.Check{changed, changed}); err == nil || !strings.Contains(err.Error(), "two of that name") {
		t.Errorf("two checks of one name: %v", err)
	}
	if err := p.Apply([]sqlcheck.Check{changed}); err != nil {
		t.Fatal(err)
	}
	c.set(start.Add(10 * time.Minute))
	p.during(t, p.counted)
	p.expect(t, uploads, first, first.Add(11*time.Minute))

	if err := p.Apply(nil); err != nil {
		t.Fatal(err)
	}
	if h := p.Health(); len(h) != 0 {
		t.Errorf("after all checks are gone there are %+v", h)
	}
	if n, err := testutil.GatherAndCount(p.metrics); n != 0 || err != nil {
		t.Errorf("%d series are left, %v", n, err)
	}
}

func TestNewChecksItsConfig(t *testing.T) {
	t.Parallel()
	if _, err := sqlcheck.New(sqlcheck.Config{}); err == nil {
		t.Error("a checker without anything")
	}
}
