package sqlcheck

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// reason is why a question had no answer that counts.
type reason string

const (
	reasonConnect reason = "connect" // the database could not be reached, or refused the login
	reasonTimeout reason = "timeout" // the answer took longer than the check's timeout
	reasonWrite   reason = "write"   // the query tried to change something
	reasonQuery   reason = "query"   // the database refused the query
	reasonAnswer  reason = "answer"  // the answer is not one row with whole numbers good and total
	reasonCounts  reason = "counts"  // the answer's numbers cannot be: negative, or more good than total
	reasonLedger  reason = "ledger"  // the answer could not be counted
)

var reasons = []reason{reasonConnect, reasonTimeout, reasonWrite, reasonQuery, reasonAnswer, reasonCounts, reasonLedger}

// failure is a question without an answer that counts.
type failure struct {
	reason reason
	err    error
}

func (f *failure) Error() string { return f.err.Error() }
func (f *failure) Unwrap() error { return f.err }

func fail(r reason, format string, args ...any) error {
	return &failure{r, fmt.Errorf(format, args...)}
}

// grace is how long the server has, after its own timeout, to say so.
const grace = 2 * time.Second

// connect opens a connection for the questions of one turn.
func (d Database) connect(ctx context.Context, timeout time.Duration) (*pgx.Conn, error) {
	cfg, err := d.config()
	if err != nil {
		return nil, &failure{reasonConnect, err}
	}
	cfg.RuntimeParams["application_name"] = "plimsoll sqlcheck"
	ctx, cancel := context.WithTimeout(ctx, timeout+grace)
	defer cancel()
	conn, err := pgx.ConnectConfig(ctx, cfg)
	if err != nil {
		return nil, fail(reasonConnect, "connect to the database: %w", err)
	}
	return conn, nil
}

// config reads the address. Errors never hold a password.
func (d Database) config() (*pgx.ConnConfig, error) {
	var url, where string
	switch {
	case d.URLFile != "":
		data, err := os.ReadFile(d.URLFile)
		if err != nil {
			return nil, fmt.Errorf("read the address of the database: %w", err)
		}
		url, where = strings.TrimSpace(string(data)), "the file "+d.URLFile
	default:
		url, where = os.Getenv(d.URLEnv), "the environment variable "+d.URLEnv
	}
	if url == "" {
		return nil, fmt.Errorf("%s is empty; it must hold the address of the database, postgres://user:password@host/database", where)
	}
	cfg, err := pgx.ParseConfig(url)
	if err != nil {
		return nil, fmt.Errorf("%s does not hold the address of a PostgreSQL, such as postgres://user:password@host/database", where)
	}
	return cfg, nil
}

// ask asks for one interval in a transaction that cannot write.
func (c *Check) ask(ctx context.Context, conn *pgx.Conn, i interval) (e events, err error) {
	ctx, cancel := context.WithTimeout(ctx, c.Timeout+grace)
	defer cancel()
	err = pgx.BeginTxFunc(ctx, conn, pgx.TxOptions{AccessMode: pgx.ReadOnly}, func(tx pgx.Tx) error {
		ms := fmt.Sprint(c.Timeout.Milliseconds())
		if _, err := tx.Exec(ctx, "SELECT set_config('statement_timeout', $1, true), set_config('lock_timeout', $1, true)", ms); err != nil {
			return classify(err, conn)
		}
		rows, err := tx.Query(ctx, c.Query, i.from, i.to)
		if err != nil {
			return classify(err, conn)
		}
		e, err = read(rows)
		return err
	})
	var f *failure
	if err != nil && !errors.As(err, &f) {
		err = classify(err, conn)
	}
	return e, err
}

// SQLSTATE codes (PostgreSQL, appendix A).
const (
	codeQueryCanceled = "57014"
	codeLockTimeout   = "55P03"
	codeReadOnly      = "25006"
)

// classify says why the database gave no answer.
func classify(err error, conn *pgx.Conn) error {
	var refused *pgconn.PgError
	switch {
	case errors.As(err, &refused) && (refused.Code == codeQueryCanceled || refused.Code == codeLockTimeout):
		return fail(reasonTimeout, "ask the database: the query took longer than the check's timeout: %w", err)
	case errors.As(err, &refused) && refused.Code == codeReadOnly:
		return fail(reasonWrite, "ask the database: a check may only read: %w", err)
	case errors.As(err, &refused):
		return fail(reasonQuery, "ask the database: %w", err)
	case errors.Is(err, context.DeadlineExceeded):
		return fail(reasonTimeout, "ask the database: no answer within the check's timeout: %w", err)
	case errors.Is(err, context.Canceled):
		return err
	case conn.IsClosed():
		return fail(reasonConnect, "ask the database: the connection was lost: %w", err)
	default:
		return fail(reasonQuery, "ask the database: %w", err)
	}
}

// mayWrite returns what makes the role more than a reader, or nothing.
func mayWrite(ctx context.Context, conn *pgx.Conn) (string, error) {
	var super bool
	var table *string
	err := conn.QueryRow(ctx, `
		SELECT (SELECT rolsuper FROM pg_catalog.pg_roles WHERE rolname = current_user),
		       (SELECT c.oid::regclass::text FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
		        WHERE c.relkind IN ('r', 'p', 'f') AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname !~ '^pg_(toast|temp)'
		          AND has_schema_privilege(n.oid, 'USAGE') AND has_table_privilege(c.oid, 'INSERT, UPDATE, DELETE, TRUNCATE')
		        ORDER BY 1 LIMIT 1)`).Scan(&super, &table)
	switch {
	case err != nil:
		return "", fmt.Errorf("ask what the role may do: %w", err)
	case super:
		return "the role is a superuser; a role that may only SELECT is safer", nil
	case table != nil:
		return fmt.Sprintf("the role may write, to %s for one; a role that may only SELECT is safer", *table), nil
	}
	return "", nil
}
