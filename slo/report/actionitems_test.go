package report_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"plimsoll/incidents/postmortem"
	"plimsoll/slo/report"
)

// TestOverdueActionItems: reported is what was due and not done when the week ended, whatever happened since.
func TestOverdueActionItems(t *testing.T) {
	t.Parallel()
	week, err := report.ParseWeek("2026-W10")
	if err != nil {
		t.Fatal(err)
	}
	in := func(days int) time.Time { return week.Start().AddDate(0, 0, days) }
	item := func(id postmortem.ItemRef, due, closed time.Time) postmortem.ActionItem {
		return postmortem.ActionItem{ID: id, Incident: 7, Kind: postmortem.Prevent, Text: "Fill the | cache", Owner: "video", Added: in(-20), Due: due, Closed: closed}
	}
	added := item(6, in(-1), time.Time{})
	added.Added = in(8)
	r := report.Build(report.Inputs{Week: week, Now: in(30), ActionItems: []postmortem.ActionItem{
		item(1, in(3), time.Time{}), item(2, in(-9), in(9)), item(3, in(3), in(5)), item(4, in(7), time.Time{}), item(5, in(-9), in(-1)), added,
	}})
	var got []string
	for _, i := range r.ActionItems {
		got = append(got, i.ID.String())
	}
	if strings.Join(got, " ") != "AI-2 AI-1" {
		t.Errorf("overdue at the end of the week: %v", got)
	}
	var b bytes.Buffer
	if err := report.Markdown(&b, r); err != nil || !strings.Contains(b.String(), `| AI-1 | INC-7 | prevent | Fill the \| cache | video | 2026-03-05 |`) {
		t.Errorf("%v: %s", err, b.String())
	}
}
