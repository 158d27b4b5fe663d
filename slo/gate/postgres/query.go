package postgres

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"plimsoll/slo/gate"
)

// Decisions returns decisions, newest first.
func (g *Gate) Decisions(ctx context.Context, f gate.Filter) ([]gate.Decision, error) {
	var decisions []gate.Decision
	err := g.entries(ctx, kindDecision, f, func(e entry) { decisions = append(decisions, *e.Decision) })
	return decisions, err
}

// Events returns what happened to freezes, newest first.
func (g *Gate) Events(ctx context.Context, f gate.Filter) ([]gate.Event, error) {
	var events []gate.Event
	err := g.entries(ctx, kindFreeze, f, func(e entry) { events = append(events, *e.Event) })
	return events, err
}

func (g *Gate) entries(ctx context.Context, kind string, f gate.Filter, each func(entry)) error {
	rows, err := g.cfg.Pool.Query(ctx, `SELECT record FROM gate_audit
		WHERE kind = @kind
		  AND (@service = '' OR service = @service)
		  AND (@environment = '' OR environment = @environment)
		  AND (@outcome = '' OR outcome = @outcome)
		  AND (@from::timestamptz IS NULL OR at >= @from)
		  AND (@to::timestamptz IS NULL OR at < @to)
		  AND (@before::bigint = 0 OR seq < @before)
		ORDER BY seq DESC
		LIMIT nullif(@limit::bigint, 0)`,
		pgx.NamedArgs{"kind": kind, "service": f.Service, "environment": f.Environment, "outcome": string(f.Outcome),
			"from": orNull(f.From), "to": orNull(f.To), "before": f.Before, "limit": f.Limit})
	if err != nil {
		return fmt.Errorf("read audit log: %w", err)
	}
	var record []byte
	_, err = pgx.ForEachRow(rows, []any{&record}, func() error {
		var e entry
		if err := json.Unmarshal(record, &e); err != nil {
			return fmt.Errorf("decode entry: %w", err)
		}
		each(e)
		return nil
	})
	if err != nil {
		return fmt.Errorf("read audit log: %w", err)
	}
	return nil
}

func orNull(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}
