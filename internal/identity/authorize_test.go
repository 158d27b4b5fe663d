package identity_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"plimsoll/internal/identity"
)

// TestAuthorize states who may do what: where a grant has to cover one of the places, all of them, or their environments, too.
func TestAuthorize(t *testing.T) {
	t.Parallel()
	video, search, staging := identity.Place{Service: "video-api"}, identity.Place{Service: "search"}, identity.Place{Service: "video-api", Environment: "staging"}
	bound := identity.Principal{Subject: "ada", Grants: []identity.Grant{
		{Services: []string{"video-*"}, Environments: []string{"staging"}}, {Services: []string{"search"}},
	}}
	with := func(grants ...identity.Grant) identity.Principal {
		return identity.Principal{Subject: "ada", Grants: grants}
	}
	ci := identity.Principal{Subject: "ci", Roles: []string{identity.Deployer}}
	bo := identity.Principal{Subject: "bo", Roles: []string{identity.Deployer, identity.Member}}
	agent, two := identity.Principal{Subject: "agent", Roles: []string{identity.Pusher}}, identity.Principal{Subject: "two", Roles: []string{identity.Deployer, identity.Pusher}}
	both := identity.Principal{Subject: "both", Roles: []string{identity.Member, identity.Pusher}, Grants: []identity.Grant{{Services: []string{"search"}}}}
	rules := identity.Principal{Subject: "rules", Roles: []string{identity.Deployer, identity.Member}, Grants: []identity.Grant{
		{Roles: []string{identity.Deployer}}, {Services: []string{"search"}, Roles: []string{identity.Member}},
	}}
	for _, tc := range []struct {
		name    string
		who     identity.Principal
		do      identity.Action
		where   []identity.Place
		missing string // of the refusal; empty if there is none
	}{
		{"nothing bounds the holder of a token", identity.Principal{Subject: "ada"}, identity.Freeze, []identity.Place{staging}, ""},
		{"nor work of our own", identity.Principal{}, identity.RotateKeys, []identity.Place{{}}, ""},
		{"a place that is granted", bound, identity.AskGate, []identity.Place{staging}, ""},
		{"another environment", bound, identity.AskGate, []identity.Place{{Service: "video-api", Environment: "production"}},
			`ada may ask the gate about video-* in staging or search in any environment; a grant for "video-api" in "production" is missing`},
		{"a service in any environment", bound, identity.Freeze, []identity.Place{{Service: "search", Environment: "production"}}, ""},
		{"another service", bound, identity.Freeze, []identity.Place{{Service: "risk", Environment: "staging"}}, `a grant for "risk" in "staging" is missing`},
		{"a budget, which counts in every environment", bound, identity.CorrectBudgets, []identity.Place{video}, `a grant for "video-api" in every environment is missing`},
		{"a budget of one's own", bound, identity.CorrectBudgets, []identity.Place{search}, ""},
		{"the budgets of all", bound, identity.CorrectBudgets, []identity.Place{{}}, "a grant for every service in every environment is missing"},
		{"an incident has no environment", bound, identity.DeclareIncidents, []identity.Place{video, search}, ""},
		{"an incident of another, too", bound, identity.DeclareIncidents, []identity.Place{search, {Service: "risk"}}, `a grant for "risk" is missing`},
		{"an incident of nobody yet", bound, identity.DeclareIncidents, nil, ""},
		{"one of the services that are affected", bound, identity.WorkOnIncidents, []identity.Place{{Service: "risk"}, search}, ""},
		{"none of them", bound, identity.WorkOnIncidents, []identity.Place{{Service: "risk"}, {Service: "billing"}}, `a grant for "risk" is missing`},
		{"none of its postmortem's", bound, identity.WritePostmortems, []identity.Place{{Service: "risk"}}, `a grant for "risk" is missing`},
		{"one of a risk's", bound, identity.KeepRisks, []identity.Place{search, {Service: "risk"}}, `a grant for "risk" is missing`},
		{"nothing is granted", identity.Principal{Subject: "none", Grants: []identity.Grant{}}, identity.AskGate, []identity.Place{staging}, "none may ask the gate about nothing; a grant for"},
		{"everything by any of both", with(identity.Grant{Services: []string{"search"}}, identity.Grant{}), identity.RotateKeys, []identity.Place{{}}, ""},
		{"everything by stars", with(identity.Grant{Services: []string{"**"}, Environments: []string{"*"}}), identity.PushSamples, []identity.Place{{}}, ""},
		{"every environment is not every service", with(identity.Grant{Services: []string{"search"}}), identity.FillLedger, []identity.Place{{}}, "every service in every environment"},
		{"every kind in one part", with(identity.Grant{Services: []string{"search"}}, identity.Grant{Environments: []string{"production"}}), identity.SendNotices, []identity.Place{{}}, "every service"},
		{"a deployer asks the gate", ci, identity.AskGate, []identity.Place{staging}, ""},
		{"and tells of deploys", ci, identity.TellOfDeploys, []identity.Place{staging}, ""},
		{"and nothing else", ci, identity.WorkOnIncidents, nil, "ci is let in as a deployer"},
		{"but with another role", bo, identity.WorkOnIncidents, []identity.Place{video}, ""},
		{"a pusher pushes", agent, identity.PushSamples, []identity.Place{{}}, ""},
		{"and nothing else", agent, identity.AskGate, []identity.Place{search}, "agent is let in as a pusher, which may push samples only"},
		{"whoever is bound to a service pushes as a pusher, too", both, identity.PushSamples, []identity.Place{{}}, ""},
		{"without the role", bound, identity.PushSamples, []identity.Place{{}}, "a grant for every service in every environment or the role pusher is missing"},
		{"and is bound as before", both, identity.Freeze, []identity.Place{staging}, "a grant for"},
		{"two that are narrow", two, identity.Freeze, []identity.Place{search}, "two is let in as a deployer and pusher, which may ask the gate and tell of deploys and push samples only"},
		{"the one", two, identity.TellOfDeploys, []identity.Place{search}, ""},
		{"a grant of a deployer is none of a member's elsewhere", rules, identity.Freeze, []identity.Place{staging},
			`rules may freeze, thaw or plan for search in any environment; a grant for "video-api" in "staging" is missing`},
		{"a member where it is one", rules, identity.Freeze, []identity.Place{{Service: "search", Environment: "staging"}}, ""},
		{"a deployer where it is one", rules, identity.TellOfDeploys, []identity.Place{staging}, ""},
		{"what nobody has said a need of", bound, identity.Action("paint"), []identity.Place{search}, "ada may paint"},
	} {
		var heard *identity.Refusal
		ctx := identity.Audited(identity.With(t.Context(), tc.who), func(_ context.Context, r *identity.Refusal) { heard = r })
		err := identity.Authorize(ctx, tc.do, tc.where...)
		if tc.missing == "" {
			if err != nil || heard != nil {
				t.Errorf("%s: %v, and %v is written down", tc.name, err, heard)
			}
			continue
		}
		if !errors.Is(err, identity.ErrForbidden) || !strings.Contains(err.Error(), tc.missing) {
			t.Errorf("%s: %v, want %q", tc.name, err, tc.missing)
		}
		if heard == nil || heard.Who != tc.who.Subject || heard.Do != tc.do {
			t.Errorf("%s: %+v is written down", tc.name, heard)
		}
	}
}

// TestRolesAt keeps the roles of each grant to what it covers.
func TestRolesAt(t *testing.T) {
	t.Parallel()
	p := identity.Principal{Subject: "ada", Roles: []string{identity.Member, identity.ReleaseManager}, Grants: []identity.Grant{
		{Roles: []string{identity.Member}}, {Services: []string{"search"}, Environments: []string{"staging"}, Roles: []string{identity.ReleaseManager}}, {Services: []string{"own"}},
	}}
	for at, want := range map[identity.Place]string{
		{Service: "video-api", Environment: "staging"}: "member", {Service: "search", Environment: "staging"}: "member release_manager",
		{Service: "search", Environment: "production"}: "member", {Service: "own", Environment: "x"}: "member release_manager",
	} {
		if got := strings.Join(p.RolesAt(at), " "); got != want {
			t.Errorf("%+v: %s, want %s", at, got, want)
		}
	}
	if p.Grants = nil; len(p.RolesAt(identity.Place{})) != 2 {
		t.Errorf("unbound: %v", p.RolesAt(identity.Place{}))
	}
}
