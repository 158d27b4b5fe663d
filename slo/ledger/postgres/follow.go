package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"plimsoll/slo/ledger"
)

// snapshot is how everything is read that belongs together: as of one checkpoint.
var snapshot = pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}

// Follow brings the events of a ledger to those of the newest checkpoint and returns which that is. The ledger must be the same one
// each time; the first time, and when it is too far behind, it is loaded anew. It has no cursors. After an error it may
// have come a part of the way, and each objective of it is as of one checkpoint.
func (s *Store) Follow(ctx context.Context, l *ledger.Ledger) (at ledger.Position, err error) {
	var apply func() error
	err = pgx.BeginTxFunc(ctx, prompt{s.pool}, snapshot, func(tx pgx.Tx) error {
		if at, err = position(ctx, tx); err != nil || at.Checkpoint == s.followed {
			return err
		}
		apply, err = s.catchUp(ctx, tx, l, at.Checkpoint)
		return err
	})
	if err != nil {
		return ledger.Position{}, fmt.Errorf("follow the ledger's store: %w", err)
	}
	if apply != nil {
		s.followed = unknown
		if err := apply(); err != nil {
			return ledger.Position{}, fmt.Errorf("follow the ledger's store: %w", err)
		}
		s.followed = at.Checkpoint
	}
	return at, nil
}

// Forget makes the next Follow load everything: the ledger holds what is not in the store.
func (s *Store) Forget() { s.followed = unknown }

// LoadCursors gives a ledger that has followed the stored cursors.
func (s *Store) LoadCursors(ctx context.Context, l *ledger.Ledger) error {
	fresh := l.Blank()
	if err := pgx.BeginTxFunc(ctx, s.pool, snapshot, func(tx pgx.Tx) error { return loadCursors(ctx, tx, fresh) }); err != nil {
		return fmt.Errorf("load cursors: %w", err)
	}
	l.TakeCursors(fresh)
	return nil
}

func position(ctx context.Context, tx pgx.Tx) (at ledger.Position, err error) {
	ctx, cancel := context.WithTimeout(ctx, promptTimeout)
	defer cancel()
	var when *time.Time
	err = tx.QueryRow(ctx, `SELECT epoch, leader, seq, at FROM ledger_checkpoint`).Scan(&at.Epoch, &at.Leader, &at.Checkpoint, &when)
	if when != nil {
		at.At = when.UTC()
	}
	return at, err
}

// catchUp reads what a ledger lacks and returns what puts it in.
func (s *Store) catchUp(ctx context.Context, tx pgx.Tx, l *ledger.Ledger, newest int64) (apply func() error, err error) {
	complete := false
	if s.followed != unknown {
		err := tx.QueryRow(ctx, `SELECT count(*) = $2::bigint - $1::bigint FROM ledger_changes WHERE seq > $1 AND seq <= $2`, s.followed, newest).Scan(&complete)
		if err != nil {
			return nil, fmt.Errorf("read what changed: %w", err)
		}
	}
	if !complete {
		fresh := l.Blank()
		if err := s.loadObjectives(ctx, tx, fresh); err != nil {
			return nil, fmt.Errorf("load objectives: %w", err)
		}
		return func() error { l.Replace(fresh); return nil }, nil
	}
	changed, err := s.readChanged(ctx, tx, newest)
	if err != nil {
		return nil, fmt.Errorf("read changed objectives: %w", err)
	}
	return func() error {
		var errs []error
		for _, o := range changed {
			errs = append(errs, l.ApplyObjective(o))
		}
		l.Expire()
		return errors.Join(errs...)
	}, nil
}

// readChanged returns the objectives that changed since the last Follow, each with its changed blocks.
func (s *Store) readChanged(ctx context.Context, tx pgx.Tx, newest int64) ([]ledger.ObjectiveState, error) {
	rows, err := tx.Query(ctx, `SELECT id, key, revision, last_sample FROM ledger_objectives WHERE id IN
		(SELECT unnest(objectives) FROM ledger_changes WHERE seq > $1 AND seq <= $2)`, s.followed, newest)
	if err != nil {
		return nil, err
	}
	states, err := s.scanObjectives(ctx, tx, rows, s.followed)
	if err != nil {
		return nil, err
	}
	rows, err = tx.Query(ctx, `SELECT objective, hour, data FROM ledger_blocks WHERE (objective, hour) IN
		(SELECT c.objective, c.hour FROM ledger_changes, unnest(block_objectives, block_hours) AS c (objective, hour) WHERE seq > $1 AND seq <= $2)
		ORDER BY objective, hour`, s.followed, newest)
	if err != nil {
		return nil, err
	}
	var changed []ledger.ObjectiveState
	err = eachState(rows, states, func(o ledger.ObjectiveState) error {
		changed = append(changed, keep(o))
		return nil
	})
	for _, o := range states { // those without a changed block
		changed = append(changed, *o)
	}
	return changed, err
}

// keep copies the blocks of o.
func keep(o ledger.ObjectiveState) ledger.ObjectiveState {
	blocks := make([]ledger.Block, len(o.Blocks))
	for i, b := range o.Blocks {
		blocks[i] = ledger.Block{Hour: b.Hour, Data: append([]byte(nil), b.Data...)}
	}
	o.Blocks = blocks
	return o
}
