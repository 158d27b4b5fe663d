package ledger

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"plimsoll/internal/nearest"
	"plimsoll/slo"
)

// MaxCorrection is the longest interval that one correction may have.
const MaxCorrection = 400 * 24 * time.Hour

// maxReason is how many characters a correction's reason may have.
const maxReason = 1000

// ErrNoCorrection is returned when there is no correction of a number.
var ErrNoCorrection = errors.New("there is no such correction")

// CorrectionError says what is wrong with one field of a correction.
type CorrectionError struct {
	Field   string // as in the API
	Found   string
	Message string // what is allowed
}

func (e *CorrectionError) Error() string {
	return fmt.Sprintf("%s %q: %s", e.Field, e.Found, e.Message)
}

// CheckCorrection reports what is wrong with a correction that is to be made, as a [*CorrectionError].
func (l *Ledger) CheckCorrection(c slo.Correction) error {
	if err := checkCorrection(c); err != nil {
		return err
	}
	return l.checkScope(c)
}

// checkCorrection checks a correction but for what it is for.
func checkCorrection(c slo.Correction) error {
	if err := checkInterval(c.From, c.To); err != nil {
		return err
	}
	if c.Effect != slo.Exclude && c.Effect != slo.CountGood {
		effects := []string{string(slo.Exclude), string(slo.CountGood)}
		return &CorrectionError{"effect", string(c.Effect), "must be exclude or good" + nearest.Hint(string(c.Effect), effects)}
	}
	switch reason := strings.TrimSpace(c.Reason); {
	case reason == "":
		return &CorrectionError{"reason", c.Reason, "must say why"}
	case utf8.RuneCountInString(c.Reason) > maxReason || !storable(c.Reason):
		return &CorrectionError{"reason", fmt.Sprintf("%.20s…", c.Reason), fmt.Sprintf("must have at most %d characters of text", maxReason)}
	case c.Objective != "" && c.Service != "":
		return &CorrectionError{"service", c.Service, "must not be given together with an objective"}
	}
	return nil
}

// storable reports whether a text can be stored in every database.
func storable(s string) bool { return utf8.ValidString(s) && !strings.ContainsRune(s, 0) }

func checkInterval(from, to time.Time) error {
	for _, f := range []struct {
		name string
		at   time.Time
	}{{"from", from}, {"to", to}} {
		if !f.at.Equal(f.at.Truncate(time.Minute)) || f.at.Before(time.Unix(0, 0)) {
			return &CorrectionError{f.name, f.at.Format(time.RFC3339Nano), "must be a whole minute, in 1970 or later"}
		}
	}
	switch {
	case !from.Before(to):
		return &CorrectionError{"to", to.Format(time.RFC3339), "must be later than from, " + from.Format(time.RFC3339)}
	case to.Sub(from) > MaxCorrection:
		return &CorrectionError{"to", to.Format(time.RFC3339), "must be at most 400 days after from, " + from.Format(time.RFC3339)}
	}
	return nil
}

// checkScope makes sure that there are events that c applies to. A composite has none.
func (l *Ledger) checkScope(c slo.Correction) error {
	var keys, services []string
	var components []slo.Component
	for _, o := range l.Objectives() {
		if c.Applies(o) && o.Method != slo.Composite {
			return nil
		}
		if c.Applies(o) {
			components = append(components, o.Components...)
		}
		keys, services = append(keys, string(o.Key)), append(services, o.Service)
	}
	switch {
	case components != nil && c.Objective != "":
		return &CorrectionError{"objective", string(c.Objective), "it is a composite, which has no events of its own: correct " + listed(components)}
	case components != nil && c.Service != "":
		return &CorrectionError{"service", c.Service, "it has only composites, which have no events of their own: correct " + listed(components)}
	case c.Objective != "":
		return &CorrectionError{"objective", string(c.Objective), "there is no such objective" + nearest.Hint(string(c.Objective), keys)}
	case c.Service != "":
		return &CorrectionError{"service", c.Service, "no objective of it is defined" + nearest.Hint(c.Service, services)}
	}
	return nil // all of none
}

// listed writes the keys of components.
func listed(components []slo.Component) string {
	keys := make([]string, len(components))
	for i, c := range components {
		keys[i] = string(c.Key)
	}
	return strings.Join(keys, ", ")
}

// SetCorrections replaces all corrections, those that were taken back among them: they too are in the revision of what they
// applied to. Every reading and status sees the corrected events from then on.
func (l *Ledger) SetCorrections(cs []slo.Correction) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.corrections = slices.Clone(cs)
	for _, t := range l.tracks {
		t.compose(t.correct(l.corrections))
	}
	l.notify()
}

// correct takes from all corrections those that are for t, and reports whether others hold than before.
func (t *track) correct(all []slo.Correction) (changed bool) {
	before := t.corrections
	t.corrections, t.correctionChanges = nil, 0
	if t.objective == nil {
		return false
	}
	for _, c := range all {
		made := c
		made.Undone = time.Time{}
		if !made.Applies(t.objective) {
			continue
		}
		t.correctionChanges++
		if c.Undone.IsZero() {
			t.corrections = append(t.corrections, c)
		} else {
			t.correctionChanges++
		}
	}
	return !slices.EqualFunc(before, t.corrections, func(a, b slo.Correction) bool {
		return a.Effect == b.Effect && a.From.Equal(b.From) && a.To.Equal(b.To)
	})
}

// Corrected is what a correction does to an objective.
type Corrected struct {
	Before, After slo.Status
}

// Preview returns what a correction would do to each objective that it is for, and to the composites of those, as seen at an instant. It
// changes nothing.
func (l *Ledger) Preview(c slo.Correction, at time.Time) []Corrected {
	l.mu.Lock()
	order := l.order
	l.mu.Unlock()
	var changes []Corrected
	for _, t := range order {
		l.mu.Lock() // each on its own, so that commits need not wait for all
		if t.objective != nil && l.concerns(c, t) {
			changes = append(changes, Corrected{Before: l.evaluate(t, at, nil), After: l.evaluate(t, at, &c)})
		}
		l.mu.Unlock()
	}
	return changes
}

// concerns reports whether a correction is for an objective or for a component of it.
func (l *Ledger) concerns(c slo.Correction, t *track) bool {
	if t.objective.Method != slo.Composite {
		return c.Applies(t.objective)
	}
	return slices.ContainsFunc(t.objective.Components, func(part slo.Component) bool {
		other := l.find(part.Key)
		return other != nil && other.objective.Method != slo.Composite && c.Applies(other.objective)
	})
}
