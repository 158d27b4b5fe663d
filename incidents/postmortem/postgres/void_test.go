package postgres_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"plimsoll/incidents"
	"plimsoll/incidents/postmortem"
)

// TestNobodyWaitsForAPartOfAnother: once its incident was merged into another, a postmortem is late no more, but its action items are. It is
// waited for again when the incident is reopened.
func TestNobodyWaitsForAPartOfAnother(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	ctx, part, whole := t.Context(), r.resolved("Films stall", false), r.resolved("The cache is cold", false)
	r.must(part, add("Warm the cache"), "ada")
	late := noon.AddDate(1, 0, 0)
	said := func() (list []string) {
		t.Helper()
		records, err := r.Late(ctx, machine().Viewer(), late)
		if err != nil {
			t.Fatal(err)
		}
		for _, record := range records {
			for _, what := range postmortem.Reminders(record, late) {
				if what.Item != 0 {
					list = append(list, what.Item.String())
				} else {
					list = append(list, what.Incident.String())
				}
			}
		}
		return list
	}
	check := func(when string, want []string, overdue int) {
		t.Helper()
		if d := cmp.Diff(want, said()); d != "" {
			t.Errorf("%s (-want +got):\n%s", when, d)
		}
		list, err := r.List(ctx, as("cy"), postmortem.Filter{Overdue: late})
		if err != nil || len(list) != overdue {
			t.Errorf("%s: %d are overdue (%v), want %d", when, len(list), err, overdue)
		}
	}
	check("before", []string{"INC-1", "AI-1", "INC-2"}, 2)
	if _, _, err := r.incidents.Do(ctx, part, incidents.Merge{Into: whole}, by("ada")); err != nil {
		t.Fatal(err)
	}
	check("merged", []string{"AI-1", "INC-2"}, 1)
	if got, err := r.Get(ctx, as("cy"), part); err != nil || got.Overdue(late) || got.Facts.State != incidents.Merged {
		t.Errorf("%s, due %s (%v)", got.Facts.State, got.Due.Format(time.RFC3339), err)
	}
	if list, err := r.List(ctx, as("cy"), postmortem.Filter{}); err != nil || len(list) != 2 || postmortem.Learn(list, time.Time{}, late).Postmortems != 1 {
		t.Errorf("what is a part of another counts beside it: %d (%v)", len(list), err)
	}
	if _, _, err := r.incidents.Do(ctx, part, incidents.Reopen{Reason: "it was another"}, by("ada")); err != nil {
		t.Fatal(err)
	}
	check("reopened", []string{"INC-1", "AI-1", "INC-2"}, 2)
}
