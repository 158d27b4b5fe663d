package api_test

import (
	"strings"
	"testing"

	"plimsoll/slo/gate"
	"plimsoll/slo/gate/api"
)

// TestGrants bounds what a principal may ask to what it was granted, on every way in, and tells a deployer from a member.
func TestGrants(t *testing.T) {
	t.Parallel()
	s := newServer(t, true)
	manual := `{"service":"video-api","environment":"production","reason":"drill","until":"2026-11-24T14:00:00Z"}`
	override := `{"service":"video-api","environment":"production","commit":"c0ffee","reason":"customers cannot pay","until":"2026-11-24T14:00:00Z"}`
	exempt := `{"service":"video-api","environment":"production","because":"cause_outside","reason":"drill","until":"2026-11-24T14:00:00Z"}`
	for _, tc := range []struct {
		name, token, path, body string
		status                  int
		says                    string
	}{
		{"a stranger", "", "/checks", check, 401, "Bearer TOKEN"},
		{"a deployer about its own", "ci", "/checks", check, 200, `"by":"github:acme/api"`},
		{"a deployer about another service", "ci", "/checks", strings.Replace(check, "video-api", "search", 1), 403,
			`may ask the gate about video-* in production; a grant for \"search\" in \"production\" is missing`},
		{"a deployer about another environment", "ci", "/checks", strings.Replace(check, "production", "staging", 1), 403, `a grant for \"video-api\" in \"staging\" is missing`},
		{"a deployer freezes", "ci", "/freezes", manual, 403, "may ask the gate and tell of deploys only"},
		{"a deployer asks for an override", "ci", "/overrides", override, 403, "may ask the gate and tell of deploys only"},
		{"a member freezes another's service", "other", "/freezes", manual, 403, "may freeze, thaw or plan for search in any environment"},
		{"a member thaws another's service", "other", "/thaws", manual, 403, `; a grant for \"video-api\" in \"production\" is missing`},
		{"a member asks for an override of another's service", "other", "/overrides", override, 403, `; a grant for \"video-api\" in \"production\" is missing`},
		{"somebody asks for an override", "a", "/overrides", override, 200, `"id":1`},
		{"a member approves that of another's service", "other", "/overrides/1/approve", "", 403, `; a grant for \"video-api\" in \"production\" is missing`},
		{"a member exempts another's service", "other", "/exemptions", exempt, 403, `; a grant for \"video-api\" in \"production\" is missing`},
		{"somebody exempts it", "a", "/exemptions", exempt, 200, `"id":1`},
		{"a deployer exempts", "ci", "/exemptions", exempt, 403, "may ask the gate and tell of deploys only"},
		{"a member ends the exemption of another's service", "other", "/exemptions/1/end", "", 403, `; a grant for \"video-api\" in \"production\" is missing`},
		{"a member files the plan of another's service", "other", "/plans", `{"service":"video-api","environment":"production","text":"drain"}`, 403, `; a grant for \"video-api\" in \"production\" is missing`},
		{"a member ends the Code Red of another's service", "other", "/thaws/by-criteria", `{"service":"video-api","environment":"production","reason":"done"}`, 403, `; a grant for \"video-api\" in \"production\" is missing`},
		{"a member finishes the follow-up of another's service", "other", "/overrides/1/follow-up", `{"evidence":"none"}`, 403, `; a grant for \"video-api\" in \"production\" is missing`},
		{"a member of one service makes a key for all", "other", "/keys", "", 403, "a grant for every service in every environment is missing"},
		{"somebody of the service approves it", "g", "/overrides/1/approve", "", 200, `"approvedBy":"grace"`},
	} {
		if body := s.call(t, tc.status, tc.token, "POST", tc.path, tc.body, nil); !strings.Contains(body, tc.says) {
			t.Errorf("%s: no %q in %s", tc.name, tc.says, body)
		}
	}
	var d api.Decisions
	s.call(t, 200, "", "GET", "/decisions", "", &d)
	if len(d.Decisions) != 1 || d.Decisions[0].By != "github:acme/api" || d.Decisions[0].Outcome != gate.Allow {
		t.Errorf("recorded: %+v", d.Decisions)
	}
}
