package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"plimsoll/slo/ledger"
)

// saveImports notes which archives were imported and adds their corrections, with who made them and took them back. Nothing is taken of an
// archive that is noted already, nor a correction that another archive brought of which this process has not heard yet.
func saveImports(ctx context.Context, tx pgx.Tx, imports []ledger.Import, at time.Time) error {
	for _, i := range imports {
		tag, err := tx.Exec(ctx, `INSERT INTO ledger_imports (archive, at, objectives, blocks, corrections) VALUES ($1, $2, $3, $4, $5)
			ON CONFLICT (archive) DO NOTHING`, i.Archive[:], at, i.Objectives, i.Blocks, i.Imported.Corrections)
		if err != nil {
			return err
		}
		if tag.RowsAffected() == 0 || len(i.Corrections) == 0 {
			continue
		}
		for _, c := range i.Corrections {
			var undoneAt *time.Time
			var undoneBy *string
			if !c.Undone.IsZero() {
				undoneAt, undoneBy = &c.Undone, &c.UndoneBy
			}
			_, err := tx.Exec(ctx, `INSERT INTO ledger_corrections (objective, service, starts, ends, effect, reason, made_by, made_at, undone_at, undone_by)
				SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10 WHERE NOT EXISTS (SELECT FROM ledger_corrections
					WHERE objective = $1 AND service = $2 AND starts = $3 AND ends = $4 AND effect = $5 AND reason = $6 AND made_by = $7 AND made_at = $8)`,
				c.Objective, c.Service, c.From, c.To, c.Effect, c.Reason, c.By, c.At, undoneAt, undoneBy)
			if err != nil {
				return translateCorrection(err, c)
			}
		}
		if err := announce(ctx, tx); err != nil {
			return err
		}
	}
	return nil
}

// Imported reports whether an archive is stored, and what it brought.
func (c *Corrections) Imported(ctx context.Context, archive ledger.ArchiveID) (n ledger.Imported, found bool, err error) {
	n.Archive = archive
	err = c.pool.QueryRow(ctx, `SELECT objectives, blocks, corrections FROM ledger_imports WHERE archive = $1`, archive[:]).
		Scan(&n.Objectives, &n.Blocks, &n.Corrections)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return n, false, nil
	case err != nil:
		return n, false, fmt.Errorf("look for an imported archive: %w", err)
	}
	return n, true, nil
}
