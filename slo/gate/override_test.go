package gate

import (
	"errors"
	"strings"
	"testing"
	"time"
)

func override() Override {
	return Override{ID: 1, Service: "video-api", Environment: "production", Commit: "c0ffee", Reason: "customers cannot pay", By: "ada",
		At: noon, Until: noon.Add(time.Hour)}
}

func TestOverrideRequests(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name   string
		change func(*Override)
		before int
		says   string
	}{
		{"fine", func(*Override) {}, OverrideQuota - 1, ""},
		{"as long as may be", func(o *Override) { o.Until = noon.Add(MaxOverride) }, 0, ""},
		{"too long", func(o *Override) { o.Until = noon.Add(MaxOverride + time.Second) }, 0, "until"},
		{"over before it begins", func(o *Override) { o.Until = noon }, 0, "until"},
		{"no reason", func(o *Override) { o.Reason = " " }, 0, "reason"},
		{"nobody", func(o *Override) { o.By = "" }, 0, "by"},
		{"no commit", func(o *Override) { o.Commit = "" }, 0, "commit"},
		{"one too many", func(*Override) {}, OverrideQuota, "used up its overrides: 3 in the last 30d"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			o := override()
			tc.change(&o)
			err := o.Validate(tc.before)
			if (err == nil) != (tc.says == "") || err != nil && !strings.Contains(err.Error(), tc.says) {
				t.Errorf("got %v, want %q", err, tc.says)
			}
		})
	}
}

func TestOverrideTakesTwoPeople(t *testing.T) {
	t.Parallel()
	o := override()
	if _, err := o.Approve("ada", noon); !errors.Is(err, ErrOwnApproval) {
		t.Errorf("approved her own: %v", err)
	}
	if _, err := o.Approve("grace", o.Until); !errors.Is(err, ErrOverrideOver) {
		t.Errorf("approved after its end: %v", err)
	}
	approved, err := o.Approve("grace", noon.Add(time.Minute))
	if err != nil || approved.ApprovedBy != "grace" {
		t.Fatalf("%+v, %v", approved, err)
	}
	if _, err := approved.Approve("alan", noon); !errors.Is(err, ErrOverrideOver) {
		t.Errorf("approved twice: %v", err)
	}
}

// An override turns the decision about one commit in one environment, once, until its end.
func TestOverrideTurnsOneDecision(t *testing.T) {
	t.Parallel()
	p := mustParse(t, "service: video-api\nclauses:\n- budget: {}\n")
	approved, err := override().Approve("grace", noon)
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		name   string
		change func(*Override, *Change, *Snapshot)
		want   Reason
	}{
		{"this one", func(*Override, *Change, *Snapshot) {}, Overridden},
		{"another commit", func(_ *Override, c *Change, _ *Snapshot) { c.Commit = "decade" }, BudgetSpent},
		{"another environment", func(o *Override, _ *Change, _ *Snapshot) { o.Environment = "staging" }, BudgetSpent},
		{"not approved", func(o *Override, _ *Change, _ *Snapshot) { o.ApprovedBy = "" }, BudgetSpent},
		{"used", func(o *Override, _ *Change, _ *Snapshot) { o.UsedBy = 7 }, BudgetSpent},
		{"over", func(o *Override, _ *Change, s *Snapshot) { s.At = o.Until }, BudgetSpent},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			o, c := approved, Change{Service: "video-api", Environment: "production", Commit: "c0ffee", Class: Feature}
			s := Snapshot{At: noon}
			tc.change(&o, &c, &s)
			f := figuresOf("availability", 2000, 1_000_000)
			f.LastSample = s.At
			s.Objectives, s.Override = []Figures{f}, &o
			if d := Decide(p, s, c); d.Reason != tc.want {
				t.Errorf("%s: %s", d.Reason, strings.Join(d.Message, "\n"))
			}
		})
	}
}
