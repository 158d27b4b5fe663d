package postgres_test

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"plimsoll/incidents"
)

// TestNothingIsLostTogether: what belongs to an incident and has no column in its row is as safe from commands at the same
// time as the row itself.
func TestNothingIsLostTogether(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	s, _, _ := newStore(t)
	i := declare(t, s, nil)
	const people = 10
	var wg sync.WaitGroup
	for n := range people {
		who := fmt.Sprintf("p%d", n)
		other := declare(t, s, nil).Ref
		for _, cmd := range []incidents.Command{
			incidents.AddTask{Text: "of " + who}, incidents.DraftMessage{Audience: incidents.Support, Text: "of " + who},
			incidents.Assign{Role: incidents.Scribe, To: who}, incidents.Link{To: other},
		} {
			wg.Go(func() {
				if _, _, err := s.Do(ctx, i.Ref, cmd, by(who)); err != nil {
					t.Errorf("%s: %v", cmd.Verb(), err)
				}
			})
		}
	}
	wg.Wait()
	got, err := s.Get(ctx, system, i.Ref)
	if err != nil {
		t.Fatal(err)
	}
	if len(got.Tasks) != people || len(got.Messages) != people || len(got.Links) != people {
		t.Errorf("kept %d tasks, %d messages, %d links of %d each", len(got.Tasks), len(got.Messages), len(got.Links), people)
	}
	timeline, err := s.Timeline(ctx, system, i.Ref)
	if err != nil {
		t.Fatal(err)
	}
	scribe := ""
	for _, e := range timeline {
		if e.Kind == incidents.KindAssigned {
			if e.Was != scribe {
				t.Errorf("entry %d hands over from %q, but %q was the scribe", e.Number, e.Was, scribe)
			}
			scribe = e.Became
		}
	}
}

// TestLongTimeline: an incident that says more than can be searched goes on, and is found by what it said first.
func TestLongTimeline(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	s, pool, _ := newStore(t)
	ref := declare(t, s, nil).Ref
	for _, sql := range []string{`
		INSERT INTO incident_timeline (incident, number, version, kind, at, by, text, field, was, became)
		SELECT $1, 2, 1, 'note', now(), 'ada', string_agg('w' || n || '-' || n * 7919, ' '), '', '', '' FROM generate_series(1, 80000) n`,
		`UPDATE incident_records SET entries = 2 WHERE number = $1`,
	} {
		if _, err := pool.Exec(ctx, sql, ref); err != nil {
			t.Fatal(err)
		}
	}
	if _, _, err := s.Do(ctx, ref, incidents.Resolve{How: "drained"}, by("ada")); err != nil {
		t.Fatal(err)
	}
	if list, err := s.Search(ctx, outsider, "stalls w1"); err != nil || len(list) != 1 {
		t.Errorf("found %d (%v)", len(list), err)
	}
}
