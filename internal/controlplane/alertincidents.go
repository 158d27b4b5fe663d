package controlplane

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"

	"plimsoll/alerts"
	alertspg "plimsoll/alerts/postgres"
	"plimsoll/incidents"
	incidentspg "plimsoll/incidents/postgres"
	"plimsoll/slo"
)

// The values of alerts.declare.
const (
	declarePage   = "page"
	declareTicket = "ticket"
	declareOff    = "off"
)

// declares returns how urgent an alert must be to declare an incident; empty if none does.
func (c AlertsConfig) declares() (alerts.Severity, error) {
	switch value := cmp.Or(c.Declare, declarePage); value {
	case declarePage, declareTicket:
		return alerts.Severity(value), nil
	case declareOff:
		return "", nil
	default:
		return "", fmt.Errorf("alerts.declare: %q is not %s, %s or %s", value, declarePage, declareTicket, declareOff)
	}
}

// alertSeverities are those of the incidents that alerts declare, the same as of an Alertmanager's.
var alertSeverities = map[alerts.Severity]incidents.Severity{alerts.Page: 2, alerts.Ticket: 4}

// alertIncidentWorker takes notices to the incident of their episode. Alerts and incidents do not know each other; they meet here.
type alertIncidentWorker struct {
	river.WorkerDefaults[alertspg.IncidentArgs]
	pool  *pgxpool.Pool
	store *incidentspg.Store
}

// Work declares the incident of an episode once, whichever of its notices comes first and however often the job runs, and puts the notice on
// the timeline. That the alert is over is an entry, too: whether the incident is, people say.
func (w *alertIncidentWorker) Work(ctx context.Context, job *river.Job[alertspg.IncidentArgs]) error {
	n, err := alertspg.ReadNotice(ctx, w.pool, job.Args.Seq)
	if errors.Is(err, alertspg.ErrNoNotice) {
		return river.JobCancel(err)
	} else if err != nil {
		return err
	}
	by := incidents.Caller{Subject: "alerts", RequestID: "alert/" + n.ID, System: true}
	declares := by
	declares.RequestID += "/declare"
	inc, _, err := w.store.Declare(ctx, incidentOf(n), declares)
	if err != nil {
		return cancelIfInput(fmt.Errorf("declare incident: %w", err))
	}
	declared := inc.Ref
	if inc, err = whole(ctx, w.store, incidents.Viewer{System: true}, inc.Ref); err != nil {
		return err
	}
	ref := inc.Ref
	text := n.Text()
	if r := []rune(text); len(r) > incidents.MaxText {
		text = string(r[:incidents.MaxText-1]) + "…"
	}
	_, _, err = w.store.Do(ctx, ref, incidents.Happened{Kind: incidents.KindAlert, Text: text, Source: n.Group, At: n.At}, by)
	if err != nil {
		return cancelIfInput(fmt.Errorf("record the alert on %s: %w", ref, err))
	}
	if ref != declared || !raises(n, inc) {
		return nil
	}
	by.RequestID += "/severity"
	if _, _, err = w.store.Do(ctx, ref, incidents.SetSeverity{Severity: alertSeverities[n.Severity]}, by); err != nil {
		return cancelIfInput(fmt.Errorf("raise the severity of %s: %w", ref, err))
	}
	return nil
}

// raises reports whether a notice makes the incident of its episode more severe: a page that joins tickets, or that is heard of after them. What is
// told again raises nothing, for people may have lowered the severity since.
func raises(n alerts.Notice, inc incidents.Incident) bool {
	begins := n.Cause == alerts.First || n.Cause == alerts.Urgent
	return begins && inc.State.Open() && inc.Severity.Set() && alertSeverities[n.Severity] < inc.Severity
}

// incidentOf is the incident that a notice declares if its episode has none yet.
func incidentOf(n alerts.Notice) incidents.Declare {
	d := incidents.Declare{
		Title: n.Subject(), Severity: alertSeverities[n.Severity], Services: []string{n.Service}, Detected: n.At,
		Source: incidents.SourceAlert, DedupKey: "alert/" + n.Episode,
	}
	var keys []slo.Key
	var began time.Time
	for _, e := range slices.Concat(n.Firing, n.Ended) {
		keys = append(keys, e.Objective)
		if began.IsZero() || e.Fired.Before(began) {
			began = e.Fired
		}
	}
	slices.Sort(keys)
	d.Objectives, d.Started = slices.Compact(keys), began
	return d
}
