package controlplane

import (
	"context"
	"errors"
	"strings"

	"plimsoll/incidents"
	incidentspg "plimsoll/incidents/postgres"
	"plimsoll/incidents/postmortem"
	postmortempg "plimsoll/incidents/postmortem/postgres"
	"plimsoll/slo/gate"
)

// gateIncidents shows the gate the incidents that it decides by: those that everybody may see, since a refusal would tell
// of a private one, and no drills.
type gateIncidents struct {
	store       *incidentspg.Store
	postmortems *postmortempg.Store
}

func (g gateIncidents) open(ctx context.Context, service string) ([]gate.Incident, error) {
	list, err := g.store.Open(ctx, incidents.Viewer{}, service)
	if err != nil {
		return nil, err
	}
	var out []gate.Incident
	for _, i := range list {
		if i.Drill {
			continue
		}
		out = append(out, gateIncident(i))
	}
	return out, nil
}

// takenFor is the severity of an incident to the gate and to figures. Until somebody has said how bad it is, it is taken
// for a major one: releases wait rather than go out into what may be one.
func takenFor(s incidents.Severity) int {
	if !s.Set() {
		return 2
	}
	return int(s)
}

func gateIncident(i incidents.Incident) gate.Incident {
	g := gate.Incident{
		Ref: i.Ref.String(), Title: i.Title, Severity: takenFor(i.Severity), Since: i.Times.Declared,
		CodeRed: i.Source == incidents.SourceCodeRed,
	}
	if !i.Severity.Set() {
		g.Title += " (taken for major until its severity is set)"
	}
	return g
}

// whole follows an incident that was merged to the one that it went into, which may have been merged after that.
func whole(ctx context.Context, store *incidentspg.Store, v incidents.Viewer, ref incidents.Ref) (incidents.Incident, error) {
	i, err := store.Get(ctx, v, ref)
	for err == nil && i.MergedInto != 0 {
		i, err = store.Get(ctx, v, i.MergedInto)
	}
	return i, err
}

func (g gateIncidents) references(ctx context.Context, refs []string) ([]gate.Reference, error) {
	var out []gate.Reference
	for _, s := range refs {
		if id, err := postmortem.ParseItemRef(s); err == nil && strings.HasPrefix(strings.ToUpper(s), "AI-") {
			item, err := g.item(ctx, s, id)
			if err != nil {
				return nil, err
			}
			out = append(out, item)
			continue
		}
		ref, err := incidents.ParseRef(s)
		if err != nil {
			out = append(out, gate.Reference{Ref: s})
			continue
		}
		inc, err := whole(ctx, g.store, incidents.Viewer{}, ref)
		if err != nil && !errors.Is(err, incidents.ErrNotFound) {
			return nil, err
		}
		r := gate.Reference{Ref: s}
		if err == nil {
			r.Known, r.Open, r.Services = true, inc.State.Open() && !inc.Drill, append([]string{}, inc.Services...)
		}
		out = append(out, r)
	}
	return out, nil
}

// openBySeverity counts open incidents for the exported metrics.
func (g gateIncidents) openBySeverity(ctx context.Context) (map[int]int, error) {
	counts, err := g.store.Counts(ctx, incidents.Viewer{})
	if err != nil {
		return nil, err
	}
	out := map[int]int{}
	for _, c := range counts {
		if c.State.Open() {
			out[takenFor(c.Severity)] += c.Count
		}
	}
	return out, nil
}
