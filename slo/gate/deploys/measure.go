package deploys

import (
	"cmp"
	"slices"
	"time"

	"plimsoll/slo/gate"
)

// Measures are the four measures of DORA of one service in one environment over [From, To). A rollback that went out as a deploy of its own
// puts a change right and is none itself: it counts for recovery only.
type Measures struct {
	Service     string    `json:"service"`
	Environment string    `json:"environment"`
	From        time.Time `json:"from"`
	To          time.Time `json:"to" doc:"Exclusive"`

	// Deployment frequency: how often changes reach the environment.
	Deployments int     `json:"deployments" doc:"Changes that finished in the window"`
	PerDay      float64 `json:"perDay" doc:"Deployment frequency: deployments ÷ days of the window"`

	// Lead time for changes: from the commit until the change serves the environment.
	LeadTime Durations `json:"leadTime" doc:"Lead time for changes: from the commit until the change has finished, of the deployments whose commit time is known"`

	// Change failure rate: the share of changes that somebody had to put right at once.
	Ended             int      `json:"ended" doc:"Changes of which it became known in the window how they went"`
	Failures          int      `json:"failures" doc:"Those among them that failed or were rolled back, then or later"`
	ChangeFailureRate *float64 `json:"changeFailureRate,omitempty" doc:"failures ÷ ended, from 0 to 1; absent if none ended"`

	// Failed deployment recovery time: from the failure until the environment is well again.
	Recovery    Durations `json:"recovery" doc:"Failed deployment recovery time: from the failure until the change was rolled back or the next deploy finished, of those failures whose beginning and end are known"`
	Unrecovered int       `json:"unrecovered" doc:"Failures that nothing has put right yet"`
}

// Durations sum up lengths of time.
type Durations struct {
	Count         int   `json:"count"`
	MedianSeconds int64 `json:"medianSeconds" doc:"Half are at most so long; the mean of the two in the middle of an even number"`
	P90Seconds    int64 `json:"p90Seconds" doc:"Nine of ten are at most so long (nearest rank)"`
}

// Measure computes the measures of each service and environment that has deploys in the window, sorted by both. The list has at least all
// deploys that ended in the window and all that finished after the first of them; order does not matter.
func Measure(list []Deploy, from, to time.Time) []Measures {
	places := map[[2]string][]Deploy{}
	for _, d := range list {
		p := [2]string{d.Service, d.Environment}
		places[p] = append(places[p], d)
	}
	var all []Measures
	for p, deploys := range places {
		m := measure(deploys, from, to)
		if m.Deployments == 0 && m.Ended == 0 {
			continue
		}
		m.Service, m.Environment = p[0], p[1]
		all = append(all, m)
	}
	slices.SortFunc(all, func(a, b Measures) int {
		return cmp.Or(cmp.Compare(a.Service, b.Service), cmp.Compare(a.Environment, b.Environment))
	})
	return all
}

// measure does so for the deploys of one place.
func measure(deploys []Deploy, from, to time.Time) Measures {
	m := Measures{From: from.UTC(), To: to.UTC()}
	within := func(t time.Time) bool { return !t.IsZero() && !t.Before(from) && t.Before(to) }
	var lead, recovery []time.Duration
	for _, d := range deploys {
		if d.Class == gate.Rollback {
			continue
		}
		if within(d.Finished) {
			m.Deployments++
			if !d.Committed.IsZero() {
				lead = append(lead, max(0, d.Finished.Sub(d.Committed)))
			}
		}
		if !within(d.Ended()) {
			continue
		}
		m.Ended++
		if !d.Bad() {
			continue
		}
		m.Failures++
		switch took, known, over := recovered(d, deploys); {
		case !over:
			m.Unrecovered++
		case known:
			recovery = append(recovery, took)
		}
	}
	if days := to.Sub(from).Hours() / 24; days > 0 {
		m.PerDay = float64(m.Deployments) / days
	}
	if m.Ended > 0 {
		rate := float64(m.Failures) / float64(m.Ended)
		m.ChangeFailureRate = &rate
	}
	m.LeadTime, m.Recovery = durations(lead), durations(recovery)
	return m
}

// failedSince is when a bad deploy began to be bad. Of one that was rolled back before it finished that is at the latest when it started; of
// one that had finished, and of which nobody told that it failed, it is not known.
func (d Deploy) failedSince() (time.Time, bool) {
	switch {
	case !d.Failed.IsZero():
		return d.Failed, true
	case d.Finished.IsZero():
		return d.Started, true
	default:
		return d.RolledBack, false
	}
}

// recovered says how long it took to put a bad deploy right: until it was rolled back, or tried again and went out, or until another deploy
// there finished, whichever came first.
func recovered(d Deploy, deploys []Deploy) (took time.Duration, known, over bool) {
	since, known := d.failedSince()
	var end time.Time
	soonest := func(t time.Time) {
		if !t.IsZero() && !t.Before(since) && (end.IsZero() || t.Before(end)) {
			end = t
		}
	}
	soonest(d.RolledBack)
	if d.Finished.After(since) {
		soonest(d.Finished)
	}
	for _, other := range deploys {
		if other.Ref != d.Ref {
			soonest(other.Finished)
		}
	}
	return end.Sub(since), known, !end.IsZero()
}

// durations sums up a list.
func durations(list []time.Duration) Durations {
	n := len(list)
	if n == 0 {
		return Durations{}
	}
	slices.Sort(list)
	middle := list[n/2]
	if n%2 == 0 {
		middle = list[n/2-1] + (list[n/2]-list[n/2-1])/2
	}
	rank := (9*n + 9) / 10 // ⌈0.9 n⌉
	return Durations{Count: n, MedianSeconds: int64(middle / time.Second), P90Seconds: int64(list[rank-1] / time.Second)}
}
