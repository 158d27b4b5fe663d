package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// leaderLock is the advisory lock of the process that leads. The one of the migrations is its neighbour.
const leaderLock = 7_233_002

// DefaultSilence is how long the holder of a [Lock] may be silent.
const DefaultSilence = 10 * time.Second

// closeTimeout bounds the farewell to a server that may not answer any more.
const closeTimeout = time.Second

// Lock is the right to lead. It belongs to a session of its own: PostgreSQL takes it back as soon as the connection ends,
// or when nothing has been heard on it for some time, as from a process that is frozen or cut off. Needs PostgreSQL 14 or later,
// reached without a pooler that shares sessions. It must not be used by several goroutines at the same time.
type Lock struct {
	config  *pgx.ConnConfig
	silence time.Duration
	conn    *pgx.Conn // nil while there is no connection
	held    bool
}

// NewLock returns a lock in the database of a pool, which is not held yet. Silence is after what time without a word its holder
// loses it; [DefaultSilence] when 0.
func NewLock(pool *pgxpool.Pool, silence time.Duration) *Lock {
	if silence == 0 {
		silence = DefaultSilence
	}
	return &Lock{config: pool.Config().ConnConfig, silence: silence}
}

// Silence is after what time without a call of Epoch the lock is lost.
func (l *Lock) Silence() time.Duration { return l.silence }

// Reach makes sure that there is a connection on which the server answers, without trying the lock.
func (l *Lock) Reach(ctx context.Context) error {
	if err := l.connect(ctx); err != nil {
		return err
	}
	if err := l.conn.Ping(ctx); err != nil {
		l.Release()
		return fmt.Errorf("reach the database for leadership: %w", err)
	}
	return nil
}

// Try takes the lock unless another holds it. After an error it is not held.
func (l *Lock) Try(ctx context.Context) (held bool, err error) {
	if err := l.connect(ctx); err != nil {
		return false, err
	}
	if l.held {
		return true, nil
	}
	if err := l.conn.QueryRow(ctx, `SELECT pg_try_advisory_lock($1)`, leaderLock).Scan(&l.held); err != nil {
		l.Release()
		return false, fmt.Errorf("try to lock leadership: %w", err)
	}
	return l.held, nil
}

// Epoch returns how often a process has taken over, and keeps the lock alive. After an error the lock is not held any more.
func (l *Lock) Epoch(ctx context.Context) (epoch int64, err error) {
	if l.conn == nil {
		return 0, errors.New("ask who leads: there is no connection")
	}
	if err := l.conn.QueryRow(ctx, `SELECT epoch FROM ledger_checkpoint`).Scan(&epoch); err != nil {
		l.Release()
		return 0, fmt.Errorf("ask who leads: %w", err)
	}
	return epoch, nil
}

// Release gives the lock back and ends the connection.
func (l *Lock) Release() {
	if l.conn == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), closeTimeout)
	defer cancel()
	_ = l.conn.Close(ctx) // whether or not the server hears it, this end of the session is closed
	l.conn, l.held = nil, false
}

func (l *Lock) connect(ctx context.Context) error {
	if l.conn != nil {
		return nil
	}
	conn, err := pgx.ConnectConfig(ctx, l.config)
	if err != nil {
		return fmt.Errorf("connect for leadership: %w", err)
	}
	l.conn = conn
	if _, err := conn.Exec(ctx, `SELECT set_config('idle_session_timeout', $1, false)`, fmt.Sprintf("%dms", l.silence.Milliseconds())); err != nil {
		l.Release()
		return fmt.Errorf("bound the silence of a leader (needs PostgreSQL 14 or later): %w", err)
	}
	return nil
}
