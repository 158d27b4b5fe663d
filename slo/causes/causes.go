// Package causes gathers what may have spent an error budget: corrections, incidents and releases: deploys that
// were told of, and where nobody told of any, what the gate let through. It says what went on and when; which of them a bad event belongs to is decided by [plimsoll/slo.Attribute].
package causes

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"plimsoll/incidents"
	"plimsoll/slo"
	"plimsoll/slo/gate"
	"plimsoll/slo/gate/deploys"
)

// Sources are where causes are found. A nil one has none.
type Sources struct {
	// Corrections returns all corrections; those that were taken back are left out here.
	Corrections func(ctx context.Context) ([]slo.Correction, error)
	// Incidents returns at least the incidents that were declared or open in [from, to).
	Incidents func(ctx context.Context, from, to time.Time) ([]incidents.Incident, error)
	// Deploys returns the deploys that started in [from, to).
	Deploys func(ctx context.Context, service string, from, to time.Time) ([]deploys.Deploy, error)
	// Decisions returns the gate's decisions of [from, to). A release that was let through and told of is the deploy alone.
	Decisions func(ctx context.Context, service string, from, to time.Time) ([]gate.Decision, error)
}

// Of returns what may have spent the budget of an objective in [from, to).
func (s Sources) Of(ctx context.Context, o *slo.Objective, from, to time.Time) ([]slo.Cause, error) {
	var all []slo.Cause
	if s.Corrections != nil {
		list, err := s.Corrections(ctx)
		if err != nil {
			return nil, fmt.Errorf("read corrections: %w", err)
		}
		all = append(all, corrections(list, o)...)
	}
	if s.Incidents != nil {
		list, err := s.Incidents(ctx, from, to)
		if err != nil {
			return nil, fmt.Errorf("read incidents: %w", err)
		}
		all = append(all, incidentCauses(list, o)...)
	}
	released, err := s.releases(ctx, o.Service, from.Add(-deployLasts), to)
	if err != nil {
		return nil, err
	}
	all = append(all, released...)
	return slices.DeleteFunc(all, func(c slo.Cause) bool {
		return !c.From.Before(to) || !c.To.IsZero() && !c.To.After(from)
	}), nil
}

func corrections(list []slo.Correction, o *slo.Objective) (causes []slo.Cause) {
	for _, c := range list {
		if c.Applies(o) {
			causes = append(causes, slo.Cause{
				Kind: slo.ByCorrection, Ref: strconv.FormatInt(int64(c.ID), 10), Title: c.Reason, From: c.From.UTC(), To: c.To.UTC(),
			})
		}
	}
	return causes
}

// incidentCauses are the incidents that name the objective, its parent or the composite that it is a component of or, where they name none, its
// service. One lasts from when customers were
// first affected, as far as that is known, until it is resolved.
func incidentCauses(list []incidents.Incident, o *slo.Objective) (causes []slo.Cause) {
	for _, i := range list {
		named := slices.ContainsFunc(i.Objectives, func(key slo.Key) bool {
			return key == o.Key || key == o.Parent || strings.HasPrefix(string(o.Key), string(key)+"/") // a component's key is below that of the composite
		})
		if !named && (len(i.Objectives) > 0 || !slices.Contains(i.Services, o.Service)) || !i.Counts() {
			continue
		}
		t := i.Times
		from := t.Declared
		for _, earlier := range []time.Time{t.Detected, t.Started} {
			if !earlier.IsZero() && earlier.Before(from) {
				from = earlier
			}
		}
		causes = append(causes, slo.Cause{Kind: slo.ByIncident, Ref: i.Ref.String(), Title: i.Title, From: from.UTC(), To: t.Resolved.UTC()})
		if t.Resolved.IsZero() {
			causes[len(causes)-1].To = time.Time{}
		}
	}
	return causes
}
