package openslo

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/common/model"

	"plimsoll/slo"
)

// wordyDuration is a number with a word, such as "30 days", or as in ISO 8601, such as "P30D" and "PT5M".
var wordyDuration = regexp.MustCompile(`^[pP]?([tT]?)([0-9]{1,9}) ?([a-zA-Z]+)$`)

// meantDuration suggests the duration of allowed units that a text was probably meant to be.
func meantDuration(text, allowed string) string {
	units := strings.Split(allowed, ", ")
	if length, err := parseDuration(strings.TrimPrefix(text, "-")); err == nil && slices.Contains(units, "m") && length >= time.Minute && length%time.Minute == 0 {
		return fmt.Sprintf(" (did you mean %q?)", slo.ShortDuration(length))
	}
	parts := wordyDuration.FindStringSubmatch(text)
	if parts == nil {
		return ""
	}
	for _, unit := range meantUnits(parts[3], parts[1] != "") {
		if slices.Contains(units, unit) {
			return fmt.Sprintf(" (did you mean %q?)", parts[2]+unit)
		}
	}
	return ""
}

// parseDuration reads durations as Prometheus and as Go have them.
func parseDuration(text string) (time.Duration, error) {
	if d, err := model.ParseDuration(text); err == nil {
		return time.Duration(d), nil
	}
	return time.ParseDuration(text)
}

// meantUnits returns the units that a word can mean. An M is months, and behind the T of ISO 8601 minutes.
func meantUnits(word string, ofTime bool) []string {
	lower := strings.ToLower(word)
	switch {
	case strings.HasPrefix(lower, "mo"), word == "M" && !ofTime:
		return []string{"M"}
	case lower[0] == 'm':
		return []string{"m"}
	}
	return []string{lower[:1], strings.ToUpper(lower[:1])}
}

// regions are those of the IANA Time Zone Database.
var regions = []string{"Europe", "America", "Asia", "Africa", "Australia", "Pacific", "Atlantic", "Indian", "Antarctica"}

// meantZone suggests the time zone of a name in another case, or without its region.
func meantZone(name string) string {
	words := strings.FieldsFunc(strings.ToLower(name), func(r rune) bool { return r == ' ' || r == '_' })
	for i, word := range words {
		parts := strings.Split(word, "/")
		for j, part := range parts {
			if part != "" {
				parts[j] = strings.ToUpper(part[:1]) + part[1:]
			}
		}
		words[i] = strings.Join(parts, "/")
	}
	city := strings.Join(words, "_")
	candidates := []string{strings.ToUpper(name), city}
	for _, region := range regions {
		candidates = append(candidates, region+"/"+city)
	}
	for _, zone := range candidates {
		if l, err := time.LoadLocation(zone); err == nil && zone != "" && l != time.Local {
			return fmt.Sprintf(" (did you mean %q?)", zone)
		}
	}
	return ""
}
