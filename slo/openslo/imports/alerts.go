package imports

import (
	"slices"
	"strings"
	"time"

	"plimsoll/alerts"
	"plimsoll/slo"
	"plimsoll/slo/openslo"
)

const (
	tiersAnnotation = "plimsoll.dev/alerts"
	noTiers         = "none"
)

// tiers names with an annotation the tiers of alerts that hold, where alerts of some severities are switched off: those of the others, as far
// as an objective with the target and the window can reach them. Where none is off all hold, and nothing needs to be said.
func tiers(m *openslo.Metadata, percent openslo.Plain, window time.Duration, off ...alerts.Severity) {
	target, err := slo.ParsePercent(string(percent))
	if len(off) == 0 || err != nil { // reported with the objective
		return
	}
	o := slo.Objective{Target: target, Window: slo.Window{Length: window}, Method: slo.Occurrences}
	var names []string
	for _, t := range alerts.Tiers() {
		if !slices.Contains(off, t.Severity) && t.Unreachable(&o) == "" {
			names = append(names, t.Name)
		}
	}
	if names == nil {
		names = []string{noTiers}
	}
	m.Annotations = with(m.Annotations, tiersAnnotation, strings.Join(names, ", "))
}
