package postgres

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"plimsoll/slo/gate"
)

// row is an entry as it is stored.
type row struct {
	Seq                        int64
	Kind, Service, Environment string
	At                         time.Time
	Outcome                    *string
	Record, Prev, Hash         []byte
}

// Verify walks the whole audit log and names the first entry that was changed, removed, inserted or moved.
func (g *Gate) Verify(ctx context.Context) (gate.Verification, error) {
	var v gate.Verification
	hash := make([]byte, 32)
	err := pgx.BeginTxFunc(ctx, g.cfg.Pool, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `SELECT seq, kind, service, environment, at, outcome, record, prev, hash FROM gate_audit ORDER BY seq`)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() && v.Broken == nil {
			r, err := pgx.RowToStructByPos[row](rows)
			if err != nil {
				return err
			}
			if problem := r.problem(v.Entries+1, hash); problem != "" {
				v.Broken = &gate.BrokenLink{Seq: v.Entries + 1, Problem: problem}
				break
			}
			v.Entries, hash = r.Seq, r.Hash
		}
		rows.Close()
		if rows.Err() != nil || v.Broken != nil {
			return rows.Err()
		}
		v.Broken, err = checkHead(ctx, tx, v.Entries, hash)
		return err
	})
	if err != nil {
		return gate.Verification{}, fmt.Errorf("verify audit log: %w", err)
	}
	v.Head = hex.EncodeToString(hash)
	return v, nil
}

// problem says what is wrong with an entry that should be at a place and follow a hash; empty if nothing is.
func (r row) problem(seq int64, prev []byte) string {
	sum := link(r.Prev, r.Record)
	var e entry
	switch {
	case r.Seq != seq:
		return fmt.Sprintf("the entry is missing; the next is %d", r.Seq)
	case !bytes.Equal(r.Prev, prev):
		return "the entry does not follow the one before it"
	case !bytes.Equal(r.Hash, sum[:]):
		return "the record was changed: its hash is another"
	case json.Unmarshal(r.Record, &e) != nil:
		return "the record is not one of the gate"
	case e.Seq != r.Seq || e.Kind != r.Kind || e.Service != r.Service || e.Environment != r.Environment || !e.At.Equal(r.At) ||
		(r.Outcome == nil) != (e.outcome() == nil) || r.Outcome != nil && *r.Outcome != *e.outcome():
		return "a column says another thing than the record"
	}
	return ""
}

// checkHead compares the end of the log with the head that was written with it.
func checkHead(ctx context.Context, tx pgx.Tx, entries int64, hash []byte) (*gate.BrokenLink, error) {
	var seq int64
	var head []byte
	if err := tx.QueryRow(ctx, `SELECT seq, hash FROM gate_audit_head`).Scan(&seq, &head); err != nil {
		return nil, err
	}
	switch {
	case seq > entries:
		return &gate.BrokenLink{Seq: entries + 1, Problem: fmt.Sprintf("the entry is missing at the end; %d were written", seq)}, nil
	case seq < entries:
		return &gate.BrokenLink{Seq: seq + 1, Problem: fmt.Sprintf("the entry was added at the end; %d were written", seq)}, nil
	case !bytes.Equal(head, hash):
		return &gate.BrokenLink{Seq: entries, Problem: "the last entry is not the one that was written"}, nil
	}
	return nil, nil
}
