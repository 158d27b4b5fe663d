package gate

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"plimsoll/slo"
)

var noon = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

func mustParse(t testing.TB, text string) *Policy {
	t.Helper()
	p, err := ParsePolicy("policy.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

const plainPolicy = `
service: "*"
clauses:
  - exempt: {classes: [security]}
  - exempt: {classes: [reliability], reference: open}
  - budget: {}
`

func fresh(f Figures) Figures {
	f.LastSample, f.Coverage = noon.Add(-10*time.Second), 1
	return f
}

func TestMessages(t *testing.T) {
	t.Parallel()
	change := Change{Service: "video-api", Environment: "production", Commit: "c0ffee", Class: Feature}
	back := noon.Add(50 * time.Hour)
	spent := fresh(figuresOf("availability", 152, 110_000))
	spent.RecoversAt = &back
	healthy := fresh(figuresOf("availability", 65, 110_000))
	codeRed := State{Phase: CodeRed, Since: noon.Add(-2 * time.Hour), Cause: []slo.Key{"video-api/availability"}}
	for _, tc := range []struct {
		name     string
		policy   string
		snapshot Snapshot
		change   func(*Change)
		message  string
		flip     []string
		until    *time.Time
	}{
		{
			name: "within budget", policy: plainPolicy,
			snapshot: Snapshot{At: noon, Objectives: []Figures{healthy}},
			message: `ALLOW feature c0ffee of video-api to production: the budget allows it.
Availability: budget 40.9 %: 65 bad of 110 allowed, 110,000 events over 30d.
Next: go ahead. 46 more bad events of availability would spend the budget.`,
			flip: []string{"46 more bad events of availability"},
		},
		{
			name: "spent", policy: plainPolicy,
			snapshot: Snapshot{At: noon, Objectives: []Figures{spent}},
			message: `DENY feature c0ffee of video-api to production: an error budget is spent.
Availability: budget −38.2 %: 152 bad of 110 allowed, 110,000 events over 30d.
Next: only rollbacks, security fixes and reliability fixes with an open reference (--ref) go out. The budget is back above 0 about Thu 26 Nov 14:00 UTC if no more errors come.`,
			flip:  []string{"42,001 more good events of availability without a bad one"},
			until: &back,
		},
		{
			name: "code red", policy: plainPolicy,
			snapshot: Snapshot{At: noon, Objectives: []Figures{spent}, Freeze: codeRed},
			message: `DENY feature c0ffee of video-api to production: code red since Tue 24 Nov 10:00 UTC.
Availability: budget −38.2 %: 152 bad of 110 allowed, 110,000 events over 30d.
Next: only rollbacks, security fixes and reliability fixes with an open reference (--ref) go out. The budget is back above 0 about Thu 26 Nov 14:00 UTC if no more errors come; the freeze ends when every budget has been above 10 % for 1d.`,
			flip: []string{"every budget above 10 % for 1d, or a thaw by hand",
				"42,001 more good events of availability without a bad one"},
			until: &back,
		},
		{
			name: "one reference is the smallest change", policy: plainPolicy,
			snapshot: Snapshot{At: noon, Objectives: []Figures{spent}},
			change:   func(c *Change) { c.Class = Reliability },
			message: `DENY reliability c0ffee of video-api to production: an error budget is spent.
Availability: budget −38.2 %: 152 bad of 110 allowed, 110,000 events over 30d.
Next: only rollbacks, security fixes and reliability fixes with an open reference (--ref) go out. The budget is back above 0 about Thu 26 Nov 14:00 UTC if no more errors come.`,
			flip:  []string{"a reference (--ref) to an open incident or action item"},
			until: &back,
		},
		{
			name: "exempt although a budget is spent", policy: plainPolicy,
			snapshot: Snapshot{At: noon, Objectives: []Figures{spent}},
			change:   func(c *Change) { c.Class = Security },
			message: `ALLOW security c0ffee of video-api to production: its class is exempt.
Class security is exempt.
Next: go ahead; the exemption is recorded.`,
			flip: []string{"any class that is not exempt"},
		},
		{
			name: "exempt while nothing stands in the way", policy: plainPolicy,
			snapshot: Snapshot{At: noon, Objectives: []Figures{healthy}},
			change:   func(c *Change) { c.Class = Rollback },
			message: `ALLOW rollback c0ffee of video-api to production: a rollback always goes out.
A rollback always goes out.
Next: go ahead; the rollback is recorded.`,
			flip: []string{},
		},
		{
			name: "misspelt service", policy: plainPolicy,
			snapshot: Snapshot{At: noon, Services: []string{"search", "video-api"}},
			change:   func(c *Change) { c.Service = "vidoe-api" },
			message: `HOLD feature c0ffee of vidoe-api to production: there is no budget to decide by.
Service "vidoe-api" has no objective, so there is no budget to decide by (did you mean "video-api"?).
Next: check the name of the service; known: search, video-api; or define an objective for it.`,
			flip: []string{"an objective for the service"},
		},
		{
			name:     "misspelt environment",
			snapshot: Snapshot{At: noon, Environments: []string{"production"}},
			change:   func(c *Change) { c.Environment = "prodution" },
			message: `HOLD feature c0ffee of video-api to prodution: no policy covers it.
No policy covers service "video-api" in environment "prodution" (did you mean "production"?).
Next: check both names; environments with a policy: production; or write a policy.`,
		},
		{
			name: "shadow", policy: strings.Replace(plainPolicy, "clauses", "mode: shadow\nclauses", 1),
			snapshot: Snapshot{At: noon, Objectives: []Figures{fresh(figuresOf("availability", 1000, 1_000_000))}},
			message: `ALLOW (shadow; enforced: DENY) feature c0ffee of video-api to production: an error budget is spent.
Availability: budget 0.0 %: 1,000 bad of 1,000 allowed, 1,000,000 events over 30d.
Next: only rollbacks, security fixes and reliability fixes with an open reference (--ref) go out. The budget is not back within 30d at the present traffic.`,
			flip: []string{"1 more good event of availability without a bad one"},
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			c := change
			if tc.change != nil {
				tc.change(&c)
			}
			var p *Policy
			if tc.policy != "" {
				p = mustParse(t, tc.policy)
			}
			d := Decide(p, tc.snapshot, c)
			if diff := cmp.Diff(tc.message, strings.Join(d.Message, "\n")); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff(tc.flip, d.Flip, cmpopts.EquateEmpty()); tc.flip != nil && diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff(tc.until, d.Until); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestExemptDetails reads the lines of exemptions that do not cover the change: they say which ones they are.
func TestExemptDetails(t *testing.T) {
	t.Parallel()
	d := Decide(mustParse(t, plainPolicy), Snapshot{At: noon}, Change{Service: "video-api", Environment: "production", Commit: "c0ffee", Class: Feature})
	var got []string
	for _, r := range d.Clauses {
		if r.Clause == "exempt" {
			got = append(got, r.Detail)
		}
	}
	want := []string{"exempts security fixes, not features", "exempts reliability fixes with an open reference (--ref), not features"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// TestFlip proves the figures of a flip: that many events turn the answer, and one less does not.
func TestFlip(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		total := rapid.OneOf(rapid.Int64Range(1, 1_000_000), rapid.Int64Range(1, 1<<50)).Draw(t, "total")
		bad := rapid.Int64Range(0, min(total, 5_000)).Draw(t, "bad")
		f := figuresOf("a", bad, total)
		f.Target = slo.Ratio(rapid.Int64Range(int64(slo.One/2), int64(slo.One)-1).Draw(t, "target"))
		f.Guard = slo.LowTraffic{MinBad: rapid.Int64Range(0, 5_000).Draw(t, "least bad"), MinTotal: rapid.Int64Range(0, 1_000_000).Draw(t, "least total")}
		add := func(good, bad int64) bool {
			c := f.Counts.Add(slo.Counts{Good: good, Total: good + bad})
			return slo.BudgetOf(f.Target, c).Spent && c.Bad() >= f.Guard.MinBad && c.Total >= f.Guard.MinTotal
		}
		f.Spent = add(0, 0)
		if f.Spent {
			if n := f.goodToRecover(); add(n, 0) || n > 1 && !add(n-1, 0) {
				t.Fatalf("%v: %d good events", f, n)
			}
		} else if n := f.badToSpend(); !add(0, n) || n > 1 && add(0, n-1) {
			t.Fatalf("%v: %d bad events", f, n)
		}
	})
}

// drawPolicy makes any policy; drawSnapshot anything that may be true.
func drawPolicy(t *rapid.T) *Policy {
	outcome := rapid.SampledFrom([]string{"allow", "deny", "hold"})
	clauses := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) string {
		switch rapid.IntRange(0, 4).Draw(t, "kind") {
		case 0:
			return fmt.Sprintf("exempt: {classes: [%s], reference: %s}", rapid.SampledFrom(classNames()).Draw(t, "class"),
				rapid.SampledFrom([]string{"none", "open"}).Draw(t, "reference"))
		case 1:
			return "freeze: {}"
		case 2:
			lease := rapid.SampledFrom([]string{"", ", onStale: last_good, lease: 2m"}).Draw(t, "lease")
			return "data: {then: " + rapid.SampledFrom([]string{"deny", "hold"}).Draw(t, "then") + ", minCoverage: 50%" + lease + "}"
		case 3:
			return "incident: {then: " + outcome.Draw(t, "then") + "}"
		default:
			return "budget: {spent: " + outcome.Draw(t, "spent") + ", inCaution: " + outcome.Draw(t, "inCaution") + "}"
		}
	}), 0, 6).Draw(t, "clauses")
	text := "service: \"*\"\nmode: " + rapid.SampledFrom([]string{"enforce", "shadow"}).Draw(t, "mode") + "\nclauses:\n"
	judged := false // by one budget clause, as a policy has to
	for _, c := range append(clauses, "budget: {}") {
		if budget := strings.HasPrefix(c, "budget"); !budget || !judged {
			text += "  - " + c + "\n"
			judged = judged || budget
		}
	}
	p, err := ParsePolicy("policy.yaml", []byte(text))
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	return p
}

func drawSnapshot(t *rapid.T) Snapshot {
	s := Snapshot{At: noon}
	for _, name := range []string{"availability", "latency"}[:rapid.IntRange(0, 2).Draw(t, "objectives")] {
		total := rapid.Int64Range(0, 1_000_000).Draw(t, "total")
		f := figuresOf(name, rapid.Int64Range(0, min(total, 3_000)).Draw(t, "bad"), total)
		f.LastSample = noon.Add(-time.Duration(rapid.Int64Range(0, 600).Draw(t, "age")) * time.Second)
		f.Coverage = rapid.Float64Range(0, 1).Draw(t, "coverage")
		s.Objectives = append(s.Objectives, f)
		if rapid.Bool().Draw(t, "last good") {
			f.Coverage = 1
			s.LastGood = append(s.LastGood, f)
		}
	}
	s.Freeze = State{Phase: rapid.SampledFrom([]Phase{"", Open, Caution, CodeRed, Thawing}).Draw(t, "phase"), Since: noon.Add(-time.Hour)}
	if rapid.Bool().Draw(t, "manual") {
		s.Freeze.Manual = &Manual{Kind: rapid.SampledFrom([]CommandKind{FreezeByHand, ThawByHand}).Draw(t, "kind"), Until: noon.Add(time.Hour)}
	}
	if rapid.Bool().Draw(t, "exemption") {
		s.Exemptions = []Exemption{{ID: 1, Because: rapid.SampledFrom(Becauses()).Draw(t, "because"), Frozen: rapid.Bool().Draw(t, "dependency frozen"),
			By: "ada", Reason: "because", Until: noon.Add(time.Duration(rapid.IntRange(-1, 1).Draw(t, "until")) * time.Hour)}}
	}
	if s.Freeze.Phase != CodeRed && rapid.Bool().Draw(t, "excused") {
		s.Freeze.Excused = []Excused{{Objective: "video-api/availability", Remaining: rapid.Float64Range(-2, 0).Draw(t, "remaining")}}
	}
	if rapid.Bool().Draw(t, "incident") {
		s.Incidents = []Incident{{Ref: "INC-1", Severity: rapid.IntRange(1, 5).Draw(t, "severity")}}
	}
	return s
}

func TestProperties(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		p, s := drawPolicy(t), drawSnapshot(t)
		c := Change{Service: "video-api", Environment: "production", Commit: "c0ffee", Class: rapid.SampledFrom(Classes()).Draw(t, "class")}
		d := Decide(p, s, c)
		if diff := cmp.Diff(d, Decide(p, s, c)); diff != "" {
			t.Fatal("the same question has two answers", diff)
		}
		if len(d.Message) != 3 || strings.Contains(strings.Join(d.Message, ""), "\n") || d.Clause == "" || d.Reason == "" {
			t.Fatalf("the answer is not explained: %+v", d)
		}
		if p.Mode == Shadow && d.Outcome != Allow {
			t.Fatal("shadow mode stopped a change")
		}
		exempt := d.Reason == ExemptRollback || d.Reason == ExemptClass
		switch verdict := d.Verdict(); {
		case c.Class == Rollback && verdict != Allow:
			t.Fatal("a rollback was stopped")
		case verdict != Allow || exempt:
		case s.Freeze.Frozen(s.At) && (s.Freeze.Manual != nil || len(s.Exemptions) == 0 || !s.Exemptions[0].InForce(s.At)):
			t.Fatal("a change went out under a freeze")
		case len(s.Objectives) == 0:
			t.Fatal("a change went out without a budget to decide by")
		default:
			for _, f := range s.Objectives {
				lease := 2 * time.Minute
				if s.lastGood(f.Objective) == nil || p.StaleAfter() == 0 {
					lease = 0
				}
				if f.stale(s.At, p.MaxAge()+lease) {
					t.Fatal("a change went out on stale data")
				}
			}
		}
	})
}

func BenchmarkDecide(b *testing.B) {
	p := mustParse(b, plainPolicy)
	for _, n := range []int{1, 10, 100} {
		b.Run(fmt.Sprintf("objectives=%d", n), func(b *testing.B) {
			s := Snapshot{At: noon}
			for i := range n {
				s.Objectives = append(s.Objectives, fresh(figuresOf(fmt.Sprintf("objective-%d", i), 152, 110_000)))
			}
			c := Change{Service: "video-api", Environment: "production", Commit: "c0ffee", Class: Feature}
			b.ReportAllocs()
			for b.Loop() {
				Decide(p, s, c)
			}
		})
	}
}
