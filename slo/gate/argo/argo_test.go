package argo_test

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"plimsoll/slo/gate"
	"plimsoll/slo/gate/argo"
	"plimsoll/slo/gate/dialect/dialecttest"
)

func data(t *testing.T, answer string) argo.Data {
	t.Helper()
	var a argo.Answer
	if err := json.Unmarshal([]byte(answer), &a); err != nil {
		t.Fatalf("%v: %s", err, answer)
	}
	return a.Data
}

func TestAnswers(t *testing.T) {
	t.Parallel()
	g := dialecttest.New(t)
	h := dialecttest.Handler(&argo.Handlers{Gate: g})
	const where = argo.Path + "?environment=production&commit=6f9d8b7c5&service="
	for _, tc := range []struct {
		name, method, target, body string
		status                     int
		decision                   gate.Outcome
		says                       string
	}{
		{"allow", "GET", where + "video-api", "", 200, gate.Allow, "ALLOW feature 6f9d8b7c5 of video-api to production"},
		{"deny is no error", "GET", where + "search", "", 200, gate.Deny, "DENY feature 6f9d8b7c5 of search to production: an error budget is spent.\n"},
		{"rollback", "GET", where + "search&class=rollback", "", 200, gate.Allow, "a rollback always goes out"},
		{"reference", "GET", where + "search&class=reliability&refs=INC-7,INC-8", "", 200, gate.Deny, "DENY reliability"},
		{"post", "POST", argo.Path, `{"service":"video-api","environment":"production","commit":"1.4.0+2","atOnce":true}`, 200, gate.Allow, "1.4.0+2"},
		{"shadow", "GET", argo.Path + "?environment=shadow&commit=c&service=search", "", 200, gate.Allow, "ALLOW (shadow; enforced: DENY)"},
		{"unknown service", "GET", where + "vidoe-api", "", 200, gate.Hold, `did you mean "video-api"?`},
		{"unknown environment", "GET", argo.Path + "?environment=prodution&commit=c&service=search", "", 200, gate.Hold, `did you mean "production"?`},
		{"no service", "GET", argo.Path + "?environment=production&commit=c", "", 422, "", "service"},
		{"bad class", "GET", where + "video-api&class=feture", "", 422, "", `did you mean \"feature\"?`},
		{"unknown parameter", "GET", where + "video-api&sha=1", "", 422, "", "query.sha"},
		{"malformed", "POST", argo.Path, `{"service":`, 400, "", ""},
		{"unknown field", "POST", argo.Path, `{"service":"a","environment":"b","commit":"c","sha":"d"}`, 422, "", "body.sha"},
		{"too long", "POST", argo.Path, `{"service":"` + strings.Repeat("a", 65<<10) + `"}`, 413, "", ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			status, contentType, answer := dialecttest.Call(h, tc.method, tc.target, tc.body)
			if status != tc.status {
				t.Fatalf("%d %s", status, answer)
			}
			if status != 200 {
				if contentType != "application/problem+json" || !strings.Contains(answer, tc.says) {
					t.Errorf("%s %s", contentType, answer)
				}
				return
			}
			d := data(t, answer)
			if d.Decision != tc.decision || d.Seq == 0 || d.Reason == "" || !strings.Contains(d.Message, tc.says) || strings.Count(d.Message, "\n") != 2 {
				t.Errorf("%+v", d)
			}
		})
	}
}

func TestIdentity(t *testing.T) {
	t.Parallel()
	g := dialecttest.New(t)
	h := dialecttest.Handler(&argo.Handlers{Gate: g, RequireIdentity: true})
	const ask = argo.Path + "?environment=production&commit=c&service=video-api"
	for header, want := range map[string]int{"": 401, "Bearer t": 200, "Bearer x": 401, "Bearer search": 403} {
		var headers []string
		if header != "" {
			headers = []string{"Authorization", header}
		}
		if status, _, answer := dialecttest.Call(h, "GET", ask, "", headers...); status != want {
			t.Errorf("%q: %d %s", header, status, answer)
		}
	}
	if ds := g.Decisions(t); len(ds) != 1 || ds[0].By != "ada" || !ds[0].Change.Progressive {
		t.Errorf("%+v", ds)
	}
}

// broken never answers.
type broken struct{}

func (broken) Check(context.Context, string, gate.Change) (gate.Decision, error) {
	return gate.Decision{}, errors.New("dial tcp: connection refused")
}

func TestUndecidable(t *testing.T) {
	t.Parallel()
	h := dialecttest.Handler(&argo.Handlers{Gate: broken{}, Logger: slog.New(slog.DiscardHandler)})
	status, _, answer := dialecttest.Call(h, http.MethodGet, argo.Path+"?environment=production&commit=c&service=video-api", "")
	d := data(t, answer)
	if status != 200 || d.Decision != gate.Hold || d.Reason != gate.NoAnswer || d.Seq != 0 || strings.Contains(answer, "refused") {
		t.Errorf("%d %s", status, answer)
	}
}
