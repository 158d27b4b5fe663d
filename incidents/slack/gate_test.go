package slack_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"plimsoll/incidents/slack"
	"plimsoll/internal/identity"
	"plimsoll/slo/gate"
)

// keeper is a gate in memory that keeps the rules of overrides.
type keeper struct {
	mu        sync.Mutex
	now       func() time.Time
	states    []gate.State
	overrides []gate.Override
	events    []gate.Event
	lost      int // how many changes are carried out and reported as failed
}

func (k *keeper) known(service, environment string) error {
	switch {
	case service != "video-api":
		return fmt.Errorf("%w: %q", gate.ErrUnknownService, service)
	case environment != "production" && environment != "staging":
		return fmt.Errorf("%w: %s in %s", gate.ErrNoPolicy, service, environment)
	}
	return nil
}

var errLost = errors.New("connection reset")

func (k *keeper) answered() error {
	if k.lost > 0 {
		k.lost--
		return errLost
	}
	return nil
}

func (k *keeper) Freezes(context.Context) ([]gate.State, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	return slices.Clone(k.states), nil
}

func (k *keeper) Status(_ context.Context, service string) ([]gate.FreezeStatus, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	all := []gate.FreezeStatus{}
	for _, s := range k.states {
		if service == "" || service == s.Service {
			s.Phase = gate.Open
			all = append(all, gate.FreezeStatus{State: s})
		}
	}
	if service == "" || service == "search" {
		since := k.now().Add(-26 * time.Hour)
		s := gate.State{Service: "search", Environment: "production", Phase: gate.CodeRed, Since: since}
		p := &gate.Policy{Thaw: gate.ThawRules{Exit: []gate.Criterion{{Kind: gate.PlanIsFiled}}}}
		all = append(all, gate.StatusOf(p, s, nil, &gate.Response{Incident: "INC-9", Commander: "bob"}, nil, k.now()))
	}
	return all, nil
}

func (k *keeper) Preview(_ context.Context, c gate.Change) (gate.Decision, error) {
	if err := k.known(c.Service, c.Environment); err != nil { // a decision, too
		reason := gate.NoObjective
		if errors.Is(err, gate.ErrNoPolicy) {
			reason = gate.NoPolicy
		}
		return gate.Decision{Outcome: gate.Hold, Reason: reason, Change: c, Message: []string{"hold: " + err.Error()}}, nil
	}
	return gate.Decision{Outcome: gate.Deny, Change: c, Message: []string{"deny: a budget < 0 is spent", "availability 99.2 %", "wait, or ask for an override"}}, nil
}

func (k *keeper) byHand(ctx context.Context, kind gate.CommandKind, by, service, environment, reason string, until time.Time) (gate.Event, error) {
	if err := identity.Authorize(ctx, identity.Freeze, identity.Place{Service: service, Environment: environment}); err != nil {
		return gate.Event{}, err
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	c := gate.Command{Kind: kind, By: by, Reason: reason, Until: until}
	if err := errors.Join(k.known(service, environment), c.Validate(k.now())); err != nil {
		return gate.Event{}, err
	}
	k.states = append(k.states, gate.State{Service: service, Environment: environment,
		Manual: &gate.Manual{Kind: kind, By: by, Reason: reason, At: k.now(), Until: until}})
	return gate.Event{}, k.answered()
}

func (k *keeper) Freeze(ctx context.Context, by, service, environment, reason string, until time.Time) (gate.Event, error) {
	return k.byHand(ctx, gate.FreezeByHand, by, service, environment, reason, until)
}

func (k *keeper) Thaw(ctx context.Context, by, service, environment, reason string, until time.Time) (gate.Event, error) {
	return k.byHand(ctx, gate.ThawByHand, by, service, environment, reason, until)
}

func (k *keeper) ThawByCriteria(_ context.Context, by string, roles []string, service, environment, reason string) (gate.Event, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	c := gate.Command{Kind: gate.ThawByCriteria, By: by, Roles: roles, Reason: reason}
	if err := errors.Join(k.known(service, environment), c.Validate(k.now())); err != nil {
		return gate.Event{}, err
	}
	if len(k.events) > 0 {
		return gate.Event{}, gate.ErrNoCodeRed
	}
	k.events = append(k.events, gate.Event{Kind: gate.EnteredOpen, From: gate.CodeRed, To: gate.Open, By: by, Reason: "the exit criteria are met: " + reason})
	return k.events[0], k.answered()
}

func (k *keeper) Events(context.Context, gate.Filter) ([]gate.Event, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	return slices.Clone(k.events), nil
}

func (k *keeper) RequestOverride(_ context.Context, o gate.Override) (gate.Override, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	o.ID, o.At = int64(len(k.overrides)+1), k.now()
	if err := errors.Join(k.known(o.Service, o.Environment), o.Validate(len(k.overrides))); err != nil {
		return o, err
	}
	k.overrides = append(k.overrides, o)
	return o, k.answered()
}

func (k *keeper) ApproveOverride(_ context.Context, by string, id int64) (gate.Override, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if id < 1 || int(id) > len(k.overrides) {
		return gate.Override{}, fmt.Errorf("approve override: %w: %d", gate.ErrNoOverride, id)
	}
	o, err := k.overrides[id-1].Approve(by, k.now())
	if err != nil {
		return o, fmt.Errorf("approve override: %w", err)
	}
	k.overrides[id-1] = o
	return o, k.answered()
}

func (k *keeper) Overrides(context.Context, string) ([]gate.Override, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	return slices.Clone(k.overrides), nil
}

// TestGate: what people ask of the gate and read, step by step. Each change is carried out and its answer
// lost at first, or not taken by Slack; it is done once.
func TestGate(t *testing.T) {
	t.Parallel()
	k := &keeper{}
	o := newOffice(t, func(c *slack.WorkerConfig) {
		c.Gate, k.now = k, c.Now
		c.Known = func() map[string]identity.Principal {
			return map[string]identity.Principal{"cy": {Grants: []identity.Grant{{Services: []string{"search"}}}}, "bob": {Roles: []string{identity.ReleaseManager}}}
		}
	})
	for _, step := range []struct {
		user, typed, sees, trouble string
	}{
		{"U1", "/gate", "(only ada) plimsoll: Where no environment is named, production is meant.", ""},
		{"U1", "/gate status", "• search in production: code red since 2026-03-01 10:00 UTC\n    INC-9, led by @bob\n    overdue: the action plan, by 2026-03-02 10:00 UTC\n    overdue: the daily update, by 2026-03-02 10:00 UTC\n", ""},
		{"U1", "/gate status search", "\n    exit criterion not met: no action plan is filed", ""},
		{"U1", "/gate status serch", `No policy covers a service "serch"`, ""},
		{"U1", "/gate why video-api", "(only ada) plimsoll: deny: a budget < 0 is spent\navailability 99.2 %\nwait, or ask for an override", ""},
		{"U1", "/gate why vide-api", `"vide-api"`, ""},
		{"U1", "/gate why video-api prod", `video-api is not known in an environment "prod".`, ""},
		{"U1", "/gate freeze video-api", "Write `/gate freeze service [environment] [--for 2h] why`.", ""},
		{"U4", "/gate freeze video-api x", "It is not known who you are elsewhere", ""},
		{"U3", "/gate freeze video-api x", "This identity may not do that: cy may freeze, thaw or plan for search in any environment; a grant for \"video-api\" in \"production\" is missing", ""},
		{"U1", "/gate freeze video-api staging --for 30m a migration", "#team plimsoll: video-api is frozen in staging until 2026-03-02 12:30 UTC, by @ada: a migration", "lost"},
		{"U1", "/gate freeze video-api --for soon x", `"soon" is no length of time`, ""},
		{"U2", "/gate status", "• video-api in staging: open; frozen by @ada until 2026-03-02 12:30 UTC: a migration", ""},
		{"U2", "/gate thaw video-api stagng it is over", `video-api is not known in an environment "stagng" (did you mean "staging"?)`, ""},
		{"U2", "/gate thaw video-api staging it is over", "#team plimsoll: video-api is thawed in staging until 2026-03-02 16:00 UTC, by @bob: it is over", "limited"},
		{"U1", "/gate thaw --criteria video-api all is done", "Only a release manager may end Code Red by its criteria", ""},
		{"U2", "/gate thaw video-api --criteria", "Write `/gate thaw service [environment] [--for 2h] why`.", ""},
		{"U2", "/gate thaw —criteria video-api all is done", "#team plimsoll: The Code Red of video-api in production is over by its exit criteria, by the word of @bob: all is done", "lost"},
		{"U2", "/gate thaw video-api --criteria again", "There is no Code Red", ""},
		{"U1", "/gate override video-api 8f2c1d0 fixes the outage", "#team plimsoll: • override 1: 8f2c1d0 of video-api in production, until 2026-03-02 13:00 UTC, asked for by @ada: fixes the outage; somebody else approves it", "limited"},
		{"U1", "/gate approve 1", "an override needs a second person", ""},
		{"U2", "/gate approve 1", "asked for by @ada: fixes the outage; approved by @bob", "lost"},
		{"U2", "/gate approve 1", "The override has ended, is used, or is approved already.", ""},
		{"U2", "/gate approve 7", "There is no such override: 7.", ""},
		{"U1", "/gate override video-api 8f2c1d1 --for 9h long", "at most 4h later", ""},
	} {
		switch step.trouble {
		case "lost":
			k.mu.Lock()
			k.lost = 1
			k.mu.Unlock()
		case "limited":
			o.Limit("response_url", 1) // which is no attempt of River's
		}
		o.pass(time.Second)
		o.Type(step.user, o.team, step.typed)
		seen := strings.Join(o.settle(), "\n")
		if !strings.Contains(strings.ReplaceAll(strings.ToLower(seen), "*", ""), strings.ToLower(step.sees)) {
			t.Errorf("%s: people see %q, want %q\n%s", step.typed, seen, step.sees, o.troubles())
		}
	}
	if len(k.states) != 2 || len(k.overrides) != 1 {
		t.Errorf("%d by hand, %d overrides; want each once", len(k.states), len(k.overrides))
	}
}

// TestGateOfADeployer: whoever is let in as a deployer is none the more for asking in Slack.
func TestGateOfADeployer(t *testing.T) {
	t.Parallel()
	k := &keeper{}
	o := newOffice(t, func(c *slack.WorkerConfig) {
		c.Gate, k.now = k, c.Now
		c.Known = func() map[string]identity.Principal {
			return map[string]identity.Principal{"ada": {Roles: []string{identity.Deployer}}}
		}
	})
	o.Type("U1", o.team, "/gate freeze video-api x")
	if seen := strings.Join(o.settle(), "\n"); !strings.Contains(seen, "ada is let in as a deployer") || len(k.states) > 0 {
		t.Errorf("people see %q\n%s", seen, o.troubles())
	}
}

// TestGateInShadow: a freeze that stops nothing says so.
func TestGateInShadow(t *testing.T) {
	t.Parallel()
	k := &keeper{}
	o := newOffice(t, func(c *slack.WorkerConfig) { c.Gate, k.now = k, c.Now })
	k.states = []gate.State{{Service: "video-api", Environment: "staging", Shadow: true, Manual: &gate.Manual{Kind: gate.FreezeByHand, By: "ada", Reason: "x", Until: o.now.Add(time.Hour)}}}
	o.Type("U1", o.team, "/gate status")
	if seen := strings.Join(o.settle(), "\n"); !strings.Contains(seen, "(shadow: it stops nothing)") {
		t.Errorf("people see %q\n%s", seen, o.troubles())
	}
}
