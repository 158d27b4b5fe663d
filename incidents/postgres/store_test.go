package postgres_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/jackc/pgx/v5/pgxpool"

	"plimsoll/incidents"
	"plimsoll/incidents/postgres"
	"plimsoll/internal/pg/pgtest"
	"plimsoll/slo"
)

var noon = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

// clock is moved by the test.
type clock struct {
	mu sync.Mutex
	t  time.Time
}

func (c *clock) now() time.Time { c.mu.Lock(); defer c.mu.Unlock(); return c.t }
func (c *clock) set(t time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.t = t
}

func newStore(t *testing.T) (*postgres.Store, *pgxpool.Pool, *clock) {
	t.Helper()
	pool := pgtest.New(t, postgres.Migrations)
	c := &clock{t: noon}
	s, err := postgres.New(postgres.Config{Pool: pool, Now: c.now})
	if err != nil {
		t.Fatal(err)
	}
	return s, pool, c
}

// Two viewers: one who sees everything, and one who sees what everybody may.
var (
	system   = incidents.Viewer{System: true}
	outsider = incidents.Viewer{}
)

func by(subject string) incidents.Caller { return incidents.Caller{Subject: subject} }

func declaration() incidents.Declare {
	return incidents.Declare{Title: "Playback stalls", Severity: 2, Source: incidents.SourceAPI,
		Services: []string{"video-api"}, Objectives: []slo.Key{"video-api/latency"}, Started: noon.Add(-time.Hour)}
}

func declare(t *testing.T, s *postgres.Store, edit func(*incidents.Declare)) incidents.Incident {
	t.Helper()
	d := declaration()
	if edit != nil {
		edit(&d)
	}
	i, _, err := s.Declare(context.Background(), d, by("ada"))
	if err != nil {
		t.Fatal(err)
	}
	return i
}

// TestWhatIsKeptIsWhatApplyReturned: after every command, the record and the timeline that are read are those that were returned.
func TestWhatIsKeptIsWhatApplyReturned(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	s, pool, c := newStore(t)
	i, timeline, err := s.Declare(ctx, declaration(), by("ada"))
	if err != nil {
		t.Fatal(err)
	}
	declare(t, s, nil) // to be linked
	for n, cmd := range []incidents.Command{
		incidents.Acknowledge{},
		incidents.Assign{Role: incidents.Commander},
		incidents.Assign{Role: incidents.Commander, To: "bob"},
		incidents.Assign{Role: incidents.Scribe, To: "cy"},
		incidents.Note{Text: "origin is slow"},
		incidents.Update{Text: "we know the cause", NextIn: 20 * time.Minute},
		incidents.SetSeverity{Severity: 1},
		incidents.SetTime{Event: incidents.EventStarted, At: noon.Add(-2 * time.Hour)},
		incidents.Impact{Services: []string{"web"}},
		incidents.AddTask{Text: "drain", Owner: "cy", Due: noon.Add(24 * time.Hour)},
		incidents.AddTask{Kind: incidents.TaskFollowUp, Text: "alert"},
		incidents.FinishTask{Number: 1},
		incidents.DraftMessage{Audience: incidents.Executives},
		incidents.Happened{Kind: incidents.KindDeploy, Text: "4f2a1c", Source: "video-api", At: noon.Add(-time.Minute)},
		incidents.Pin{Text: "it is the pool", Author: "cy", Link: "https://chat.example/1"},
		incidents.Invite{Who: "dee"},
		incidents.SetPrivate{Private: true},
		incidents.Link{To: 2},
		incidents.Cancel{Reason: "false alarm"},
		incidents.Reopen{Reason: "it was none"},
		incidents.Resolve{How: "rolled back"},
		incidents.Close{},
	} {
		c.set(noon.Add(time.Duration(n+1)*time.Minute + 123_456_789*time.Nanosecond))
		next, made, err := s.Do(ctx, i.Ref, cmd, by("ada"))
		if err != nil {
			t.Fatal(err)
		}
		i, timeline = next, append(timeline, made...)
		got, err := s.Get(ctx, system, i.Ref)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(i, got, cmpopts.EquateEmpty()); d != "" {
			t.Fatalf("after %s (-returned +read):\n%s", cmd.Verb(), d)
		}
	}
	got, err := s.Timeline(ctx, system, i.Ref)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(timeline, got); d != "" {
		t.Errorf("timeline (-returned +read):\n%s", d)
	}
	var terms string
	if err := pool.QueryRow(ctx, `SELECT string_agg(role || ' ' || holder || CASE WHEN until IS NULL THEN ' now' ELSE '' END, ', ' ORDER BY since, role)
		FROM incident_roles`).Scan(&terms); err != nil {
		t.Fatal(err)
	}
	if terms != "commander ada, commander bob now, scribe cy now" {
		t.Errorf("terms of roles: %s", terms)
	}
}

func TestRefusedCommandLeavesNothing(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	s, _, _ := newStore(t)
	i := declare(t, s, nil)
	var state *incidents.StateError
	if _, _, err := s.Do(ctx, i.Ref, incidents.Close{}, incidents.Caller{Subject: "ada", RequestID: "r1"}); !errors.As(err, &state) {
		t.Errorf("got %v, want a StateError", err)
	}
	if _, _, err := s.Do(ctx, 99, incidents.Acknowledge{}, by("ada")); !errors.Is(err, incidents.ErrNotFound) || !strings.Contains(err.Error(), "INC-99") {
		t.Errorf("got %v, want not found", err)
	}
	if got, _ := s.Get(ctx, system, i.Ref); !cmp.Equal(got, i, cmpopts.EquateEmpty()) {
		t.Errorf("changed: %v", cmp.Diff(i, got))
	}
	if _, _, ran, err := s.Request(ctx, system, "r1"); ran || err != nil {
		t.Errorf("a refused request is remembered: %v, %v", ran, err)
	}
}

// TestManyAtOnce: of several who acknowledge at once one does, and no note of several who write at once is lost.
func TestManyAtOnce(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	s, _, _ := newStore(t)
	i := declare(t, s, nil)
	const people = 8
	errs := make([]error, people)
	var wg sync.WaitGroup
	for n := range people {
		wg.Go(func() {
			_, _, errs[n] = s.Do(ctx, i.Ref, incidents.Acknowledge{}, by("ada"))
			if _, _, err := s.Do(ctx, i.Ref, incidents.Note{Text: "x"}, by("bob")); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	won := 0
	for _, err := range errs {
		if err == nil {
			won++
		}
	}
	timeline, err := s.Timeline(ctx, system, i.Ref)
	if err != nil || won != 1 || len(timeline) != 1+1+people {
		t.Errorf("%d acknowledged, %d entries (%v)", won, len(timeline), err)
	}
	for n, e := range timeline {
		if e.Number != n+1 {
			t.Errorf("entry %d is numbered %d", n+1, e.Number)
		}
	}
}

// TestSameKey: a machine that declares again, also from several places at once, gets the incident that is there.
func TestSameKey(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	s, _, _ := newStore(t)
	d := declaration()
	d.Source, d.DedupKey = incidents.SourceCodeRed, "code-red/video-api/production/42"
	refs := make([]incidents.Ref, 8)
	fresh := make([]bool, len(refs))
	var wg sync.WaitGroup
	for n := range refs {
		wg.Go(func() {
			i, made, err := s.Declare(ctx, d, by("gate"))
			if err != nil {
				t.Error(err)
			}
			refs[n], fresh[n] = i.Ref, len(made) > 0
		})
	}
	wg.Wait()
	declared := 0
	for n := range refs {
		if refs[n] != refs[0] || refs[n] == 0 {
			t.Errorf("incidents %v", refs)
		}
		if fresh[n] {
			declared++
		}
	}
	if declared != 1 {
		t.Errorf("%d declared it", declared)
	}
	if _, _, err := s.Do(ctx, refs[0], incidents.Resolve{}, by("ada")); err != nil {
		t.Fatal(err)
	}
	if i, made, err := s.Declare(ctx, d, by("gate")); err != nil || i.Ref != refs[0] || len(made) != 0 || i.State != incidents.Resolved {
		t.Errorf("after it was resolved: %+v, %v, %v", i, made, err)
	}
}

// TestSameRequest: a request that is delivered again changes nothing and is answered as before.
func TestSameRequest(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	s, _, _ := newStore(t)
	caller := incidents.Caller{Subject: "ada", RequestID: "slack/1"}
	first, made, err := s.Declare(ctx, declaration(), caller)
	if err != nil {
		t.Fatal(err)
	}
	again, remade, err := s.Declare(ctx, declaration(), caller)
	if err != nil || again.Ref != first.Ref || !cmp.Equal(made, remade) {
		t.Errorf("declared again: %v, %v", again.Ref, err)
	}
	caller.RequestID = "slack/2"
	if _, made, err = s.Do(ctx, first.Ref, incidents.Resolve{How: "drained"}, caller); err != nil || len(made) != 3 {
		t.Fatal(made, err)
	}
	if _, remade, err = s.Do(ctx, first.Ref, incidents.Resolve{How: "drained"}, caller); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(made, remade); d != "" {
		t.Errorf("(-first +again):\n%s", d)
	}
	_, found, ran, err := s.Request(ctx, system, "slack/2")
	if err != nil || !ran || !cmp.Equal(made, found) {
		t.Errorf("request: %v, %v, %v", found, ran, err)
	}
	if _, _, ran, err := s.Request(ctx, system, "slack/3"); ran || err != nil {
		t.Errorf("unknown request: %v, %v", ran, err)
	}
}

func TestAmendKeepsVersions(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	s, pool, _ := newStore(t)
	i := declare(t, s, nil)
	if _, _, err := s.Do(ctx, i.Ref, incidents.Note{Text: "typo"}, by("ada")); err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"no typo", ""} {
		if _, err := s.Amend(ctx, i.Ref, 2, text, by("bob")); err != nil {
			t.Fatal(err)
		}
	}
	timeline, err := s.Timeline(ctx, system, i.Ref)
	if err != nil || len(timeline) != 2 || !timeline[1].Retracted() || timeline[1].Version != 3 {
		t.Errorf("%+v, %v", timeline, err)
	}
	var texts string
	if err := pool.QueryRow(ctx, `SELECT string_agg(text, ',' ORDER BY version) FROM incident_timeline WHERE number = 2`).Scan(&texts); err != nil || texts != "typo,no typo," {
		t.Errorf("versions %q, %v", texts, err)
	}
	for _, number := range []int{9, 1 << 40} {
		if _, err := s.Amend(ctx, i.Ref, number, "x", by("bob")); !errors.Is(err, incidents.ErrNoEntry) {
			t.Errorf("unknown entry: %v", err)
		}
		if _, err := s.Versions(ctx, outsider, i.Ref, number); !errors.Is(err, incidents.ErrNoEntry) {
			t.Errorf("versions of an unknown entry: %v", err)
		}
	}
	for _, sql := range []string{`UPDATE incident_timeline SET text = 'x'`, `DELETE FROM incident_timeline`} {
		if _, err := pool.Exec(ctx, sql); err == nil || !strings.Contains(err.Error(), "append-only") {
			t.Errorf("%s: %v", sql, err)
		}
	}
}

func TestSelections(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	s, _, c := newStore(t)
	web := func(d *incidents.Declare) { d.Services, d.Objectives = []string{"web"}, nil }
	a, b := declare(t, s, nil).Ref, declare(t, s, web).Ref
	c.set(noon.Add(time.Hour))
	for ref, cmd := range map[incidents.Ref]incidents.Command{a: incidents.Resolve{}, b: incidents.Acknowledge{}} {
		if _, _, err := s.Do(ctx, ref, cmd, by("ada")); err != nil {
			t.Fatal(err)
		}
	}
	d, e := declare(t, s, nil).Ref, declare(t, s, func(d *incidents.Declare) { web(d); d.Severity = 4 }).Ref
	if _, _, err := s.Do(ctx, e, incidents.Cancel{Reason: "none"}, by("ada")); err != nil {
		t.Fatal(err)
	}
	list := func(f incidents.Filter) func() ([]incidents.Incident, error) {
		return func() ([]incidents.Incident, error) { return s.List(ctx, outsider, f) }
	}
	between := func(from, to time.Duration) func() ([]incidents.Incident, error) {
		return func() ([]incidents.Incident, error) { return s.Between(ctx, outsider, noon.Add(from), noon.Add(to)) }
	}
	for _, tc := range []struct {
		name string
		read func() ([]incidents.Incident, error)
		want []incidents.Ref
	}{
		{"all", list(incidents.Filter{}), []incidents.Ref{e, d, b, a}},
		{"open", list(incidents.Filter{States: incidents.OpenStates()}), []incidents.Ref{d, b}},
		{"of a service", list(incidents.Filter{Service: "web"}), []incidents.Ref{e, b}},
		{"open and of a service", list(incidents.Filter{States: incidents.OpenStates(), Service: "web"}), []incidents.Ref{b}},
		{"a page", list(incidents.Filter{Limit: 2}), []incidents.Ref{e, d}},
		{"the next page", list(incidents.Filter{Limit: 2, Before: d}), []incidents.Ref{b, a}},
		{"open ones", func() ([]incidents.Incident, error) { return s.Open(ctx, outsider, "") }, []incidents.Ref{b, d}},
		{"open ones of a service", func() ([]incidents.Incident, error) { return s.Open(ctx, outsider, "video-api") }, []incidents.Ref{d}},
		{"between, while all went on", between(0, 2*time.Hour), []incidents.Ref{a, b, d}},
		{"between, after the first was resolved", between(61*time.Minute, 2*time.Hour), []incidents.Ref{b, d}},
		{"between, before any", between(-3*time.Hour, -time.Hour), nil},
	} {
		got, err := tc.read()
		if err != nil {
			t.Fatal(err)
		}
		var refs []incidents.Ref
		for _, i := range got {
			refs = append(refs, i.Ref)
		}
		if d := cmp.Diff(tc.want, refs); d != "" {
			t.Errorf("%s (-want +got):\n%s", tc.name, d)
		}
	}
	counts, err := s.Counts(ctx, outsider)
	if d := cmp.Diff([]postgres.Count{{"acknowledged", 2, 1}, {"cancelled", 4, 1}, {"declared", 2, 1}, {"resolved", 2, 1}}, counts); d != "" || err != nil {
		t.Errorf("counts (%v):\n%s", err, d)
	}
}
