package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"plimsoll/incidents"
	"plimsoll/slo"
)

// querier is a pool or a transaction.
type querier interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
}

// visible is [incidents.Incident.VisibleTo] in SQL, for the viewer whose System and Subject are $1 and $2. No member is
// without a name, so nobody is one.
const visible = `($1::boolean OR NOT private OR $2::text = ANY (members))`

// selectIncidents reads the columns that scanIncident expects, of visible incidents only.
const selectIncidents = `
	SELECT number, title, severity, state, services, objectives, source, coalesce(dedup_key, ''),
	       started_at, detected_at, declared_at, acknowledged_at, mitigated_at, resolved_at, closed_at, cancelled_at, merged_at,
	       coalesce(merged_into, 0), private, drill, members,
	       last_update, promised_update, reopened, entries, changed_at,
	       (SELECT coalesce(jsonb_object_agg(role, holder), '{}')
	          FROM incident_roles WHERE incident = r.number AND until IS NULL),
	       ARRAY(SELECT linked FROM incident_links WHERE incident = r.number ORDER BY linked),
	       (SELECT jsonb_agg(jsonb_build_object('number', number, 'kind', kind, 'text', text, 'owner', owner, 'due', due_at,
	               'done', done_at, 'by', by, 'moved', 'INC-' || moved) ORDER BY number)
	          FROM incident_tasks WHERE incident = r.number),
	       (SELECT jsonb_agg(jsonb_build_object('number', number, 'audience', audience, 'text', text, 'state', state, 'by', by,
	               'at', at, 'decidedBy', decided_by, 'decided', decided_at, 'sent',
	               (SELECT jsonb_agg(jsonb_build_object('to', to_whom, 'at', d.at, 'error', error) ORDER BY d.number)
	                  FROM incident_deliveries d WHERE d.incident = m.incident AND message = m.number)) ORDER BY number)
	          FROM incident_messages m WHERE incident = r.number)
	  FROM incident_records r WHERE ` + visible + ` AND `

// query reads incidents that are visible to v. The condition follows WHERE, and numbers its arguments from 3.
func query(ctx context.Context, q querier, v incidents.Viewer, condition string, args ...any) (pgx.Rows, error) {
	return q.Query(ctx, selectIncidents+condition, append([]any{v.System, v.Subject}, args...)...)
}

func scanIncident(row pgx.CollectableRow) (incidents.Incident, error) {
	var i incidents.Incident
	t := &i.Times
	err := row.Scan(&i.Ref, &i.Title, &i.Severity, &i.State, &i.Services, &i.Objectives, &i.Source, &i.DedupKey,
		instant{&t.Started}, instant{&t.Detected}, instant{&t.Declared}, instant{&t.Acknowledged},
		instant{&t.Mitigated}, instant{&t.Resolved}, instant{&t.Closed}, instant{&t.Cancelled}, instant{&t.Merged},
		&i.MergedInto, &i.Private, &i.Drill, &i.Members,
		instant{&i.LastUpdate}, instant{&i.PromisedUpdate}, &i.Reopened, &i.Entries, instant{&i.Changed},
		&i.Roles, &i.Links, &i.Tasks, &i.Messages)
	// JSON gives instants in the zone of the session.
	for n := range i.Tasks {
		i.Tasks[n].Due, i.Tasks[n].Done = i.Tasks[n].Due.UTC(), i.Tasks[n].Done.UTC()
	}
	for n := range i.Messages {
		m := &i.Messages[n]
		m.At, m.Decided = m.At.UTC(), m.Decided.UTC()
		for k := range m.Sent {
			m.Sent[k].At = m.Sent[k].At.UTC()
		}
	}
	return i, err
}

// arguments are the columns of an incident that a command may change, by name.
func arguments(i incidents.Incident) pgx.StrictNamedArgs {
	return pgx.StrictNamedArgs{
		"number": i.Ref, "title": i.Title, "severity": i.Severity, "state": i.State, "source": i.Source,
		"services": orEmpty(i.Services), "objectives": orEmpty(i.Objectives), "dedup_key": orNull(i.DedupKey),
		"started_at": known(i.Times.Started), "detected_at": i.Times.Detected, "declared_at": i.Times.Declared,
		"acknowledged_at": known(i.Times.Acknowledged), "mitigated_at": known(i.Times.Mitigated),
		"resolved_at": known(i.Times.Resolved), "closed_at": known(i.Times.Closed), "cancelled_at": known(i.Times.Cancelled),
		"merged_at": known(i.Times.Merged), "merged_into": orNoRef(i.MergedInto), "private": i.Private, "drill": i.Drill,
		"members":     orEmpty(i.Members),
		"last_update": known(i.LastUpdate), "promised_update": known(i.PromisedUpdate),
		"reopened": i.Reopened, "entries": i.Entries, "changed_at": i.Changed,
	}
}

func scanEntry(row pgx.CollectableRow) (incidents.TimelineEntry, error) {
	var e incidents.TimelineEntry
	var editedBy *string
	err := row.Scan(&e.Number, &e.Version, &e.Kind, instant{&e.At}, &e.By, &e.Text, &e.Field, &e.Was, &e.Became,
		&editedBy, instant{&e.EditedAt})
	if editedBy != nil {
		e.EditedBy = *editedBy
	}
	return e, err
}

// one reads one incident that is visible to v; [pgx.ErrNoRows] if there is none.
func one(ctx context.Context, q querier, v incidents.Viewer, condition string, args ...any) (incidents.Incident, error) {
	rows, err := query(ctx, q, v, condition, args...)
	if err != nil {
		return incidents.Incident{}, err
	}
	return pgx.CollectExactlyOneRow(rows, scanIncident)
}

// entries reads the latest versions of the entries numbered first to last, in order.
func entries(ctx context.Context, q querier, ref incidents.Ref, first, last int) ([]incidents.TimelineEntry, error) {
	rows, err := q.Query(ctx, `
		SELECT DISTINCT ON (number) number, version, kind, at, by, text, field, was, became, edited_by, edited_at
		  FROM incident_timeline WHERE incident = $1 AND number BETWEEN $2::bigint AND $3::bigint
		 ORDER BY number, version DESC`, ref, first, last)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, scanEntry)
}

// instant scans a timestamp in UTC, and an unknown one as the zero time.
type instant struct{ into *time.Time }

// Scan takes what pgx gives for a timestamptz.
func (i instant) Scan(src any) error {
	switch t := src.(type) {
	case nil:
		*i.into = time.Time{}
	case time.Time:
		*i.into = t.UTC()
	default:
		return fmt.Errorf("a timestamp came as %T", src)
	}
	return nil
}

// known makes the zero time unknown to the database.
func known(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

func orNull(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

func orNoRef(r incidents.Ref) *int64 {
	if r == 0 {
		return nil
	}
	n := int64(r)
	return &n
}

func orEmpty[T string | slo.Key](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}
