package openslo

import (
	"slices"
	"strings"
	"time"

	"plimsoll/alerts"
	"plimsoll/internal/nearest"
	"plimsoll/slo"
)

// The words for no tier and for every tier.
const (
	noAlerts  = "none"
	allAlerts = "all"
)

// tiers are the burn-rate alerts that hold where an objective does not say.
func (c Config) tiers() []alerts.Tier {
	if c.Tiers != nil {
		return c.Tiers
	}
	return alerts.Tiers()
}

// namedTier is a tier as an annotation has it.
type namedTier struct {
	name     string
	settings [][2]string
}

// readAlertTiers reads the tiers of burn-rate alerts that hold, such as "page-slow, ticket-fast{factor=2, for=1h}", all but for what is said of some, such as
// "all, page-fast{share=5%}", or "none".
func readAlertTiers(value node, text string) setting {
	if strings.TrimSpace(text) == noAlerts {
		return func(o *slo.Objective, _ Config) { o.AlertTiers = []slo.AlertTier{} }
	}
	var named []namedTier
	for _, part := range splitTiers(text) {
		t, ok := readTierName(value, part)
		if !ok {
			return nil
		}
		if slices.ContainsFunc(named, func(other namedTier) bool { return other.name == t.name }) {
			value.Fail("%s stands twice", t.name)
			return nil
		}
		named = append(named, t)
	}
	return func(o *slo.Objective, c Config) { o.AlertTiers = resolveTiers(value, o, c.tiers(), named) }
}

// splitTiers divides at the commas that stand in no braces.
func splitTiers(text string) (parts []string) {
	depth, from := 0, 0
	for i, r := range text {
		switch {
		case r == '{':
			depth++
		case r == '}':
			depth--
		case r == ',' && depth <= 0:
			parts, from = append(parts, text[from:i]), i+1
		}
	}
	return append(parts, text[from:])
}

// readTierName reads one tier, such as "page-fast{factor=10, for=5m}".
func readTierName(value node, text string) (t namedTier, ok bool) {
	name, rest, braces := strings.Cut(strings.TrimSpace(text), "{")
	t.name = strings.TrimSpace(name)
	if !braces {
		return t, true
	}
	said, closed := strings.CutSuffix(rest, "}")
	if !closed || strings.ContainsAny(said, "{}") {
		value.Fail("found %q; allowed: settings in one pair of braces, such as page-fast{factor=10, for=5m}", strings.TrimSpace(text))
		return t, false
	}
	for part := range strings.SplitSeq(said, ",") {
		key, v, found := strings.Cut(part, "=")
		if !found {
			value.Fail("found %q in the braces of %s; allowed: %s=…, separated by commas", strings.TrimSpace(part), t.name, strings.Join(alerts.Settings(), "=…, "))
			return t, false
		}
		if key = strings.TrimSpace(key); !slices.Contains(alerts.Settings(), key) {
			value.Fail("found %q%s; allowed: %s", key, nearest.Hint(key, alerts.Settings()), strings.Join(alerts.Settings(), ", "))
			return t, false
		}
		if slices.ContainsFunc(t.settings, func(s [2]string) bool { return s[0] == key }) {
			value.Fail("%s of %s stands twice", key, t.name)
			return t, false
		}
		t.settings = append(t.settings, [2]string{key, strings.TrimSpace(v)})
	}
	return t, true
}

// resolveTiers makes the tiers of an objective of those that an annotation names. One that nobody knows is a new one, if it says all that a tier needs.
func resolveTiers(value node, o *slo.Objective, known []alerts.Tier, named []namedTier) []slo.AlertTier {
	tiers := []slo.AlertTier{}
	if slices.ContainsFunc(named, func(t namedTier) bool { return t.name == allAlerts }) {
		for _, t := range known {
			if t.Unreachable(o) == "" && !slices.ContainsFunc(named, func(n namedTier) bool { return n.name == t.Name }) {
				tiers = append(tiers, t)
			}
		}
	}
	for _, n := range named {
		if n.name == allAlerts && len(n.settings) == 0 {
			continue
		}
		i := slices.IndexFunc(known, func(t alerts.Tier) bool { return t.Name == n.name })
		if i < 0 && len(n.settings) == 0 {
			names := tierNames(known)
			value.Fail("found %q%s; allowed: %s, each with settings in braces or without, %s, or %s", n.name, nearest.Hint(n.name, names), strings.Join(names, ", "), allAlerts, noAlerts)
			continue
		}
		t := alerts.Tier{Name: n.name}
		if i >= 0 {
			t = known[i]
		}
		if t, ok := setTier(value, o, t, n.settings); ok {
			tiers = append(tiers, t)
		}
	}
	return tiers
}

func setTier(value node, o *slo.Objective, t alerts.Tier, settings [][2]string) (alerts.Tier, bool) {
	err := alerts.CheckName(t.Name)
	for _, s := range settings {
		if err == nil {
			t, err = alerts.Set(t, s[0], s[1])
		}
	}
	if err == nil {
		err = alerts.Check(t)
	}
	if err != nil {
		value.Fail("%s", err)
		return t, false
	}
	if longest := max(o.Window.Length, 3*24*time.Hour); len(settings) > 0 && t.Lookback > longest {
		value.Fail("found a lookback of %s for %s; allowed: up to the window of %s, which is %s", slo.ShortDuration(t.Lookback), t.Name, o.Key, o.Window)
		return t, false
	}
	return t, true
}

func tierNames(tiers []alerts.Tier) []string {
	var names []string
	for _, t := range tiers {
		names = append(names, t.Name)
	}
	return names
}

// writeTiers writes tiers as an annotation has them: those that are as they are shipped by their names.
func writeTiers(tiers []slo.AlertTier) string {
	var parts []string
	for _, t := range tiers {
		if slices.Contains(alerts.Tiers(), t) {
			parts = append(parts, t.Name)
		} else {
			parts = append(parts, alerts.Describe(t))
		}
	}
	return strings.Join(parts, ", ")
}

// checkTiers reports the tiers that an objective can never reach: those that it names are wrong, and those that it only does not exclude are
// worth knowing.
func checkTiers(o *slo.Objective, c Config, at node) {
	named := o.AlertTiers != nil && (c.Tiers == nil || !slices.Equal(o.AlertTiers, c.Tiers))
	for _, t := range alerts.TiersOf(o, alerts.Tiers()) {
		switch why := t.Unreachable(o); {
		case why == "":
		case named:
			at.Fail("%salerts asks for %s of %s, which can never fire: %s", annotationPrefix, t.Name, o.Key, why)
		default:
			at.Warn("%s of %s can never fire: %s; %salerts names those that are to hold", t.Name, o.Key, why, annotationPrefix)
		}
	}
}
