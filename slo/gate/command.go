package gate

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"plimsoll/slo"
)

// ReleaseManager is the role of those who may end a Code Red by its criteria.
const ReleaseManager = "release_manager"

// Errors of commands to a freeze.
var (
	ErrNotReleaseManager = errors.New("only a release manager may end Code Red by its criteria; it takes the role " + ReleaseManager)
	ErrNoCodeRed         = errors.New("there is no Code Red")
	ErrCriteria          = errors.New("the exit criteria of Code Red are not met")
)

// Command is what a person asks of a freeze. It is valid by [Command.Validate].
type Command struct {
	Kind   CommandKind
	By     string
	Roles  []string // of By
	Reason string
	Until  time.Time // of a freeze or thaw by hand
	Plan   Plan      // of FilePlan: URL or Text or both
}

// maxManual bounds a freeze or thaw by hand, so that none is forgotten.
const maxManual = 31 * 24 * time.Hour

const (
	maxReason = 500
	maxPlan   = 10_000 // characters of an action plan
)

// Validate checks a command at the instant it is given. The error is an *InputError or [ErrNotReleaseManager].
func (c Command) Validate(at time.Time) error {
	if c.By == "" {
		return &InputError{"by", "", "must name who says so"}
	}
	switch c.Kind {
	case FilePlan:
		return c.Plan.validate()
	case ThawByCriteria:
		if !slices.Contains(c.Roles, ReleaseManager) {
			return ErrNotReleaseManager
		}
		return validReason(c.Reason)
	}
	if err := validReason(c.Reason); err != nil {
		return err
	}
	return validUntil(c.Until, at, maxManual)
}

func validReason(reason string) error {
	if strings.TrimSpace(reason) == "" || utf8.RuneCountInString(reason) > maxReason || !utf8.ValidString(reason) || strings.ContainsFunc(reason, unicode.IsControl) {
		return &InputError{"reason", reason, fmt.Sprintf("must say why, in at most %d characters on one line", maxReason)}
	}
	return nil
}

func validUntil(until, at time.Time, longest time.Duration) error {
	if !until.After(at) || until.Sub(at) > longest {
		return &InputError{"until", until.UTC().Format(time.RFC3339), fmt.Sprintf("must be after %s and at most %s later",
			at.UTC().Format(time.RFC3339), slo.ShortDuration(longest))}
	}
	return nil
}

func (p Plan) validate() error {
	if p.URL == "" && strings.TrimSpace(p.Text) == "" {
		return &InputError{"text", "", "must say what will be done, or there must be a url of where it is written"}
	}
	if u, err := url.Parse(p.URL); p.URL != "" && (err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || len(p.URL) > maxReason) {
		return &InputError{"url", p.URL, "must be an address such as https://wiki.example.com/plan"}
	}
	if utf8.RuneCountInString(p.Text) > maxPlan || !utf8.ValidString(p.Text) || strings.ContainsRune(p.Text, 0) {
		return &InputError{"text", fmt.Sprintf("%d bytes", len(p.Text)), fmt.Sprintf("must have at most %d characters", maxPlan)}
	}
	return nil
}

// summary is the plan in one line.
func (p Plan) summary() string {
	line, _, _ := strings.Cut(strings.TrimSpace(p.Text), "\n")
	if runes := []rune(line); len(runes) > maxField {
		line = string(runes[:maxField-1]) + "…"
	}
	return strings.TrimSpace(line + " " + p.URL)
}

// Permits reports whether a freeze can take the command of an input: nil, or [ErrNoCodeRed], or [ErrCriteria] with all that is missing.
func (s State) Permits(in Input) error {
	c := in.Command
	if c == nil || c.Kind == FreezeByHand || c.Kind == ThawByHand {
		return nil
	}
	if s.Phase != CodeRed && (c.Kind != FilePlan || s.Phase != Thawing) {
		return fmt.Errorf("%w in %s of %s", ErrNoCodeRed, s.Environment, s.Service)
	}
	if c.Kind == FilePlan {
		return nil
	}
	var missing []string
	if len(in.Thaw.Exit) == 0 {
		missing = append(missing, "the policy has none (freeze.exit)")
	}
	for _, one := range s.Criteria(in.Thaw, in.Response) {
		if !one.Met {
			missing = append(missing, one.Detail)
		}
	}
	if names := (&machine{State: s, in: in}).unproven(); len(names) > 0 {
		missing = append(missing, "no freeze ends on stale data, and there is no fresh data of "+strings.Join(names, ", "))
	}
	if len(missing) > 0 {
		return fmt.Errorf("%w: %s", ErrCriteria, strings.Join(missing, "; "))
	}
	return nil
}
