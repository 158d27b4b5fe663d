package alerts

import (
	"slices"
	"strings"

	"plimsoll/slo"
)

// policyPrefix begins the tiers of alert policies, as which no other tier may be called.
const policyPrefix = "policy-"

// NoData: nothing of the lookback was observed, and the policy asks to tell that.
const NoData Reason = "no data"

// pageWords are the severities of an AlertCondition that wake somebody. OpenSLO leaves the words to whoever writes them.
var pageWords = []string{"page", "critical"}

// PolicySeverity is what the severity of an AlertCondition means: "page" and "critical" page, and every other word is a ticket.
func PolicySeverity(word string) Severity {
	if slices.Contains(pageWords, strings.ToLower(strings.TrimSpace(word))) {
		return Page
	}
	return Ticket
}

// PolicyTier is the tier under which an AlertPolicy of OpenSLO is an alert. It has one lookback and a threshold instead of a pace.
func PolicyTier(p slo.AlertPolicy) Tier {
	return Tier{Name: policyPrefix + p.Name, Severity: PolicySeverity(p.Condition.Severity)}
}

// PolicyTiming is that of the alert of a policy: it must hold for alertAfter, and ends as those of the tiers do.
func PolicyTiming(p slo.AlertPolicy, tiers Timing) Timing {
	tiers.Pending = p.Condition.After
	return tiers
}

// JudgePolicy decides whether the condition of a policy holds. The status is that of the use [slo.ForAlert]. The guards are those of the tiers;
// the one against low traffic is only for burn rates that are too high.
func JudgePolicy(s slo.Status, p slo.AlertPolicy, g Guard) Verdict {
	c, long := p.Condition, s.BurnOver(p.Condition.Lookback)
	if s.Gaps.Estimated {
		g.Coverage = 0 // the objective says what was not observed
	}
	v := Verdict{Tier: PolicyTier(p), Factor: c.Threshold, Long: long, Condition: c.Describe()}
	switch {
	case p.OnNoData && long.Minutes > 0 && long.Observed == 0:
		v.Reason, v.Detail = NoData, "nothing was observed for "+slo.ShortDuration(c.Lookback)
	case c.Unreachable(s.Objective) != "":
		v.Reason, v.Detail = Unreachable, c.Unreachable(s.Objective)
	case !p.OnBreach && !p.OnResolve:
		v.Reason = Calm
	case s.Gaps.Hold != "", long.Minutes > 0 && long.Observed == 0 && !s.Gaps.Estimated:
		v.Reason = TooLittleSeen
	case !c.Holds(s.Objective, long):
		v.Reason = Calm
	case !s.Seen(long, g.Coverage):
		v.Reason = TooLittleSeen
	case c.Rises() && !s.JudgedOver(c.Lookback):
		v.Reason = TooFew
	default:
		v.Reason = Burning
	}
	return v
}

// PolicyTells reports whether a policy asks that a notice is told: alertWhenResolved that all is over, alertWhenNoData that nothing is observed,
// and alertWhenBreaching everything else.
func PolicyTells(p slo.AlertPolicy, cause Cause, group []Alert) bool {
	switch {
	case cause == AllOver:
		return p.OnResolve
	case slices.ContainsFunc(group, func(a Alert) bool { return a.Verdict.Reason == NoData }):
		return p.OnNoData
	}
	return p.OnBreach
}

// PolicyOf returns the policy of an alert, among those of its objective; false if it is of none, or of one that is there no more.
func PolicyOf(o *slo.Objective, id ID) (slo.AlertPolicy, bool) {
	for _, p := range o.Alerts {
		if o.Key == id.Objective && policyPrefix+p.Name == id.Tier {
			return p, true
		}
	}
	return slo.AlertPolicy{}, false
}

// Policy returns the name of the policy that the alert is of; empty if it is of a tier.
func (id ID) Policy() string {
	name, _ := strings.CutPrefix(id.Tier, policyPrefix)
	if name == id.Tier {
		return ""
	}
	return name
}

// Group names what is told together: all alerts of a service, but each policy by itself, for it says who is told of it.
func (id ID) Group() string {
	if id.Policy() == "" {
		return id.Objective.Service()
	}
	return string(id.Objective) + " " + id.Tier
}

// GroupID returns the alert that is told by itself under the name of a group; false if the group is a service.
func GroupID(group string) (ID, bool) {
	objective, tier, alone := cutLast(group, " ")
	return ID{slo.Key(objective), tier}, alone
}

func cutLast(s, sep string) (before, after string, found bool) {
	if i := strings.LastIndex(s, sep); i >= 0 {
		return s[:i], s[i+len(sep):], true
	}
	return s, "", false
}

// Receiver returns which of the receivers, by name, an AlertNotificationTarget is: the one that is called as it is, or as its target says.
func Receiver(t slo.AlertTarget, receivers []string) (string, bool) {
	for _, name := range []string{t.Name, t.Target} {
		if name != "" && slices.Contains(receivers, name) {
			return name, true
		}
	}
	return "", false
}
