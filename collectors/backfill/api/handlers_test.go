package api_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"plimsoll/collectors/backfill"
	"plimsoll/collectors/backfill/api"
	"plimsoll/collectors/backfill/postgres"
	"plimsoll/collectors/promql"
	"plimsoll/internal/apiclient"
	"plimsoll/internal/httpapi"
	"plimsoll/internal/identity"
	"plimsoll/internal/pg/pgtest"
	"plimsoll/slo"
)

var now = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

type fakeLedger struct{}

func (fakeLedger) Objectives() []*slo.Objective {
	of := func(service, good, total string) *slo.Objective {
		return &slo.Objective{Key: slo.Key(service + "/availability"), Service: service, Indicator: slo.Indicator{Good: good, Total: total}}
	}
	return []*slo.Objective{of("video-api", `a{code="200"}`, `sum(a)`), of("edge", `b`, `b + a`), of("mail", `c`, `d`)}
}

func newClient(t *testing.T) (*apiclient.Client, *postgres.Store) {
	t.Helper()
	store := postgres.New(pgtest.New(t, postgres.Migrations))
	tokens := identity.NewTokens(map[string]identity.Principal{"sesame": {Subject: "ada"}})
	a := httpapi.New(httpapi.Config{Title: "test", Authenticate: tokens.Authenticate})
	(&api.Handlers{
		Store: store, Ledger: fakeLedger{}, Retention: 35 * 24 * time.Hour, Now: func() time.Time { return now },
		Server: func(name string) (promql.Server, error) {
			if name != "main" {
				return promql.Server{}, promql.ErrUnknownServer
			}
			return promql.Server{Name: name}, nil
		},
	}).Register(a.Huma)
	server := httptest.NewServer(a.Mux)
	t.Cleanup(server.Close)
	return apiclient.New(server.URL, "sesame"), store
}

func TestLifeOfAJob(t *testing.T) {
	t.Parallel()
	client, store := newClient(t)
	do := func(method, path string, in, out any) {
		t.Helper()
		if err := client.Do(t.Context(), method, path, in, out); err != nil {
			t.Fatal(err)
		}
	}
	var job, same api.Job
	do(http.MethodPost, "/v1/backfills", api.Request{From: now.Add(-30 * 24 * time.Hour), Source: "main", Service: "video-api"}, &job)
	if job.ID != 1 || job.State != backfill.Waiting || job.CreatedBy != "ada" || job.Progress != 0 || job.Position != nil {
		t.Errorf("created %+v", job)
	}
	next, err := store.Next(t.Context())
	if err != nil || next.ID != 1 || next.Source != "main" || !next.From.Equal(job.From) {
		t.Errorf("next is %+v, %v", next, err)
	}
	halfway := backfill.Progress{State: backfill.Filling, Position: now.Add(-15 * 24 * time.Hour), Until: now, Samples: 7, Filled: []slo.Key{"edge/availability", "video-api/availability"}}
	if err := store.Save(t.Context(), 1, halfway); err != nil {
		t.Fatal(err)
	}
	do(http.MethodGet, "/v1/backfills/1", nil, &job)
	if job.State != backfill.Filling || job.Progress != 0.5 || job.Samples != 7 || len(job.Filled) != 2 || !job.Position.Equal(halfway.Position) {
		t.Errorf("halfway %+v", job)
	}
	do(http.MethodPost, "/v1/backfills/1/cancel", nil, &job)
	do(http.MethodPost, "/v1/backfills/1/cancel", nil, &same)
	if job.State != backfill.Cancelled || job.EndedAt == nil || !same.EndedAt.Equal(*job.EndedAt) {
		t.Errorf("cancelled %+v, and again %+v", job, same)
	}
	if err := store.Save(t.Context(), 1, halfway); !errors.Is(err, backfill.ErrEnded) {
		t.Errorf("saved a cancelled job: %v", err)
	}
	if _, err := store.Next(t.Context()); !errors.Is(err, backfill.ErrNotFound) {
		t.Errorf("next of none: %v", err)
	}
	var list api.List
	do(http.MethodPost, "/v1/backfills", api.Request{From: now.Add(-48 * time.Hour), URL: "http://prometheus:9090"}, &job)
	do(http.MethodGet, "/v1/backfills?limit=1", nil, &list)
	if len(list.Backfills) != 1 || list.Backfills[0].ID != 2 || list.Backfills[0].URL != "http://prometheus:9090" {
		t.Errorf("list %+v", list)
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	client, _ := newClient(t)
	month := now.Add(-30 * 24 * time.Hour)
	for _, c := range []struct {
		name string
		in   api.Request
		want string
	}{
		{"no server", api.Request{From: month}, "source: give either the name of a configured server, or a url"},
		{"two servers", api.Request{From: month, Source: "main", URL: "http://a"}, "source: give either"},
		{"an unknown server", api.Request{From: month, Source: "mian"}, "no such server is configured"},
		{"a password", api.Request{From: month, URL: "http://me:secret@a"}, "url: it must not hold a password"},
		{"no URL", api.Request{From: month, URL: "prometheus:9090"}, `url: "prometheus:9090" is not a URL`},
		{"too long ago", api.Request{From: now.Add(-36 * 24 * time.Hour), Source: "main"}, "from: events are kept for 35d"},
		{"in the future", api.Request{From: now.Add(time.Hour), Source: "main"}, "is not at least an hour ago"},
		{"an unknown service", api.Request{From: month, Source: "main", Service: "video-apy"}, `no objective belongs to the service "video-apy"`},
		{"an unknown objective", api.Request{From: month, Source: "main", Objectives: []slo.Key{"edge/latency"}}, `there is no objective "edge/latency"`},
		{"none of both", api.Request{From: month, Source: "main", Service: "mail", Objectives: []slo.Key{"edge/availability"}}, "there is none to be filled"},
	} {
		err := client.Do(t.Context(), http.MethodPost, "/v1/backfills", c.in, nil)
		var p *httpapi.ProblemError
		if !errors.As(err, &p) || p.Status != http.StatusUnprocessableEntity || !strings.Contains(p.Detail, c.want) || strings.Contains(p.Detail, "secret") {
			t.Errorf("%s: %v, want a problem with %q", c.name, err, c.want)
		}
	}
	stranger := apiclient.New(client.URL(), "")
	var p *httpapi.ProblemError
	if err := stranger.Do(t.Context(), http.MethodPost, "/v1/backfills", api.Request{From: month, Source: "main"}, nil); !errors.As(err, &p) || p.Status != http.StatusUnauthorized {
		t.Errorf("a stranger: %v", err)
	}
	if err := client.Do(context.Background(), http.MethodGet, "/v1/backfills/7", nil, nil); !errors.As(err, &p) || p.Status != http.StatusNotFound {
		t.Errorf("an unknown job: %v", err)
	}
}
