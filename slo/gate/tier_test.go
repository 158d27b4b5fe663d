package gate

import (
	"errors"
	"strings"
	"testing"

	"plimsoll/internal/config"
)

const tierList = "tiers:\n  1: [video-api, playback]\n  3: [batch]\n"

func TestServiceThenTierThenDefault(t *testing.T) {
	t.Parallel()
	budget := "clauses:\n- budget: {}\n"
	ps, err := ParsePolicies(
		config.File{Name: "default.yaml", Data: []byte("service: \"*\"\nenvironments: [production, staging]\n" + budget)},
		config.File{Name: "tier-1.yaml", Data: []byte("tier: 1\n" + budget)},
		config.File{Name: "tier-3.yaml", Data: []byte("tier: 3\nenvironments: [production, lab]\n" + budget)},
		config.File{Name: "own.yaml", Data: []byte("service: playback\n" + budget)},
		config.File{Name: "tiers.yaml", Data: []byte(tierList)},
	)
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct{ service, environment, file string }{
		{"playback", "production", "own.yaml"},
		{"video-api", "production", "tier-1.yaml"},
		{"batch", "production", "tier-3.yaml"},
		{"batch", "lab", "tier-3.yaml"},
		{"video-api", "staging", "default.yaml"},
		{"search", "production", "default.yaml"},
		{"search", "lab", ""},
	} {
		file := ""
		if p := ps.For(tc.service, tc.environment); p != nil {
			file = p.File
		}
		if file != tc.file {
			t.Errorf("%s in %s is covered by %q, want %q", tc.service, tc.environment, file, tc.file)
		}
	}
	if got := ps.Environments("batch"); strings.Join(got, " ") != "lab production staging" {
		t.Errorf("environments of batch: %v", got)
	}
	if ps.Tier("batch") != 3 || ps.Tier("search") != 0 {
		t.Errorf("tiers %d and %d", ps.Tier("batch"), ps.Tier("search"))
	}
	d := Decide(ps.For("video-api", "production"), Snapshot{At: noon}, Change{Service: "video-api", Environment: "production", Commit: "c0ffee", Class: Feature})
	if d.Policy.Covers() != "tier 1" || !ps.For("video-api", "production").Concerns(d) || ps.For("batch", "lab").Concerns(d) {
		t.Errorf("%+v", d.Policy)
	}
}

func TestTierProblems(t *testing.T) {
	t.Parallel()
	const budget = "\nclauses:\n- budget: {}\n"
	for _, tc := range []struct{ name, policy, tiers, says string }{
		{"tier and service", "tier: 1\nservice: a" + budget, tierList, "p.yaml:1: tier: must not be there together with service"},
		{"tier of nothing", "tier: 0" + budget, tierList, "p.yaml:1: tier: must be 1 (the most important) to 5, found 0"},
		{"key", "teir: 1" + budget, tierList, `p.yaml:1: unknown key "teir" (did you mean "tier"?)`},
		{"no policy", "service: a" + budget, tierList, "tiers.yaml: tier 1 lists services, but no policy has \"tier: 1\""},
		{"service in two tiers", "tier: 1" + budget, "tiers:\n  1: [a]\n  2:\n  - b\n  - a\n", `tiers.yaml:5: tiers.2[1]: "a" is in tier 1 already`},
		{"tier too low", "tier: 1" + budget, "tiers:\n  1: [a]\n  9: [b]\n", "tiers.yaml:3: tiers.9: must be 1"},
		{"nothing listed", "tier: 1" + budget, "tiers: {}\n", "tiers.yaml:1: tiers: must list the services"},
		{"empty name", "tier: 1" + budget, "tiers:\n  1: ['*']\n", `tiers.yaml:2: tiers.1[0]: must name a service, found "*"`},
		{"tier that is a word", "tier: 1" + budget, "tiers:\n  gold: [a]\n", "tiers.yaml"},
		{"two policies of a tier", "tier: 1" + budget, "tier: 1" + budget, "tier 1 already has a policy for environment \"production\" in p.yaml"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			_, err := ParsePolicies(config.File{Name: "p.yaml", Data: []byte(tc.policy)}, config.File{Name: "tiers.yaml", Data: []byte(tc.tiers)})
			if !errors.Is(err, ErrInvalidPolicy) || !strings.Contains(err.Error(), tc.says) {
				t.Errorf("%v\nwant %s", err, tc.says)
			}
		})
	}
	_, err := ParsePolicies(config.File{Name: "p.yaml", Data: []byte("tier: 1" + budget)},
		config.File{Name: "a.yaml", Data: []byte("tiers: {1: [x]}")}, config.File{Name: "b.yaml", Data: []byte("tiers: {2: [x]}")})
	if err == nil || !strings.Contains(err.Error(), `b.yaml: "x" is in tier 1 by a.yaml already`) {
		t.Errorf("one service in two files: %v", err)
	}
}

func FuzzParseTiers(f *testing.F) {
	f.Add([]byte(tierList))
	f.Add([]byte("tiers: {1: [a], 1: [b]}"))
	f.Add([]byte("tiers: &a {2: [*a]}"))
	f.Fuzz(func(t *testing.T, data []byte) {
		tiers, err := ParseTiers("tiers.yaml", data)
		if err != nil {
			if !errors.Is(err, ErrInvalidPolicy) || !strings.Contains(err.Error(), "tiers.yaml") {
				t.Errorf("the error does not say where: %v", err)
			}
			return
		}
		if !IsTiers(data) {
			t.Error("a list of tiers is taken for a policy")
		}
		for _, tier := range tiers.listed() {
			if tier < 1 || tier > LowestTier {
				t.Errorf("tier %d", tier)
			}
		}
	})
}
