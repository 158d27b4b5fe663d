package causes

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"plimsoll/slo"
	"plimsoll/slo/gate"
	"plimsoll/slo/gate/deploys"
)

const (
	// deployLasts is for how long a release answers for what goes wrong, unless the next one comes first.
	deployLasts = 2 * time.Hour
	// clocks is by how much the clocks of the gate and of whoever tells of deploys may differ.
	clocks = time.Minute
)

// release is a change that went out, or was let out.
type release struct {
	from  time.Time
	until time.Time // it was taken back; zero if it was not
	ref   string
	title string
}

// releases are the causes of releases that began in [from, to). Each lasts until it was taken back or the next one there began, and at most two
// hours.
func (s Sources) releases(ctx context.Context, service string, from, to time.Time) (causes []slo.Cause, err error) {
	var told []deploys.Deploy
	var let []gate.Decision
	if s.Deploys != nil {
		if told, err = s.Deploys(ctx, service, from, to); err != nil {
			return nil, fmt.Errorf("read deploys: %w", err)
		}
	}
	if s.Decisions != nil {
		if let, err = s.Decisions(ctx, service, from, to); err != nil {
			return nil, fmt.Errorf("read releases: %w", err)
		}
	}
	of := letOut(let, told)
	for _, d := range told {
		of[d.Environment] = append(of[d.Environment], deployed(d))
	}
	for _, list := range of {
		causes = append(causes, spans(list)...)
	}
	slices.SortFunc(causes, func(a, b slo.Cause) int {
		return cmp.Or(a.From.Compare(b.From), cmp.Compare(a.Ref, b.Ref), cmp.Compare(a.Title, b.Title))
	})
	return causes, nil
}

// letOut returns by environment the releases that the gate let out and nobody told of. The same commit in one environment is one release, from
// when it was first allowed. What is asked while a deploy is under way, step by step, is of that deploy.
func letOut(list []gate.Decision, told []deploys.Deploy) map[string][]release {
	decisions := map[string][]gate.Decision{}
	for _, d := range list {
		known := func(t deploys.Deploy) bool {
			over := t.Finished
			if over.IsZero() {
				over = t.Ended()
			}
			return t.Environment == d.Change.Environment && t.Commit == d.Change.Commit && (over.IsZero() || !over.Before(d.At.Add(-clocks)))
		}
		if d.Outcome == gate.Allow && !slices.ContainsFunc(told, known) {
			decisions[d.Change.Environment] = append(decisions[d.Change.Environment], d)
		}
	}
	of := map[string][]release{}
	for environment, ds := range decisions {
		slices.SortStableFunc(ds, func(a, b gate.Decision) int { return a.At.Compare(b.At) })
		for _, d := range slices.CompactFunc(ds, func(a, b gate.Decision) bool { return a.Change.Commit == b.Change.Commit }) {
			c := d.Change
			of[environment] = append(of[environment], release{from: d.At, ref: cmp.Or(c.Version, c.Commit), title: title(c.Class, environment, c.Author, "")})
		}
	}
	return of
}

// deployed is the release of a deploy.
func deployed(d deploys.Deploy) release {
	what := "(" + d.Ref.String() + ")"
	switch d.State {
	case deploys.Failed:
		what = "(" + d.Ref.String() + ", failed)"
	case deploys.RolledBack:
		what = "(" + d.Ref.String() + ", rolled back)"
	}
	return release{from: d.Started, until: d.RolledBack, ref: cmp.Or(d.Version, d.Commit), title: title(d.Class, d.Environment, d.Author, what)}
}

func title(class gate.Class, environment, author, what string) string {
	if author != "" {
		author = "by " + author
	}
	return strings.Join(slices.DeleteFunc([]string{string(class), "to " + environment, author, what}, func(s string) bool { return s == "" }), " ")
}

// spans are the causes of the releases of one environment.
func spans(list []release) (causes []slo.Cause) {
	slices.SortStableFunc(list, func(a, b release) int { return cmp.Or(a.from.Compare(b.from), cmp.Compare(a.ref, b.ref)) })
	for n, r := range list {
		end := r.from.Add(deployLasts)
		if n+1 < len(list) && list[n+1].from.Before(end) {
			end = list[n+1].from
		}
		if !r.until.IsZero() && r.until.Before(end) {
			end = r.until
		}
		causes = append(causes, slo.Cause{Kind: slo.ByDeploy, Ref: r.ref, From: r.from.UTC(), To: end.UTC(), Title: r.title})
	}
	return causes
}
