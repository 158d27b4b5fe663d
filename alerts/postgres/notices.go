package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"plimsoll/alerts"
	"plimsoll/slo"
)

// tell enqueues a notice for every group of which one is due. The alerts are sorted.
func (e *Engine) tell(ctx context.Context, tx pgx.Tx, all []alerts.Alert, told map[string]alerts.Told, statuses map[slo.Key]slo.Status, at time.Time) error {
	groups := map[string][]alerts.Alert{}
	for name := range told {
		groups[name] = nil
	}
	for _, a := range all {
		name := a.ID().Group()
		groups[name] = append(groups[name], a)
	}
	for name, group := range groups {
		last, cadence := told[name].Watch(len(alerts.Summary(group, at).Firing) > 0, at), e.cadence
		if last.Forgotten(at, cadence) {
			last = alerts.Told{}
		}
		if _, alone := alerts.GroupID(name); alone {
			cadence.Gather = 0 // nothing joins it
		}
		cause, ok := alerts.Due(group, last, at, cadence)
		if !ok {
			if !last.Quiet.Equal(told[name].Quiet) || last.Episode != told[name].Episode {
				if err := saveGroup(ctx, tx, name, last); err != nil {
					return fmt.Errorf("save what was told of %s: %w", name, err)
				}
			}
			continue
		}
		d := due{name: name, cause: cause, group: group, now: alerts.Summary(group, at), last: last}
		if err := e.enqueue(ctx, tx, d, statuses, at); err != nil {
			return fmt.Errorf("enqueue notice about %s: %w", name, err)
		}
	}
	return nil
}

// enqueue writes a notice down, with the jobs that tell it. What a policy asks not to be told of only counts as told.
func (e *Engine) enqueue(ctx context.Context, tx pgx.Tx, d due, statuses map[slo.Key]slo.Status, at time.Time) error {
	if p, ok := policyOf(d.name, statuses); ok && !alerts.PolicyTells(p, d.cause, d.group) {
		return saveGroup(ctx, tx, d.name, d.last.Next(d.now, d.cause, ""))
	}
	var seq int64
	var id string
	if err := tx.QueryRow(ctx, `INSERT INTO alerts_notices (name, at, body) VALUES ($1, $2, '{}') RETURNING seq, id::text`, d.name, at).Scan(&seq, &id); err != nil {
		return err
	}
	n := alerts.Compose(id, d.name, d.cause, d.group, d.last, statuses, at, e.cfg.PublicURL)
	to, err := e.receivers(ctx, tx, d, statuses)
	if err != nil {
		return fmt.Errorf("find who is told: %w", err)
	}
	if _, err := tx.Exec(ctx, `UPDATE alerts_notices SET body = $2, receivers = $3 WHERE seq = $1`, seq, n, to); err != nil {
		return err
	}
	next := d.last.Next(d.now, d.cause, id)
	if err := saveGroup(ctx, tx, d.name, next); err != nil || e.cfg.Jobs == nil {
		return err
	}
	for _, receiver := range to {
		if _, err := e.cfg.Jobs.InsertTx(ctx, tx, NoticeArgs{Seq: seq, Receiver: receiver}, nil); err != nil {
			return err
		}
	}
	if next.Episode == "" || !e.declares(next.Worst) { // of what was not told while it fired, an incident comes too late
		return nil
	}
	_, err = e.cfg.Jobs.InsertTx(ctx, tx, IncidentArgs{Seq: seq}, nil)
	return err
}

// over returns the groups of which nothing fires and whose end is held back although people have said that it is over, with their episodes. It is asked
// before the transaction, for those who answer have connections of their own.
func (e *Engine) over(ctx context.Context) (map[string]string, error) {
	if e.cfg.Over == nil {
		return nil, nil
	}
	rows, err := e.cfg.Pool.Query(ctx, `SELECT name, episode, told_at FROM alerts_groups WHERE quiet IS NOT NULL AND firing <> '[]'`)
	if err != nil {
		return nil, fmt.Errorf("read whose end is held back: %w", err)
	}
	type held struct {
		Group, Episode string
		Told           time.Time
	}
	all, err := pgx.CollectRows(rows, pgx.RowToStructByPos[held])
	if err != nil {
		return nil, fmt.Errorf("read whose end is held back: %w", err)
	}
	episodes := map[string]string{}
	for _, h := range all {
		switch over, err := e.cfg.Over(ctx, h.Group, h.Episode, h.Told); {
		case err != nil:
			e.cfg.Logger.WarnContext(ctx, "whether people say that an outage is over", "group", h.Group, "err", err)
		case over:
			episodes[h.Group] = h.Episode
		}
	}
	return episodes, nil
}

func loadGroups(ctx context.Context, tx pgx.Tx) (map[string]alerts.Told, error) {
	rows, err := tx.Query(ctx, `SELECT name, told_at, firing, urgent, episode, worst, quiet, returns FROM alerts_groups`)
	if err != nil {
		return nil, err
	}
	told := map[string]alerts.Told{}
	var name string
	var quiet *time.Time
	var t alerts.Told
	_, err = pgx.ForEachRow(rows, []any{&name, &t.At, &t.Firing, &t.Urgent, &t.Episode, &t.Worst, &quiet, &t.Returns}, func() error {
		t.Quiet = orZero(quiet)
		told[name] = t
		t.Firing = nil
		return nil
	})
	return told, err
}

// saveGroup writes down what was told of a group; nothing is kept of one whose episode is forgotten.
func saveGroup(ctx context.Context, tx pgx.Tx, name string, t alerts.Told) error {
	if len(t.Firing) == 0 && t.Episode == "" {
		_, err := tx.Exec(ctx, `DELETE FROM alerts_groups WHERE name = $1`, name)
		return err
	}
	_, err := tx.Exec(ctx, `INSERT INTO alerts_groups (name, told_at, firing, urgent, episode, worst, quiet, returns) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
		ON CONFLICT (name) DO UPDATE SET told_at = excluded.told_at, firing = excluded.firing, urgent = excluded.urgent,
			episode = excluded.episode, worst = excluded.worst, quiet = excluded.quiet, returns = excluded.returns`,
		name, t.At, append([]alerts.ID{}, t.Firing...), t.Urgent, t.Episode, t.Worst, orNull(t.Quiet), t.Returns)
	return err
}

// Notices returns the newest notices, at most limit, the newest first; of one service if it is named, with those about its policies.
func (e *Engine) Notices(ctx context.Context, service string, limit int) ([]alerts.Notice, error) {
	rows, err := e.cfg.Pool.Query(ctx, `SELECT body FROM alerts_notices WHERE $1 = '' OR split_part(name, '/', 1) = $1
		ORDER BY seq DESC LIMIT $2`, service, limit)
	if err != nil {
		return nil, fmt.Errorf("read notices: %w", err)
	}
	return pgx.CollectRows(rows, pgx.RowTo[alerts.Notice])
}
