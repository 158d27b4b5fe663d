package identity

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// ErrForbidden is returned for what a principal may not do, although it is known.
var ErrForbidden = errors.New("this identity may not do that")

// Action is something that needs a grant of whoever has grants, in words that go on with the place where it is done.
type Action string

// The actions.
const (
	AskGate          Action = "ask the gate about"
	TellOfDeploys    Action = "tell of deploys of"
	Freeze           Action = "freeze, thaw or plan for"
	Override         Action = "override the gate for"
	Exempt           Action = "exempt the budgets of"
	RotateKeys       Action = "change the keys that sign the decisions about"
	CorrectBudgets   Action = "correct the budgets of"
	FillLedger       Action = "fill the ledger of"
	PushSamples      Action = "push samples of"
	DeclareIncidents Action = "declare incidents of"
	WorkOnIncidents  Action = "work on incidents of"
	WritePostmortems Action = "work on postmortems of"
	KeepRisks        Action = "write risks down of"
	SendNotices      Action = "send notices again of"
)

// Place is where something is done. An empty name stands for every one.
type Place struct {
	Service, Environment string
}

// need is what grants must cover for an action.
type need struct {
	environments bool   // those of the place, too: without, what is done has no environment
	one          bool   // one of the places suffices
	narrow       string // whoever is let in as this only may do it
	everywhere   bool   // whoever has that role does it wherever, whatever the grants
}

// permits reports whether somebody with roles may do it anywhere at all.
func (n need) permits(roles []string) bool {
	return narrowly(roles) == "" || n.narrow != "" && slices.Contains(roles, n.narrow)
}

// needs are those of every action.
var needs = map[Action]need{
	AskGate:       {environments: true, narrow: Deployer},
	TellOfDeploys: {environments: true, narrow: Deployer},
	Freeze:        {environments: true},
	Override:      {environments: true},
	Exempt:        {environments: true},
	RotateKeys:    {environments: true},
	// A budget freezes releases in every environment that a policy covers.
	CorrectBudgets: {environments: true},
	FillLedger:     {environments: true},
	// A sample feeds whatever objectives want it, whosever they are.
	PushSamples: {environments: true, narrow: Pusher, everywhere: true},
	// Incidents, and what is learnt from them, have services and no environment. Whoever answers for one of the services that are
	// affected works on it; what begins to say of a service that it is affected needs a grant of that.
	DeclareIncidents: {},
	WorkOnIncidents:  {one: true},
	WritePostmortems: {one: true},
	KeepRisks:        {},
	SendNotices:      {environments: true},
}

// Authorize returns nil if the principal of ctx may do something in places, and otherwise a [*Refusal]. Without a place, what is done concerns no
// service, and no grant is asked for. A principal whose Grants are nil is bounded by its roles only, and one that was never asked for who it is, as
// work of our own, by nothing. A grant with roles of its own lets do what those let. Whether the anonymous may do it is decided before.
//
// It is called where something is done, not where it is asked for, so that no way of asking goes past it.
func Authorize(ctx context.Context, do Action, places ...Place) error {
	p := From(ctx)
	if p.Grants == nil && len(p.Roles) == 0 {
		return nil
	}
	n, known := needs[do]
	r := &Refusal{Who: p.Name(), Do: do, environments: n.environments}
	switch {
	case !n.permits(p.Roles):
		r.narrowly = p.Narrowly()
	case !known:
		r.grants = p.Grants
	case p.Grants == nil, n.everywhere && slices.Contains(p.Roles, n.narrow):
		return nil
	default:
		r.grants = slices.DeleteFunc(slices.Clone(p.Grants), func(g Grant) bool { return !n.permits(p.rolesOf(g)) })
		missing := slices.DeleteFunc(slices.Clone(places), func(at Place) bool {
			return slices.ContainsFunc(r.grants, func(g Grant) bool { return g.covers(at, n.environments) })
		})
		if len(missing) == 0 || n.one && len(missing) < len(places) {
			return nil
		}
		r.Place = missing[0]
	}
	if hear, ok := ctx.Value(auditKey{}).(func(context.Context, *Refusal)); ok {
		hear(ctx, r)
	}
	return r
}

// Refusal is an [ErrForbidden] that says which grant is missing.
type Refusal struct {
	Who   string
	Do    Action
	Place Place // the first that no grant covers

	environments bool
	grants       []Grant // that would let it
	narrowly     string  // how the roles bound it, if they do
}

func (r *Refusal) Error() string {
	if r.narrowly != "" {
		return fmt.Sprintf("%v: %s is %s", ErrForbidden, r.Who, r.narrowly)
	}
	var has []string
	for _, g := range r.grants {
		has = append(has, g.String())
	}
	return fmt.Sprintf("%v: %s may %s %s; a grant for %s is missing", ErrForbidden, r.Who, r.Do, orAny(has, "nothing"), r.wanted())
}

// wanted is the grant that is missing.
func (r *Refusal) wanted() string {
	service, environment := "every service", "every environment"
	if r.Place.Service != "" {
		service = fmt.Sprintf("%q", r.Place.Service)
	}
	if r.Place.Environment != "" {
		environment = fmt.Sprintf("%q", r.Place.Environment)
	}
	if !r.environments {
		return service
	}
	wanted := service + " in " + environment
	if n := needs[r.Do]; n.everywhere {
		wanted += " or the role " + n.narrow
	}
	return wanted
}

// Is reports whether target is ErrForbidden.
func (r *Refusal) Is(target error) bool { return target == ErrForbidden }

type auditKey struct{}

// Audited returns a context in which hear is told of every refusal of [Authorize], in its turn.
func Audited(ctx context.Context, hear func(context.Context, *Refusal)) context.Context {
	return context.WithValue(ctx, auditKey{}, hear)
}

func (g Grant) covers(at Place, environments bool) bool {
	return allows(g.Services, at.Service) && (!environments || allows(g.Environments, at.Environment))
}

// allows reports whether patterns have a name among them; the empty name only if they have every one.
func allows(patterns []string, name string) bool {
	if name == "" {
		return len(patterns) == 0 || slices.Contains(patterns, "*") || slices.Contains(patterns, "**")
	}
	return len(patterns) == 0 || slices.ContainsFunc(patterns, func(p string) bool { return Match(p, name) })
}

func orAny(list []string, otherwise string) string {
	if len(list) == 0 {
		return otherwise
	}
	return strings.Join(list, " or ")
}
