package tierfile_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"plimsoll/alerts"
	"plimsoll/alerts/tierfile"
	"plimsoll/internal/config"
	"plimsoll/slo"
)

func TestParse(t *testing.T) {
	t.Parallel()
	got, err := tierfile.Parse("tiers.yaml", []byte(`
tiers:
- {name: page-fast, for: 2m}
- {name: ticket-slow, factor: 2.5}
- name: page-day
  severity: page
  share: 8%
  lookback: 12h
  short: 1h
  keep: 10m
`))
	if err != nil {
		t.Fatal(err)
	}
	shipped := alerts.Tiers()
	fast, slow := shipped[0], shipped[3]
	fast.For = 2 * time.Minute
	slow.Share, slow.Rate = 0, 2_500_000_000
	day := alerts.Tier{Name: "page-day", Severity: alerts.Page, Keep: 10 * time.Minute, Pace: slo.Pace{Share: 80_000_000, Lookback: 12 * time.Hour, Short: time.Hour}}
	if diff := cmp.Diff([]alerts.Tier{fast, slow, day}, got); diff != "" {
		t.Error(diff)
	}
}

func TestInvalid(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ name, text, says string }{
		{"empty", ``, `tiers.yaml:1: tiers: found none; allowed: at least one tier`},
		{"no name", `tiers: [{for: 1m}]`, `tiers.yaml:1: tiers[0].name: found the tier ""; a name is up to 63`},
		{"the name of a policy", `tiers: [{name: policy-x}]`, `found the tier "policy-x"; names that begin with policy- and data- are those of other alerts`},
		{"a word", `tiers: [{name: all}]`, `which is the word for every tier`},
		{"unknown key", "tiers:\n- {name: page-fast, lokback: 1h}", `tiers.yaml:2: unknown key "tiers[0].lokback" (did you mean "lookback"?)`},
		{"twice", `tiers: [{name: page-fast}, {name: page-fast}]`, `tiers.yaml:1: tiers[1].name: page-fast stands twice`},
		{"severity", `tiers: [{name: page-fast, severity: pages}]`, `tiers[0].severity: found the severity "pages"; allowed: page, ticket`},
		{"share without a unit", `tiers: [{name: page-fast, share: 5}]`, `tiers[0].share: found the share "5"; allowed: a part of the budget above 0% and up to 100%, such as 5%`},
		{"no share", `tiers: [{name: page-fast, share: 0%}]`, `found the share "0%"`},
		{"share and factor", `tiers: [{name: page-fast, share: 5%, factor: 3}]`, `tiers[0].factor: found a share, too`},
		{"factor below one", `tiers: [{name: page-fast, factor: 0.5}]`, `tiers[0].factor: found the factor "0.5"; allowed: a burn rate from 1 to 1000000`},
		{"factor that is none", `tiers: [{name: page-fast, factor: 1e3}]`, `found the factor "1e3"`},
		{"seconds", `tiers: [{name: page-fast, for: 30s}]`, `tiers[0].for: found the duration "30s"; allowed: whole minutes, hours or days from 0m to 1d`},
		{"no lookback", `tiers: [{name: mine, severity: page, share: 5%}]`, `tiers[0]: the tier mine lacks lookback, short`},
		{"short is long", `tiers: [{name: page-fast, short: 1h}]`, `tiers[0]: the tier page-fast has a short lookback of 1h; allowed: less than its lookback of 1h`},
		{"a list", "tiers:\n- name: page-fast\n  for: [1m]", `tiers.yaml:3`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			tiers, err := tierfile.Parse("tiers.yaml", []byte(tc.text))
			if !errors.Is(err, config.ErrInvalid) || !strings.Contains(err.Error(), tc.says) {
				t.Errorf("got %v, %v; want %q", tiers, err, tc.says)
			}
		})
	}
}

// What is read can be written as an annotation and says the same again.
func FuzzParse(f *testing.F) {
	f.Add("tiers:\n- {name: page-fast, share: 2.5%, for: 90m}\n- {name: own, severity: ticket, factor: 14.4, lookback: 3d, short: 6h}\n")
	f.Add("tiers: [{name: x, severity: page, factor: 1000000, lookback: 2m, short: 1m, keep: 1d}]")
	f.Fuzz(func(t *testing.T, text string) {
		tiers, err := tierfile.Parse("tiers.yaml", []byte(text))
		if err != nil {
			return
		}
		for _, tier := range tiers {
			name, said, _ := strings.Cut(strings.TrimSuffix(alerts.Describe(tier), "}"), "{")
			again := alerts.Tier{Name: name}
			for part := range strings.SplitSeq(said, ", ") {
				key, value, _ := strings.Cut(part, "=")
				if again, err = alerts.Set(again, key, value); err != nil {
					t.Fatal(err)
				}
			}
			if diff := cmp.Diff(tier, again); diff != "" {
				t.Fatal(diff)
			}
		}
	})
}
