package postmortem_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"plimsoll/incidents"
	"plimsoll/incidents/postmortem"
)

func TestLearn(t *testing.T) {
	t.Parallel()
	day := func(n int) time.Time { return noon.AddDate(0, 0, n) }
	record := func(ref incidents.Ref, began int, kind postmortem.TriggerKind, causes []postmortem.Cause, items ...postmortem.ActionItem) postmortem.Record {
		r := postmortem.Record{Incident: ref, Content: postmortem.Content{Trigger: postmortem.Trigger{Kind: kind}, RootCauses: causes}, Items: items, Agreed: day(began + 4)}
		r.Facts.From, r.Facts.Times.Resolved = day(began), day(began)
		return r
	}
	item := func(id postmortem.ItemRef, kind postmortem.ItemKind, added, closed, due int) postmortem.ActionItem {
		i := postmortem.ActionItem{ID: id, Kind: kind, State: postmortem.ItemOpen, Added: day(added), Due: day(due)}
		if closed > 0 {
			i.State, i.Closed = postmortem.ItemClosed, day(closed)
		}
		return i
	}
	drill := record(9, 0, postmortem.TriggerBinary, nil)
	drill.Facts.Drill = true
	got := postmortem.Learn([]postmortem.Record{
		drill,
		record(5, 1, postmortem.TriggerBinary, []postmortem.Cause{{Label: "Cold cache", Text: "It was empty after the restart."}}, item(1, postmortem.Prevent, 1, 11, 8), item(2, postmortem.Detect, 1, 3, 8)),
		record(7, 20, postmortem.TriggerBinary, []postmortem.Cause{{Label: "cold caches", Text: "Other words."}, {Text: "The quota of the provider counts both clusters"}}, item(3, postmortem.Prevent, 20, 0, 27)),
		record(8, 30, "", []postmortem.Cause{{Text: "The provider counts the quota of both clusters."}, {Text: "A disk failed."}}, item(4, postmortem.Prevent, 30, 0, 33)),
		record(2, -100, postmortem.TriggerTraffic, nil),
	}, day(-10), day(40))
	want := postmortem.Learning{
		Postmortems: 3, From: day(1),
		Triggers: []postmortem.Tally{{Name: "binary", Count: 2}, {Name: "not known", Count: 1}},
		Causes: []postmortem.Repeat{
			{Cause: "Cold cache", Incidents: []incidents.Ref{5, 7}, Open: []postmortem.ItemRef{3}},
			{Cause: "The quota of the provider counts both clusters", Incidents: []incidents.Ref{7, 8}, Open: []postmortem.ItemRef{3, 4}},
		},
		Kinds:   []postmortem.Tally{{Name: "prevent", Count: 3, Open: 2}, {Name: "detect", Count: 1}},
		Close:   postmortem.Spread{Count: 2, Mean: 6, Median: 2, P90: 10},
		Review:  postmortem.Spread{Count: 3, Mean: 4, Median: 4, P90: 4},
		Overdue: []postmortem.ItemRef{3, 4},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff(postmortem.Learning{Triggers: []postmortem.Tally{}, Causes: []postmortem.Repeat{}, Kinds: []postmortem.Tally{}, Overdue: []postmortem.ItemRef{}},
		postmortem.Learn(nil, time.Time{}, noon)); d != "" {
		t.Error(d)
	}
}

func TestAnniversary(t *testing.T) {
	t.Parallel()
	now := time.Date(2028, 3, 2, 12, 0, 0, 0, time.UTC)
	for _, tc := range []struct {
		then  string
		years int
	}{
		{"2027-03-02", 1}, {"2027-02-24", 1}, {"2027-03-08", 1}, {"2027-03-12", 0}, {"2027-02-20", 0}, {"2025-02-28", 3}, {"2024-02-29", 4}, {"2028-03-01", 0},
		{"2027-09-02", 0}, {"2018-03-02", 10}, {"2028-02-27", 0},
	} {
		then, err := time.Parse(time.DateOnly, tc.then)
		if err != nil {
			t.Fatal(err)
		}
		if got := postmortem.Anniversary(then, now); got != tc.years {
			t.Errorf("%s: %d years, want %d", tc.then, got, tc.years)
		}
	}
}

// TestReminders: what is late is told once a week, with the number of the incident and none of its words.
func TestReminders(t *testing.T) {
	t.Parallel()
	r, _ := apply(t, begun(t), move{"ada", item})
	if list := postmortem.Reminders(r, r.Due); len(list) != 0 {
		t.Errorf("in time: %+v", list)
	}
	occasions := map[string]int{}
	for hour := 1; hour <= 14*24; hour++ {
		for _, late := range postmortem.Reminders(r, r.Due.Add(time.Duration(hour)*time.Hour)) {
			occasions[late.Occasion]++
			if late.Item != 0 || late.Text != "The postmortem of INC-7 was due on 5 March and is still a draft." || late.To != "dee" {
				t.Fatalf("%+v", late)
			}
		}
	}
	if len(occasions) != 3 { // the instant of two weeks is the first of the third
		t.Errorf("%d occasions in two weeks", len(occasions))
	}
	list := postmortem.Reminders(r, r.Items[0].Due.Add(time.Minute))
	if len(list) != 2 || list[1].Item != 7 || list[1].To != "video" {
		t.Errorf("%+v", list)
	}
}
