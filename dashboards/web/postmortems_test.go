package web_test

import (
	"context"
	"log/slog"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"plimsoll/dashboards/web"
	"plimsoll/incidents"
	"plimsoll/incidents/postmortem"
	"plimsoll/incidents/risk"
	"plimsoll/internal/httpapi"
)

// library holds the postmortem of INC-7.
type library struct{ postmortem.Record }

func (l library) Get(_ context.Context, _ incidents.Viewer, ref incidents.Ref) (postmortem.Record, error) {
	if ref != l.Incident {
		return postmortem.Record{}, postmortem.ErrNotFound
	}
	return l.Record, nil
}

func (l library) List(context.Context, incidents.Viewer, postmortem.Filter) ([]postmortem.Record, error) {
	return []postmortem.Record{l.Record}, nil
}

func (l library) Items(context.Context, incidents.Viewer, postmortem.ItemFilter) ([]postmortem.ActionItem, error) {
	return l.Record.Items, nil
}

// register holds one risk.
type register struct{ risk.Item }

func (r register) List(context.Context, risk.Filter) ([]risk.Item, error) {
	return []risk.Item{r.Item}, nil
}

func (r register) Get(_ context.Context, ref risk.Ref) (risk.Item, error) {
	if ref != r.Ref {
		return risk.Item{}, risk.ErrNotFound
	}
	return r.Item, nil
}

func (r register) History(context.Context, risk.Ref) ([]risk.Entry, error) {
	return []risk.Entry{{Version: 1, At: now, By: "ada", Reason: "<it> broke twice", Changes: []risk.FieldChange{{Field: "title", Became: r.Title}}}}, nil
}

// shelved are the postmortem of INC-7 and a risk.
func shelved() (library, register) {
	item := postmortem.ActionItem{ID: 3, Incident: 7, Kind: postmortem.ItemKinds()[0], Text: "Limit <the> pool", Owner: "grace", Priority: 1, State: postmortem.ItemOpen, Due: now.Add(-time.Hour)}
	record := postmortem.Record{Incident: 7, State: postmortem.InReview, Owner: "ada", Due: now.Add(time.Hour), Reviewers: []string{"bob"},
		Facts: postmortem.Facts{Title: "Code Red: API answers"}, Items: []postmortem.ActionItem{item},
		Content: postmortem.Content{Summary: "Human error broke <b>the pool</b>."}}
	debt := risk.Item{Ref: 4, Version: 1, State: risk.Open, Content: risk.Content{Title: "One database for all", Owner: "team-data",
		Scores: risk.Scores{Compliance: 1, Security: 2, BlastRadius: 5, Probability: 4}, Cost: risk.Cost{PersonDays: 30}}}
	return library{record}, register{debt}
}

func TestPostmortemsAndRisks(t *testing.T) {
	t.Parallel()
	postmortems, risks := shelved()
	w, err := web.New(web.Config{Ledger: small(), Incidents: incidentShelf(), Postmortems: postmortems, Risks: risks,
		Now: func() time.Time { return now }, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	mux := httpapi.New(httpapi.Config{Title: "pages"}).Mux
	w.Mount(mux)
	srv := httptest.NewServer(mux)
	t.Cleanup(srv.Close)
	for _, tc := range []struct {
		path   string
		status int
		says   []string
	}{
		{"/postmortems", 200, []string{"1 of what was agreed is overdue", "in review", "AI-3", "Limit &lt;the&gt; pool", "overdue"}},
		{"/incidents/INC-7/postmortem", 200, []string{"waits for bob", "broke &lt;b&gt;the pool&lt;/b&gt;", "“Human error”", "Better:", "AI-3"}},
		{"/incidents/INC-7", 200, []string{`href="/incidents/INC-7/postmortem"`}},
		{"/incidents/INC-6/postmortem", 404, []string{"There is no such postmortem"}},
		{"/incidents/x/postmortem", 404, []string{"There is no such postmortem"}},
		{"/risks", 200, []string{"1 risk to settle", "<svg", "RISK-4", "plan", "30"}},
		{"/risks/RISK-4", 200, []string{"One database for all", "ada: &lt;it&gt; broke twice"}},
		{"/risks/RISK-9", 404, []string{"There is no such risk"}},
	} {
		resp, body := fetch(t, srv.URL+tc.path)
		if resp.StatusCode != tc.status {
			t.Errorf("%s: status %d", tc.path, resp.StatusCode)
		}
		for _, says := range tc.says {
			if !strings.Contains(body, says) {
				t.Errorf("%s does not say %q:\n%s", tc.path, says, body)
			}
		}
	}
}
