package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
)

// Purge deletes the jobs that ended before an instant; what they have filled stays. It returns how many those were, and may run at any time.
func Purge(ctx context.Context, pool *pgxpool.Pool, before time.Time) (purged int64, err error) {
	tag, err := pool.Exec(ctx, `DELETE FROM backfills WHERE ended_at < $1`, before)
	if err != nil {
		return 0, fmt.Errorf("purge backfills: %w", err)
	}
	return tag.RowsAffected(), nil
}
