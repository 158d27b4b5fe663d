package openslo

import (
	"slices"
	"strings"

	"plimsoll/alerts"
	"plimsoll/internal/nearest"
	"plimsoll/slo"
)

// noAlerts says that none of the tiers holds.
const noAlerts = "none"

func tierNames() []string {
	var names []string
	for _, t := range alerts.Tiers() {
		names = append(names, t.Name)
	}
	return names
}

// readAlertTiers reads the tiers of burn-rate alerts that hold, such as "page-slow, ticket-fast", or "none".
func readAlertTiers(value node, text string) setting {
	tiers := []string{}
	for part := range strings.SplitSeq(text, ",") {
		switch name := strings.TrimSpace(part); {
		case strings.TrimSpace(text) == noAlerts:
		case !slices.Contains(tierNames(), name):
			value.Fail("found %q%s; allowed: %s, or %s", name, nearest.Hint(name, tierNames()), strings.Join(tierNames(), ", "), noAlerts)
			return nil
		case slices.Contains(tiers, name):
			value.Fail("%s stands twice", name)
			return nil
		default:
			tiers = append(tiers, name)
		}
	}
	return func(o *slo.Objective) { o.AlertTiers = tiers }
}

// checkTiers reports the tiers that an objective can never reach: those that it names are wrong, and those that it only does not exclude are
// worth knowing.
func checkTiers(o *slo.Objective, at node) {
	for _, t := range alerts.TiersOf(o, alerts.Tiers()) {
		switch why := t.Unreachable(o); {
		case why == "":
		case o.AlertTiers != nil:
			at.Fail("%salerts asks for %s of %s, which can never fire: %s", annotationPrefix, t.Name, o.Key, why)
		default:
			at.Warn("%s of %s can never fire: %s; %salerts names those that are to hold", t.Name, o.Key, why, annotationPrefix)
		}
	}
}
