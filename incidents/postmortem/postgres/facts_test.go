package postgres_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"plimsoll/incidents"
	incidentspg "plimsoll/incidents/postgres"
	"plimsoll/incidents/postmortem"
	"plimsoll/incidents/postmortem/postgres"
	"plimsoll/internal/pg/pgtest"
)

// busy is a store of incidents in which something happens whenever somebody has read a timeline.
type busy struct {
	*incidentspg.Store
	happens func()
}

func (b busy) Timeline(ctx context.Context, v incidents.Viewer, ref incidents.Ref) ([]incidents.TimelineEntry, error) {
	list, err := b.Store.Timeline(ctx, v, ref)
	b.happens()
	return list, err
}

// TestAChangeWhileFactsAreTaken makes the facts old, so that they are taken again.
func TestAChangeWhileFactsAreTaken(t *testing.T) {
	t.Parallel()
	ctx, at := t.Context(), noon
	now := func() time.Time {
		at = at.Add(time.Second)
		return at
	}
	pool := pgtest.New(t, incidentspg.Migrations, postgres.Migrations)
	known, err := incidentspg.New(incidentspg.Config{Pool: pool, Now: now})
	if err != nil {
		t.Fatal(err)
	}
	do := func(cmd incidents.Command) {
		if _, _, err := known.Do(ctx, 1, cmd, by("ada")); err != nil {
			t.Fatal(err)
		}
	}
	if _, _, err := known.Declare(ctx, incidents.Declare{Title: "Films stall", Severity: 3, Source: incidents.SourceAPI}, by("ada")); err != nil {
		t.Fatal(err)
	}
	do(incidents.Resolve{How: "rolled back"})
	note := func() { do(incidents.Note{Text: "it was the cache"}) }
	store, err := postgres.New(postgres.Config{Pool: pool, Incidents: busy{known, func() { note() }}, Now: now})
	if err != nil {
		t.Fatal(err)
	}
	due := func() []incidents.Ref {
		t.Helper()
		list, err := known.List(ctx, machine().Viewer(), incidents.Filter{States: incidents.States()})
		if err != nil {
			t.Fatal(err)
		}
		refs, err := store.Due(ctx, list)
		if err != nil {
			t.Fatal(err)
		}
		return refs
	}
	if _, err := store.Begin(ctx, 1, machine()); err != nil {
		t.Fatal(err)
	}
	if got := due(); len(got) != 1 {
		t.Fatalf("due after a change that the draft does not tell of: %v", got)
	}
	note = func() {}
	if _, err := store.Refresh(ctx, 1, machine()); err != nil {
		t.Fatal(err)
	}
	if got := due(); len(got) != 0 {
		t.Errorf("due after the facts were taken again: %v", got)
	}
}

// TestLongOnesAreFound: a postmortem of very many different words is kept, and found by its first ones.
func TestLongOnesAreFound(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	ref, n := r.resolved("Films stall", false), 0
	long := func() (lines []string) {
		for range postmortem.MaxList {
			var b strings.Builder
			for b.Len() < postmortem.MaxLine-10 {
				n++
				fmt.Fprintf(&b, "%x ", 0xfffff-n)
			}
			lines = append(lines, b.String())
		}
		return lines
	}
	r.must(ref, postmortem.Edit{Content: postmortem.Content{Summary: "quicksand", FiveWhys: long(), WentWrong: long(), Lessons: long()}}, "ada")
	got, err := r.Get(t.Context(), as("ada"), ref)
	if err != nil {
		t.Fatal(err)
	}
	for _, words := range []string{"quicksand", got.Words()} {
		if found, err := r.Similar(t.Context(), as("ada"), words, 0); err != nil || len(found) != 1 {
			t.Errorf("found %d (%v)", len(found), err)
		}
	}
}
