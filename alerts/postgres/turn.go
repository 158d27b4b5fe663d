package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"plimsoll/alerts"
)

const (
	// attemptTakes bounds one attempt to tell a receiver.
	attemptTakes = 30 * time.Second
	// turnLasts is after how long a turn ends that nobody has ended: longer than an attempt.
	turnLasts = attemptTakes + 15*time.Second
)

// errBusy: somebody else is telling the receiver about the group at this moment.
var errBusy = errors.New("the receiver is being told about the group")

// turn is the right to tell one receiver about one group, which one attempt at a time has. It is a lease and no lock, since no connection must be
// held while a receiver takes its time.
type turn struct {
	pool            *pgxpool.Pool
	group, receiver string
	last            delivery
}

// delivery is how far a receiver has been told of a group.
type delivery struct {
	Seq       int64
	Reference string
	Episode   string
}

// takeTurn waits for nobody: the error is [errBusy] if it is somebody else's.
func takeTurn(ctx context.Context, pool *pgxpool.Pool, group, receiver string) (*turn, error) {
	rows, err := pool.Query(ctx, `INSERT INTO alerts_deliveries AS d (name, receiver, seq, reference, busy_until) VALUES ($1, $2, 0, '', now() + $3)
		ON CONFLICT (name, receiver) DO UPDATE SET busy_until = excluded.busy_until WHERE d.busy_until IS NULL OR d.busy_until < now()
		RETURNING seq, reference, episode`, group, receiver, turnLasts)
	if err != nil {
		return nil, fmt.Errorf("take a turn at %s: %w", receiver, err)
	}
	last, err := pgx.CollectOneRow(rows, pgx.RowToStructByPos[delivery])
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return nil, errBusy
	case err != nil:
		return nil, fmt.Errorf("take a turn at %s: %w", receiver, err)
	}
	return &turn{pool, group, receiver, last}, nil
}

// due returns the newest notice that the receiver is to be told of and was not, with what it missed before, and its number; false if it was told of
// the notice of this number or a later one.
func (t *turn) due(ctx context.Context, seq int64) (n alerts.Notice, newest int64, ok bool, err error) {
	rows, err := t.pool.Query(ctx, `SELECT seq, body FROM alerts_notices WHERE name = $1 AND seq > $2 AND $3 = ANY(receivers) OR seq = $4 ORDER BY seq`,
		t.group, t.last.Seq, t.receiver, seq)
	if err != nil {
		return n, 0, false, fmt.Errorf("read what is due: %w", err)
	}
	var missed []alerts.Notice
	var one alerts.Notice
	_, err = pgx.ForEachRow(rows, []any{&newest, &one}, func() error {
		missed = append(missed, one)
		one = alerts.Notice{}
		return nil
	})
	switch {
	case err != nil:
		return n, 0, false, fmt.Errorf("read what is due: %w", err)
	case newest <= t.last.Seq:
		return n, 0, false, nil
	}
	last := len(missed) - 1
	return alerts.Overtake(missed[:last], missed[last]), newest, true, nil
}

// delivered ends the turn with a notice that the receiver has taken.
func (t *turn) delivered(ctx context.Context, seq int64, reference, episode string) error {
	_, err := t.pool.Exec(ctx, `UPDATE alerts_deliveries SET seq = $3, reference = $4, episode = $5, busy_until = NULL WHERE name = $1 AND receiver = $2 AND seq < $3`,
		t.group, t.receiver, seq, reference, episode)
	if err != nil {
		return fmt.Errorf("record delivery: %w", err)
	}
	return nil
}

// end ends the turn with nothing told. If that is not possible it ends by itself.
func (t *turn) end(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	_, _ = t.pool.Exec(ctx, `UPDATE alerts_deliveries SET busy_until = NULL WHERE name = $1 AND receiver = $2`, t.group, t.receiver)
}
