package main

import (
	"bytes"
	"context"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"plimsoll/collectors/backfill"
	"plimsoll/collectors/backfill/api"
	"plimsoll/collectors/promql"
	"plimsoll/internal/httpapi"
	"plimsoll/internal/identity"
	"plimsoll/slo"
)

// jobShelf keeps one backfill, which comes further whenever it is looked at.
type jobShelf struct {
	mu     sync.Mutex
	job    backfill.Job
	steps  []backfill.Progress
	looked chan struct{} // closed when there is no further step
}

func (s *jobShelf) Create(_ context.Context, spec backfill.Spec, by string, at time.Time) (backfill.Job, error) {
	s.job = backfill.Job{ID: 7, Spec: spec, CreatedBy: by, CreatedAt: at, Progress: backfill.Progress{State: backfill.Waiting}}
	return s.job, nil
}

func (s *jobShelf) Get(_ context.Context, id int64) (backfill.Job, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if id != s.job.ID {
		return backfill.Job{}, backfill.ErrNotFound
	}
	if len(s.steps) > 0 {
		s.job.Progress, s.steps = s.steps[0], s.steps[1:]
	} else if s.looked != nil {
		close(s.looked)
		s.looked = nil
	}
	return s.job, nil
}

func (s *jobShelf) List(context.Context, int) ([]backfill.Job, error) {
	return []backfill.Job{s.job}, nil
}

func (s *jobShelf) Cancel(_ context.Context, _ int64, at time.Time) (backfill.Job, error) {
	s.job.State, s.job.EndedAt = backfill.Cancelled, at
	return s.job, nil
}

type oneObjective struct{}

func (oneObjective) Objectives() []*slo.Objective {
	return []*slo.Objective{{Key: "shop/availability", Service: "shop", Indicator: slo.Indicator{Good: "a", Total: "b"}}}
}

// backfillServer serves the shelf and returns what precedes the words of a command line.
func backfillServer(t *testing.T, shelf *jobShelf) []string {
	t.Helper()
	tokens := identity.NewTokens(map[string]identity.Principal{"sesame": {Subject: "ada"}})
	web := httpapi.New(httpapi.Config{Title: "T", Version: "1", Authenticate: tokens.Authenticate})
	(&api.Handlers{
		Store: shelf, Ledger: oneObjective{}, Retention: 35 * 24 * time.Hour, Now: time.Now,
		Server: func(name string) (promql.Server, error) { return promql.Server{Name: name}, nil },
	}).Register(web.Huma)
	server := httptest.NewServer(web.Mux)
	t.Cleanup(server.Close)
	return []string{"--url", server.URL, "--token", "sesame", "backfill"}
}

func TestBackfillIsWatched(t *testing.T) {
	t.Parallel()
	from := time.Now().Add(-30 * 24 * time.Hour)
	shelf := &jobShelf{steps: []backfill.Progress{
		{State: backfill.Filling, Position: from.Add(15 * 24 * time.Hour), Until: time.Now(), Samples: 41_000, Problem: "429 Too Many Requests"},
		{State: backfill.Done, Position: time.Now(), Until: time.Now(), Samples: 82_000, Filled: []slo.Key{"shop/availability"}, EndedAt: time.Now()},
	}}
	line := backfillServer(t, shelf)
	var out, errw bytes.Buffer
	if code := run(t.Context(), append(line, "--from", "30d", "--source", "main"), &out, &errw); code != 0 {
		t.Fatalf("exit %d: %s", code, errw.String())
	}
	if shelf.job.Source != "main" || shelf.job.From.Sub(from).Abs() > 2*time.Minute {
		t.Errorf("asked for %+v", shelf.job.Spec)
	}
	for _, want := range []string{"waiting 0", "filling 50", "41,000 samples", "trying again: 429 Too Many Requests", "done 100"} {
		if !strings.Contains(errw.String(), want) {
			t.Errorf("%q is not in the progress:\n%s", want, errw.String())
		}
	}
	if !strings.Contains(out.String(), "82,000") {
		t.Errorf("printed:\n%s", out.String())
	}
}

// Ctrl-C ends the watching, not the backfill.
func TestBackfillGoesOnUnwatched(t *testing.T) {
	t.Parallel()
	shelf := &jobShelf{looked: make(chan struct{})}
	line := backfillServer(t, shelf)
	ctx, interrupt := context.WithCancel(t.Context())
	looked := shelf.looked
	go func() {
		<-looked
		interrupt()
	}()
	var out, errw bytes.Buffer
	code := run(ctx, append(line, "--from", "36h", "--prometheus", "http://prometheus:9090", "--objective", "shop/availability"), &out, &errw)
	if code != 0 || !strings.Contains(errw.String(), "Backfill 7 goes on in the server") || shelf.job.State != backfill.Waiting {
		t.Errorf("exit %d, %+v: %s", code, shelf.job, errw.String())
	}
	errw.Reset()
	if code := run(t.Context(), append(line, "cancel", "7"), &out, &errw); code != 0 || shelf.job.State != backfill.Cancelled {
		t.Errorf("exit %d, %+v: %s", code, shelf.job, errw.String())
	}
	errw.Reset()
	if code := run(t.Context(), append(line, "watch", "7"), &out, &errw); code != 1 {
		t.Errorf("watching a cancelled one: exit %d: %s", code, errw.String())
	}
}

func TestBackfillUsage(t *testing.T) {
	t.Parallel()
	line := backfillServer(t, &jobShelf{})
	for _, c := range []struct {
		name  string
		words []string
		want  string
	}{
		{"no server", []string{"--from", "30d"}, "--source"},
		{"two servers", []string{"--source", "a", "--prometheus", "http://b"}, "can't be used together"},
		{"no age", []string{"--source", "a", "--from", "yesterday"}, `but got "yesterday"`},
		{"a negative age", []string{"--source", "a", "--from", "-3h"}, "--from"},
		{"longer than events are kept", []string{"--source", "a", "--from", "90d"}, "events are kept for 35d"},
		{"an unknown service", []string{"--source", "a", "--service", "shoop"}, `did you mean "shop"?`},
	} {
		var out, errw bytes.Buffer
		if code := run(t.Context(), append(line, c.words...), &out, &errw); code != 1 || !strings.Contains(errw.String(), c.want) {
			t.Errorf("%s: exit %d, %q, want %q in it", c.name, code, errw.String(), c.want)
		}
	}
}
