package postmortem_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"plimsoll/incidents"
	"plimsoll/incidents/postmortem"
)

// begun is the postmortem of the stalls, as it is drafted.
func begun(t *testing.T) postmortem.Record {
	t.Helper()
	in := stalls(t)
	f, err := postmortem.FactsOf(in)
	if err != nil {
		t.Fatal(err)
	}
	r, v, err := postmortem.Begin(f, in.Incident, at(60), "Plimsoll")
	if err != nil || v.Number != 1 {
		t.Fatal(v, err)
	}
	return r
}

// whole is content with every section that a review needs.
func whole() postmortem.Content {
	return postmortem.Content{
		Summary: "Viewers in Europe saw stalls for half an hour after a release.", Impact: postmortem.Impact{Text: "Films stopped every few seconds."},
		Trigger: postmortem.Trigger{Kind: postmortem.TriggerBinary}, Detection: "A burn-rate alert.", Response: "The dashboard showed the region.",
		RootCauses: []postmortem.Cause{{Label: "cache stampede", Text: "The release emptied the cache.", Evidence: "commit 3f2a9c1"}},
		Recovery:   "The release was rolled back.", WentWell: []string{"The alert came within six minutes."}, WentWrong: []string{"The canary had no traffic."},
		Lessons: []string{"A cache that is cold takes ten minutes to fill."},
	}
}

var item = postmortem.AddItem{ID: 7, Kind: postmortem.Detect, Text: "Alert on the hit ratio", Owner: "video", Priority: 2}

var evidence = []postmortem.Evidence{{Kind: postmortem.EvidenceAlert, Ref: "video-api/hit-ratio", Words: "fires below 80 %"}}

type move struct {
	by  string
	cmd postmortem.Command
}

func apply(t *testing.T, r postmortem.Record, moves ...move) (postmortem.Record, []postmortem.Version) {
	t.Helper()
	var made []postmortem.Version
	for n, m := range moves {
		next, v, err := postmortem.Apply(r, m.cmd, at(100+n), m.by)
		if err != nil {
			t.Fatalf("%s: %v", m.cmd.Verb(), err)
		}
		r, made = next, append(made, v)
	}
	return r, made
}

func TestFromDraftToClosed(t *testing.T) {
	t.Parallel()
	r, made := apply(t, begun(t),
		move{"ada", postmortem.Edit{Content: whole(), Reason: "first words"}},
		move{"ada", item},
		move{"ada", postmortem.Invite{Reviewers: []string{"cy", "bob"}}},
		move{"ada", postmortem.Submit{}},
		move{"bob", postmortem.Approve{Note: "clear"}},
		move{"cy", postmortem.Approve{}},
		move{"dee", postmortem.CloseItem{ID: 7, Evidence: evidence}},
		move{"bob", postmortem.VerifyItem{ID: 7, Note: "seen it fire"}},
		move{"ada", postmortem.Close{}},
		move{"bob", postmortem.ReopenItem{ID: 7, Reason: "it fires all day"}},
		move{"bob", postmortem.Return{Reason: "the cause is another"}},
	)
	var told []string
	for n, v := range made {
		if v.Number != n+2 || v.Record.Version != v.Number {
			t.Errorf("version %+v", v)
		}
		told = append(told, v.By+" "+v.Verb+": "+string(v.Record.State)+" "+strings.Join(v.Fields, ","))
	}
	if d := cmp.Diff([]string{
		"ada edit: draft authors,content.detection,content.impact,content.lessons,content.recovery,content.response,content.rootCauses,content.summary,content.trigger,content.wentWell,content.wentWrong",
		"ada add an action item: draft items",
		"ada invite reviewers: draft reviewers",
		"ada submit: in_review state,submitted",
		"bob approve: in_review approvals",
		"cy approve: reviewed agreed,approvals,state",
		"dee close an action item: reviewed items",
		"bob verify an action item: reviewed items",
		"ada close: closed ended,state",
		"bob reopen an action item: reviewed ended,items,state",
		"bob return: draft agreed,approvals,state,submitted",
	}, told); d != "" {
		t.Error(d)
	}
	if i, _ := r.Item(7); i.State != postmortem.ItemOpen || len(i.Evidence) != 0 || i.Reopened != 1 || i.VerifiedBy != "" {
		t.Errorf("item %+v", i)
	}
	if closed := made[6].Record.Items[0]; len(closed.Evidence) != 1 || closed.ClosedBy != "dee" {
		t.Errorf("the version before shares with the present one: %+v", closed)
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	draft := begun(t)
	written, _ := apply(t, draft, move{"ada", postmortem.Edit{Content: whole()}}, move{"ada", item})
	inReview, _ := apply(t, written, move{"ada", postmortem.Submit{}})
	closedItem, _ := apply(t, written, move{"bob", postmortem.CloseItem{ID: 7, Evidence: evidence}})
	reviewed, _ := apply(t, inReview, move{"bob", postmortem.Approve{}})
	bad := whole()
	bad.Trigger.Kind = "binery"
	beyond := time.Date(9999, 12, 31, 23, 0, 0, 0, time.FixedZone("", -7200))
	with := func(e postmortem.Evidence) postmortem.CloseItem {
		return postmortem.CloseItem{ID: 7, Evidence: []postmortem.Evidence{e}}
	}
	for _, tc := range []struct {
		name string
		from postmortem.Record
		by   string
		cmd  postmortem.Command
		says string
	}{
		{"nobody", draft, "", postmortem.Submit{}, "needs somebody"},
		{"nothing written", draft, "ada", postmortem.Submit{}, "a root cause is missing"},
		{"not in this state", draft, "ada", postmortem.Approve{}, "the postmortem of INC-7 is draft, so it is not possible to approve it; possible: edit, submit"},
		{"the only author", inReview, "ada", postmortem.Approve{}, "a second person has to look at this: ada is the only author"},
		{"a misspelt trigger", draft, "ada", postmortem.Edit{Content: bad}, `did you mean "binary"?`},
		{"what was reviewed", reviewed, "ada", postmortem.Edit{Content: whole()}, "is reviewed"},
		{"an open item", reviewed, "ada", postmortem.Close{}, "AI-7 is open"},
		{"no reason", reviewed, "ada", postmortem.Return{}, "reason is missing"},
		{"no such item", written, "ada", postmortem.CloseItem{ID: 8, Evidence: evidence}, "there is no such action item: AI-8"},
		{"no evidence", written, "ada", postmortem.CloseItem{ID: 7}, "evidence is missing"},
		{"evidence without words", written, "ada", with(postmortem.Evidence{Kind: "test", Ref: "TestX"}), "evidence[0].words"},
		{"evidence of no kind", written, "ada", with(postmortem.Evidence{Kind: "tets", Ref: "x", Words: "x"}), `did you mean "test"?`},
		{"no hash", written, "ada", with(postmortem.Evidence{Kind: "commit", Ref: "main", Words: "x"}), "7 to 64 hexadecimal digits"},
		{"a runbook that nobody finds", written, "ada", with(postmortem.Evidence{Kind: "runbook", Ref: "wiki", Words: "x"}), "has to be found"},
		{"a script", written, "ada", with(postmortem.Evidence{Kind: "test", Ref: "javascript://x", Words: "x"}), "a web address"},
		{"by the same person", closedItem, "bob", postmortem.VerifyItem{ID: 7}, "AI-7 was closed by bob"},
		{"verified before it is closed", written, "bob", postmortem.VerifyItem{ID: 7}, "AI-7 is open, so it is not possible to verify it; possible: edit, close with evidence"},
		{"a number twice", written, "ada", item, "a number that is not taken"},
		{"a tracker that is a script", written, "ada", postmortem.AddItem{ID: 8, Kind: "prevent", Text: "x", Owner: "y", Priority: 1, Tracker: "javascript:alert(1)"}, "tracker"},
		{"a date that has no year of four digits in UTC", draft, "ada", postmortem.Schedule{Due: beyond}, "due"},
		{"such a date of an item", written, "ada", postmortem.AddItem{ID: 8, Kind: "prevent", Text: "x", Owner: "y", Priority: 1, Due: beyond}, "of the years 1 to 9999"},
		{"such a moment", draft, "ada", postmortem.Edit{Content: postmortem.Content{Timeline: []postmortem.Moment{{At: beyond, What: "x"}}}}, "timeline[0].at"},
		{"no priority", written, "ada", postmortem.AddItem{ID: 8, Kind: "prevent", Text: "x", Owner: "y"}, "1 (most urgent) to 4"},
	} {
		next, v, err := postmortem.Apply(tc.from, tc.cmd, at(200), tc.by)
		if err == nil || !strings.Contains(err.Error(), tc.says) {
			t.Errorf("%s: %v, want %q", tc.name, err, tc.says)
		}
		if d := cmp.Diff(tc.from, next); d != "" || v.Number != 0 {
			t.Errorf("%s was refused and changed the record: %s", tc.name, d)
		}
	}
	_, _, err := postmortem.Begin(draft.Facts, incidents.Incident{}, at(0), "")
	if !errors.Is(err, incidents.ErrNobody) {
		t.Error(err)
	}
}

// TestAnEditTakesApprovalsBack: what was approved is the text that stands.
func TestAnEditTakesApprovalsBack(t *testing.T) {
	t.Parallel()
	r, _ := apply(t, begun(t), move{"ada", postmortem.Edit{Content: whole()}}, move{"ada", item}, move{"ada", postmortem.Invite{Reviewers: []string{"bob", "cy"}}},
		move{"ada", postmortem.Submit{}}, move{"bob", postmortem.Approve{}})
	other := whole()
	other.Gap = "The canary."
	r, _ = apply(t, r, move{"dee", postmortem.Edit{Content: other}}, move{"cy", postmortem.Approve{}})
	if r.State != postmortem.InReview || cmp.Diff([]string{"bob"}, r.Pending()) != "" {
		t.Errorf("%s, waits for %v", r.State, r.Pending())
	}
	// Whoever is asked no longer is not waited for.
	r, _ = apply(t, r, move{"ada", postmortem.Invite{Reviewers: []string{"cy"}}})
	if r.State != postmortem.Reviewed {
		t.Errorf("%s", r.State)
	}
}

func TestDemandAndDue(t *testing.T) {
	t.Parallel()
	friday := time.Date(2026, 3, 6, 17, 0, 0, 0, time.UTC)
	share := func(s float64) []postmortem.Loss {
		return []postmortem.Loss{{Objective: "video-api/availability", Share: &s}}
	}
	for _, tc := range []struct {
		name     string
		facts    postmortem.Facts
		required string
		due      time.Time
	}{
		{"severity 1 counts each day", postmortem.Facts{Severity: 1}, "incidents of sev1 need one", friday.AddDate(0, 0, 3)},
		{"severity 2 leaves the weekend out", postmortem.Facts{Severity: 2}, "incidents of sev2 need one", friday.AddDate(0, 0, 7)},
		{"severity 3 need not", postmortem.Facts{Severity: 3, Losses: share(0.2)}, "", time.Time{}},
		{"unless it cost a fifth of a budget", postmortem.Facts{Severity: 3, Losses: share(0.21)},
			"it spent 21.0 % of the error budget of video-api/availability, more than 20.0 %", friday.AddDate(0, 0, 7)},
		{"a drill need not", postmortem.Facts{Severity: 1, Drill: true}, "", time.Time{}},
	} {
		tc.facts.Times.Resolved = friday
		if got := postmortem.Demand(tc.facts); got != tc.required {
			t.Errorf("%s: required %q", tc.name, got)
		}
		if got := postmortem.DueDate(tc.facts); !got.Equal(tc.due) {
			t.Errorf("%s: due %v", tc.name, got)
		}
	}
	saturday := postmortem.Facts{Severity: 2, At: friday.AddDate(0, 0, 1)}
	if got, want := postmortem.DueDate(saturday), friday.AddDate(0, 0, 7); !got.Equal(want) {
		t.Errorf("from a saturday: %v, want %v", got, want)
	}
}

// TestRefresh: facts that are taken again leave what people wrote, and a date that a person chose.
func TestRefresh(t *testing.T) {
	t.Parallel()
	r := begun(t)
	f := r.Facts
	f.Title, f.Severity = "Films stall", 2
	next, _ := apply(t, r, move{"Plimsoll", postmortem.Refresh{Facts: f}})
	if next.Content.Summary != "Films stall. It was resolved: cache rebuilt." || next.Due.Equal(r.Due) {
		t.Errorf("%q, due %v", next.Content.Summary, next.Due)
	}
	r, _ = apply(t, r, move{"ada", postmortem.Edit{Content: whole()}}, move{"ada", postmortem.Schedule{Due: at(9000)}})
	next, _ = apply(t, r, move{"Plimsoll", postmortem.Refresh{Facts: f}})
	if d := cmp.Diff(r.Content, next.Content); d != "" || !next.Due.Equal(at(9000)) || next.Facts.Title != "Films stall" {
		t.Errorf("due %v: %s", next.Due, d)
	}
	f.At = f.At.Add(time.Hour)
	if _, v, err := postmortem.Apply(next, postmortem.Refresh{Facts: f}, at(9001), "Plimsoll"); err != nil || v.Number != 0 {
		t.Errorf("the same facts made version %d (%v)", v.Number, err)
	}
	f.At, f.Title = next.Facts.At.Add(-time.Second), "As it was before"
	if old, _, err := postmortem.Apply(next, postmortem.Refresh{Facts: f}, at(9001), "Plimsoll"); err != nil || old.Facts.Title != "Films stall" {
		t.Errorf("older facts took the place of newer ones: %q (%v)", old.Facts.Title, err)
	}
}

func TestMerge(t *testing.T) {
	t.Parallel()
	base := whole()
	theirs, mine := base, base
	theirs.Gap, theirs.Lessons = "Theirs.", []string{"theirs"}
	mine.Background, mine.WentWell, mine.Lessons = "Mine.", nil, []string{"mine"}
	got, conflicts := postmortem.Merge(base, theirs, mine)
	want := theirs
	want.Background, want.WentWell = "Mine.", nil
	if d := cmp.Diff(want, got); d != "" || cmp.Diff([]string{"lessons"}, conflicts) != "" {
		t.Errorf("conflicts %v: %s", conflicts, d)
	}
	mine.Lessons = theirs.Lessons
	if _, conflicts := postmortem.Merge(base, theirs, mine); conflicts != nil {
		t.Errorf("the same change is a conflict: %v", conflicts)
	}
}
