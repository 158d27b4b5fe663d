package gate

import (
	"fmt"
	"slices"
	"time"

	"plimsoll/internal/config"
	"plimsoll/slo"
)

// dataClause refuses to decide on data that is old or thin. For the time of a lease it may decide by the last good figures instead.
type dataClause struct {
	line        int
	maxAge      time.Duration
	minCoverage slo.Ratio
	onStale     staleRule
	lease       time.Duration // from when data went stale; of lastGood only
	then        Outcome       // of thin data, and of stale data without a lease; Allow means: note it and go on
}

// staleRule says what becomes of a check on stale data.
type staleRule string

const (
	staleHold     staleRule = "hold"
	staleDeny     staleRule = "deny"
	staleAllow    staleRule = "allow"
	staleLastGood staleRule = "last_good" // for a lease; then what "then" says
)

func (d *dataClause) evaluate(q *question) Result {
	r := Result{Clause: "data", Line: d.line, Verdict: Pass}
	for _, f := range q.snapshot.Objectives {
		if f.Hold != "" { // the objective asks for it, so no policy can allow it
			r.Verdict, r.Reason = Hold, DataGap
			r.Detail = fmt.Sprintf("%s: %s, and the objective says to wait for data (no-data policy of the gate)", f.Name, f.Hold)
			r.Next = d.next(q)
			r.Flip = "a fresh sample of " + f.Name
			return r
		}
	}
	leased := ""
	for i := range q.snapshot.Objectives {
		f := &q.snapshot.Objectives[i]
		if until, ok := d.leases(f, q.snapshot); ok {
			if leased == "" {
				end := until // of its own, so that objectives without a lease cost nothing
				leased, r.Until = lastGoodDetail(f, q.snapshot.At, until), &end
			}
			continue
		}
		if verdict := d.judge(f, q.snapshot.At, &r); r.Reason != "" {
			if r.Until = nil; verdict != Allow {
				r.Verdict, r.Next = verdict, d.next(q)
			}
			return r
		}
	}
	if leased != "" {
		r.Reason, r.Detail = DataLastGood, leased
		return r
	}
	r.Detail = fmt.Sprintf("every sample is at most %s old", slo.FormatSpan(d.maxAge))
	return r
}

func (d *dataClause) next(q *question) string {
	return fmt.Sprintf("see why metrics of the service do not arrive, then ask again. Meanwhile only %s go out.", q.policy.Exemptions())
}

// judge says what is wrong with the data of one objective, and what becomes of the check because of it; no reason is set if nothing is.
func (d *dataClause) judge(f *Figures, at time.Time, r *Result) Outcome {
	switch {
	case f.LastSample.IsZero():
		r.Reason, r.Detail = DataStale, fmt.Sprintf("%s: no sample has ever arrived", f.Name)
		r.Flip = "a sample of " + f.Name
		return d.whenStale()
	case f.stale(at, d.maxAge):
		r.Reason = DataStale
		r.Detail = fmt.Sprintf("%s: the newest sample is %s old, allowed are %s", f.Name, slo.FormatSpan(at.Sub(f.LastSample)), slo.FormatSpan(d.maxAge))
		if d.onStale == staleLastGood {
			r.Detail += fmt.Sprintf(", and the last good figures were good for %s more", slo.FormatSpan(d.lease))
		}
		r.Flip = "a fresh sample of " + f.Name
		return d.whenStale()
	case f.Coverage < d.minCoverage.Float():
		r.Reason = CoverageLow
		r.Detail = fmt.Sprintf("%s: the source was seen in %s of the last hour's minutes, needed are %s", f.Name, slo.FormatPercent(f.Coverage), percent(d.minCoverage))
		r.Flip = fmt.Sprintf("the source of %s seen in %s of an hour", f.Name, percent(d.minCoverage))
	}
	return d.then
}

// whenStale is what becomes of a check when data is stale and no lease covers it.
func (d *dataClause) whenStale() Outcome {
	if d.onStale == staleLastGood {
		return d.then
	}
	return Outcome(d.onStale)
}

// leases reports whether the last good figures of an objective stand for those of now, and until when they may. Figures that were too thin
// when they were fresh are not good.
func (d *dataClause) leases(f *Figures, s *Snapshot) (until time.Time, ok bool) {
	if d.onStale != staleLastGood || f.LastSample.IsZero() || !f.stale(s.At, d.maxAge) {
		return time.Time{}, false
	}
	until = f.LastSample.Add(d.maxAge + d.lease)
	good := s.lastGood(f.Objective)
	return until, good != nil && s.At.Before(until) && good.Coverage >= d.minCoverage.Float()
}

func lastGoodDetail(f *Figures, at, until time.Time) string {
	return fmt.Sprintf("%s: the newest sample is %s old; decided by the figures of %s, which may be used until %s", f.Name,
		slo.FormatSpan(at.Sub(f.LastSample)), instant(f.LastSample), instant(until))
}

// lastGood returns the figures of an objective as they were when its source was last heard, or nil.
func (s *Snapshot) lastGood(key slo.Key) *Figures {
	i := slices.IndexFunc(s.LastGood, func(f Figures) bool { return f.Objective == key })
	if i < 0 {
		return nil
	}
	return &s.LastGood[i]
}

// judged returns the figures that budgets are judged by: those of now, and the last good ones of the objectives that a lease of the policy
// covers, which are named.
func (p *Policy) judged(s *Snapshot) (figures []Figures, leased []slo.Key) {
	i := slices.IndexFunc(p.clauses, func(c clause) bool { d, ok := c.(*dataClause); return ok && d.onStale == staleLastGood })
	if i < 0 || len(s.LastGood) == 0 {
		return s.Objectives, nil
	}
	figures = slices.Clone(s.Objectives)
	for n := range figures {
		if _, ok := p.clauses[i].(*dataClause).leases(&figures[n], s); ok {
			leased = append(leased, figures[n].Objective)
			figures[n] = *s.lastGood(figures[n].Objective)
		}
	}
	return figures, leased
}

// StaleAfter returns from which age on data is stale to a clause that would then use the last good figures; 0 if there is none.
func (p *Policy) StaleAfter() time.Duration {
	for _, c := range p.clauses {
		if d, ok := c.(*dataClause); ok && d.onStale == staleLastGood {
			return d.maxAge
		}
	}
	return 0
}

type dataFile struct {
	MaxAge      string `yaml:"maxAge"`
	MinCoverage string `yaml:"minCoverage"`
	OnStale     string `yaml:"onStale"`
	Lease       string `yaml:"lease"`
	Then        string `yaml:"then"`
}

func (r *policyReader) data(at config.Path, line int, f *dataFile) clause {
	d := &dataClause{line: line,
		maxAge:      r.duration(at.In("maxAge"), f.MaxAge, DefaultMaxAge, time.Second),
		minCoverage: r.share(at.In("minCoverage"), f.MinCoverage, 0),
		then:        oneOf(r, at.In("then"), f.Then, Hold, Deny, Allow)}
	d.onStale = staleRule(d.then)
	if f.OnStale != "" {
		d.onStale = oneOf(r, at.In("onStale"), f.OnStale, staleHold, staleDeny, staleAllow, staleLastGood)
	}
	switch {
	case d.onStale == staleLastGood:
		d.lease = r.duration(at.In("lease"), f.Lease, DefaultLease, time.Second)
	case f.Lease != "":
		r.problem(at.In("lease"), "must be there only with \"onStale: %s\", found %q", staleLastGood, f.Lease)
	}
	return d
}
