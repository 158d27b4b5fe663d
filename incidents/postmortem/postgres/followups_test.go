package postgres_test

import (
	"slices"
	"strings"
	"testing"

	"plimsoll/incidents"
	"plimsoll/incidents/postmortem"
)

// TestFollowUps: follow-ups are action items once the postmortem begins or its facts are taken again, once each, and never keep
// either from happening.
func TestFollowUps(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	ctx := t.Context()
	ask := func(ref incidents.Ref, text, owner string, kind incidents.TaskKind) {
		t.Helper()
		if _, _, err := r.incidents.Do(ctx, ref, incidents.AddTask{Kind: kind, Text: text, Owner: owner}, by("ada")); err != nil {
			t.Fatal(err)
		}
	}
	i, _, err := r.incidents.Declare(ctx, incidents.Declare{Title: "Films stall", Severity: 2, Source: incidents.SourceAPI}, by("ada"))
	if err != nil {
		t.Fatal(err)
	}
	ask(i.Ref, "test\n a cold cache", "", incidents.TaskFollowUp)
	ask(i.Ref, "roll back", "", incidents.TaskNow)
	ask(i.Ref, strings.Repeat("long ", 150), "bob", incidents.TaskFollowUp)
	if _, err := r.FollowUps(ctx, i.Ref, by("ada")); err == nil || !strings.Contains(err.Error(), postmortem.ErrNotFound.Error()) {
		t.Errorf("before it is begun: %v", err)
	}
	if _, _, err := r.incidents.Do(ctx, i.Ref, incidents.Resolve{How: "rolled back"}, by("ada")); err != nil {
		t.Fatal(err)
	}
	stands := func(got postmortem.Record, err error, want ...string) {
		t.Helper()
		var items []string
		for _, item := range got.Items {
			items = append(items, item.Owner+": "+item.Text[:min(20, len(item.Text))])
			if item.Kind != postmortem.Process || len([]rune(item.Text)) > postmortem.MaxLine {
				t.Errorf("%+v", item)
			}
		}
		if err != nil || !slices.Equal(items, want) {
			t.Errorf("items %q (%v), want %q", items, err, want)
		}
	}
	both := []string{"ada: test a cold cache", "bob: long long long long "}
	got, err := r.Begin(ctx, i.Ref, by("ada"))
	stands(got, err, both...)
	if len(got.Authors) != 0 {
		t.Errorf("who began it has written it: %q", got.Authors)
	}
	got, err = r.Begin(ctx, i.Ref, by("bob"))
	stands(got, err, both...)
	ask(i.Ref, "alert on it", "", incidents.TaskFollowUp)
	three := append(both, "ada: alert on it")
	got, err = r.Refresh(ctx, i.Ref, by("bob"))
	stands(got, err, three...)
	got, err = r.FollowUps(ctx, i.Ref, by("ada"))
	stands(got, err, three...)

	// A postmortem that takes no more is shown all the same.
	other := r.resolved("Search fails", false)
	for range postmortem.MaxItems {
		r.must(other, postmortem.AddItem{Kind: postmortem.Process, Text: "x", Owner: "ada", Priority: 1}, "ada")
	}
	ask(other, "one more", "", incidents.TaskFollowUp)
	if got, err := r.Begin(ctx, other, by("ada")); err != nil || len(got.Items) != postmortem.MaxItems {
		t.Errorf("%d items (%v)", len(got.Items), err)
	}
}
