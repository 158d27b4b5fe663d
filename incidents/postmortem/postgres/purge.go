package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
)

// Purge forgets the requests that ran before an instant: one that is sent again after that runs again. It returns how many those were, and may
// run at any time. Postmortems and their history are never purged.
func Purge(ctx context.Context, pool *pgxpool.Pool, before time.Time) (purged int64, err error) {
	tag, err := pool.Exec(ctx, `DELETE FROM postmortem_requests WHERE ran_at < $1`, before)
	if err != nil {
		return 0, fmt.Errorf("purge requests about postmortems: %w", err)
	}
	return tag.RowsAffected(), nil
}
