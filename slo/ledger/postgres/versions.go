package postgres

import (
	"context"
	"crypto/sha256"
	"time"

	"github.com/jackc/pgx/v5"

	"plimsoll/slo"
	"plimsoll/slo/ledger"
)

// saveVersions writes all definitions of the objectives that have a new one.
func saveVersions(ctx context.Context, tx pgx.Tx, seq int64, objectives []ledger.ObjectiveState, id func(slo.Key) int32) error {
	var changed, ids, numbers []int32
	var starts []time.Time
	var definitions []string
	var hashes [][]byte
	for _, o := range objectives {
		if o.Versions == nil {
			continue
		}
		changed = append(changed, id(o.Key))
		for _, v := range o.Versions {
			hash := sha256.Sum256([]byte(v.Definition))
			ids, numbers, starts = append(ids, id(o.Key)), append(numbers, int32(v.Number)), append(starts, v.From)
			definitions, hashes = append(definitions, v.Definition), append(hashes, hash[:])
		}
	}
	if len(changed) == 0 {
		return nil
	}
	// One that has not come into force may be gone.
	if _, err := tx.Exec(ctx, `DELETE FROM ledger_versions WHERE objective = ANY ($1::int[])`, changed); err != nil {
		return err
	}
	_, err := tx.Exec(ctx, `INSERT INTO ledger_versions (objective, number, starts, definition, hash, saved)
		SELECT *, $6 FROM unnest($1::int[], $2::int[], $3::timestamptz[], $4::json[], $5::bytea[])`, ids, numbers, starts, definitions, hashes, seq)
	return err
}

// loadVersions adds the definitions of the objectives of which a checkpoint after since wrote some.
func loadVersions(ctx context.Context, tx pgx.Tx, since int64, states map[int32]*ledger.ObjectiveState) error {
	rows, err := tx.Query(ctx, `SELECT objective, number, starts, definition::text FROM ledger_versions
		WHERE objective IN (SELECT objective FROM ledger_versions WHERE saved > $1) ORDER BY objective, number`, since)
	if err != nil {
		return err
	}
	var id int32
	var v ledger.VersionState
	_, err = pgx.ForEachRow(rows, []any{&id, &v.Number, &v.From, &v.Definition}, func() error {
		if o := states[id]; o != nil {
			v.From = v.From.UTC()
			o.Versions = append(o.Versions, v)
		}
		return nil
	})
	return err
}

// saveDrops writes how many samples came too late in the hours in which that has changed.
func saveDrops(ctx context.Context, tx pgx.Tx, objectives []ledger.ObjectiveState, before int64, id func(slo.Key) int32) error {
	var ids, hours []int32
	var samples []int64
	for _, o := range objectives {
		for _, d := range o.Drops {
			ids, hours, samples = append(ids, id(o.Key)), append(hours, int32(d.Hour)), append(samples, d.Samples)
		}
	}
	if before != 0 {
		if _, err := tx.Exec(ctx, `DELETE FROM ledger_drops WHERE hour < $1`, before); err != nil {
			return err
		}
	}
	if len(ids) == 0 {
		return nil
	}
	_, err := tx.Exec(ctx, `INSERT INTO ledger_drops (objective, hour, samples) SELECT * FROM unnest($1::int[], $2::int[], $3::bigint[])
		ON CONFLICT (objective, hour) DO UPDATE SET samples = excluded.samples`, ids, hours, samples)
	return err
}

// loadDrops adds the samples that came too late.
func loadDrops(ctx context.Context, tx pgx.Tx, states map[int32]*ledger.ObjectiveState) error {
	ids := make([]int32, 0, len(states))
	for id := range states {
		ids = append(ids, id)
	}
	rows, err := tx.Query(ctx, `SELECT objective, hour, samples FROM ledger_drops WHERE objective = ANY ($1::int[]) ORDER BY objective, hour`, ids)
	if err != nil {
		return err
	}
	var id int32
	var d ledger.HourDrops
	_, err = pgx.ForEachRow(rows, []any{&id, &d.Hour, &d.Samples}, func() error {
		states[id].Drops = append(states[id].Drops, d)
		return nil
	})
	return err
}
