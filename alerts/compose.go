package alerts

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"plimsoll/slo"
)

// Notice is what is told about a group of alerts, in words and figures, whoever it goes to.
type Notice struct {
	ID       string    `json:"id"`    // the same at every attempt and for every receiver
	Group    string    `json:"group"` // the service, or the objective and the policy
	Service  string    `json:"service"`
	Policy   string    `json:"policy,omitempty"` // the AlertPolicy that it is about; empty if it is about the tiers of a service
	Episode  string    `json:"episode"`          // the ID of its first notice; see [Cadence]
	At       time.Time `json:"at"`
	Cause    Cause     `json:"cause"`
	Severity Severity  `json:"severity"` // the most urgent that fires; of a notice that all is over, what was
	Firing   []Entry   `json:"firing"`
	Ended    []Entry   `json:"ended"` // since the last notice
	URL      string    `json:"url,omitempty"`
}

// Entry is one alert of a notice.
type Entry struct {
	Objective slo.Key   `json:"objective"`
	Name      string    `json:"name"` // of the objective, for people
	Owner     string    `json:"owner,omitempty"`
	Tier      string    `json:"tier"`
	Severity  Severity  `json:"severity"`
	Reason    Reason    `json:"reason"`
	Fired     time.Time `json:"fired"`
	New       bool      `json:"new,omitempty"` // it fires, and was not told as such
	// Burn is the burn rate over Lookback; the tier begins at Factor.
	Burn     float64 `json:"burn"`
	Factor   float64 `json:"factor"`
	Lookback string  `json:"lookback"`
	// Remaining is the share of the budget that is left; negative when it is overspent.
	Remaining float64 `json:"remaining"`
	Summary   string  `json:"summary"`
	URL       string  `json:"url,omitempty"`
}

// Title is the notice in one line.
func (n Notice) Title() string {
	switch {
	case len(n.Firing) > 0 && n.Cause == Back:
		return n.Subject() + " again"
	case len(n.Firing) > 0:
		return n.Subject()
	case n.Policy != "":
		return fmt.Sprintf("%s: the alert policy %s holds no more", n.Service, n.Policy)
	case n.onlyData():
		return fmt.Sprintf("%s: the figures can be trusted again", n.Group)
	default:
		return fmt.Sprintf("%s: the error budget no longer burns", n.Group)
	}
}

// Subject is what the notice is about in one line, whether it goes on or is over.
func (n Notice) Subject() string {
	switch {
	case n.Policy != "" && len(n.Firing) > 0 && n.Firing[0].Reason == NoData:
		return fmt.Sprintf("%s: no data for the alert policy %s", n.Service, n.Policy)
	case n.Policy != "":
		return fmt.Sprintf("%s: the alert policy %s holds", n.Service, n.Policy)
	case n.onlyData():
		return fmt.Sprintf("%s: the figures cannot be trusted", n.Group)
	case n.Severity == Page:
		return fmt.Sprintf("%s: the error budget burns fast", n.Group)
	default:
		return fmt.Sprintf("%s: the error budget will not last", n.Group)
	}
}

// onlyData reports whether all that fires, or that ended where nothing does, is about the data and not about a budget.
func (n Notice) onlyData() bool {
	about := n.Firing
	if len(about) == 0 {
		about = n.Ended
	}
	return len(about) > 0 && !slices.ContainsFunc(about, func(e Entry) bool { return !strings.HasPrefix(e.Tier, dataPrefix) })
}

// Text is the notice in plain text, a line for each alert.
func (n Notice) Text() string {
	var b strings.Builder
	b.WriteString(n.Title() + "\n")
	for _, e := range n.Firing {
		b.WriteString("• " + e.Summary + "\n")
	}
	for _, e := range n.Ended {
		b.WriteString("• over: " + e.Summary + "\n")
	}
	if n.URL != "" {
		b.WriteString(n.URL + "\n")
	}
	return b.String()
}

// Compose writes the notice that is due for the group of a name. The statuses are those of the group's objectives; publicURL is where people reach
// the pages, empty for no links.
func Compose(id, name string, cause Cause, group []Alert, last Told, statuses map[slo.Key]slo.Status, at time.Time, publicURL string) Notice {
	now := Summary(group, at)
	n := Notice{ID: id, Group: name, Service: name, Episode: cmp.Or(last.Episode, id), At: at, Cause: cause, Severity: now.Urgent,
		Firing: []Entry{}, Ended: []Entry{}, URL: publicURL}
	if alert, alone := GroupID(name); alone {
		n.Service, n.Policy = alert.Objective.Service(), alert.Policy()
	}
	if n.Severity == "" {
		n.Severity = last.Urgent
	}
	for _, a := range group {
		switch entry := a.entry(statuses[a.Objective], publicURL); {
		case slices.Contains(now.Firing, a.ID()):
			entry.New = !slices.Contains(last.Firing, a.ID())
			n.Firing = append(n.Firing, entry)
		case a.State != Firing && slices.Contains(last.Firing, a.ID()):
			n.Ended = append(n.Ended, entry)
		}
	}
	return n
}

func (a Alert) entry(s slo.Status, publicURL string) Entry {
	v := a.Verdict
	e := Entry{
		Objective: a.Objective, Name: string(a.Objective), Tier: a.Tier, Severity: v.Tier.Severity, Reason: v.Reason, Fired: a.Fired,
		Burn: v.Long.Rate, Factor: v.Factor, Lookback: slo.ShortDuration(v.Long.Lookback), Remaining: s.Budget.Remaining,
	}
	left := slo.FormatPercent(e.Remaining) + " of the budget is left"
	if o := s.Objective; o != nil {
		e.Name, e.Owner = o.DisplayName, o.Owner
		if s.Budget.Spent {
			left = "the budget is spent"
		}
	}
	burns := fmt.Sprintf("%s over %s", slo.FormatRate(v.Long.Rate), e.Lookback)
	if v.Short.Lookback > 0 {
		burns += fmt.Sprintf(" and %s over %s", slo.FormatRate(v.Short.Rate), slo.ShortDuration(v.Short.Lookback))
	}
	switch {
	case v.Reason == Removed: // of what is not there any more there are no figures
		e.Summary = fmt.Sprintf("%s: the objective, or its alert %s, is there no more", e.Name, e.Tier)
	case v.Reason == FineData:
		e.Summary = fmt.Sprintf("%s (%s): %s", e.Name, e.Objective, e.Tier)
	case v.Detail != "":
		e.Summary = fmt.Sprintf("%s (%s): %s", e.Name, e.Objective, v.Detail)
	case v.Condition != "":
		e.Summary = fmt.Sprintf("%s (%s): burns at %s, alert at a %s; %s", e.Name, e.Objective, burns, v.Condition, left)
	default:
		e.Summary = fmt.Sprintf("%s (%s): burns at %s, alert at %.4g×; %s", e.Name, e.Objective, burns, v.Factor, left)
	}
	if publicURL != "" {
		e.URL = strings.TrimSuffix(publicURL, "/") + "/objectives/" + string(a.Objective)
	}
	return e
}
