package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"plimsoll/slo"
	"plimsoll/slo/ledger"
)

// Load puts everything that is stored into a ledger to which nothing has been committed yet, all as of one checkpoint.
// After an error the ledger holds a part and must not be used.
func (s *Store) Load(ctx context.Context, l *ledger.Ledger) error {
	return pgx.BeginTxFunc(ctx, s.pool, snapshot, func(tx pgx.Tx) error {
		if err := s.loadObjectives(ctx, tx, l); err != nil {
			return fmt.Errorf("load objectives: %w", err)
		}
		if err := loadCursors(ctx, tx, l); err != nil {
			return fmt.Errorf("load cursors: %w", err)
		}
		return nil
	})
}

// patient takes the bound of [pg.Connect] off the statements of a transaction, for those that read everything: a large ledger on a slow disk
// takes as long as it takes, and a process that gave up could never start.
func patient(ctx context.Context, tx pgx.Tx) error {
	_, err := tx.Exec(ctx, `SET LOCAL statement_timeout = 0`)
	return err
}

func (s *Store) loadObjectives(ctx context.Context, tx pgx.Tx, l *ledger.Ledger) error {
	if err := patient(ctx, tx); err != nil {
		return err
	}
	rows, err := tx.Query(ctx, `SELECT id, key, revision, last_sample FROM ledger_objectives`)
	if err != nil {
		return err
	}
	states, err := s.scanObjectives(ctx, tx, rows, 0)
	if err != nil {
		return err
	}
	rows, err = tx.Query(ctx, `SELECT objective, hour, data FROM ledger_blocks ORDER BY objective, hour`)
	if err != nil {
		return err
	}
	if err := eachState(rows, states, l.RestoreObjective); err != nil {
		return err
	}
	for _, o := range states { // those without a block
		if err := l.RestoreObjective(*o); err != nil {
			return err
		}
	}
	return nil
}

// scanObjectives returns the stored states by number, without blocks, and with their versions if a checkpoint after since wrote some.
func (s *Store) scanObjectives(ctx context.Context, tx pgx.Tx, rows pgx.Rows, since int64) (map[int32]*ledger.ObjectiveState, error) {
	states := map[int32]*ledger.ObjectiveState{}
	var id int32
	var key slo.Key
	var revision, sample int64
	_, err := pgx.ForEachRow(rows, []any{&id, &key, &revision, &sample}, func() error {
		states[id] = &ledger.ObjectiveState{Key: key, Revision: uint64(revision), LastSample: sample}
		s.ids[key] = id
		return nil
	})
	if err != nil {
		return nil, err
	}
	if err := loadVersions(ctx, tx, since, states); err != nil {
		return nil, fmt.Errorf("versions: %w", err)
	}
	if err := loadDrops(ctx, tx, states); err != nil {
		return nil, fmt.Errorf("dropped samples: %w", err)
	}
	return states, nil
}

// eachState hands the objectives that have blocks to use, one after the other, and removes them from states. The blocks
// come by objective and hour, and are valid until use returns.
func eachState(rows pgx.Rows, states map[int32]*ledger.ObjectiveState, use func(ledger.ObjectiveState) error) error {
	defer rows.Close()
	var current int32
	var buffer []byte // of all blocks of the current objective
	var blocks []ledger.Block
	finish := func() error {
		o := states[current]
		if o == nil {
			return nil
		}
		delete(states, current)
		o.Blocks = blocks
		return use(*o)
	}
	for rows.Next() {
		var id, hour int32
		var data pgtype.DriverBytes // valid until the next row
		if err := rows.Scan(&id, &hour, &data); err != nil {
			return err
		}
		if id != current {
			if err := finish(); err != nil {
				return err
			}
			current, blocks, buffer = id, blocks[:0], buffer[:0]
		}
		from := len(buffer)
		buffer = append(buffer, data...)
		blocks = append(blocks, ledger.Block{Hour: int64(hour), Data: buffer[from:]})
	}
	if err := rows.Err(); err != nil {
		return err
	}
	return finish()
}

func loadCursors(ctx context.Context, tx pgx.Tx, l *ledger.Ledger) error {
	if err := patient(ctx, tx); err != nil {
		return err
	}
	rows, err := tx.Query(ctx, `SELECT id, series, t, start, value, gaps FROM ledger_cursors ORDER BY id`)
	if err != nil {
		return err
	}
	var c ledger.CursorState
	var series, gaps []byte
	_, err = pgx.ForEachRow(rows, []any{&c.ID, &series, &c.T, &c.Start, &c.Value, &gaps}, func() error {
		c.Key, c.Gaps = string(series), string(gaps)
		return l.RestoreCursor(c)
	})
	return err
}
