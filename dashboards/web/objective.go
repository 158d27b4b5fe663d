package web

import (
	"context"
	"errors"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/go-chi/chi/v5"

	"plimsoll/dashboards/chart"
	"plimsoll/slo"
)

// objective is the body of the page of one objective.
type objective struct {
	row
	Freezes     []freeze
	BurnDown    template.HTML
	Points      []slo.Point
	Forecast    string
	Explanation slo.Explanation
	Children    []row
	Spends      []slo.Spend // by cause
	Spells      []slo.Spell
	Others      int // spells beside those
}

// mostSpells bounds the spells that are listed.
const mostSpells = 10

// downSteps of a burn-down on its own page: 6 hours each for a window of 30 days.
const downSteps = 120

func (w *Web) objective(rw http.ResponseWriter, r *http.Request) {
	now := w.cfg.Now()
	path, err := url.PathUnescape(chi.URLParam(r, "*"))
	key := slo.Key(path + r.FormValue("group"))
	status, ok := w.cfg.Ledger.Status(key, now)
	reader, readable := w.cfg.Ledger.ReaderAt(key, now)
	if err != nil || !ok || !readable {
		w.notFound(rw, r, fmt.Sprintf("There is no objective %q. It may have been renamed in its file.", key))
		return
	}
	ctx, cancel := beside(r.Context())
	defer cancel()
	freezes, err := w.freezes(ctx, now)
	forecast, _ := w.cfg.Ledger.Forecast(key, now, slo.AsMeasured)
	v := objective{
		row:         row{status, w.cfg.Ledger},
		Freezes:     freezes[status.Objective.Service],
		Forecast:    forecast.Describe(status),
		Explanation: slo.Explain(status, reader, forecast),
	}
	for _, child := range w.cfg.Ledger.Children(key) {
		if s, ok := w.cfg.Ledger.Status(child.Key, now); ok {
			v.Children = append(v.Children, row{s, w.cfg.Ledger})
		}
	}
	slices.SortStableFunc(v.Children, func(a, b row) int { return worse(a.Status, b.Status) })
	if status.Objective.Method != slo.Composite {
		points := slo.BurnDown(status, reader, downSteps)
		v.BurnDown, v.Points = chart.BurnDown(status, points), every(points, 4)
	}
	err = errors.Join(err, w.attribute(ctx, &v, reader))
	w.render(rw, r, http.StatusOK, "objective", page{Title: status.Objective.DisplayName, Nav: "overview", Notices: w.missing(r, err), Body: v})
}

// attribute adds what spent the budget.
func (w *Web) attribute(ctx context.Context, v *objective, reader slo.Reader) error {
	a, err := slo.AttributeWith(v.Status, reader, func(o *slo.Objective, from, until time.Time) ([]slo.Cause, error) {
		if w.cfg.Causes == nil {
			return nil, nil
		}
		return w.cfg.Causes(ctx, o, from, until)
	})
	v.Spends, v.Spells = a.Causes, a.Largest(mostSpells)
	v.Others = len(a.Spells) - len(v.Spells)
	v.Explanation.Attribute(v.Status, a)
	return err
}

// every thins points to each nth, the last one included.
func every(points []slo.Point, n int) []slo.Point {
	var out []slo.Point
	for i := 0; i < len(points); i += n {
		out = append(out, points[i])
	}
	return out
}

// Events of a lookback as the burn table shows them.
func (objective) Lookback(b slo.Burn) string { return slo.ShortDuration(b.Lookback) }

// Title is the name for people; Service and key stand beside it.
func (o objective) Title() string { return o.Objective.DisplayName }

// Description as paragraphs run together.
func (o objective) Description() string { return strings.TrimSpace(o.Objective.Description) }

// Heard is how long ago the source was last heard; negative if never.
func (o objective) Heard() time.Duration {
	if o.LastSample.IsZero() {
		return -1
	}
	return max(0, o.At.Sub(o.LastSample))
}

// Measure is what the counts stand for.
func (o objective) Measure() slo.Measure { return o.Objective.Measure() }

// Part is a component as a row.
func (o objective) Part(p slo.Part) row { return row{p.Status, o.ledger} }

// Cause names a cause and where its page is, if it has one.
func (objective) CauseURL(s slo.Spend) string {
	if s.Kind == slo.ByIncident {
		return "/incidents/" + s.Ref
	}
	return ""
}

// During writes when a spell was.
func (objective) During(s slo.Spell) string {
	from, until := s.From.Time(), (s.To + 1).Time()
	return from.Format("2 Jan 15:04") + ", " + slo.FormatSpan(until.Sub(from))
}

// Gap says what minutes without data mean for a use.
func (o objective) Gap(g slo.GapFigures) string {
	switch {
	case g.Hold != "":
		return fmt.Sprintf("%s: %s; waiting, for %s", g.Use, g.Policy, g.Hold)
	case g.Estimated:
		return fmt.Sprintf("%s: %s; %s minutes, for which %s %s are estimated, leave %s of the budget", g.Use, g.Policy,
			slo.FormatCount(g.Minutes), slo.FormatAmount(g.Added), o.Explanation.Unit, slo.FormatPercent(g.Remaining))
	}
	return fmt.Sprintf("%s: %s", g.Use, g.Policy)
}
