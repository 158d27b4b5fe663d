package postgres

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"plimsoll/slo"
	"plimsoll/slo/ledger"
)

// Save applies a checkpoint in one transaction. It returns [ledger.ErrFenced] if this process does not lead or another
// has led since.
func (s *Store) Save(ctx context.Context, c *ledger.Checkpoint) error {
	if s.epoch == 0 {
		return fmt.Errorf("%w: this one has not led yet", ledger.ErrFenced)
	}
	var added map[slo.Key]int32
	err := pgx.BeginFunc(ctx, prompt{s.pool}, func(tx pgx.Tx) (err error) {
		// First of all, for the row's lock keeps a new leader waiting until this checkpoint is in.
		seq, err := stamp(ctx, tx, s.epoch, c.At)
		if err != nil {
			return err
		}
		if err := expireBlocks(ctx, tx, c.Before); err != nil {
			return fmt.Errorf("delete expired blocks: %w", err)
		}
		if err := s.deleteEnded(ctx, tx, c.Ended); err != nil {
			return fmt.Errorf("delete ended objectives: %w", err)
		}
		var changed changes
		if added, err = s.saveObjectives(ctx, tx, c.Objectives, &changed); err != nil {
			return fmt.Errorf("save objectives: %w", err)
		}
		if err := s.saveBlocks(ctx, tx, c.Objectives, added, &changed); err != nil {
			return fmt.Errorf("save blocks: %w", err)
		}
		id := func(key slo.Key) int32 {
			if id, ok := s.ids[key]; ok {
				return id
			}
			return added[key]
		}
		if err := saveVersions(ctx, tx, seq, c.Objectives, id); err != nil {
			return fmt.Errorf("save versions: %w", err)
		}
		if err := saveDrops(ctx, tx, c.Objectives, c.Before, id); err != nil {
			return fmt.Errorf("save dropped samples: %w", err)
		}
		if err := saveImports(ctx, tx, c.Imports, c.At); err != nil {
			return fmt.Errorf("save imports: %w", err)
		}
		if err := forgetCursors(ctx, tx, c.Forgotten); err != nil {
			return fmt.Errorf("delete forgotten cursors: %w", err)
		}
		if err := saveCursors(ctx, tx, c.Cursors); err != nil {
			return fmt.Errorf("save cursors: %w", err)
		}
		return changed.note(ctx, tx, seq, c.At)
	})
	if err != nil {
		return err
	}
	maps.Copy(s.ids, added)
	return nil
}

// promptTimeout bounds the first steps of writing and reading checkpoints, which are tiny: a database that does not answer them is away.
const promptTimeout = 10 * time.Second

// prompt begins transactions soon or not at all.
type prompt struct{ pool *pgxpool.Pool }

func (p prompt) Begin(ctx context.Context) (pgx.Tx, error) { return p.BeginTx(ctx, pgx.TxOptions{}) }

func (p prompt) BeginTx(ctx context.Context, options pgx.TxOptions) (pgx.Tx, error) {
	ctx, cancel := context.WithTimeout(ctx, promptTimeout)
	defer cancel()
	return p.pool.BeginTx(ctx, options)
}

// stamp makes sure that this process leads and returns the number of its new checkpoint.
func stamp(ctx context.Context, tx pgx.Tx, epoch int64, at time.Time) (seq int64, err error) {
	ctx, cancel := context.WithTimeout(ctx, promptTimeout)
	defer cancel()
	err = tx.QueryRow(ctx, `UPDATE ledger_checkpoint SET at = $2, seq = seq + 1 WHERE epoch = $1 RETURNING seq`, epoch, at).Scan(&seq)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return 0, fmt.Errorf("%w: it leads with a later epoch than %d", ledger.ErrFenced, epoch)
	case err != nil:
		return 0, fmt.Errorf("check who leads: %w", err)
	}
	return seq, nil
}

// saveObjectives writes the state of each and returns the numbers of those that were not known to be stored.
func (s *Store) saveObjectives(ctx context.Context, tx pgx.Tx, objectives []ledger.ObjectiveState, changed *changes) (map[slo.Key]int32, error) {
	var keys []string
	var ids []int32
	var revisions, samples []int64
	var unknown []ledger.ObjectiveState
	for _, o := range objectives {
		id, ok := s.ids[o.Key]
		if !ok {
			unknown = append(unknown, o)
			keys = append(keys, string(o.Key))
			continue
		}
		ids = append(ids, id)
		revisions = append(revisions, int64(o.Revision))
		samples = append(samples, o.LastSample)
	}
	added, err := number(ctx, tx, keys)
	if err != nil {
		return nil, err
	}
	for _, o := range unknown {
		ids = append(ids, added[o.Key])
		revisions = append(revisions, int64(o.Revision))
		samples = append(samples, o.LastSample)
	}
	changed.objectives = ids
	_, err = tx.Exec(ctx, `UPDATE ledger_objectives o SET revision = n.revision, last_sample = n.last_sample
		FROM unnest($1::int[], $2::bigint[], $3::bigint[]) AS n (id, revision, last_sample) WHERE o.id = n.id`, ids, revisions, samples)
	return added, err
}

// number returns the number of each key, a new one if it has none. Numbers are drawn only for new keys: an upsert would use
// one up each time.
func number(ctx context.Context, tx pgx.Tx, keys []string) (map[slo.Key]int32, error) {
	if len(keys) == 0 {
		return nil, nil
	}
	if _, err := tx.Exec(ctx, `INSERT INTO ledger_objectives (key, revision, last_sample)
		SELECT key, 0, 0 FROM unnest($1::text[]) AS n (key)
		WHERE NOT EXISTS (SELECT FROM ledger_objectives o WHERE o.key = n.key)`, keys); err != nil {
		return nil, err
	}
	rows, err := tx.Query(ctx, `SELECT key, id FROM ledger_objectives WHERE key = ANY ($1::text[])`, keys)
	if err != nil {
		return nil, err
	}
	ids := make(map[slo.Key]int32, len(keys))
	var key slo.Key
	var id int32
	if _, err := pgx.ForEachRow(rows, []any{&key, &id}, func() error { ids[key] = id; return nil }); err != nil {
		return nil, err
	}
	if len(ids) != len(keys) {
		return nil, errors.New("an objective got no number")
	}
	return ids, nil
}

func (s *Store) saveBlocks(ctx context.Context, tx pgx.Tx, objectives []ledger.ObjectiveState, added map[slo.Key]int32, changed *changes) error {
	var ids, hours []int32
	var revisions []int64
	var data [][]byte
	for _, o := range objectives {
		id, ok := s.ids[o.Key]
		if !ok {
			id = added[o.Key]
		}
		for _, b := range o.Blocks {
			ids = append(ids, id)
			hours = append(hours, int32(b.Hour))
			revisions = append(revisions, int64(o.Revision))
			data = append(data, b.Data)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	changed.blocks, changed.hours = ids, hours
	_, err := tx.Exec(ctx, `INSERT INTO ledger_blocks (objective, hour, revision, data)
		SELECT * FROM unnest($1::int[], $2::int[], $3::bigint[], $4::bytea[])
		ON CONFLICT (objective, hour) DO UPDATE SET revision = excluded.revision, data = excluded.data`, ids, hours, revisions, data)
	return err
}

// expireBlocks deletes the blocks before an hour.
func expireBlocks(ctx context.Context, tx pgx.Tx, before int64) error {
	if before == 0 {
		return nil
	}
	_, err := tx.Exec(ctx, `DELETE FROM ledger_blocks WHERE hour < $1`, before)
	return err
}

// deleteEnded deletes what is left of objectives without a block. Their numbers are looked for again if they come back.
func (s *Store) deleteEnded(ctx context.Context, tx pgx.Tx, ended []slo.Key) error {
	if len(ended) == 0 {
		return nil
	}
	for _, key := range ended {
		delete(s.ids, key)
	}
	_, err := tx.Exec(ctx, `DELETE FROM ledger_objectives o WHERE key = ANY ($1::text[])
		AND NOT EXISTS (SELECT FROM ledger_blocks b WHERE b.objective = o.id)`, ended)
	return err
}

func forgetCursors(ctx context.Context, tx pgx.Tx, forgotten []ledger.CursorID) error {
	if len(forgotten) == 0 {
		return nil
	}
	ids := make([]int32, len(forgotten))
	for i, id := range forgotten {
		ids[i] = int32(id)
	}
	_, err := tx.Exec(ctx, `DELETE FROM ledger_cursors WHERE id = ANY ($1::int[])`, ids)
	return err
}

func saveCursors(ctx context.Context, tx pgx.Tx, cursors []ledger.CursorState) error {
	if len(cursors) == 0 {
		return nil
	}
	n := len(cursors)
	ids, series, gaps := make([]int32, n), make([][]byte, n), make([][]byte, n)
	ts, starts, values := make([]int64, n), make([]int64, n), make([]float64, n)
	for i, c := range cursors {
		ids[i], series[i], gaps[i] = int32(c.ID), []byte(c.Key), []byte(c.Gaps)
		ts[i], starts[i], values[i] = c.T, c.Start, c.Value
	}
	_, err := tx.Exec(ctx, `INSERT INTO ledger_cursors (id, series, t, start, value, gaps)
		SELECT * FROM unnest($1::int[], $2::bytea[], $3::bigint[], $4::bigint[], $5::float8[], $6::bytea[])
		ON CONFLICT (id) DO UPDATE SET t = excluded.t, start = excluded.start, value = excluded.value, gaps = excluded.gaps`,
		ids, series, ts, starts, values, gaps)
	return err
}
