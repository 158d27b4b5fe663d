package report_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"plimsoll/slo"
	"plimsoll/slo/gate"
	"plimsoll/slo/report"
	"plimsoll/slo/slotest"
)

// Overrides are told as they stood at the end of the week, whatever has become of them since.
func TestOverrides(t *testing.T) {
	t.Parallel()
	o := slotest.Objective("video-api", "availability", "Availability", slo.One/1000*999, 30*24*time.Hour)
	reader, _ := slotest.New(o).Reader(o.Key)
	used := func(id int64, at time.Time) gate.Override {
		return gate.Override{ID: id, Service: "video-api", Environment: "production", Commit: "c0ffee", Reason: "customers cannot pay", By: "ada", At: at, Until: at.Add(time.Hour),
			ApprovedBy: "grace", ApprovedAt: &at}.Use(7, at)
	}
	done := func(o gate.Override, at time.Time) gate.Override {
		o, err := o.FollowedUp("ada", "the alert came too late", at)
		if err != nil {
			t.Fatal(err)
		}
		return o
	}
	day := 24 * time.Hour
	tuesday := monday.Add(day)
	attached, err := used(3, monday.Add(-9*day)).Attach("INC-7 task 2")
	if err != nil {
		t.Fatal(err)
	}
	open := used(5, monday.Add(2*day))
	open.UsedBy, open.UsedAt, open.FollowUp, open.ApprovedAt, open.ApprovedBy = 0, nil, nil, nil, ""
	foreign := used(8, monday.Add(day))
	foreign.Service = "search"
	in := report.Inputs{
		Week: week, Now: monday.Add(30 * day), Objectives: []report.Source{{Objective: o, Reader: reader}},
		Overrides: []gate.Override{
			foreign,
			used(6, monday.Add(7*day)), // the week after
			open,                       // nobody approved it
			done(used(4, monday.Add(day)), monday.Add(20*day)), // owed when the week ended
			attached, // still owed, from before
			done(used(2, monday.Add(-3*day)), monday.Add(day)), // done in the week
			done(used(1, monday.Add(-9*day)), monday.Add(-day)),
		},
		Exemptions: []gate.Exemption{
			{ID: 2, Service: "video-api", Environment: "production", Because: gate.CauseOutside, Incident: "INC-7", Reason: "the network was down", By: "ada",
				At: monday.Add(-day), Until: monday.Add(20 * day), EndedAt: &tuesday},
			{ID: 1, Service: "video-api", Environment: "production", Because: gate.OutOfScope, Reason: "a load test", By: "ada", At: monday.Add(-9 * day), Until: monday},
		},
		Events: []gate.Event{
			{Kind: gate.DutyOverdue, Service: "video-api", Environment: "production", At: monday.Add(day), Reason: "the daily update was due at noon"},
			{Kind: gate.DutyOverdue, Service: "video-api", Environment: "production", At: monday.Add(-day), Reason: "the action plan was due"},
		},
	}
	r := report.Build(in)
	var got []string
	for _, o := range r.Services[0].Overrides {
		said := "not used"
		if f := o.FollowUp; f != nil {
			said = "owed"
			if f.Done != nil {
				said = "done"
			} else if f.Overdue {
				said = "overdue"
			}
		}
		got = append(got, string(rune('0'+o.ID))+" "+o.ApprovedBy+" "+said)
	}
	if diff := cmp.Diff([]string{"2 grace done", "3 grace overdue", "4 grace owed", "5  not used"}, got); diff != "" {
		t.Error(diff)
	}
	var page bytes.Buffer
	if err := report.Markdown(&page, r); err != nil {
		t.Fatal(err)
	}
	for _, says := range []string{
		"- Overdue in the Code Red of production: the daily update was due at noon.",
		"| 2 | c0ffee | production | ada | grace | 2026-11-20 00:00 UTC | done: the alert came too late | customers cannot pay |",
		"| OVERDUE since 2026-11-21 00:00 UTC, owed by ada (INC-7 task 2) |",
		"\n- A spent budget stopped nothing in production from 2026-11-22 00:00 UTC until 2026-11-24 00:00 UTC: cause\\_outside by ada (INC-7): the network was down\n",
		"| 5 | c0ffee | production | ada | nobody | not used | – | customers cannot pay |",
	} {
		if !strings.Contains(page.String(), says) {
			t.Errorf("no %q in\n%s", says, page.String())
		}
	}
	if strings.Contains(page.String(), "a load test") || strings.Contains(page.String(), "the action plan was due") {
		t.Error("tells of the week before")
	}
}
