package gitlab_test

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/robfig/cron/v3"

	"plimsoll/slo/gate/dialect/dialecttest"
	"plimsoll/slo/gate/gitlab"
	"plimsoll/slo/gate/gitlab/postgres"
)

const (
	project = "octo-group/video-api"
	token   = "glpat-secret"
)

// fake is GitLab's side: the freeze periods of projects, a few to a page, refused as documented.
type fake struct {
	*httptest.Server

	mu      sync.Mutex
	next    int64
	periods map[string][]gitlab.Listed
	calls   map[string]int
	faults  []http.HandlerFunc
}

const page = 2 // periods to a page, whatever is asked for

func newFake(t *testing.T) *fake {
	t.Helper()
	f := &fake{periods: map[string][]gitlab.Listed{}, calls: map[string]int{}}
	f.Server = httptest.NewServer(http.HandlerFunc(f.serve))
	t.Cleanup(f.Close)
	return f
}

func answer(w http.ResponseWriter, status int, v any) {
	w.WriteHeader(status)
	if v != nil {
		_ = json.NewEncoder(w).Encode(v)
	}
}

func (f *fake) serve(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.calls[r.Method]++
	if len(f.faults) > 0 {
		fault := f.faults[0]
		f.faults = f.faults[1:]
		fault(w, r)
		return
	}
	// The path of a project is one segment, with its slash escaped.
	segments := strings.Split(strings.TrimPrefix(r.URL.EscapedPath(), "/api/v4/projects/"), "/")
	name, err := url.PathUnescape(segments[0])
	switch {
	case r.Header.Get("PRIVATE-TOKEN") != token:
		answer(w, 401, map[string]string{"message": "401 Unauthorized"})
		return
	case err != nil, len(segments) < 2, segments[1] != "freeze_periods", name != project:
		answer(w, 404, map[string]string{"message": "404 Project Not Found"})
		return
	}
	switch {
	case r.Method == http.MethodGet && len(segments) == 2:
		n, _ := strconv.Atoi(r.URL.Query().Get("page"))
		all := f.periods[name]
		from, to := min((n-1)*page, len(all)), min(n*page, len(all))
		if to < len(all) {
			w.Header().Set("X-Next-Page", strconv.Itoa(n+1))
		}
		answer(w, 200, append([]gitlab.Listed{}, all[from:to]...))
	case r.Method == http.MethodPost && len(segments) == 2:
		var p gitlab.Period
		if err := json.NewDecoder(r.Body).Decode(&p); err != nil || !valid(p) {
			answer(w, 400, map[string]any{"message": map[string][]string{"freeze_start": {"is invalid syntax"}}})
			return
		}
		f.add(name, p)
		answer(w, 201, f.periods[name][len(f.periods[name])-1])
	case r.Method == http.MethodDelete && len(segments) == 3:
		for i, l := range f.periods[name] {
			if strconv.FormatInt(l.ID, 10) == segments[2] {
				f.periods[name] = append(f.periods[name][:i:i], f.periods[name][i+1:]...)
				answer(w, 204, nil)
				return
			}
		}
		answer(w, 404, map[string]string{"message": "404 Not found"})
	default:
		answer(w, 405, nil)
	}
}

func valid(p gitlab.Period) bool {
	_, startErr := cron.ParseStandard(p.Start)
	_, endErr := cron.ParseStandard(p.End)
	_, zoneErr := time.LoadLocation(p.Zone)
	return startErr == nil && endErr == nil && zoneErr == nil
}

func (f *fake) add(name string, p gitlab.Period) {
	f.next++
	f.periods[name] = append(f.periods[name], gitlab.Listed{ID: f.next, Period: p})
}

func (f *fake) fail(next ...http.HandlerFunc) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.faults = next
}

func (f *fake) has(t *testing.T, want ...gitlab.Period) {
	t.Helper()
	f.mu.Lock()
	defer f.mu.Unlock()
	var got []gitlab.Period
	for _, l := range f.periods[project] {
		got = append(got, l.Period)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("freeze periods (-want +got):\n%s", diff)
	}
}

// fixture brings the freezes of a gate in step with the fake.
type fixture struct {
	*fake
	gate     *dialecttest.Gate
	store    *postgres.Store
	projects []gitlab.Project
	at       time.Time
}

func newFixture(t *testing.T) *fixture {
	t.Helper()
	f := &fixture{fake: newFake(t), gate: dialecttest.New(t, postgres.Migrations), at: dialecttest.Noon,
		projects: []gitlab.Project{{Project: project, Service: "video-api", Environment: "production"}}}
	f.store = postgres.New(f.gate.Pool)
	return f
}

func (f *fixture) syncer(t *testing.T, token string) *gitlab.Syncer {
	t.Helper()
	client, err := gitlab.NewClient(gitlab.ClientConfig{URL: f.URL, Token: token})
	if err != nil {
		t.Fatal(err)
	}
	s, err := gitlab.New(gitlab.Config{Client: client, Notes: f.store, Freezes: f.gate.Freezes, Projects: func() []gitlab.Project { return f.projects },
		Every: time.Millisecond, Now: func() time.Time { return f.at }, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func (f *fixture) sync(t *testing.T) {
	t.Helper()
	if err := f.syncer(t, token).Sync(t.Context()); err != nil {
		t.Fatal(err)
	}
}

var (
	theirs = gitlab.Period{Start: "0 23 * * 5", End: "0 7 * * 1", Zone: "Europe/Berlin"}
	more   = gitlab.Period{Start: "0 0 24 12 *", End: "0 0 27 12 *", Zone: "UTC"}
	ours   = gitlab.Period{Start: "0 12 24 11 *", End: "0 14 24 11 *", Zone: "Etc/UTC"} // the freeze by hand, two hours from noon
)

func TestFreezeAndThaw(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.add(project, theirs)
	f.add(project, more)
	f.sync(t)
	if f.calls[http.MethodGet] != 0 {
		t.Error("GitLab was asked where there was nothing to do")
	}
	f.gate.Freeze(t)
	f.sync(t)
	f.has(t, theirs, more, ours)
	f.sync(t)
	if f.calls[http.MethodPost] != 1 {
		t.Errorf("%d periods were created", f.calls[http.MethodPost])
	}
	f.gate.Thaw(t)
	f.sync(t)
	f.has(t, theirs, more)
	before := f.calls[http.MethodGet]
	f.sync(t)
	if f.calls[http.MethodGet] != before {
		t.Error("what is over is still looked for")
	}
}

// TestEnd deletes the period when the freeze ends by itself, long before it would come again.
func TestEnd(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.gate.Freeze(t)
	f.sync(t)
	f.has(t, ours)
	f.at = f.at.Add(2 * time.Hour)
	f.sync(t)
	f.has(t)
}

func TestTheirs(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.add(project, ours) // a person made it, with the words that ours would have
	f.gate.Freeze(t)
	f.sync(t)
	f.has(t, ours)
	f.gate.Thaw(t)
	f.sync(t)
	f.has(t, ours)
}

func TestDeletedByAPerson(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.gate.Freeze(t)
	f.sync(t)
	f.mu.Lock()
	f.periods[project] = nil
	f.mu.Unlock()
	f.sync(t)
	f.has(t, ours)
}

// TestNoLongerConfigured takes back what was made for a project that is configured no more.
func TestNoLongerConfigured(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.gate.Freeze(t)
	f.sync(t)
	f.projects = nil
	f.sync(t)
	f.has(t)
}

// TestCrash loses the answer of a creation, as a crash would, and finds the period again.
func TestCrash(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.gate.Freeze(t)
	lost := func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			f.add(project, ours)
			panic(http.ErrAbortHandler)
		}
		answer(w, 200, []gitlab.Listed{})
	}
	f.fail(lost, lost)
	if err := f.syncer(t, token).Sync(t.Context()); err == nil {
		t.Fatal("the answer was not lost")
	}
	f.sync(t)
	f.has(t, ours)
	f.gate.Thaw(t)
	f.sync(t)
	f.has(t)
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.gate.Freeze(t)
	if err := f.syncer(t, "expired").Sync(t.Context()); err == nil || !strings.Contains(err.Error(), "401") || strings.Contains(err.Error(), "expired") {
		t.Error(err)
	}
	f.fail(func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Retry-After", "7"); answer(w, 429, nil) })
	var later *gitlab.Later
	if err := f.syncer(t, token).Sync(t.Context()); !errors.As(err, &later) || later.After != 7*time.Second {
		t.Error(err)
	}
	f.fail(func(w http.ResponseWriter, _ *http.Request) { answer(w, 200, "periods") })
	if err := f.syncer(t, token).Sync(t.Context()); err == nil || !strings.Contains(err.Error(), "decode answer") {
		t.Error(err)
	}
	f.projects = append(f.projects, gitlab.Project{Project: "octo-group/gone", Service: "video-api", Environment: "production"})
	if err := f.syncer(t, token).Sync(t.Context()); err == nil || !strings.Contains(err.Error(), "octo-group/gone: GitLab answered 404") {
		t.Error(err)
	}
	f.has(t, ours)
}

func TestRun(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.gate.Freeze(t)
	created := make(chan struct{})
	f.fail(func(w http.ResponseWriter, _ *http.Request) { answer(w, 502, nil) }, // the next round goes on
		func(w http.ResponseWriter, _ *http.Request) { answer(w, 200, []gitlab.Listed{}) },
		func(w http.ResponseWriter, _ *http.Request) {
			answer(w, 201, nil)
			f.add(project, ours)
			close(created)
		})
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- f.syncer(t, token).Run(ctx) }()
	select {
	case <-created:
	case <-time.After(30 * time.Second):
		t.Error("the freeze period was not created")
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	f.has(t, ours)
}

func TestConfigs(t *testing.T) {
	t.Parallel()
	for _, c := range []gitlab.ClientConfig{{Token: ""}, {URL: "gitlab.example.com", Token: "x"}} {
		if _, err := gitlab.NewClient(c); err == nil {
			t.Errorf("%+v", c)
		}
	}
	if _, err := gitlab.New(gitlab.Config{}); err == nil {
		t.Error("a syncer of nothing")
	}
}
