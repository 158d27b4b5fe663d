package api_test

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"plimsoll/incidents/risk"
	"plimsoll/incidents/risk/api"
	"plimsoll/incidents/risk/postgres"
	"plimsoll/internal/httpapi"
	"plimsoll/internal/identity"
	"plimsoll/internal/pg/pgtest"
	"plimsoll/slo"
	"plimsoll/slo/slotest"
)

var noon = time.Date(2026, 3, 30, 12, 0, 0, 0, time.UTC)

type server struct {
	t       *testing.T
	handler http.Handler
}

func newServer(t *testing.T) *server {
	t.Helper()
	now := func() time.Time { return noon }
	store, err := postgres.New(postgres.Config{Pool: pgtest.New(t, postgres.Migrations), Now: now})
	if err != nil {
		t.Fatal(err)
	}
	bad := slotest.Objective("films", "starts", "films start", slo.One/100*99, 24*time.Hour)
	good := slotest.Objective("films", "loads", "pages load", slo.One/100*99, 24*time.Hour)
	ledger := slotest.New(bad, good)
	for week := range risk.ChronicWeeks {
		at := noon.AddDate(0, 0, -7*week)
		ledger.Add(bad.Key, at.Add(-time.Hour), 900, 1000)
		ledger.Add(good.Key, at.Add(-time.Hour), 999, 1000)
	}
	tokens := identity.NewTokens(map[string]identity.Principal{"a": {Subject: "ada"}, "b": {Subject: "bob"}})
	web := httpapi.New(httpapi.Config{Title: "T", Version: "1", Authenticate: tokens.Authenticate, Logger: slog.New(slog.DiscardHandler)})
	(&api.Handlers{Store: store, Ledger: ledger, Now: now}).Register(web.Huma)
	return &server{t, web.Mux}
}

func (s *server) call(token, method, path, body string) (int, string) {
	s.t.Helper()
	r := httptest.NewRequest(method, "/v1/risks"+path, strings.NewReader(body))
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	w := httptest.NewRecorder()
	s.handler.ServeHTTP(w, r)
	return w.Code, w.Body.String()
}

func (s *server) must(token, method, path, body string, into any) string {
	s.t.Helper()
	code, answer := s.call(token, method, path, body)
	if code != http.StatusOK {
		s.t.Fatalf("%s %s: %d %s", method, path, code, answer)
	}
	if into != nil {
		if err := json.Unmarshal([]byte(answer), into); err != nil {
			s.t.Fatalf("%v: %s", err, answer)
		}
	}
	return answer
}

const (
	disk = `{"title":"Films may be lost","owner":"Ada","services":["films"],"currency":"EUR",
		"scores":{"compliance":2,"security":1,"blastRadius":5,"probability":3},"cost":{"personDays":8,"money":10000},
		"loss":{"before":120000,"after":20000},"displaces":{"title":"Downloads","perWeek":3000,"weeks":6}}`
	lamp = `{"title":"A lamp blinks","owner":"Bob","scores":{"compliance":1,"security":1,"blastRadius":1,"probability":5},"cost":{"personDays":20}}`
)

func TestRegister(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.must("a", "POST", "", `{"content":`+lamp+`}`, nil)
	var made api.Risk
	s.must("a", "POST", "", `{"content":`+disk+`,"reason":"review"}`, &made)
	if made.Ref != 2 || made.Exposure != 15 || made.Quadrant != risk.QuickWin || *made.Saved != 100_000 || *made.Leverage != 10 || !made.Delay.ItemFirst {
		t.Errorf("made %+v", made)
	}
	s.must("b", "PUT", "/RISK-1", `{"version":1,"content":`+strings.Replace(lamp, `20}`, `25}`, 1)+`}`, nil)
	s.must("b", "POST", "/1/state", `{"version":2,"state":"accepted","reason":"nobody looks"}`, nil)
	var detail api.RiskDetail
	s.must("", "GET", "/1", "", &detail)
	if detail.Version != 3 || detail.State != risk.Accepted || len(detail.History) != 3 || detail.History[2].By != "bob" || detail.Cost.PersonDays != 25 {
		t.Errorf("detail %+v", detail)
	}
	for query, want := range map[string][]risk.Ref{
		"": {2}, "?state=all": {2, 1}, "?state=accepted": {1}, "?state=done": nil, "?service=films&state=all": {2},
		"?state=all&quadrant=accept": {1}, "?quadrant=quick+win": {2},
	} {
		var list api.RiskList
		s.must("", "GET", query, "", &list)
		var got []risk.Ref
		for _, r := range list.Risks {
			got = append(got, r.Ref)
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s (-want +got):\n%s", query, d)
		}
	}
	if page := s.must("", "GET", "/2/justification", "", nil); !strings.Contains(page, "# Why we should put this right: Films may be lost\n") {
		t.Error(page)
	}
	if page := s.must("", "GET", "/2/justification?format=html", "", nil); !strings.Contains(page, "<h1>Why we should put this right: Films may be lost</h1>") {
		t.Error(page)
	}
	var out risk.Outcome
	s.must("a", "POST", "/import", `{"risks":[`+disk+`,`+strings.Replace(lamp, "A lamp", "Another lamp", 1)+`]}`, &out)
	if len(out.Added) != 1 || len(out.Unchanged) != 1 {
		t.Errorf("imported %+v", out)
	}
}

func TestSuggestions(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	var got api.Suggestions
	s.must("", "GET", "/suggestions", "", &got)
	if len(got.Suggestions) != 1 || got.Suggestions[0].Objective != "films/starts" || !strings.Contains(got.Suggestions[0].Because, "4 of its last 4 weeks") {
		t.Fatalf("suggested %+v", got)
	}
	s.must("a", "POST", "", `{"content":`+strings.Replace(lamp, `"owner"`, `"links":{"objectives":["films/starts"]},"owner"`, 1)+`}`, nil)
	if s.must("", "GET", "/suggestions", "", &got); len(got.Suggestions) != 0 {
		t.Errorf("what is an item is suggested again: %+v", got)
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.must("a", "POST", "", `{"content":`+disk+`}`, nil)
	for _, tc := range []struct {
		name, token, method, path, body string
		status                          int
		says                            string
	}{
		{"nobody adds", "", "POST", "", `{"content":` + lamp + `}`, 401, "needs a token"},
		{"nobody edits", "", "PUT", "/1", `{"version":1,"content":` + lamp + `}`, 401, "needs a token"},
		{"nobody imports", "", "POST", "/import", `{"risks":[` + lamp + `]}`, 401, "needs a token"},
		{"no such risk", "", "GET", "/99", "", 404, "there is no such risk: RISK-99"},
		{"no reference", "", "GET", "/INC-1", "", 422, "a reference such as RISK-7 or 7"},
		{"an older version", "a", "PUT", "/1", `{"version":9,"content":` + lamp + `}`, 409, "RISK-1 is at version 1, and the change was made from version 9"},
		{"the same title", "a", "POST", "", `{"content":` + disk + `}`, 409, `with this title already: \"Films may be lost\"`},
		{"a score too high", "a", "POST", "", `{"content":` + strings.Replace(lamp, `"security":1`, `"security":6`, 1) + `}`, 422, `"message":"expected 1 to 5","location":"body.content.scores.security"`},
		{"one of many", "a", "POST", "/import", `{"risks":[` + lamp + `,` + strings.Replace(lamp, `"Bob"`, `""`, 1) + `]}`, 422, "body.risks[1].owner"},
		{"an unknown field", "a", "POST", "", `{"content":` + strings.Replace(lamp, `"owner"`, `"onwer"`, 1) + `}`, 422, "onwer"},
		{"no reason", "a", "POST", "/1/state", `{"version":1,"state":"accepted"}`, 422, "reason is missing"},
		{"not from here", "a", "POST", "/1/state", `{"version":1,"state":"open"}`, 409, "RISK-1 is open, so it cannot become open; possible are: planned, accepted, done"},
		{"an unknown state", "a", "POST", "/1/state", `{"version":1,"state":"gone"}`, 422, "body.state"},
	} {
		code, answer := s.call(tc.token, tc.method, tc.path, tc.body)
		if code != tc.status || !strings.Contains(answer, tc.says) {
			t.Errorf("%s: %d %s, want %d with %q", tc.name, code, answer, tc.status, tc.says)
		}
	}
	var detail api.RiskDetail
	if s.must("", "GET", "/1", "", &detail); detail.Version != 1 || len(detail.History) != 1 {
		t.Errorf("after the refusals %+v", detail)
	}
}

// TestLargeImport: a register of many risks with much to say of each is taken at once, as export writes it.
func TestLargeImport(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	words := strings.Repeat("Nobody can watch a film. ", 100)
	var list []string
	for n := range 500 {
		list = append(list, fmt.Sprintf(`{"title":"Risk %d","description":%q,"owner":"Ada","scores":{"compliance":1,"security":1,"blastRadius":1,"probability":1},"cost":{"personDays":1}}`, n, words))
	}
	var out risk.Outcome
	s.must("a", "POST", "/import", `{"risks":[`+strings.Join(list, ",")+`]}`, &out)
	if len(out.Added) != len(list) {
		t.Errorf("added %d of %d", len(out.Added), len(list))
	}
}
