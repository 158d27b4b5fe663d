package postgres

import (
	"context"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"

	"plimsoll/incidents"
)

// insert writes a new incident; false if its deduplication key is taken.
func insert(ctx context.Context, tx pgx.Tx, i incidents.Incident) (bool, error) {
	tag, err := tx.Exec(ctx, `
		INSERT INTO incident_records (number, title, severity, state, services, objectives, source, dedup_key,
		       started_at, detected_at, declared_at, acknowledged_at, mitigated_at, resolved_at, closed_at, cancelled_at, merged_at,
		       merged_into, private, drill, members, last_update, promised_update, reopened, entries, changed_at)
		VALUES (@number, @title, @severity, @state, @services, @objectives, @source, @dedup_key,
		       @started_at, @detected_at, @declared_at, @acknowledged_at, @mitigated_at, @resolved_at, @closed_at, @cancelled_at, @merged_at,
		       @merged_into, @private, @drill, @members, @last_update, @promised_update, @reopened, @entries, @changed_at)
		ON CONFLICT ON CONSTRAINT incident_records_dedup_key DO NOTHING`, arguments(i))
	return tag.RowsAffected() == 1, err
}

// write keeps what a command made of an incident.
func (s *Store) write(ctx context.Context, tx pgx.Tx, was, i incidents.Incident, made []incidents.TimelineEntry) error {
	if err := update(ctx, tx, i); err != nil {
		return err
	}
	if err := handOver(ctx, tx, i.Ref, made); err != nil {
		return err
	}
	if err := writeTasks(ctx, tx, was, i); err != nil {
		return err
	}
	if err := writeMessages(ctx, tx, was, i); err != nil {
		return err
	}
	for _, linked := range i.Links {
		if slices.Contains(was.Links, linked) {
			continue
		}
		if _, err := tx.Exec(ctx, `INSERT INTO incident_links (incident, linked) VALUES ($1, $2)`, i.Ref, linked); err != nil {
			return fmt.Errorf("link: %w", err)
		}
	}
	if err := appendEntries(ctx, tx, i.Ref, made); err != nil {
		return err
	}
	return s.changed(ctx, tx, i)
}

func update(ctx context.Context, tx pgx.Tx, i incidents.Incident) error {
	_, err := tx.Exec(ctx, `
		UPDATE incident_records SET title = @title, severity = @severity, state = @state, services = @services,
		       objectives = @objectives, source = @source, dedup_key = @dedup_key, started_at = @started_at,
		       detected_at = @detected_at, declared_at = @declared_at, acknowledged_at = @acknowledged_at,
		       mitigated_at = @mitigated_at, resolved_at = @resolved_at, closed_at = @closed_at, cancelled_at = @cancelled_at,
		       merged_at = @merged_at, merged_into = @merged_into, private = @private, drill = @drill, members = @members,
		       last_update = @last_update, promised_update = @promised_update, reopened = @reopened, entries = @entries,
		       changed_at = @changed_at
		 WHERE number = @number`, arguments(i))
	return err
}

// searched is how much of what an incident says is searched, in characters: a tsvector holds 1 MiB, and what does not fit into it
// must not keep anybody from resolving the incident.
const searched = 100_000

// appendEntries puts entries on the timeline, and what they say into the document that is searched.
func appendEntries(ctx context.Context, tx pgx.Tx, ref incidents.Ref, made []incidents.TimelineEntry) error {
	for _, e := range made {
		if _, err := tx.Exec(ctx, `
			INSERT INTO incident_timeline (incident, number, version, kind, at, by, text, field, was, became, edited_by, edited_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`, ref, e.Number, e.Version, e.Kind, e.At, e.By,
			e.Text, e.Field, e.Was, e.Became, orNull(e.EditedBy), known(e.EditedAt)); err != nil {
			return fmt.Errorf("append to the timeline: %w", err)
		}
	}
	_, err := tx.Exec(ctx, `
		UPDATE incident_records r SET document = to_tsvector('english', left(concat_ws(' ', title, array_to_string(services, ' '),
		       (SELECT string_agg(text, ' ' ORDER BY number) FROM (
		           SELECT DISTINCT ON (number) number, text FROM incident_timeline WHERE incident = r.number
		            ORDER BY number, version DESC) latest)), $2))
		 WHERE number = $1`, ref, searched)
	if err != nil {
		return fmt.Errorf("index the texts: %w", err)
	}
	return nil
}

// handOver ends the terms of those who gave a role away and begins those of the new holders.
func handOver(ctx context.Context, tx pgx.Tx, ref incidents.Ref, made []incidents.TimelineEntry) error {
	for _, e := range made {
		if e.Kind != incidents.KindAssigned {
			continue
		}
		if _, err := tx.Exec(ctx, `UPDATE incident_roles SET until = $3 WHERE incident = $1 AND role = $2 AND until IS NULL`,
			ref, e.Field, e.At); err != nil {
			return fmt.Errorf("end the term of the last holder: %w", err)
		}
		if _, err := tx.Exec(ctx, `INSERT INTO incident_roles (incident, role, holder, since) VALUES ($1, $2, $3, $4)`,
			ref, e.Field, e.Became, e.At); err != nil {
			return fmt.Errorf("begin the term of the holder: %w", err)
		}
	}
	return nil
}

// writeTasks keeps the tasks that a command added, finished or moved.
func writeTasks(ctx context.Context, tx pgx.Tx, was, i incidents.Incident) error {
	for _, t := range i.Tasks {
		if slices.Contains(was.Tasks, t) {
			continue
		}
		if _, err := tx.Exec(ctx, `
			INSERT INTO incident_tasks (incident, number, kind, text, owner, due_at, done_at, by, moved)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
			ON CONFLICT (incident, number) DO UPDATE SET done_at = excluded.done_at, moved = excluded.moved`,
			i.Ref, t.Number, t.Kind, t.Text, t.Owner, known(t.Due), known(t.Done), t.By, orNoRef(t.Moved)); err != nil {
			return fmt.Errorf("write task %d: %w", t.Number, err)
		}
	}
	return nil
}

// writeMessages keeps the messages that a command wrote or decided, and the new attempts to deliver them.
func writeMessages(ctx context.Context, tx pgx.Tx, was, i incidents.Incident) error {
	for n, m := range i.Messages {
		var before incidents.Message
		if n < len(was.Messages) {
			before = was.Messages[n]
		}
		if before.State != m.State {
			if _, err := tx.Exec(ctx, `
				INSERT INTO incident_messages (incident, number, audience, text, state, by, at, decided_by, decided_at)
				VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
				ON CONFLICT (incident, number) DO UPDATE
				   SET state = excluded.state, decided_by = excluded.decided_by, decided_at = excluded.decided_at`,
				i.Ref, m.Number, m.Audience, m.Text, m.State, m.By, m.At, orNull(m.DecidedBy), known(m.Decided)); err != nil {
				return fmt.Errorf("write message %d: %w", m.Number, err)
			}
		}
		for k := len(before.Sent); k < len(m.Sent); k++ {
			d := m.Sent[k]
			if _, err := tx.Exec(ctx, `
				INSERT INTO incident_deliveries (incident, message, number, to_whom, at, error) VALUES ($1, $2, $3, $4, $5, $6)`,
				i.Ref, m.Number, k+1, d.To, d.At, d.Error); err != nil {
				return fmt.Errorf("write delivery %d of message %d: %w", k+1, m.Number, err)
			}
		}
	}
	return nil
}
