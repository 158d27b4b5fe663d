package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// Purge deletes the notices from before an instant, and how far receivers were told of groups of which no notice is left. Those of episodes that go
// on stay. A job that is still about a notice that is gone is given up. It returns how many notices are gone, and may run at any time.
func Purge(ctx context.Context, pool *pgxpool.Pool, before time.Time) (purged int64, err error) {
	err = pgx.BeginFunc(ctx, pool, func(tx pgx.Tx) error {
		tag, err := tx.Exec(ctx, `DELETE FROM alerts_notices n WHERE at < $1
			AND NOT EXISTS (SELECT FROM alerts_groups g WHERE g.name = n.name AND g.episode = n.body->>'episode')`, before)
		if err != nil {
			return fmt.Errorf("purge notices: %w", err)
		}
		purged = tag.RowsAffected()
		if _, err := tx.Exec(ctx, `DELETE FROM alerts_deliveries d WHERE seq > 0 AND (busy_until IS NULL OR busy_until < now())
			AND NOT EXISTS (SELECT FROM alerts_notices n WHERE n.name = d.name)`); err != nil {
			return fmt.Errorf("purge deliveries: %w", err)
		}
		return nil
	})
	return purged, err
}
