package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// mostOfEpisode bounds how far back an episode is looked at.
const mostOfEpisode = 1000

// ReadEpisode returns the IDs of the notices of an episode of a group, the newest first.
func ReadEpisode(ctx context.Context, pool *pgxpool.Pool, group, episode string) ([]string, error) {
	rows, err := pool.Query(ctx, `SELECT body->>'id' FROM alerts_notices WHERE name = $1 AND body->>'episode' = $2 ORDER BY seq DESC LIMIT $3`, group, episode, mostOfEpisode)
	if err != nil {
		return nil, fmt.Errorf("read the episode %s of %s: %w", episode, group, err)
	}
	ids, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return nil, fmt.Errorf("read the episode %s of %s: %w", episode, group, err)
	}
	return ids, nil
}
