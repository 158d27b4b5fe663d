package pg

import (
	"context"
	"fmt"
	"net"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
)

// These bound how long anything waits for the database, or the database for us. A URL that sets a parameter itself wins.
const (
	// connectTimeout bounds the making of a connection: a stopped server still takes them, and then says nothing.
	connectTimeout = 5 * time.Second
	// leastConns is how many connections a pool may have even where few processors suggest fewer: jobs and listeners keep some for themselves.
	leastConns = 12
	// silence is for how long a connection may hear nothing from the machine at its other end.
	silence = 30 * time.Second
)

// sessionTimeouts are set on every connection of a pool.
var sessionTimeouts = map[string]string{
	// No statement of ours takes longer; the largest writes a day of blocks of a thousand objectives.
	"statement_timeout": "2min",
	// Locks are held for one short transaction. A waiter that gives up reports it; one that waits for ever hides it.
	"lock_timeout": "30s",
	// A process that was frozen in the middle of a transaction must not keep its locks from the others.
	"idle_in_transaction_session_timeout": "10s",
}

// dialer makes connections that end when nothing is heard from the machine at the other end for half a minute: without that an answer that will
// never come, as after a fail-over to another machine, is waited for until the system gives up, which is a quarter of an hour or more.
func dialer() *net.Dialer {
	return &net.Dialer{
		KeepAliveConfig: net.KeepAliveConfig{Enable: true, Idle: silence / 3, Interval: silence / 6, Count: 4},
		Control:         boundSending,
	}
}

// Connect opens a pool and proves that the server answers. Its sessions have bounds for statements (2 minutes), waiting for
// locks (30 seconds) and idling within a transaction (10 seconds), unless the URL sets others. A connection to a machine that has gone
// ends within half a minute.
func Connect(ctx context.Context, url string) (*pgxpool.Pool, error) {
	config, err := pgxpool.ParseConfig(url)
	if err != nil {
		return nil, fmt.Errorf("read database URL: %w", err)
	}
	for name, value := range sessionTimeouts {
		if _, ok := config.ConnConfig.RuntimeParams[name]; !ok {
			config.ConnConfig.RuntimeParams[name] = value
		}
	}
	if config.ConnConfig.ConnectTimeout == 0 {
		config.ConnConfig.ConnectTimeout = connectTimeout
	}
	config.ConnConfig.DialFunc = dialer().DialContext
	config.PingTimeout = config.ConnConfig.ConnectTimeout
	if !strings.Contains(url, "pool_max_conns") {
		config.MaxConns = max(config.MaxConns, leastConns)
	}
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("open connection pool: %w", err)
	}
	if err := pool.Ping(ctx); err != nil {
		pool.Close()
		return nil, fmt.Errorf("connect to PostgreSQL: %w", err)
	}
	return pool, nil
}
