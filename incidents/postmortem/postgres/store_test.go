package postgres_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/jackc/pgx/v5/pgxpool"

	"plimsoll/incidents"
	incidentspg "plimsoll/incidents/postgres"
	"plimsoll/incidents/postmortem"
	"plimsoll/incidents/postmortem/postgres"
	"plimsoll/internal/pg/pgtest"
)

var noon = time.Date(2026, 3, 2, 12, 0, 0, 123_456_789, time.UTC)

// room is a store of postmortems over one of incidents.
type room struct {
	*postgres.Store
	t         *testing.T
	incidents *incidentspg.Store
	pool      *pgxpool.Pool
}

func newRoom(t *testing.T) room {
	t.Helper()
	pool := pgtest.New(t, incidentspg.Migrations, postgres.Migrations)
	now := func() time.Time { return noon }
	known, err := incidentspg.New(incidentspg.Config{Pool: pool, Now: now})
	if err != nil {
		t.Fatal(err)
	}
	s, err := postgres.New(postgres.Config{Pool: pool, Incidents: known, Now: now})
	if err != nil {
		t.Fatal(err)
	}
	return room{s, t, known, pool}
}

func by(subject string) incidents.Caller  { return incidents.Caller{Subject: subject} }
func as(subject string) incidents.Viewer  { return by(subject).Viewer() }
func machine() incidents.Caller           { return incidents.Caller{Subject: "Plimsoll", System: true} }
func text(summary string) postmortem.Edit { return postmortem.Edit{Content: content(summary)} }
func content(s string) postmortem.Content { return postmortem.Content{Summary: s} }
func add(words string) postmortem.AddItem {
	return postmortem.AddItem{Kind: "prevent", Text: words, Owner: "video", Priority: 1}
}
func shown(id postmortem.ItemRef) postmortem.CloseItem {
	return postmortem.CloseItem{ID: id, Evidence: []postmortem.Evidence{{Kind: "test", Ref: "TestColdCache", Words: "fails without the fix"}}}
}

// resolved declares and resolves an incident, and begins its postmortem.
func (r room) resolved(title string, private bool) incidents.Ref {
	r.t.Helper()
	ctx := r.t.Context()
	i, _, err := r.incidents.Declare(ctx, incidents.Declare{Title: title, Severity: 2, Services: []string{"films"}, Source: incidents.SourceAPI, Private: private}, by("ada"))
	if err != nil {
		r.t.Fatal(err)
	}
	if _, _, err := r.incidents.Do(ctx, i.Ref, incidents.Resolve{How: "rolled back"}, by("ada")); err != nil {
		r.t.Fatal(err)
	}
	if _, err := r.Begin(ctx, i.Ref, machine()); err != nil {
		r.t.Fatal(err)
	}
	return i.Ref
}

func (r room) must(ref incidents.Ref, cmd postmortem.Command, who string) postmortem.Record {
	r.t.Helper()
	got, err := r.Do(r.t.Context(), ref, cmd, by(who))
	if err != nil {
		r.t.Fatal(err)
	}
	return got
}

func TestWhatIsKeptIsWhatWasReturned(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	ref := r.resolved("Films stall", false)
	users := int64(12)
	whole := postmortem.Content{Summary: "x", Impact: postmortem.Impact{Users: &users}, RootCauses: []postmortem.Cause{{Label: "l", Text: "t", Evidence: "e"}},
		Timeline: []postmortem.Moment{{At: noon.Truncate(time.Second), Who: "customer", What: "wrote"}}, Links: postmortem.Links{Risks: []string{"RISK-1"}}}
	for n, cmd := range []postmortem.Command{postmortem.Edit{Content: whole}, add("fill the cache before traffic comes"), shown(1), postmortem.VerifyItem{ID: 1},
		postmortem.ReopenItem{ID: 1, Reason: "it came back"}} {
		want, err := r.Do(t.Context(), ref, cmd, by([]string{"ada", "bob"}[n%2]))
		if err != nil {
			t.Fatal(err)
		}
		got, err := r.Get(t.Context(), as("cy"), ref)
		if d := cmp.Diff(want, got, cmpopts.EquateEmpty()); err != nil || d != "" {
			t.Fatalf("%v (-returned +kept):\n%s", err, d)
		}
	}
	history, err := r.Versions(t.Context(), as("cy"), ref)
	if err != nil {
		t.Fatal(err)
	}
	var told []string
	for n, v := range history {
		if v.Number != n+1 || v.Record.Version != v.Number {
			t.Errorf("version %d is number %d with a record of version %d", n+1, v.Number, v.Record.Version)
		}
		told = append(told, v.By+" "+v.Verb)
	}
	if d := cmp.Diff([]string{"Plimsoll begin", "ada edit", "bob add an action item", "ada close an action item", "bob verify an action item",
		"ada reopen an action item"}, told); d != "" {
		t.Error(d)
	}
	if v, err := r.Version(t.Context(), as("cy"), ref, 5); err != nil || v.Record.Items[0].VerifiedBy != "bob" {
		t.Errorf("%v: %+v", err, v.Record.Items)
	}
	for _, sql := range []string{`UPDATE postmortem_history SET by = 'eve'`, `DELETE FROM postmortem_history`} {
		if _, err := r.pool.Exec(t.Context(), sql); err == nil || !strings.Contains(err.Error(), "append-only") {
			t.Errorf("%s: %v", sql, err)
		}
	}
	if _, err := r.pool.Exec(t.Context(), `UPDATE postmortem_items SET state = 'closed'`); err == nil || !strings.Contains(err.Error(), "closed_with_evidence") {
		t.Errorf("the schema lets an item close without evidence: %v", err)
	}
}

// TestTwoEditorsLoseNothing: edits from the same version are joined where they are of different sections, and the second of the
// same section is refused with its name.
func TestTwoEditorsLoseNothing(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	ref := r.resolved("Films stall", false)
	first, err := r.Get(t.Context(), as("ada"), ref)
	if err != nil {
		t.Fatal(err)
	}
	edits := make([]postmortem.Edit, 8)
	for n := range edits {
		c := first.Content
		line := []string{fmt.Sprint("line ", n)}
		*[]*[]string{&c.WentWell, &c.WentWrong, &c.Lucky, &c.Lessons, &c.FiveWhys, &c.Links.FMEA, &c.WentWell, &c.WentWrong}[n] = line
		edits[n] = postmortem.Edit{Content: c, From: first.Version}
	}
	errs := make([]error, len(edits))
	var all sync.WaitGroup
	for n := range edits {
		all.Go(func() { _, errs[n] = r.Do(t.Context(), ref, edits[n], by("ada")) })
	}
	all.Wait()
	refused := 0
	for _, err := range errs {
		var conflict *postmortem.ConflictError
		switch {
		case errors.As(err, &conflict):
			refused++
			if len(conflict.Sections) != 1 || !strings.HasPrefix(conflict.Sections[0], "went") {
				t.Error(err)
			}
		case err != nil:
			t.Error(err)
		}
	}
	got, err := r.Get(t.Context(), as("ada"), ref)
	c := got.Content
	if err != nil || refused != 2 || got.Version != 7 ||
		len(c.WentWell)*len(c.WentWrong)*len(c.Lucky)*len(c.Lessons)*len(c.FiveWhys)*len(c.Links.FMEA) != 1 {
		t.Errorf("%v: %d refused, version %d: %+v", err, refused, got.Version, c)
	}
	if _, err := r.Do(t.Context(), ref, postmortem.Edit{From: 99}, by("ada")); !errors.Is(err, postmortem.ErrNoVersion) {
		t.Error(err)
	}
}

// TestOutsiders: whoever may not see an incident learns nothing of its postmortem.
func TestOutsiders(t *testing.T) {
	t.Parallel()
	ctx, r := t.Context(), newRoom(t)
	open, private := r.resolved("Films stall", false), r.resolved("Films leak", true)
	r.must(private, text("Films could be read by strangers."), "ada")
	r.must(private, add("check who reads"), "ada")
	r.must(open, add("fill the cache"), "ada")
	for _, v := range []incidents.Viewer{{}, as("operator"), as("eve")} {
		for name, err := range map[string]error{
			"get":      errOf(r.Get(ctx, v, private)),
			"versions": errOf(r.Versions(ctx, v, private)),
			"version":  errOf(r.Version(ctx, v, private, 1)),
		} {
			if !errors.Is(err, postmortem.ErrNotFound) {
				t.Errorf("%s: %v", name, err)
			}
		}
		if _, err := r.Item(ctx, v, 1); !errors.Is(err, postmortem.ErrNoItem) {
			t.Error(err)
		}
		list, err := r.List(ctx, v, postmortem.Filter{})
		if err != nil || len(list) != 1 || list[0].Incident != open {
			t.Errorf("list %v %v", list, err)
		}
		found, err := r.Items(ctx, v, postmortem.ItemFilter{})
		if err != nil || len(found) != 1 || found[0].Incident != open {
			t.Errorf("items %v %v", found, err)
		}
		if hits, err := r.Similar(ctx, v, "strangers read films", 0); err != nil || len(hits) != 1 || hits[0].Incident != open {
			t.Errorf("similar %v %v", hits, err)
		}
	}
	eve := incidents.Caller{Subject: "eve"}
	for name, err := range map[string]error{
		"edit":    errOf(r.Do(ctx, private, text("mine"), eve)),
		"refresh": errOf(r.Refresh(ctx, private, eve)),
		"item":    errOf(r.DoItem(ctx, 1, shown(1), eve)),
		"begin":   errOf(r.Begin(ctx, private, eve)),
	} {
		if !errors.Is(err, postmortem.ErrNotFound) && !errors.Is(err, postmortem.ErrNoItem) && !errors.Is(err, incidents.ErrNotFound) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if got, err := r.Get(ctx, as("ada"), private); err != nil || got.Content.Summary == "mine" {
		t.Errorf("a member sees %v %v", got.Content, err)
	}
}

func errOf[T any](_ T, err error) error { return err }

func TestLists(t *testing.T) {
	t.Parallel()
	ctx, r := t.Context(), newRoom(t)
	one, two := r.resolved("Films stall", false), r.resolved("Films are dark", false)
	r.must(one, add("fill the cache"), "ada")
	r.must(one, add("alert on the hit ratio"), "ada")
	if i, err := r.DoItem(ctx, 1, shown(1), by("ada")); err != nil || i.State != postmortem.ItemClosed {
		t.Fatal(i, err)
	}
	if i, err := r.DoItem(ctx, 1, postmortem.VerifyItem{ID: 1}, by("bob")); err != nil || i.VerifiedBy != "bob" {
		t.Fatal(i, err)
	}
	late := noon.AddDate(0, 1, 0)
	for name, tc := range map[string]struct {
		filter postmortem.ItemFilter
		want   []postmortem.ItemRef
	}{
		"all":           {postmortem.ItemFilter{}, []postmortem.ItemRef{1, 2}},
		"open":          {postmortem.ItemFilter{States: []postmortem.ItemState{postmortem.ItemOpen}}, []postmortem.ItemRef{2}},
		"of a service":  {postmortem.ItemFilter{Service: "films"}, []postmortem.ItemRef{1, 2}},
		"of another":    {postmortem.ItemFilter{Service: "auth"}, nil},
		"of an owner":   {postmortem.ItemFilter{Owner: "video"}, []postmortem.ItemRef{1, 2}},
		"overdue":       {postmortem.ItemFilter{Overdue: late}, []postmortem.ItemRef{2}},
		"not yet":       {postmortem.ItemFilter{Overdue: noon}, nil},
		"verified":      {postmortem.ItemFilter{Verified: noon.Add(-time.Hour)}, []postmortem.ItemRef{1}},
		"verified then": {postmortem.ItemFilter{Verified: noon.Add(time.Hour)}, nil},
	} {
		list, err := r.Items(ctx, as("cy"), tc.filter)
		var got []postmortem.ItemRef
		for _, i := range list {
			got = append(got, i.ID)
		}
		if d := cmp.Diff(tc.want, got); d != "" || err != nil {
			t.Errorf("%s: %v %s", name, err, d)
		}
	}
	if list, err := r.Late(ctx, as("cy"), noon.AddDate(0, 0, 6)); err != nil || len(list) != 0 {
		t.Errorf("late before anything is due: %v %v", list, err)
	}
	if list, err := r.Late(ctx, as("cy"), noon.AddDate(0, 0, 7).Add(-time.Hour)); err != nil || len(list) != 0 {
		t.Errorf("an hour before: %v %v", list, err)
	}
	if list, err := r.Late(ctx, as("cy"), late); err != nil || len(list) != 2 || list[0].Incident != one {
		t.Errorf("late: %v %v", list, err)
	}
	if list, err := r.List(ctx, as("cy"), postmortem.Filter{Overdue: late, Service: "films", States: []postmortem.State{postmortem.Draft}}); err != nil || len(list) != 2 || list[0].Incident != two {
		t.Errorf("%v %v", list, err)
	}
}

func TestSimilar(t *testing.T) {
	t.Parallel()
	ctx, r := t.Context(), newRoom(t)
	cache, login := r.resolved("Films stall in the evening", false), r.resolved("Nobody can sign in", false)
	r.must(cache, text("The cache was cold after a release, and the origin was overloaded."), "ada")
	r.must(login, text("The certificate of the identity provider had expired."), "ada")
	hits, err := r.Similar(ctx, as("cy"), "an expired certificate, and then overload", 0)
	if err != nil || len(hits) != 2 || hits[0].Incident != login || hits[0].Rank <= hits[1].Rank {
		t.Errorf("%v: %+v", err, hits)
	}
	if hits, err := r.Similar(ctx, as("cy"), "releases overloading origins", cache); err != nil || len(hits) != 0 {
		t.Errorf("an incident is similar to itself: %v %+v", err, hits)
	}
	for _, nothing := range []string{"", "the of and", "'); --"} {
		if hits, err := r.Similar(ctx, as("cy"), nothing, 0); err != nil || len(hits) != 0 {
			t.Errorf("%q: %v %+v", nothing, err, hits)
		}
	}
}

// TestDue: what is over and has no draft, or an old one, is to be drafted; what people submitted is not drafted again.
func TestDue(t *testing.T) {
	t.Parallel()
	ctx, r := t.Context(), newRoom(t)
	ref := r.resolved("Films stall", false)
	drill, _, err := r.incidents.Declare(ctx, incidents.Declare{Title: "Exercise", Severity: 1, Source: incidents.SourceAPI, Drill: true}, by("ada"))
	if err != nil {
		t.Fatal(err)
	}
	drill, _, err = r.incidents.Do(ctx, drill.Ref, incidents.Resolve{}, by("ada"))
	if err != nil {
		t.Fatal(err)
	}
	fresh, _, err := r.incidents.Declare(ctx, incidents.Declare{Title: "Films are dark", Severity: 1, Source: incidents.SourceAPI}, by("ada"))
	if err != nil {
		t.Fatal(err)
	}
	if fresh, _, err = r.incidents.Do(ctx, fresh.Ref, incidents.Mitigate{}, by("ada")); err != nil {
		t.Fatal(err)
	}
	known, err := r.incidents.Get(ctx, as("ada"), ref)
	if err != nil {
		t.Fatal(err)
	}
	changed := known
	changed.Changed = noon.Add(time.Minute)
	for name, tc := range map[string]struct {
		list []incidents.Incident
		want []incidents.Ref
	}{
		"a drill, a fresh one, one that is drafted": {[]incidents.Incident{drill, fresh, known}, []incidents.Ref{fresh.Ref}},
		"one that changed":                          {[]incidents.Incident{changed}, []incidents.Ref{ref}},
	} {
		if got, err := r.Due(ctx, tc.list); err != nil || cmp.Diff(tc.want, got) != "" {
			t.Errorf("%s: %v %v", name, got, err)
		}
	}
}

// TestOneRequestDoesItsWorkOnce: what is sent twice is done once, also at the same time.
func TestOneRequestDoesItsWorkOnce(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	ref := r.resolved("Films stall", false)
	var all sync.WaitGroup
	for range 6 {
		all.Go(func() {
			if _, err := r.Do(t.Context(), ref, add("fill the cache"), incidents.Caller{Subject: "ada", RequestID: "Ev1"}); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if got, err := r.Get(t.Context(), as("ada"), ref); err != nil || len(got.Items) != 1 || got.Version != 2 {
		t.Errorf("%v: version %d with %v", err, got.Version, got.Items)
	}
	if again, err := r.Begin(t.Context(), ref, machine()); err != nil || again.Version != 2 {
		t.Errorf("begun again: %v, version %d", err, again.Version)
	}
}

// TestWhatIsSubmittedIsUpToDate: the facts are taken a last time, whatever the draft was made from.
func TestWhatIsSubmittedIsUpToDate(t *testing.T) {
	t.Parallel()
	ctx, r := t.Context(), newRoom(t)
	ref := r.resolved("Films stall", false)
	if _, _, err := r.incidents.Do(ctx, ref, incidents.Close{}, by("ada")); err != nil {
		t.Fatal(err)
	}
	whole := postmortem.Content{Summary: "x", Impact: postmortem.Impact{Text: "x"}, Trigger: postmortem.Trigger{Kind: "binary"}, RootCauses: []postmortem.Cause{{Text: "x"}},
		Detection: "x", Response: "x", Recovery: "x", WentWell: []string{"x"}, WentWrong: []string{"x"}, Lessons: []string{"x"}}
	r.must(ref, postmortem.Edit{Content: whole}, "ada")
	r.must(ref, add("fill the cache"), "ada")
	got := r.must(ref, postmortem.Submit{}, "ada")
	if got.State != postmortem.InReview || got.Facts.State != incidents.Closed || got.Version != 5 {
		t.Errorf("%s at version %d of an incident that is %s", got.State, got.Version, got.Facts.State)
	}
	var state *postmortem.StateError
	if _, err := r.Do(ctx, ref, postmortem.Submit{}, by("ada")); !errors.As(err, &state) {
		t.Error(err)
	}
}
