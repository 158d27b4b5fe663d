package alerts

import (
	"errors"
	"fmt"
	"math/big"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"plimsoll/slo"
)

// Bounds on what a tier may say.
const (
	longestLookback = 90 * 24 * time.Hour
	longestWait     = 24 * time.Hour
	highestFactor   = 1_000_000
)

// settings are what a tier can say of itself, as in a file of tiers and in an annotation, in the order in which they are written.
var settings = []struct {
	name  string
	read  func(t *Tier, text string) error
	write func(t Tier) string // empty if it is not said
}{
	{"severity", readSeverity, func(t Tier) string { return string(t.Severity) }},
	{"share", readShare, func(t Tier) string {
		if t.Rate > 0 {
			return ""
		}
		return t.Share.Percent() + "%"
	}},
	{"factor", readFactor, func(t Tier) string {
		if t.Rate == 0 {
			return ""
		}
		return t.Rate.String()
	}},
	{"lookback", duration(time.Minute, longestLookback, func(t *Tier) *time.Duration { return &t.Lookback }), func(t Tier) string { return slo.ShortDuration(t.Lookback) }},
	{"short", duration(time.Minute, longestLookback, func(t *Tier) *time.Duration { return &t.Short }), func(t Tier) string { return slo.ShortDuration(t.Short) }},
	{"for", duration(0, longestWait, func(t *Tier) *time.Duration { return &t.For }), func(t Tier) string { return wait(t.For) }},
	{"keep", duration(time.Minute, longestWait, func(t *Tier) *time.Duration { return &t.Keep }), func(t Tier) string { return wait(t.Keep) }},
}

func wait(d time.Duration) string {
	if d == 0 {
		return ""
	}
	return slo.ShortDuration(d)
}

// Settings are the names of what a tier can say of itself.
func Settings() []string {
	var names []string
	for _, s := range settings {
		names = append(names, s.name)
	}
	return names
}

// Set returns a tier with one of [Settings] as text has it: "severity" is page or ticket, "share" a percentage of the budget such as 5%, "factor" a burn
// rate of at least 1, which takes the place of the share, "lookback", "short", "for" and "keep" are durations of whole minutes such as 90m, 6h or 3d.
func Set(t Tier, name, text string) (Tier, error) {
	for _, s := range settings {
		if s.name == name {
			err := s.read(&t, strings.TrimSpace(text))
			return t, err
		}
	}
	return t, fmt.Errorf("found %q; allowed: %s", name, strings.Join(Settings(), ", "))
}

// Describe writes a tier as an annotation has it, with all that it says of itself.
func Describe(t Tier) string {
	var said []string
	for _, s := range settings {
		if text := s.write(t); text != "" {
			said = append(said, s.name+"="+text)
		}
	}
	return t.Name + "{" + strings.Join(said, ", ") + "}"
}

var tierName = regexp.MustCompile(`^[a-z][-a-z0-9]{0,62}$`)

// CheckName says why a tier cannot be called so.
func CheckName(name string) error {
	switch {
	case !tierName.MatchString(name):
		return fmt.Errorf("found the tier %q; a name is up to 63 lower-case letters, digits and hyphens, and begins with a letter", name)
	case strings.HasPrefix(name, policyPrefix), strings.HasPrefix(name, dataPrefix):
		return fmt.Errorf("found the tier %q; names that begin with %s and %s are those of other alerts", name, policyPrefix, dataPrefix)
	case slices.Contains([]string{"all", "none"}, name):
		return fmt.Errorf("found the tier %q, which is the word for every tier or for no tier", name)
	}
	return nil
}

// Check says what a tier lacks, or why it could never hold, whatever the objective is.
func Check(t Tier) error {
	var missing []string
	for _, s := range []struct {
		name string
		said bool
	}{{"severity", t.Severity != ""}, {"share or factor", t.Share > 0 || t.Rate > 0}, {"lookback", t.Lookback > 0}, {"short", t.Short > 0}} {
		if !s.said {
			missing = append(missing, s.name)
		}
	}
	switch {
	case len(missing) > 0:
		return fmt.Errorf("the tier %s lacks %s", t.Name, strings.Join(missing, ", "))
	case t.Short >= t.Lookback:
		return fmt.Errorf("the tier %s has a short lookback of %s; allowed: less than its lookback of %s", t.Name, slo.ShortDuration(t.Short), slo.ShortDuration(t.Lookback))
	}
	return nil
}

func readSeverity(t *Tier, text string) error {
	if t.Severity = Severity(text); t.Severity != Page && t.Severity != Ticket {
		return fmt.Errorf("found the severity %q; allowed: %s, %s", text, Page, Ticket)
	}
	return nil
}

func readShare(t *Tier, text string) error {
	percent, ok := strings.CutSuffix(text, "%")
	share, err := slo.ParsePercent(strings.TrimSpace(percent))
	if !ok || err != nil || share == 0 {
		return fmt.Errorf("found the share %q; allowed: a part of the budget above 0%% and up to 100%%, such as 5%%", text)
	}
	t.Share, t.Rate = share, 0
	return nil
}

func readFactor(t *Tier, text string) error {
	wrong := fmt.Errorf("found the factor %q; allowed: a burn rate from 1 to %d with at most nine decimals, such as 14.4", text, highestFactor)
	if strings.ContainsAny(text, "/eExXpP_+-") { // of what a big.Rat reads, only decimals
		return wrong
	}
	rate, ok := new(big.Rat).SetString(text)
	if !ok || rate.Cmp(big.NewRat(1, 1)) < 0 || rate.Cmp(big.NewRat(highestFactor, 1)) > 0 {
		return wrong
	}
	if rate.Mul(rate, big.NewRat(int64(slo.One), 1)); !rate.IsInt() {
		return wrong
	}
	t.Rate, t.Share = slo.Ratio(rate.Num().Int64()), 0
	return nil
}

var errDuration = errors.New("no duration")

// duration reads whole minutes from least to most.
func duration(least, most time.Duration, of func(*Tier) *time.Duration) func(*Tier, string) error {
	return func(t *Tier, text string) error {
		d, err := minutes(text)
		if err != nil || d < least || d > most {
			return fmt.Errorf("found the duration %q; allowed: whole minutes, hours or days from %s to %s, such as 90m, 6h or 3d", text, slo.ShortDuration(least), slo.ShortDuration(most))
		}
		*of(t) = d
		return nil
	}
}

func minutes(text string) (time.Duration, error) {
	if text == "" {
		return 0, errDuration
	}
	unit, ok := map[byte]time.Duration{'m': time.Minute, 'h': time.Hour, 'd': 24 * time.Hour}[text[len(text)-1]]
	n, err := strconv.ParseUint(text[:len(text)-1], 10, 20)
	if !ok || err != nil {
		return 0, errDuration
	}
	return time.Duration(n) * unit, nil
}
