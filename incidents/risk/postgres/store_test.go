package postgres_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/jackc/pgx/v5/pgxpool"

	"plimsoll/incidents/risk"
	"plimsoll/incidents/risk/postgres"
	"plimsoll/internal/pg/pgtest"
)

var noon = time.Date(2026, 3, 2, 12, 0, 0, 123_456_789, time.UTC)

func newStore(t *testing.T) (*postgres.Store, *pgxpool.Pool) {
	t.Helper()
	pool := pgtest.New(t, postgres.Migrations)
	s, err := postgres.New(postgres.Config{Pool: pool, Now: func() time.Time { return noon }})
	if err != nil {
		t.Fatal(err)
	}
	return s, pool
}

func content(title string) risk.Content {
	money, chance := risk.Money(10_000), 0.4
	return risk.Content{
		Title: title, Description: "One disk.", Owner: "Ada", Services: []string{"films"}, Currency: "EUR",
		Scores: risk.Scores{Compliance: 2, Security: 1, BlastRadius: 5, Probability: 3}, Cost: risk.Cost{PersonDays: 7.5, People: 2, Money: &money},
		Loss: &risk.Loss{Before: 120_000, After: 20_000, Chance: &chance}, Displaces: &risk.Feature{Title: "Downloads", PerWeek: 3_000, Weeks: 6},
		Links: risk.Links{Incidents: []string{"INC-7"}, FMEA: []string{"origin / disk"}, Objectives: []string{"films/availability"}},
	}
}

func TestWhatIsKeptIsWhatWasReturned(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	s, pool := newStore(t)
	check := func(i risk.Item, err error) risk.Item {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		got, err := s.Get(ctx, i.Ref)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(i, got, cmpopts.EquateEmpty()); d != "" {
			t.Fatalf("kept (-returned +kept):\n%s", d)
		}
		return i
	}
	i := check(s.Add(ctx, content("Films may be lost"), "ada", "found in review"))
	plain := content("Films may be lost")
	plain.Loss, plain.Displaces, plain.Cost.Money, plain.Services = nil, nil, nil, nil
	i = check(s.Edit(ctx, i.Ref, 1, plain, "bob", "no figures yet"))
	i = check(s.Edit(ctx, i.Ref, 2, plain, "bob", ""))
	i = check(s.Move(ctx, i.Ref, 2, risk.Accepted, "bob", "too dear"))
	i = check(s.Move(ctx, i.Ref, 3, risk.Open, "cy", "it broke"))
	history, err := s.History(ctx, i.Ref)
	if err != nil {
		t.Fatal(err)
	}
	var told []string
	for n, e := range history {
		if e.Version != n+1 || !e.At.Equal(noon.Truncate(time.Microsecond)) {
			t.Errorf("entry %+v", e)
		}
		told = append(told, e.By+" "+e.Reason+" "+e.Changes[len(e.Changes)-1].Field)
	}
	if d := cmp.Diff([]string{"ada found in review state", "bob no figures yet displaces.weeks", "bob too dear state", "cy it broke state"}, told); d != "" {
		t.Error(d)
	}
	for _, sql := range []string{`UPDATE risk_history SET by = 'eve'`, `DELETE FROM risk_history`} {
		if _, err := pool.Exec(ctx, sql); err == nil || !strings.Contains(err.Error(), "append-only") {
			t.Errorf("%s: %v", sql, err)
		}
	}
}

// TestOneOfManyWins: of changes that are made from the same version, one is made and the others are told.
func TestOneOfManyWins(t *testing.T) {
	t.Parallel()
	s, _ := newStore(t)
	i, err := s.Add(t.Context(), content("Films may be lost"), "ada", "")
	if err != nil {
		t.Fatal(err)
	}
	errs := make([]error, 8)
	var all sync.WaitGroup
	for n := range errs {
		all.Go(func() {
			c := content("Films may be lost")
			c.Cost.PersonDays = float64(n + 1)
			_, errs[n] = s.Edit(t.Context(), i.Ref, 1, c, "bob", "")
		})
	}
	all.Wait()
	won := 0
	for _, err := range errs {
		switch {
		case err == nil:
			won++
		case !errors.Is(err, risk.ErrChanged):
			t.Error(err)
		}
	}
	history, err := s.History(t.Context(), i.Ref)
	if won != 1 || len(history) != 2 || err != nil {
		t.Errorf("%d changes were made, %d versions (%v)", won, len(history), err)
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	s, _ := newStore(t)
	for _, title := range []string{"First", "Second"} {
		if _, err := s.Add(ctx, content(title), "ada", ""); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.Add(ctx, content("FIRST"), "ada", ""); !errors.Is(err, risk.ErrTitleTaken) {
		t.Error(err)
	}
	if _, err := s.Edit(ctx, 1, 1, content("second"), "ada", ""); !errors.Is(err, risk.ErrTitleTaken) {
		t.Error(err)
	}
	if _, err := s.Edit(ctx, 99, 1, content("x"), "ada", ""); !errors.Is(err, risk.ErrNotFound) || !strings.Contains(err.Error(), "RISK-99") {
		t.Error(err)
	}
	if _, err := s.Get(ctx, 99); !errors.Is(err, risk.ErrNotFound) {
		t.Error(err)
	}
	if _, err := s.Add(ctx, content("x"), "", ""); !errors.Is(err, risk.ErrNobody) {
		t.Error(err)
	}
	if i, err := s.Get(ctx, 1); err != nil || i.Version != 1 || i.Title != "First" {
		t.Errorf("after the refusals %+v %v", i, err)
	}
}

func TestImportIsAllOrNothing(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	s, _ := newStore(t)
	if _, err := s.Add(ctx, content("First"), "ada", ""); err != nil {
		t.Fatal(err)
	}
	changed, bad := content("first"), content("Third")
	changed.Owner, bad.Scores.Security = "Bob", 9
	var invalid *risk.InvalidError
	if _, err := s.Import(ctx, []risk.Content{content("Second"), changed, bad}, "cy", "import"); !errors.As(err, &invalid) || invalid.Problems[0].Field != "risks[2].scores.security" {
		t.Errorf("a bad one: %v", err)
	}
	if list, err := s.List(ctx, risk.Filter{}); err != nil || len(list) != 1 || list[0].Version != 1 {
		t.Errorf("after the refusal: %+v %v", list, err)
	}
	for n, want := range []risk.Outcome{
		{Added: []risk.Ref{3}, Changed: []risk.Ref{1}, Unchanged: []risk.Ref{}},
		{Added: []risk.Ref{}, Changed: []risk.Ref{}, Unchanged: []risk.Ref{3, 1}},
	} {
		got, err := s.Import(ctx, []risk.Content{content("Second"), changed}, "cy", "import")
		if d := cmp.Diff(want, got); d != "" || err != nil {
			t.Errorf("import %d: %v\n%s", n+1, err, d)
		}
	}
	for name, tc := range map[string]struct {
		f    risk.Filter
		want int
	}{"all": {risk.Filter{}, 2}, "open": {risk.Filter{States: []risk.State{risk.Open}}, 2}, "done": {risk.Filter{States: []risk.State{risk.Done}}, 0},
		"films": {risk.Filter{Service: "films"}, 2}, "other": {risk.Filter{Service: "film"}, 0}} {
		if list, err := s.List(ctx, tc.f); err != nil || len(list) != tc.want {
			t.Errorf("%s: %d items, want %d (%v)", name, len(list), tc.want, err)
		}
	}
}

// TestImportsAtOnce: imports of the same risks in different orders wait for each other, and not each for the other.
func TestImportsAtOnce(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	s, _ := newStore(t)
	var contents []risk.Content
	for n := range 60 {
		contents = append(contents, content(fmt.Sprintf("Risk %d", n)))
	}
	var wg sync.WaitGroup
	for n := range 6 {
		mine := slices.Clone(contents)
		if n%2 == 1 {
			slices.Reverse(mine)
		}
		for i := range mine {
			mine[i].Owner = fmt.Sprintf("Owner %d", n)
		}
		wg.Go(func() {
			if _, err := s.Import(ctx, mine, "ada", ""); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	list, err := s.List(ctx, risk.Filter{})
	if err != nil || len(list) != len(contents) {
		t.Fatalf("%d risks, %v", len(list), err)
	}
	for _, i := range list {
		if i.Version != 6 || i.Owner != list[0].Owner {
			t.Errorf("%s is at version %d of %s; the last import was of %s", i.Ref, i.Version, i.Owner, list[0].Owner)
		}
	}
}
