package gate

import (
	"strconv"
	"strings"
	"time"

	"plimsoll/internal/config"
	"plimsoll/internal/nearest"
	"plimsoll/slo"
)

// problem notes what is wrong with the field at a path.
func (r *policyReader) problem(at config.Path, format string, args ...any) {
	r.problems.Add(at, format, args...)
}

// oneOf reads a word; the first that is allowed is the default.
func oneOf[T ~string](r *policyReader, at config.Path, found string, allowed ...T) T {
	if found == "" {
		return allowed[0]
	}
	words := make([]string, len(allowed))
	for i, a := range allowed {
		if words[i] = string(a); words[i] == found {
			return a
		}
	}
	r.problem(at, "must be one of %s, found %q%s", strings.Join(words, ", "), found, nearest.Hint(found, words))
	return allowed[0]
}

// share reads a percentage such as "10%".
func (r *policyReader) share(at config.Path, found string, byDefault slo.Ratio) slo.Ratio {
	if found == "" {
		return byDefault
	}
	number, ok := strings.CutSuffix(strings.TrimSpace(found), "%")
	if !ok {
		r.problem(at, `must be a percentage such as "10%%", found %q`, found)
		return byDefault
	}
	v, err := slo.ParsePercent(strings.TrimSpace(number))
	if err != nil {
		r.problem(at, "%v", err)
	}
	return v
}

// maxDuration bounds the durations of a policy.
const maxDuration = 366 * 24 * time.Hour

// duration reads "90s", "5m", "24h" or "30d".
func (r *policyReader) duration(at config.Path, found string, byDefault, atLeast time.Duration) time.Duration {
	if found == "" {
		return byDefault
	}
	d, err := parseDuration(found)
	switch {
	case err != nil:
		r.problem(at, `must be a duration such as "5m", "24h" or "30d", found %q`, found)
	case d < atLeast || d > maxDuration:
		r.problem(at, "must be between %s and %s, found %q", atLeast, slo.ShortDuration(maxDuration), found)
	}
	return d
}

func parseDuration(s string) (time.Duration, error) {
	if days, ok := strings.CutSuffix(s, "d"); ok {
		n, err := strconv.ParseUint(days, 10, 16)
		return time.Duration(n) * 24 * time.Hour, err
	}
	return time.ParseDuration(s)
}
