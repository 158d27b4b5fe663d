package controlplane

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/riverqueue/river"

	"plimsoll/alerts"
	alertspg "plimsoll/alerts/postgres"
	"plimsoll/incidents"
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

// alertIncidentWorker takes notices to the incident of their outage. Alerts and incidents do not know each other; they meet here.
type alertIncidentWorker struct {
	river.WorkerDefaults[alertspg.IncidentArgs]
	outages
}

// Work takes a notice to its incident once, however often the job runs:
//
//	its episode has one ──open, or ended although it fires──▶ that
//	     │ no, or it is back after the end
//	     ▼
//	one about the objective ──open──▶ that    ──resolved within the hour──▶ reopened
//	     │ no
//	     ▼
//	declared, with a link to what it has to do with
//
// That the alert is over is an entry, too: whether the incident is, people say.
func (w *alertIncidentWorker) Work(ctx context.Context, job *river.Job[alertspg.IncidentArgs]) error {
	n, err := alertspg.ReadNotice(ctx, w.pool, job.Args.Seq)
	if errors.Is(err, alertspg.ErrNoNotice) {
		return river.JobCancel(err)
	} else if err != nil {
		return err
	}
	return w.alone(ctx, func() error { return cancelIfInput(w.take(ctx, n)) })
}

// noticeID is the request that puts a notice on the timeline of its incident. It is the last one of a notice.
func noticeID(notice string) string { return "alert/" + notice }

func (w *alertIncidentWorker) take(ctx context.Context, n alerts.Notice) error {
	by := incidents.Caller{Subject: "alerts", RequestID: noticeID(n.ID), System: true}
	if _, _, done, err := w.went(ctx, by.RequestID); err != nil || done {
		return err
	}
	inc, merged, err := w.place(ctx, n, by)
	if err != nil {
		return err
	}
	text := n.Text()
	if r := []rune(text); len(r) > incidents.MaxText {
		text = string(r[:incidents.MaxText-1]) + "…"
	}
	if raises(n, inc) && !merged {
		raise := by
		raise.RequestID += "/severity"
		if _, _, err := w.store.Do(ctx, inc.Ref, incidents.SetSeverity{Severity: alertSeverities[n.Severity], Reason: n.Subject()}, raise); err != nil {
			return fmt.Errorf("raise the severity of %s: %w", inc.Ref, err)
		}
	}
	_, _, err = w.store.Do(ctx, inc.Ref, incidents.Happened{Kind: incidents.KindAlert, Text: text, Source: n.Group, At: n.At}, by)
	if err != nil {
		return fmt.Errorf("record the alert on %s: %w", inc.Ref, err)
	}
	return nil
}

// place returns the incident of a notice's outage, and whether it was merged since the episode went there.
func (w *alertIncidentWorker) place(ctx context.Context, n alerts.Notice, by incidents.Caller) (incidents.Incident, bool, error) {
	declare := incidentOf(n)
	before, merged, found, err := w.ofEpisode(ctx, n.Group, n.Episode)
	if err != nil || found && (before.State.Open() || n.Cause != alerts.Back) {
		return before, merged, err
	}
	if found { // one key is one incident
		declare.DedupKey += "/" + n.ID
	}
	inc, k, err := w.find(ctx, declare.Objectives, n.At)
	if err != nil {
		return inc, false, err
	}
	switch {
	case k == sameOutage, k == justEnded && len(n.Firing) == 0: // an end begins nothing anew
		inc, err = w.join(ctx, inc, n, by)
		return inc, false, err
	case k == justEnded:
		by.RequestID += "/reopen"
		reason := fmt.Sprintf("%s. It was resolved at %s.", n.Title(), inc.Times.Resolved.UTC().Format("15:04 UTC"))
		if inc, _, err = w.store.Do(ctx, inc.Ref, incidents.Reopen{Reason: reason}, by); err != nil {
			return inc, false, fmt.Errorf("reopen the incident: %w", err)
		}
		return inc, false, nil
	case k == stranger:
		inc = before
	}
	to := inc.Ref
	declares := by
	declares.RequestID += "/declare"
	if inc, _, err = w.store.Declare(ctx, declare, declares); err != nil {
		return inc, false, fmt.Errorf("declare incident: %w", err)
	}
	if to != 0 {
		err = w.link(ctx, inc.Ref, to, by)
	}
	return inc, false, err
}

// join says on the timeline of an incident why the alerts of another episode are there, and what else is affected.
func (w *alertIncidentWorker) join(ctx context.Context, inc incidents.Incident, n alerts.Notice, by incidents.Caller) (incidents.Incident, error) {
	id := by.RequestID
	by.RequestID = id + "/joins"
	text := fmt.Sprintf("The alerts of %s are a part of this, which is about the same objective.", n.Group)
	inc, _, err := w.store.Do(ctx, inc.Ref, incidents.Happened{Kind: incidents.KindAlert, Text: text, Source: n.Group, At: n.At}, by)
	if err != nil {
		return inc, fmt.Errorf("join %s: %w", inc.Ref, err)
	}
	if !inc.State.Open() {
		return inc, nil
	}
	more := slices.DeleteFunc(slices.Clone(incidentOf(n).Objectives), func(k slo.Key) bool { return slices.Contains(inc.Objectives, k) })
	if len(more) == 0 {
		return inc, nil
	}
	by.RequestID = id + "/impact"
	if inc, _, err = w.store.Do(ctx, inc.Ref, incidents.Impact{Objectives: more}, by); err != nil {
		return inc, fmt.Errorf("add what %s affects: %w", inc.Ref, err)
	}
	return inc, nil
}

// over reports whether people have said of an episode, of which a notice was told at an instant, that it is over: its incident is, or was mitigated since.
// What is back is told then, and the incident reopened if need be; so each word of theirs is worth one more notice and no more.
func (o outages) over(ctx context.Context, group, episode string, told time.Time) (bool, error) {
	inc, _, ok, err := o.ofEpisode(ctx, group, episode)
	if err != nil || !ok {
		return false, err
	}
	return !inc.State.Open() || inc.State == incidents.Mitigated && inc.Times.Mitigated.After(told), nil
}

// ofEpisode returns the incident that an episode of a group of alerts went to last, and whether it was merged since; false if it went to none.
func (o outages) ofEpisode(ctx context.Context, group, episode string) (inc incidents.Incident, merged, ok bool, err error) {
	ids, err := alertspg.ReadEpisode(ctx, o.pool, group, episode)
	if err != nil {
		return inc, false, false, err
	}
	for _, id := range ids {
		if inc, merged, ok, err = o.went(ctx, noticeID(id)); err != nil || ok {
			return inc, merged, ok, err
		}
	}
	return inc, false, false, nil
}

// raises reports whether a notice makes its incident more severe: a page that joins tickets, or that is heard of after them. What is told again
// raises nothing, for people may have lowered the severity since.
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
