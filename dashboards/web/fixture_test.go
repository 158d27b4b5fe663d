package web_test

import (
	"cmp"
	"context"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"plimsoll/dashboards/web"
	"plimsoll/incidents"
	"plimsoll/internal/httpapi"
	"plimsoll/internal/identity"
	"plimsoll/slo"
	"plimsoll/slo/causes"
	"plimsoll/slo/gate"
	"plimsoll/slo/slotest"
)

var now = time.Date(2026, 11, 24, 12, 0, 30, 0, time.UTC)

const month = 30 * 24 * time.Hour

// history books a month of a thousand events a minute of which the share bad(age) fails.
func history(l *slotest.Ledger, key slo.Key, bad func(age time.Duration) float64) {
	random := rand.New(rand.NewPCG(1, uint64(len(key))))
	for age := month; age > 0; age -= time.Minute {
		total := int64(1000)
		failed := int64(float64(total)*bad(age) + random.Float64())
		l.Add(key, now.Add(time.Minute-age), total-failed, total)
	}
}

func steady(share float64) func(time.Duration) float64 {
	return func(time.Duration) float64 { return share }
}

// outage is share all the time and most of the requests for a spell.
func outage(share float64, ago, length time.Duration, during float64) func(time.Duration) float64 {
	return func(age time.Duration) float64 {
		if age <= ago && age > ago-length {
			return during
		}
		return share
	}
}

// fleet is a ledger with an objective in each condition.
func fleet() *slotest.Ledger {
	objectives := []*slo.Objective{
		slotest.Objective("video-api", "availability", "API answers", 999_000_000, month),
		slotest.Objective("video-api", "latency/p95", "95 % of answers within 300 ms", 950_000_000, month),
		slotest.Objective("video-api", "latency/p99", "99 % of answers within 1 s", 990_000_000, month),
		slotest.Objective("playback", "availability", "Segments are delivered", 999_000_000, month),
		slotest.Objective("playback", "start", "Playback starts within 2 s", 990_000_000, month),
		slotest.Objective("search", "availability", "Search answers", 995_000_000, month),
		slotest.Objective("search", "freshness", "New videos are found within 10 minutes", 990_000_000, month),
		slotest.Objective("catalog", "availability", "Catalogue answers", 999_000_000, month),
	}
	objectives = append(objectives, methods()...)
	for _, o := range objectives {
		o.Owner = "team-" + o.Service
		o.Description = "The share of requests that are answered as they should be, measured where they leave our network."
		o.File, o.Line = "objectives/"+o.Service+".yaml", 12
	}
	l := slotest.New(objectives...)
	methodHistory(l)
	history(l, "video-api/availability", outage(0.0003, 26*time.Hour, 50*time.Minute, 0.9))
	history(l, "video-api/latency/p95", steady(0.012))
	history(l, "video-api/latency/p99", outage(0.004, 12*24*time.Hour, 20*time.Hour, 0.19))
	history(l, "playback/availability", outage(0.00005, 90*time.Minute, 90*time.Minute, 0.03))
	history(l, "playback/start", steady(0.001))
	history(l, "search/availability", steady(0.0006))
	history(l, "catalog/availability", steady(0.00002))
	return l
}

// shelf holds incidents in memory.
type shelf struct {
	mu   sync.Mutex
	list []incidents.Incident
	made map[incidents.Ref][]incidents.TimelineEntry // of those that were declared here
	err  error
}

func (s *shelf) fail(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.err = err
}

func (s *shelf) List(_ context.Context, v incidents.Viewer, f incidents.Filter) ([]incidents.Incident, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []incidents.Incident
	for _, i := range s.list {
		if (len(f.States) == 0 || slices.Contains(f.States, i.State)) && i.VisibleTo(v) && len(out) < f.Limit {
			out = append(out, i)
		}
	}
	return out, s.err
}

func (s *shelf) Get(_ context.Context, v incidents.Viewer, ref incidents.Ref) (incidents.Incident, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, i := range s.list {
		if i.Ref == ref && i.VisibleTo(v) {
			return i, s.err
		}
	}
	return incidents.Incident{}, cmp.Or(s.err, incidents.ErrNotFound)
}

func (s *shelf) Timeline(_ context.Context, _ incidents.Viewer, ref incidents.Ref) ([]incidents.TimelineEntry, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if made, ok := s.made[ref]; ok {
		return slices.Clone(made), nil
	}
	return []incidents.TimelineEntry{
		{Number: 1, Kind: incidents.KindDeclared, At: now.Add(-26 * time.Hour), By: "plimsoll", Became: "sev2", Text: "the error budget of video-api is spent"},
		{Number: 2, Kind: incidents.KindAssigned, At: now.Add(-25 * time.Hour), By: "ada", Field: "commander", Became: "ada"},
		{Number: 3, Kind: incidents.KindNote, At: now.Add(-25 * time.Hour), By: "grace", Text: "The new connection pool closes idle connections after 5 s.\nRolling back."},
		{Number: 4, Kind: incidents.KindUpdate, At: now.Add(-24 * time.Hour), By: "ada", Text: "Uploads work again. <b>We watch it</b> until tomorrow."},
	}, nil
}

func (s *shelf) Search(_ context.Context, v incidents.Viewer, text string) ([]incidents.Incident, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []incidents.Incident
	for _, i := range s.list {
		if strings.Contains(strings.ToLower(i.Title), strings.ToLower(text)) && i.VisibleTo(v) {
			out = append(out, i)
		}
	}
	return out, s.err
}

func (s *shelf) Versions(ctx context.Context, v incidents.Viewer, ref incidents.Ref, number int) ([]incidents.TimelineEntry, error) {
	all, err := s.Timeline(ctx, v, ref)
	if err != nil || number < 1 || number > len(all) {
		return nil, cmp.Or(err, incidents.ErrNoEntry)
	}
	return all[number-1 : number], nil
}

func (s *shelf) Absorbed(context.Context, incidents.Viewer, incidents.Ref) ([]incidents.Incident, error) {
	return nil, nil
}

func (s *shelf) Declare(_ context.Context, d incidents.Declare, by incidents.Caller) (incidents.Incident, []incidents.TimelineEntry, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	i, made, err := incidents.Apply(incidents.Incident{Ref: incidents.Ref(len(s.list) + 90)}, d, now, by.Subject)
	if err == nil {
		s.list = append(s.list, i)
		s.made[i.Ref] = made
	}
	return i, made, err
}

func (s *shelf) Do(_ context.Context, ref incidents.Ref, cmd incidents.Command, by incidents.Caller) (incidents.Incident, []incidents.TimelineEntry, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for n, i := range s.list {
		if i.Ref == ref && i.VisibleTo(by.Viewer()) {
			next, made, err := incidents.Apply(i, cmd, now, by.Subject)
			if err == nil {
				s.list[n] = next
				if _, here := s.made[ref]; here {
					s.made[ref] = append(s.made[ref], made...)
				}
			}
			return next, made, err
		}
	}
	return incidents.Incident{}, nil, incidents.ErrNotFound
}

func (s *shelf) Amend(ctx context.Context, ref incidents.Ref, number int, text string, by incidents.Caller) (incidents.TimelineEntry, error) {
	found, err := s.Versions(ctx, by.Viewer(), ref, number)
	if err != nil {
		return incidents.TimelineEntry{}, err
	}
	return incidents.Amend(found[0], text, now, by.Subject)
}

func incidentShelf() *shelf {
	return &shelf{made: map[incidents.Ref][]incidents.TimelineEntry{}, list: []incidents.Incident{
		{Ref: 7, Title: "Code Red: API answers", Severity: 2, State: incidents.Mitigated, Services: []string{"video-api"},
			Objectives: []slo.Key{"video-api/availability"}, Source: incidents.SourceCodeRed,
			Times: incidents.Times{Started: now.Add(-27 * time.Hour), Detected: now.Add(-26*time.Hour - 20*time.Minute), Declared: now.Add(-26 * time.Hour),
				Acknowledged: now.Add(-25 * time.Hour), Mitigated: now.Add(-24 * time.Hour)},
			Roles: map[incidents.Role]string{incidents.Commander: "ada"}, LastUpdate: now.Add(-50 * time.Minute)},
		{Ref: 6, Title: "Segments slow in one region", Severity: 3, State: incidents.Declared, Services: []string{"playback"},
			Times: incidents.Times{Started: now.Add(-80 * time.Minute), Detected: now.Add(-70 * time.Minute), Declared: now.Add(-65 * time.Minute)}},
		{Ref: 5, Title: "Search returned nothing for new videos", Severity: 4, State: incidents.Resolved, Services: []string{"search"},
			Times: incidents.Times{Started: now.Add(-100 * time.Hour), Declared: now.Add(-99 * time.Hour), Resolved: now.Add(-97 * time.Hour)},
			Roles: map[incidents.Role]string{incidents.Commander: "grace"}},
	}}
}

func freezes(context.Context) ([]gate.State, error) {
	return []gate.State{
		{Service: "video-api", Environment: "production", Phase: gate.CodeRed, Since: now.Add(-26 * time.Hour)},
		{Service: "playback", Environment: "production", Phase: gate.Caution, Since: now.Add(-time.Hour)},
		{Service: "search", Environment: "production", Phase: gate.Open},
	}, nil
}

// serve runs the pages over a ledger until the test ends, and returns their address.
func serve(t testing.TB, l *slotest.Ledger, s *shelf) string {
	t.Helper()
	known := causes.Sources{
		Corrections: func(context.Context) ([]slo.Correction, error) { return l.Corrections(), nil },
		Incidents: func(ctx context.Context, _, _ time.Time) ([]incidents.Incident, error) {
			return s.List(ctx, incidents.Viewer{}, incidents.Filter{Limit: 100})
		},
	}
	tokens := identity.NewTokens(map[string]identity.Principal{"token-of-ada": {Subject: "ada"}, "token-of-bob": {Subject: "bob"},
		"token-of-ci": {Subject: "ci", Roles: []string{identity.Deployer}}})
	people, err := identity.NewSessions("secret", func(r *http.Request) (identity.Principal, error) {
		if r.Header.Get("Authorization") == "Bearer signed-by-nobody-who-answers" {
			return identity.Principal{}, identity.ErrUnavailable
		}
		return tokens.Authenticate(r)
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	postmortems, risks := shelved()
	w, err := web.New(web.Config{Ledger: l, Postmortems: postmortems, Risks: risks, Freezes: freezes, Incidents: s, Sessions: people, Alerts: siren{}, DeadLetters: letters, Sources: wells, Causes: known.Of, Refresh: 20 * time.Millisecond,
		Now: func() time.Time { return now }, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	mux := httpapi.New(httpapi.Config{Title: "pages", Authenticate: people.Authenticate}).Mux
	w.Mount(mux)
	srv := httptest.NewServer(mux)
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- w.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
		srv.Close() // waits for the streams, which Run has ended
	})
	return srv.URL
}
