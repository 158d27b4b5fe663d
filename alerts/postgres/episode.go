package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"plimsoll/alerts"
)

// mostOfEpisode bounds how far back an episode is looked at.
const mostOfEpisode = 1000

// ReadEpisode returns the IDs of the notices of a notice's episode, the newest first and its own among them.
func ReadEpisode(ctx context.Context, pool *pgxpool.Pool, n alerts.Notice) ([]string, error) {
	rows, err := pool.Query(ctx, `SELECT body->>'id' FROM alerts_notices WHERE name = $1 AND body->>'episode' = $2 ORDER BY seq DESC LIMIT $3`, n.Group, n.Episode, mostOfEpisode)
	if err != nil {
		return nil, fmt.Errorf("read the episode of notice %s: %w", n.ID, err)
	}
	ids, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return nil, fmt.Errorf("read the episode of notice %s: %w", n.ID, err)
	}
	return ids, nil
}
