package reminders

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
)

// Purge forgets the occasions from before an instant. What is overdue still is told once more then. It returns how many those were, and may run
// at any time.
func Purge(ctx context.Context, pool *pgxpool.Pool, before time.Time) (purged int64, err error) {
	tag, err := pool.Exec(ctx, `DELETE FROM reminders WHERE made_at < $1`, before)
	if err != nil {
		return 0, fmt.Errorf("purge reminders: %w", err)
	}
	return tag.RowsAffected(), nil
}
