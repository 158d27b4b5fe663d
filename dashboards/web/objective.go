package web

import (
	"fmt"
	"html/template"
	"net/http"
	"net/url"
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
}

// downSteps of a burn-down on its own page: 6 hours each for a window of 30 days.
const downSteps = 120

func (w *Web) objective(rw http.ResponseWriter, r *http.Request) {
	now := w.cfg.Now()
	key, err := url.PathUnescape(chi.URLParam(r, "*"))
	status, ok := w.cfg.Ledger.Status(slo.Key(key), now)
	reader, readable := w.cfg.Ledger.Reader(slo.Key(key))
	if err != nil || !ok || !readable {
		w.notFound(rw, r, fmt.Sprintf("There is no objective %q. It may have been renamed in its file.", key))
		return
	}
	ctx, cancel := beside(r.Context())
	defer cancel()
	freezes, err := w.freezes(ctx, now)
	forecast, _ := w.cfg.Ledger.Forecast(status.Objective.Key, now)
	points := slo.BurnDown(status, reader, downSteps)
	v := objective{
		row:         row{status, w.cfg.Ledger},
		Freezes:     freezes[status.Objective.Service],
		BurnDown:    chart.BurnDown(status, points),
		Points:      every(points, 4),
		Forecast:    forecastText(status, forecast),
		Explanation: slo.Explain(status, reader, forecast),
	}
	w.render(rw, r, http.StatusOK, "objective", page{Title: status.Objective.DisplayName, Nav: "overview", Notices: w.missing(r, err), Body: v})
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

func forecastText(s slo.Status, f slo.Forecast) string {
	when := func(t *time.Time) string {
		return fmt.Sprintf("in %s, on %s", slo.FormatSpan(t.Sub(s.At)), t.UTC().Format("2 Jan at 15:04 UTC"))
	}
	window := s.Objective.Window.String()
	switch {
	case !s.HasData():
		return "There is nothing to forecast from yet."
	case !s.Budget.Spent && f.ExhaustedAt != nil:
		return "If the last hour goes on, the budget is spent " + when(f.ExhaustedAt) + "."
	case !s.Budget.Spent:
		return "If the last hour goes on, the budget lasts for the next " + window + "."
	case f.RecoversAtPresentRate != nil:
		return "If the last hour goes on, the budget is back " + when(f.RecoversAtPresentRate) + "."
	case f.RecoversAt != nil:
		return "The budget is back " + when(f.RecoversAt) + " if no more errors come. If the last hour goes on, it is not back within " + window + "."
	default:
		return "The budget is not back within " + window + "."
	}
}
