package web

import (
	"cmp"
	"context"
	"fmt"
	"hash"
	"net/http"
	"strings"
	"time"

	"plimsoll/alerts"
	"plimsoll/slo"
)

// alertStore is where alerts are kept; [plimsoll/alerts/postgres.Engine] is one.
type alertStore interface {
	All(ctx context.Context) ([]alerts.Alert, error)
	Notices(ctx context.Context, service string, limit int) ([]alerts.Notice, error)
}

// newestNotices is how many of the last notices the page of alerts shows.
const newestNotices = 10

// alertList is the body of the page "/alerts".
type alertList struct {
	Headline string
	Sections []alertSection
	Never    []alertRow // which can never fire
	Quiet    int        // how many others there are
	Notices  []alerts.Notice
	Letters  []alerts.DeadLetter // what was given up
}

// alertSection are the alerts in one state.
type alertSection struct {
	Title string
	Rows  []alertRow
}

// alertRow is an alert with the objective that it is of.
type alertRow struct {
	alerts.Alert
	Name string // of the objective, for people
	Now  time.Time
}

// URL is the page of the objective.
func (a alertRow) URL() string { return "/objectives/" + string(a.Objective) }

// For is how long it has been in its state.
func (a alertRow) For() time.Duration { return a.Now.Sub(a.Since) }

// Kind says what kind of alert it is, in words.
func (a alertRow) Kind() string {
	if name := a.ID().Policy(); name != "" {
		return "policy " + name
	}
	return strings.ReplaceAll(a.Tier, "_", " ")
}

// Says is what is said of it now: the burn rates and where it begins, or what is wrong with the data.
func (a alertRow) Says() string {
	v := a.Verdict
	switch {
	case v.Detail != "":
		return v.Detail
	case v.Condition != "":
		return fmt.Sprintf("%s now; begins at a %s", slo.FormatRate(v.Long.Rate), v.Condition)
	case v.Factor > 0:
		return fmt.Sprintf("%s over %s, %s over %s; begins at %.4g×", slo.FormatRate(v.Long.Rate), slo.ShortDuration(v.Long.Lookback),
			slo.FormatRate(v.Short.Rate), slo.ShortDuration(v.Short.Lookback), v.Factor)
	}
	return string(v.Reason)
}

// Pages reports whether it wakes somebody.
func (a alertRow) Pages() bool { return a.Verdict.Tier.Severity == alerts.Page }

// alerts shows what fires, what may, and what was told.
func (w *Web) alerts(rw http.ResponseWriter, r *http.Request) {
	v := alertList{Headline: "Alerts are not evaluated here"}
	if w.cfg.Alerts != nil {
		if err := w.listAlerts(r.Context(), &v); err != nil {
			w.unavailable(rw, r, err)
			return
		}
	}
	w.render(rw, r, http.StatusOK, "alerts", page{Title: "Alerts", Nav: "alerts", Body: v})
}

func (w *Web) listAlerts(ctx context.Context, v *alertList) error {
	all, err := w.cfg.Alerts.All(ctx)
	if err != nil {
		return err
	}
	now := w.cfg.Now()
	names := map[slo.Key]string{}
	for _, s := range w.cfg.Ledger.Statuses(now) {
		names[s.Objective.Key] = s.Objective.DisplayName
	}
	in := map[alerts.State][]alertRow{}
	for _, a := range all {
		row := alertRow{a, cmp.Or(names[a.Objective], string(a.Objective)), now}
		switch {
		case a.State != alerts.Inactive:
			in[a.State] = append(in[a.State], row)
		case a.Verdict.Reason == alerts.Unreachable:
			v.Never = append(v.Never, row)
		default:
			v.Quiet++
		}
	}
	for _, s := range []struct {
		state alerts.State
		title string
	}{{alerts.Firing, "Firing"}, {alerts.Pending, "Pending"}, {alerts.Resolved, "Just over"}} {
		if rows := in[s.state]; len(rows) > 0 {
			v.Sections = append(v.Sections, alertSection{s.title, rows})
		}
	}
	v.Headline = alertHeadline(in)
	if v.Notices, err = w.cfg.Alerts.Notices(ctx, "", newestNotices); err != nil {
		return err
	}
	if w.cfg.DeadLetters != nil {
		v.Letters, err = w.cfg.DeadLetters(ctx)
	}
	return err
}

// alertHeadline says what needs a person first.
func alertHeadline(in map[alerts.State][]alertRow) string {
	pages, tickets := 0, 0
	for _, a := range in[alerts.Firing] {
		if a.Pages() {
			pages++
		} else {
			tickets++
		}
	}
	var parts []string
	for _, n := range []struct {
		n    int
		what string
	}{{pages, "page"}, {tickets, "ticket"}} {
		if n.n > 0 {
			parts = append(parts, plural(n.n, n.what))
		}
	}
	switch firing := strings.Join(parts, " and "); {
	case pages+tickets == 1:
		return firing + " fires"
	case firing != "":
		return firing + " fire"
	case len(in[alerts.Pending]) > 0:
		return "No alert fires yet"
	}
	return "No alert fires"
}

// fingerprintAlerts adds what the pages show of alerts and sources.
func (w *Web) fingerprintAlerts(ctx context.Context, h hash.Hash) {
	if w.cfg.Alerts != nil {
		all, err := w.cfg.Alerts.All(ctx)
		fmt.Fprint(h, err)
		for _, a := range all {
			fmt.Fprint(h, a.Objective, a.Tier, a.State, a.Since.Unix(), a.Verdict.Reason)
		}
	}
	if w.cfg.DeadLetters != nil {
		letters, err := w.cfg.DeadLetters(ctx)
		fmt.Fprint(h, len(letters), err)
	}
	if w.cfg.Sources != nil {
		s := w.cfg.Sources()
		fmt.Fprint(h, s.Elsewhere, len(s.Problems), len(s.Notes))
		for _, one := range s.List {
			fmt.Fprint(h, one.Kind, one.Name, one.Where, one.Health, one.Error)
		}
	}
}
