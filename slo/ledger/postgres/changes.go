package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

const (
	// changesLife is how long what a checkpoint changed is kept for those who follow.
	changesLife = 5 * time.Minute
	// pruneEvery is after how many checkpoints older ones are deleted.
	pruneEvery = 32
	// channel is where each checkpoint is made known.
	channel = "plimsoll_checkpoint"
)

// changes is what a checkpoint wrote, by the numbers of the store.
type changes struct {
	objectives    []int32
	blocks, hours []int32 // objective and hour of each block
}

// note writes down what checkpoint seq changed and makes it known when the transaction commits.
func (c changes) note(ctx context.Context, tx pgx.Tx, seq int64, at time.Time) error {
	var batch pgx.Batch
	batch.Queue(`INSERT INTO ledger_changes (seq, at, objectives, block_objectives, block_hours) VALUES ($1, $2, $3, $4, $5)`,
		seq, at, notNull(c.objectives), notNull(c.blocks), notNull(c.hours))
	if seq%pruneEvery == 0 {
		batch.Queue(`DELETE FROM ledger_changes WHERE at < $1`, at.Add(-changesLife))
	}
	batch.Queue(`SELECT pg_notify($1, '')`, channel)
	if err := tx.SendBatch(ctx, &batch).Close(); err != nil {
		return fmt.Errorf("note what changed: %w", err)
	}
	return nil
}

// notNull makes an empty array of a nil slice, which would be NULL.
func notNull(ids []int32) []int32 {
	if ids == nil {
		return []int32{}
	}
	return ids
}
