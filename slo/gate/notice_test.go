package gate

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestNotices(t *testing.T) {
	t.Parallel()
	p := mustParse(t, plainPolicy+"freeze: {exit: [{plan: filed}, {verifiedItems: 2}]}\n")
	back := noon.Add(50 * time.Hour)
	spent := fresh(figuresOf("availability", 152, 110_000))
	spent.RecoversAt, spent.Owner = &back, "team-video"
	until := noon.Add(2 * time.Hour)
	event := func(kind EventKind, by, reason string) Event {
		return Event{Kind: kind, At: noon, Service: "video-api", Environment: "production", By: by, Reason: reason, From: CodeRed, Until: &until, Objectives: []Figures{spent, spent}}
	}
	for _, tc := range []struct {
		event       Event
		title, text string
	}{
		{event(EnteredCodeRed, "", "the budget is spent"), "Releases of video-api to production are stopped",
			"Too much has failed: the error budget is spent (availability: budget −38.2 %: 152 bad of 110 allowed, 110,000 events over 30d; availability: budget −38.2 %: 152 bad of 110 allowed, 110,000 events over 30d). " +
				"Until it is back, only rollbacks, security fixes and reliability fixes with an open reference (--ref) go out. " +
				"The budget is back above 0 about Thu 26 Nov 14:00 UTC if no more errors come; the freeze ends when every budget has been above 10 % for 1d, " +
				"or by a release manager once an action plan is filed and 2 action items verified. " +
				"An incident commander is to be named within 1 hour, an action plan is due by Wed 25 Nov 12:00 UTC, and everybody is told how it stands each day until it ends."},
		{event(EnteredThawing, "grace", "the exit criteria are met: done"), "Releases of video-api to production begin again, one at a time",
			"grace: the exit criteria are met: done. One change goes out in 60 minutes until Tue 24 Nov 18:00 UTC."},
		{event(EnteredOpen, "", "changes went out one at a time for 6h"), "Releases of video-api to production are open again", "Changes went out one at a time for 6h."},
		{event(EnteredCaution, "", "the budget is low"), "Releases of video-api to production are open again, with care", "The budget is low."},
		{event(Frozen, "ada", "cup final"), "Releases of video-api to production are frozen by hand",
			"ada: cup final. It lasts until Tue 24 Nov 14:00 UTC. Only rollbacks, security fixes and reliability fixes with an open reference (--ref) go out."},
		{event(Thawed, "ada", "the fix is tested"), "The freeze of video-api in production is lifted by hand", "ada: the fix is tested. It lasts until Tue 24 Nov 14:00 UTC."},
		{event(PlanFiled, "ada", "drain sooner"), "There is an action plan for video-api in production", "ada: drain sooner."},
		{event(DutyOverdue, "", "the daily update was due at noon"), "Overdue while releases of video-api to production are stopped", "The daily update was due at noon."},
	} {
		n, ok := p.Notice(tc.event)
		if diff := cmp.Diff([]string{tc.title, tc.text, "team-video"}, append([]string{n.Title, n.Text}, n.Owners...)); !ok || diff != "" {
			t.Errorf("%s %t\n%s", tc.event.Kind, ok, diff)
		}
	}
	quiet := event(EnteredOpen, "", "")
	quiet.From = Caution
	low := event(EnteredCaution, "", "")
	low.From = Open
	for _, e := range []Event{quiet, low, event(ManualEnded, "", "")} {
		if n, ok := p.Notice(e); ok {
			t.Errorf("told of %s: %+v", e.Kind, n)
		}
	}
	shadow := mustParse(t, strings.Replace(plainPolicy, "clauses", "mode: shadow\nclauses", 1))
	if n, ok := shadow.Notice(event(EnteredCodeRed, "", "")); ok {
		t.Errorf("told of what stops nothing: %+v", n)
	}
}

func TestExitProblems(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ name, exit, says string }{
		{"unknown", "{paln: filed}", `unknown key "freeze.exit[0].paln" (did you mean "plan"?)`},
		{"none", "{}", "p.yaml:3: freeze.exit[0]: must have one of"},
		{"two", "{plan: filed, commander: named}", "found 2"},
		{"word", "{incident: close}", `freeze.exit[0].incident: must be one of resolved, closed, found "close" (did you mean "closed"?)`},
		{"no items", "{verifiedItems: 0}", "freeze.exit[0].verifiedItems: must be 1 to 100, found 0"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			_, err := ParsePolicy("p.yaml", []byte("service: a\nclauses: [{budget: {}}]\nfreeze: {exit: ["+tc.exit+"]}\n"))
			if err == nil || !strings.Contains(err.Error(), tc.says) {
				t.Errorf("%v, want %s", err, tc.says)
			}
		})
	}
}

func TestCommandProblems(t *testing.T) {
	t.Parallel()
	manager := []string{ReleaseManager}
	for _, tc := range []struct {
		name    string
		command Command
		says    string
	}{
		{"nobody", Command{Kind: FilePlan}, "by"},
		{"empty plan", Command{Kind: FilePlan, By: "ada", Plan: Plan{Text: " "}}, "must say what will be done"},
		{"plan at no address", Command{Kind: FilePlan, By: "ada", Plan: Plan{URL: "javascript:x"}}, `url "javascript:x"`},
		{"long plan", Command{Kind: FilePlan, By: "ada", Plan: Plan{Text: strings.Repeat("é", maxPlan+1)}}, "at most 10000 characters"},
		{"plan", Command{Kind: FilePlan, By: "ada", Plan: Plan{URL: "https://wiki.example.com/plan", Text: strings.Repeat("é", maxPlan)}}, ""},
		{"no role", Command{Kind: ThawByCriteria, By: "ada", Reason: "done"}, "only a release manager"},
		{"no reason", Command{Kind: ThawByCriteria, By: "ada", Roles: manager}, "must say why"},
		{"long reason", Command{Kind: ThawByCriteria, By: "ada", Roles: manager, Reason: strings.Repeat("ж", maxReason+1)}, "at most 500 characters"},
		{"reason of other letters", Command{Kind: ThawByCriteria, By: "ada", Roles: manager, Reason: strings.Repeat("ж", maxReason)}, ""},
		{"criteria", Command{Kind: ThawByCriteria, By: "ada", Roles: manager, Reason: "done"}, ""},
		{"freeze for ever", Command{Kind: FreezeByHand, By: "ada", Reason: "x", Until: noon.Add(32 * 24 * time.Hour)}, "at most 31d later"},
	} {
		if err := tc.command.Validate(noon); (err == nil) != (tc.says == "") || err != nil && !strings.Contains(err.Error(), tc.says) {
			t.Errorf("%s: %v, want %q", tc.name, err, tc.says)
		}
	}
}
