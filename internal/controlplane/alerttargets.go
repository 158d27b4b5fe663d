package controlplane

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"

	"plimsoll/alerts"
	"plimsoll/internal/nearest"
	"plimsoll/slo"
)

// checkTargets says which notification targets of alert policies are no receiver. Where no receiver is configured at all nobody is told of
// anything, which the log says; a file that was written for another program can still be counted by.
func (d definitions) checkTargets(c Config) error {
	var known []string
	for _, r := range c.Alerts.Receivers {
		known = append(known, r.Name)
	}
	var errs []error
	seen := map[slo.AlertTarget]bool{}
	for _, o := range d.objectives {
		for _, p := range o.Alerts {
			for _, t := range p.Targets {
				if _, ok := alerts.Receiver(t, known); ok || seen[t] {
					continue
				}
				seen[t] = true
				hint := nearest.Hint(t.Name, known)
				if hint == "" {
					hint = nearest.Hint(t.Target, known)
				}
				errs = append(errs, fmt.Errorf("%s:%d: alert policy %s: the notification target %q (target: %s) is no receiver%s; alerts.receivers are: %s",
					o.File, o.Line, p.Name, t.Name, t.Target, hint, strings.Join(known, ", ")))
			}
		}
	}
	if len(known) == 0 && len(errs) > 0 {
		cmp.Or(c.Logger, slog.Default()).Warn("alert policies tell nobody: alerts.receivers is empty", "targets", len(errs))
		return nil
	}
	return errors.Join(errs...)
}

// checkRoutes warns of receivers that name a service of which there is no objective: they are told nothing of it. It is no error, for an objective may
// come later.
func (d definitions) checkRoutes(c Config) {
	known := map[string]bool{}
	for _, o := range d.objectives {
		known[o.Service] = true
	}
	for i, r := range c.Alerts.Receivers {
		for _, service := range r.Services {
			if !known[service] {
				cmp.Or(c.Logger, slog.Default()).Warn(fmt.Sprintf("alerts.receivers[%d].services: %q has no objective%s", i, service,
					nearest.Hint(service, slices.Sorted(maps.Keys(known)))), "receiver", r.Name)
			}
		}
	}
}
