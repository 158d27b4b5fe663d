package gate

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"plimsoll/internal/config"
)

func TestParsePolicyProblems(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ name, text, says string }{
		{"unknown key", "service: a\nclauses:\n- budgt: {}\n", `p.yaml:3: unknown key "clauses[0].budgt" (did you mean "budget"?)`},
		{"unknown key below", "service: a\nclauses:\n- budget:\n    spnt: deny\n", `p.yaml:4: unknown key "clauses[0].budget.spnt" (did you mean "spent"?)`},
		{"no service", "clauses:\n- budget: {}\n", "p.yaml:1: service: must name the service"},
		{"no budget", "service: a\nclauses:\n- freeze: {}\n", `p.yaml:2: clauses: needs a budget clause`},
		{"empty clause", "service: a\nclauses:\n- budget: {}\n- freeze:\n", `p.yaml:4: clauses[1]: must have one of`},
		{"two in one", "service: a\nclauses:\n- budget: {}\n  data: {}\n", "found 2"},
		{"bad word", "service: a\nclauses:\n- budget:\n    spent: denyy\n", `p.yaml:4: clauses[0].budget.spent: must be one of deny, hold, allow, found "denyy" (did you mean "deny"?)`},
		{"bad mode", "service: a\nmode: shado\nclauses:\n- budget: {}\n", `p.yaml:2: mode: must be one of enforce, shadow, found "shado" (did you mean "shadow"?)`},
		{"bad share", "service: a\nclauses:\n- budget: {caution: 0.1}\n", `p.yaml:3: clauses[0].budget.caution: must be a percentage such as "10%", found "0.1"`},
		{"share over all", "service: a\nclauses:\n- budget: {caution: 110%}\n", "110 is not a percentage between 0 and 100"},
		{"bad duration", "service: a\nclauses:\n- budget: {}\nfreeze:\n  thawAfter: 1 day\n", `p.yaml:5: freeze.thawAfter: must be a duration such as "5m", "24h" or "30d", found "1 day"`},
		{"negative duration", "service: a\nclauses:\n- budget: {}\n- data: {maxAge: -5m}\n", "p.yaml:4: clauses[1].data.maxAge: must be between 1s and 366d"},
		{"bad rule for stale data", "service: a\nclauses:\n- budget: {}\n- data: {onStale: lastgood}\n", `p.yaml:4: clauses[1].data.onStale: must be one of hold, deny, allow, last_good, found "lastgood" (did you mean "last_good"?)`},
		{"lease of nothing", "service: a\nclauses:\n- budget: {}\n- data: {lease: 30m}\n", `p.yaml:4: clauses[1].data.lease: must be there only with "onStale: last_good", found "30m"`},
		{"bad class", "service: a\nclauses:\n- exempt: {classes: [securty]}\n- budget: {}\n", `found "securty" (did you mean "security"?)`},
		{"no class", "service: a\nclauses:\n- exempt: {}\n- budget: {}\n", "p.yaml:3: clauses[0].exempt.classes: must list classes"},
		{"bad severity", "service: a\nclauses:\n- incident: {severity: 0}\n- budget: {}\n", "p.yaml:3: clauses[0].incident.severity: must be 1 (the worst) to 5, found 0"},
		{"closed without a reason", "service: a\nclauses:\n- calendar:\n    closed:\n    - {from: 2026-12-24, to: 2026-12-26}\n- budget: {}\n", "p.yaml:5: clauses[0].calendar.closed[0].reason: must say why"},
		{"closed never", "service: a\nclauses:\n- calendar: {}\n- budget: {}\n", "clauses[0].calendar.closed: must list times"},
		{"closed backwards", "service: a\nclauses:\n- calendar: {closed: [{from: 2026-12-26, to: 2026-12-24, reason: x}]}\n- budget: {}\n", `calendar.closed[0].to: must be after 2026-12-26, found "2026-12-24"`},
		{"closed both ways", "service: a\nclauses:\n- calendar: {closed: [{from: 2026-12-26, cron: \"0 0 * * *\", reason: x}]}\n- budget: {}\n", "must have either from and to, or cron and for"},
		{"closed on a strange day", "service: a\nclauses:\n- calendar: {closed: [{cron: \"0 18 * * FRIDAY\", for: 2h, reason: x}]}\n- budget: {}\n", `must be five fields such as "0 18 * * FRI"`},
		{"closed for ever", "service: a\nclauses:\n- calendar: {closed: [{cron: \"0 18 * * FRI\", for: 40d, reason: x}]}\n- budget: {}\n", "must be at most 31d"},
		{"closed without a length", "service: a\nclauses:\n- calendar: {closed: [{cron: \"0 18 * * FRI\", reason: x}]}\n- budget: {}\n", "calendar.closed[0].for: must say how long"},
		{"closed every minute for a day", "service: a\nclauses:\n- calendar: {closed: [{cron: \"* * * * *\", for: 24h, reason: x}]}\n- budget: {}\n", "must begin at most 100 times in 24h"},
		{"calendar in no zone", "service: a\nclauses:\n- calendar: {zone: Europe/Berlinn, closed: [{from: 2026-12-24, to: 2026-12-26, reason: x}]}\n- budget: {}\n", `must be a name of the IANA time zone database`},
		{"condition with a typo", "service: a\nclauses:\n- when: {condition: chang.class == \"feature\"}\n- budget: {}\n", "p.yaml:3: clauses[0].when.condition: is not CEL over the variables now, change"},
		{"condition of an unknown field", "service: a\nclauses:\n- when: {condition: change.clas == \"feature\"}\n- budget: {}\n", "at character 7: undefined field 'clas'"},
		{"condition that is no question", "service: a\nclauses:\n- when: {condition: change.commit}\n- budget: {}\n", "must be true or false, but \"change.commit\" is of type string"},
		{"no condition", "service: a\nclauses:\n- when: {then: deny}\n- budget: {}\n", "must be a condition in CEL"},
		{"alert of a strange severity", "service: a\nclauses:\n- alert: {severity: pager}\n- budget: {}\n", `found "pager" (did you mean "page"?)`},
		{"dependency that is ignored", "service: a\nclauses:\n- dependency: {then: nothing}\n- budget: {}\n", "dependency.then: must be one of hold, deny, allow"},
		{"environment twice", "service: a\nenvironments: [x, x]\nclauses:\n- budget: {}\n", "environments[1]"},
		{"environment without a name", "service: a\nenvironments: [\" \"]\nclauses:\n- budget: {}\n", "environments[0]"},
		{"service without a name", "service: \" \"\nclauses:\n- budget: {}\n", "p.yaml:1: service: must name the service"},
		{"freeze without an end", "service: a\nclauses:\n- budget: {}\nfreeze: {thawAbove: 100%}\n", `p.yaml:4: freeze.thawAbove: must be below 100%: no budget is ever above that, so no freeze would end, found "100%"`},
		{"budgets judged twice", "service: a\nclauses:\n- budget: {}\n- budget: {caution: 50%}\n", "p.yaml:4: clauses[1].budget.objectives: must name objectives: clauses[0].budget judges all that no other clause names"},
		{"budget judged twice", "service: a\nclauses:\n- budget: {objectives: [x, y]}\n- budget: {objectives: [y]}\n", `clauses[1].budget.objectives: must name objectives that clauses[0].budget does not judge already, found "y"`},
		{"two documents", "service: a\n---\nservice: b\n", "more than one document"},
		{"empty", "", "p.yaml:1: service"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			_, err := ParsePolicy("p.yaml", []byte(tc.text))
			if !errors.Is(err, ErrInvalidPolicy) || !strings.Contains(err.Error(), tc.says) {
				t.Errorf("%v\nwant %s", err, tc.says)
			}
		})
	}
}

func TestPoliciesFor(t *testing.T) {
	t.Parallel()
	rest := mustParse(t, "service: \"*\"\nenvironments: [production, staging]\nclauses:\n- budget: {}\n")
	own := mustParse(t, "service: video-api\nclauses:\n- budget: {}\n")
	ps, err := NewPolicies([]*Policy{rest, own})
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		service, environment string
		want                 *Policy
	}{
		{"video-api", "production", own},
		{"video-api", "staging", rest},
		{"search", "production", rest},
		{"search", "moon", nil},
	} {
		if got := ps.For(tc.service, tc.environment); got != tc.want {
			t.Errorf("%s in %s: %+v", tc.service, tc.environment, got)
		}
	}
	if diff := cmp.Diff([]string{"production", "staging"}, ps.Environments("video-api")); diff != "" {
		t.Error(diff)
	}
	if _, err := NewPolicies([]*Policy{own, own}); !errors.Is(err, ErrInvalidPolicy) {
		t.Errorf("two policies for one service: %v", err)
	}
}

func TestShippedPolicies(t *testing.T) {
	t.Parallel()
	files, err := config.Files("../../deploy/policies")
	if err != nil {
		t.Fatal(err)
	}
	ps, err := ParsePolicies(files...)
	if err != nil {
		t.Fatal(err)
	}
	for service, covers := range map[string]string{
		"video-api": "video-api", "video-playback": "tier 1", "video-search": "tier 2", "video-analytics": "tier 3", "any": "*",
	} {
		if p := ps.For(service, "production"); p == nil || p.Ref().Covers() != covers {
			t.Errorf("%s is covered by %+v, want the policy of %s", service, p, covers)
		}
	}
}

// The shipped tiers differ in what they make of the same trouble, as their comments say.
func TestShippedTiersDiffer(t *testing.T) {
	t.Parallel()
	files, err := config.Files("../../deploy/policies")
	if err != nil {
		t.Fatal(err)
	}
	ps, err := ParsePolicies(files...)
	if err != nil {
		t.Fatal(err)
	}
	silentFor := func(d time.Duration, bad int64) Snapshot {
		f := fresh(figuresOf("availability", bad, 1_000_000))
		f.LastSample = noon.Add(-d)
		return Snapshot{At: noon, Objectives: []Figures{f}, LastGood: []Figures{f}}
	}
	dependency := silentFor(0, 0)
	dependency.Dependencies = []Dependency{{Service: "store", Frozen: true}}
	for _, tc := range []struct {
		name     string
		snapshot Snapshot
		want     [3]string // of each tier
	}{
		{"all is well", silentFor(0, 0), [3]string{"allow WITHIN_BUDGET", "allow WITHIN_BUDGET", "allow WITHIN_BUDGET"}},
		{"silent for 3 minutes", silentFor(3*time.Minute, 0), [3]string{"hold DATA_STALE", "allow WITHIN_BUDGET", "allow WITHIN_BUDGET"}},
		{"silent for 20 minutes", silentFor(20*time.Minute, 0), [3]string{"hold DATA_STALE", "allow DATA_LAST_GOOD", "allow DATA_STALE"}},
		{"silent for 40 minutes", silentFor(40*time.Minute, 0), [3]string{"hold DATA_STALE", "hold DATA_STALE", "allow DATA_STALE"}},
		{"40 % left", silentFor(0, 600), [3]string{"hold BUDGET_CAUTION", "allow WITHIN_BUDGET", "allow WITHIN_BUDGET"}},
		{"20 % left", silentFor(0, 800), [3]string{"hold BUDGET_CAUTION", "allow BUDGET_CAUTION", "allow WITHIN_BUDGET"}},
		{"nothing left", silentFor(0, 1001), [3]string{"deny BUDGET_SPENT", "deny BUDGET_SPENT", "hold BUDGET_SPENT"}},
		{"a dependency is frozen", dependency, [3]string{"hold DEPENDENCY", "allow DEPENDENCY", "allow WITHIN_BUDGET"}},
	} {
		for i, service := range []string{"video-playback", "video-search", "video-analytics"} {
			c := Change{Service: service, Environment: "production", Commit: "c0ffee", Class: Feature}
			d := Decide(ps.For(service, "production"), tc.snapshot, c)
			if got := fmt.Sprintf("%s %s", d.Outcome, d.Reason); got != tc.want[i] {
				t.Errorf("%s, tier %d: %s, want %s", tc.name, i+1, got, tc.want[i])
			}
		}
	}
}

func TestParsePoliciesReportsEveryFile(t *testing.T) {
	t.Parallel()
	_, err := ParsePolicies(
		config.File{Name: "a.yaml", Data: []byte("service: a\nmode: x\n")},
		config.File{Name: "b.yaml", Data: []byte("service: b\nmode: y\n")},
	)
	if err == nil || !strings.Contains(err.Error(), "a.yaml:2") || !strings.Contains(err.Error(), "b.yaml:2") {
		t.Errorf("%v", err)
	}
}

func FuzzParsePolicy(f *testing.F) {
	f.Add([]byte(plainPolicy))
	f.Add([]byte("service: a\nclauses:\n- data: {maxAge: 1d, minCoverage: 10 %}\n- budget: &b {}\n- budget: *b\n"))
	f.Add([]byte("tier: 2\nclauses:\n- data: {onStale: last_good, lease: 30m}\n- budget: {}\nfreeze: {exit: [{plan: filed}, {verifiedItems: 2}, {incident: closed}]}\n"))
	f.Add([]byte("a: &a [*a]"))
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := ParsePolicy("p.yaml", data)
		if err != nil {
			if !errors.Is(err, ErrInvalidPolicy) || !strings.Contains(err.Error(), "p.yaml") {
				t.Errorf("the error does not say where: %v", err)
			}
			return
		}
		d := Decide(p, Snapshot{At: noon}, Change{Service: "a", Class: Rollback})
		if d.Verdict() != Allow {
			t.Error("a rollback was stopped")
		}
	})
}

func TestValidateChange(t *testing.T) {
	t.Parallel()
	good := Change{Service: "video-api", Environment: "production", Commit: "c0ffee"}
	if err := good.Validate(); err != nil || good.Class != Feature {
		t.Fatalf("%v, class %q", err, good.Class)
	}
	for _, tc := range []struct {
		name string
		set  func(*Change)
		says string
	}{
		{"no service", func(c *Change) { c.Service = "" }, `service "": must not be empty`},
		{"no commit", func(c *Change) { c.Commit = "" }, "commit"},
		{"odd commit", func(c *Change) { c.Commit = "a b" }, "must be a commit's hash"},
		{"control character", func(c *Change) { c.Author = "a\x00b" }, "control character"},
		{"not UTF-8", func(c *Change) { c.Service = "video-\xff" }, "service \"video-\\xff\": must be UTF-8"},
		{"long", func(c *Change) { c.Version = strings.Repeat("x", 201) }, "at most 200 bytes"},
		{"control character in a reference", func(c *Change) { c.Refs = []string{"INC-1", "\n"} }, "refs[1]"},
		{"class", func(c *Change) { c.Class = "feture" }, `must be one of feature, reliability, security, rollback, config (did you mean "feature"?)`},
	} {
		c := good
		tc.set(&c)
		var invalid *InputError
		if err := c.Validate(); !errors.As(err, &invalid) || !strings.Contains(err.Error(), tc.says) {
			t.Errorf("%s: %v", tc.name, err)
		}
	}
}
