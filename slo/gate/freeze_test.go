package gate

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"plimsoll/slo"
)

// TestMachineProperties drives the freeze through any history.
func TestMachineProperties(t *testing.T) {
	t.Parallel()
	thaw := DefaultThaw()
	rapid.Check(t, func(t *rapid.T) {
		at, s := noon, State{Service: "video-api", Environment: "production"}
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			at = at.Add(time.Duration(rapid.IntRange(1, 13*60).Draw(t, "minutes")) * time.Minute)
			f := figuresOf("availability", rapid.Int64Range(0, 1_500).Draw(t, "bad"), 1_000_000)
			f.LastSample = at.Add(-time.Duration(rapid.IntRange(0, 7).Draw(t, "age")) * time.Minute)
			in := Input{At: at, Watched: []Watched{{Figures: f, Caution: DefaultCaution, Freezes: true}}, Thaw: thaw, MaxAge: DefaultMaxAge}
			next, events := Transition(s, in)
			again, more := Transition(next, in)
			switch stale := f.stale(at, DefaultMaxAge); {
			case len(more) > 0 || cmp.Diff(next, again) != "":
				t.Fatalf("the same input moves %s twice: %v", next.Phase, more)
			case f.Spent && next.Phase != CodeRed:
				t.Fatalf("a spent budget leaves %s", next.Phase)
			case s.Phase == CodeRed && next.Phase != CodeRed && (stale || f.Remaining <= thaw.Above.Float() || s.RecoveredAt == nil || at.Sub(*s.RecoveredAt) < thaw.After):
				t.Fatalf("the freeze ended too early: %+v to %+v", s, next)
			case s.Phase == CodeRed && next.Phase != CodeRed && next.Phase != Thawing:
				t.Fatalf("the freeze did not thaw but went to %s", next.Phase)
			case (s.Phase != next.Phase && s.Phase != "") != (len(events) == 1):
				if s.Phase != "" || next.Phase == Open {
					t.Fatalf("%s to %s is told as %v", s.Phase, next.Phase, events)
				}
			}
			s = next
		}
	})
}

// TestCriteriaProperties drives Code Red through any history of budgets, plans, responses and words of release managers.
func TestCriteriaProperties(t *testing.T) {
	t.Parallel()
	thaw := DefaultThaw()
	thaw.Exit = []Criterion{{Kind: PlanIsFiled}, {Kind: ItemsAreVerified, AtLeast: 2}}
	rapid.Check(t, func(t *rapid.T) {
		at, s := noon, State{Service: "video-api", Environment: "production"}
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			at = at.Add(time.Duration(rapid.IntRange(1, 13*60).Draw(t, "minutes")) * time.Minute)
			f := figuresOf("availability", rapid.Int64Range(500, 1_500).Draw(t, "bad"), 1_000_000)
			f.LastSample = at.Add(-time.Duration(rapid.IntRange(0, 7).Draw(t, "age")) * time.Minute)
			in := Input{At: at, Watched: []Watched{{Figures: f, Caution: DefaultCaution, Freezes: true}}, Thaw: thaw, MaxAge: DefaultMaxAge,
				Response: &Response{VerifiedItems: rapid.IntRange(0, 3).Draw(t, "verified")}}
			switch rapid.IntRange(0, 3).Draw(t, "command") {
			case 0:
				in.Command = &Command{Kind: FilePlan, By: "ada", Plan: Plan{Text: "drain sooner"}}
			case 1:
				in.Command = &Command{Kind: ThawByCriteria, By: "grace", Roles: []string{ReleaseManager}, Reason: "done"}
			}
			met := s.Plan != nil && in.Response.VerifiedItems >= 2 && !f.stale(at, DefaultMaxAge)
			permitted := s.Permits(in) == nil
			next, _ := Transition(s, in)
			released := in.Command != nil && in.Command.Kind == ThawByCriteria && s.Phase == CodeRed && met
			switch {
			case released != (permitted && in.Command != nil && in.Command.Kind == ThawByCriteria):
				t.Fatalf("the criteria are met: %t, and the command is permitted: %t", met, permitted)
			case released && next.Phase != Thawing:
				t.Fatalf("a release leaves %s", next.Phase)
			case f.Spent && next.Phase != CodeRed && !next.excuses(&f, thaw.Above):
				t.Fatalf("a spent budget that nothing excuses leaves %s: %+v", next.Phase, next)
			case len(next.Excused) > 0 && (f.Remaining > thaw.Above.Float() || next.Phase == CodeRed):
				t.Fatalf("an excuse outlives its reason in %s: %+v", next.Phase, next.Excused)
			case next.Phase == CodeRed && s.Phase != CodeRed && next.Plan != nil:
				t.Fatal("the plan of another Code Red counts for this one")
			case next.Phase == Open && next.Plan != nil:
				t.Fatal("a plan outlives its freeze")
			}
			in.Command = nil
			if again, more := Transition(next, in); len(more) > 0 || cmp.Diff(next, again) != "" {
				t.Fatalf("the same input moves %s twice: %v", next.Phase, more)
			}
			s = next
		}
	})
}

// TestFreezeSaysWhatItWaitsFor proves that nobody has to guess why a freeze goes on although the budgets are back.
func TestFreezeSaysWhatItWaitsFor(t *testing.T) {
	t.Parallel()
	p := mustParse(t, "service: video-api\nclauses:\n- freeze: {}\n- data: {}\n- budget: {}\n")
	silent := figuresOf("latency", 0, 0)
	figures := []Figures{fresh(figuresOf("availability", 100, 1_000_000)), silent}
	s := State{Service: "video-api", Environment: "production", Phase: CodeRed, Since: noon, Cause: []slo.Key{"video-api/availability"}}
	d := Decide(p, Snapshot{At: noon, Objectives: figures, Freeze: s}, Change{Service: "video-api", Environment: "production", Commit: "c0ffee", Class: Feature})
	const says = "does not end by itself while data of latency is missing"
	if status := StatusOf(p, s, figures, nil, nil, noon); !strings.Contains(d.Message[2], says) || !strings.Contains(status.Ends, says) {
		t.Errorf("%q\n%q", d.Message[2], status.Ends)
	}
	figures[1] = fresh(silent)
	if status := StatusOf(p, s, figures, nil, nil, noon); strings.Contains(status.Ends, says) {
		t.Error(status.Ends)
	}
}
