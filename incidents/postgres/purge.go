package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
)

// Purge forgets the requests that ran before an instant: one that is sent again after that runs again. It returns how many those were, and may
// run at any time. Incidents and their timelines are never purged.
func Purge(ctx context.Context, pool *pgxpool.Pool, before time.Time) (purged int64, err error) {
	tag, err := pool.Exec(ctx, `DELETE FROM incident_requests WHERE ran_at < $1`, before)
	if err != nil {
		return 0, fmt.Errorf("purge requests about incidents: %w", err)
	}
	return tag.RowsAffected(), nil
}
