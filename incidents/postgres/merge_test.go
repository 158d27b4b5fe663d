package postgres_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"plimsoll/incidents"
)

// TestMergeWritesBoth: both timelines and the tasks are written in one go, and a repeated request is answered as before.
func TestMergeWritesBoth(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	s, _, _ := newStore(t)
	whole, part := declare(t, s, nil).Ref, declare(t, s, nil).Ref
	if _, _, err := s.Do(ctx, part, incidents.AddTask{Text: "drain", Owner: "cy"}, by("ada")); err != nil {
		t.Fatal(err)
	}
	caller := incidents.Caller{Subject: "bob", RequestID: "m1"}
	merged, made, err := s.Do(ctx, part, incidents.Merge{Into: whole}, caller)
	if err != nil {
		t.Fatal(err)
	}
	again, remade, err := s.Do(ctx, part, incidents.Merge{Into: whole}, caller)
	if err != nil || !cmp.Equal(merged, again, cmpopts.EquateEmpty()) || !cmp.Equal(made, remade) {
		t.Errorf("again: %v %s", err, cmp.Diff(merged, again))
	}
	got, err := s.Get(ctx, outsider, whole)
	if err != nil || len(got.Tasks) != 1 || got.Tasks[0].Text != "drain" || !got.Tasks[0].Open() {
		t.Errorf("%+v, %v", got.Tasks, err)
	}
	timeline, err := s.Timeline(ctx, outsider, whole)
	if err != nil || len(timeline) != 3 || timeline[1].Kind != incidents.KindAbsorbed || timeline[2].Kind != incidents.KindTask {
		t.Errorf("%+v, %v", timeline, err)
	}
	if list, err := s.Absorbed(ctx, outsider, whole); err != nil || len(list) != 1 || list[0].Ref != part {
		t.Errorf("%+v, %v", list, err)
	}
	if _, _, err := s.Do(ctx, whole, incidents.Merge{Into: 99}, by("ada")); !errors.Is(err, incidents.ErrNotFound) || !strings.Contains(err.Error(), "INC-99") {
		t.Errorf("into nothing: %v", err)
	}
	if got, err := s.Get(ctx, outsider, whole); err != nil || got.State != incidents.Declared {
		t.Errorf("%v, %v", got.State, err)
	}
}

// TestMergesAtOnce: incidents that are merged into each other from all sides at once never wait in a circle nor merge in
// one; whatever order wins, one of them stays to take the others.
func TestMergesAtOnce(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	s, _, _ := newStore(t)
	refs := []incidents.Ref{declare(t, s, nil).Ref, declare(t, s, nil).Ref, declare(t, s, nil).Ref, declare(t, s, nil).Ref}
	var wg sync.WaitGroup
	for _, from := range refs {
		for _, into := range refs {
			wg.Go(func() {
				_, _, err := s.Do(ctx, from, incidents.Merge{Into: into}, by("ada"))
				var state *incidents.StateError
				var input *incidents.InputError
				if err != nil && !errors.As(err, &state) && !errors.As(err, &input) {
					t.Errorf("%s into %s: %v", from, into, err)
				}
			})
		}
	}
	wg.Wait()
	live := 0
	for _, ref := range refs {
		i, err := s.Get(ctx, outsider, ref)
		if err != nil {
			t.Fatal(err)
		}
		if i.State != incidents.Merged {
			live++
		}
		for n := 0; i.MergedInto != 0; n++ {
			if i, err = s.Get(ctx, outsider, i.MergedInto); err != nil || n > len(refs) {
				t.Fatalf("%s merges in a circle: %v", ref, err)
			}
		}
	}
	if live != 1 {
		t.Errorf("%d incidents are left of %d that became one", live, len(refs))
	}
}

// TestPrivateIncidentDoesNotExist for outsiders, whatever they do with its number, its key or its request.
func TestPrivateIncidentDoesNotExist(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	s, _, _ := newStore(t)
	declared := incidents.Caller{Subject: "ada", RequestID: "r1"}
	d := declaration()
	d.Private, d.DedupKey, d.Title = true, "key", "Passwords leaked"
	secret, _, err := s.Declare(ctx, d, declared)
	if err != nil {
		t.Fatal(err)
	}
	open := declare(t, s, nil).Ref
	stranger := incidents.Caller{Subject: "operator"}
	for name, try := range map[string]func(by incidents.Caller) error{
		"note": func(by incidents.Caller) error {
			_, _, err := s.Do(ctx, secret.Ref, incidents.Note{Text: "x"}, by)
			return err
		},
		"invite": func(by incidents.Caller) error {
			_, _, err := s.Do(ctx, secret.Ref, incidents.Invite{Who: "operator"}, by)
			return err
		},
		"amend": func(by incidents.Caller) error { _, err := s.Amend(ctx, secret.Ref, 1, "x", by); return err },
		"link": func(by incidents.Caller) error {
			_, _, err := s.Do(ctx, open, incidents.Link{To: secret.Ref}, by)
			return err
		},
		"merge": func(by incidents.Caller) error {
			_, _, err := s.Do(ctx, open, incidents.Merge{Into: secret.Ref}, by)
			return err
		},
		"declare": func(by incidents.Caller) error { _, _, err := s.Declare(ctx, d, by); return err },
		"request": func(by incidents.Caller) error {
			by.RequestID = "r1"
			_, _, err := s.Do(ctx, open, incidents.Note{Text: "x"}, by)
			return err
		},
	} {
		if err := try(stranger); !errors.Is(err, incidents.ErrNotFound) || strings.Contains(err.Error(), "Passwords") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, _, ran, err := s.Request(ctx, stranger.Viewer(), "r1"); ran || err != nil {
		t.Errorf("the request is known: %v, %v", ran, err)
	}
	if list, err := s.Search(ctx, stranger.Viewer(), "passwords"); len(list) != 0 || err != nil {
		t.Errorf("found %v, %v", list, err)
	}
	if list, err := s.Search(ctx, declared.Viewer(), "passwords"); len(list) != 1 || err != nil {
		t.Errorf("not found by its members: %v, %v", list, err)
	}
	if list, err := s.Between(ctx, outsider, noon.AddDate(-1, 0, 0), noon.AddDate(1, 0, 0)); len(list) != 1 || err != nil {
		t.Errorf("%v, %v", list, err)
	}
	if counts, err := s.Counts(ctx, outsider); len(counts) != 1 || counts[0].Count != 1 || err != nil {
		t.Errorf("counted %v, %v", counts, err)
	}
	if _, _, err := s.Do(ctx, secret.Ref, incidents.Note{Text: "x"}, incidents.Caller{Subject: "plimsoll", System: true}); err != nil {
		t.Errorf("Plimsoll itself: %v", err)
	}
	if _, _, err := s.Do(ctx, secret.Ref, incidents.Invite{Who: "operator"}, by("ada")); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Get(ctx, stranger.Viewer(), secret.Ref); err != nil {
		t.Errorf("after they were invited: %v", err)
	}
}

// TestSearch finds what the timeline says now, in words of the same stem.
func TestSearch(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	s, _, _ := newStore(t)
	a, b := declare(t, s, nil).Ref, declare(t, s, func(d *incidents.Declare) { d.Title = "Logins fail" }).Ref
	if _, _, err := s.Do(ctx, b, incidents.Note{Text: "playback of one video stalled, and the cache was purged"}, by("ada")); err != nil {
		t.Fatal(err)
	}
	search := func(text string, want ...incidents.Ref) {
		t.Helper()
		list, err := s.Search(ctx, outsider, text)
		if err != nil {
			t.Fatal(err)
		}
		var got []incidents.Ref
		for _, i := range list {
			got = append(got, i.Ref)
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%q (-want +got):\n%s", text, d)
		}
	}
	search("stalling", a, b) // a says so in its title
	search("stalls -cache", a)
	search("login OR submarine", b)
	search(`"playback stalls"`, a)
	search("purging cache", b)
	search("video-api", b, a)
	search("submarine")
	search(`"unbalanced ' & |`)
	if _, err := s.Amend(ctx, b, 2, "the disk is full", by("ada")); err != nil {
		t.Fatal(err)
	}
	search("purging")
	search("disks", b)
}

// TestSchemaRefuses what the domain would never write.
func TestSchemaRefuses(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	s, pool, _ := newStore(t)
	a, b := declare(t, s, nil).Ref, declare(t, s, nil).Ref
	for _, cmd := range []incidents.Command{incidents.DraftMessage{Audience: incidents.Support, Text: "x"}, incidents.AddTask{Text: "x"},
		incidents.Assign{Role: incidents.Scribe}, incidents.DraftMessage{Audience: incidents.Support, Text: "y"}} {
		if _, _, err := s.Do(ctx, a, cmd, by("ada")); err != nil {
			t.Fatal(err)
		}
	}
	if _, _, err := s.Do(ctx, a, incidents.DecideMessage{Number: 2, Approve: true}, by("bob")); err != nil {
		t.Fatal(err)
	}
	if _, _, err := s.Do(ctx, a, incidents.RecordSent{Number: 2, Deliveries: []incidents.Delivery{{To: "list"}}}, by("bob")); err != nil {
		t.Fatal(err)
	}
	if _, _, err := s.Do(ctx, b, incidents.Merge{Into: a}, by("ada")); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct{ sql, says string }{
		{`UPDATE incident_records SET severity = 6`, "severity_range"},
		{`UPDATE incident_records SET mitigated_at = started_at - interval '1 s'`, "times_in_order"},
		{`UPDATE incident_records SET state = 'merged' WHERE number = 1`, "merged_into_another"},
		{`UPDATE incident_records SET state = 'acknowledged' WHERE number = 1`, "state_has_its_time"},
		{`UPDATE incident_records SET state = 'merged', merged_at = now(), merged_into = 1 WHERE number = 1`, "merge in a circle"},
		{`UPDATE incident_records SET state = 'merged', merged_at = now(), merged_into = 2 WHERE number = 1`, "merge in a circle"},
		{`UPDATE incident_records SET merged_into = NULL WHERE number = 2`, "merged_into_another"},
		{`UPDATE incident_records SET members = '{}'`, "members_somebody"},
		{`INSERT INTO incident_roles (incident, role, holder, since) VALUES (1, 'scribe', 'bob', now())`, "one_holder"},
		{`UPDATE incident_messages SET state = 'approved', decided_by = by, decided_at = at WHERE number = 1`, "decided_by_another"},
		{`UPDATE incident_messages SET state = 'approved' WHERE number = 1`, "incident_messages_decided"},
		{`INSERT INTO incident_deliveries VALUES (1, 1, 1, 'list', now(), '')`, "only an approved message"},
		{`DELETE FROM incident_deliveries`, "append-only"},
		{`UPDATE incident_deliveries SET error = 'x'`, "append-only"},
		{`UPDATE incident_tasks SET done_at = now(), moved = 2`, "moved_or_done"},
		{`UPDATE incident_tasks SET moved = 1`, "moved_elsewhere"},
		{`INSERT INTO incident_links VALUES (1, 1)`, "links_another"},
		{`DELETE FROM incident_timeline`, "append-only"},
	} {
		if _, err := pool.Exec(ctx, tc.sql); err == nil || !strings.Contains(err.Error(), tc.says) {
			t.Errorf("%s: %v, want %q", tc.sql, err, tc.says)
		}
	}
}
