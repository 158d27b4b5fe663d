package postgres

import (
	"context"
	"slices"

	"github.com/jackc/pgx/v5"

	"plimsoll/alerts"
	"plimsoll/slo"
)

// Route says which notices about tiers a receiver gets. Alert policies name their receivers themselves.
type Route struct {
	Receiver   string
	Severities []alerts.Severity // all when empty
	Services   []string          // all when empty
}

// takes reports whether the route is for a group that is, or was until now, as urgent as this.
func (r Route) takes(service string, now, before alerts.Severity) bool {
	return (len(r.Services) == 0 || slices.Contains(r.Services, service)) &&
		(len(r.Severities) == 0 || slices.Contains(r.Severities, now) || slices.Contains(r.Severities, before))
}

// due is a notice that is due.
type due struct {
	name      string // of the group
	cause     alerts.Cause
	group     []alerts.Alert
	now, last alerts.Told
}

// policyOf returns the policy that a group is of; false if the group is a service, or the policy is there no more.
func policyOf(name string, statuses map[slo.Key]slo.Status) (slo.AlertPolicy, bool) {
	id, alone := alerts.GroupID(name)
	s, ok := statuses[id.Objective]
	if !alone || !ok {
		return slo.AlertPolicy{}, false
	}
	return alerts.PolicyOf(s.Objective, id)
}

// receivers returns who is told of a notice. That a policy is there no more is told to those who were told of it.
func (e *Engine) receivers(ctx context.Context, tx pgx.Tx, d due, statuses map[slo.Key]slo.Status) ([]string, error) {
	to := []string{}
	if _, alone := alerts.GroupID(d.name); !alone {
		before := d.last.Urgent
		if len(d.last.Firing) == 0 { // it was told to be over
			before = ""
		}
		for _, r := range e.cfg.Routes {
			if r.takes(d.name, d.now.Urgent, before) {
				to = append(to, r.Receiver)
			}
		}
		return to, nil
	}
	p, ok := policyOf(d.name, statuses)
	if !ok {
		rows, err := tx.Query(ctx, `SELECT receiver FROM alerts_deliveries WHERE name = $1 AND seq > 0 ORDER BY receiver`, d.name)
		if err != nil {
			return nil, err
		}
		return pgx.CollectRows(rows, pgx.RowTo[string])
	}
	for _, t := range p.Targets {
		if name, ok := alerts.Receiver(t, e.receiverNames()); ok && !slices.Contains(to, name) {
			to = append(to, name)
		}
	}
	return to, nil
}

func (e *Engine) receiverNames() []string {
	var names []string
	for _, r := range e.cfg.Routes {
		names = append(names, r.Receiver)
	}
	return names
}
