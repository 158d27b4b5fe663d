package deploys

import (
	"errors"
	"strconv"
	"strings"
	"time"

	"plimsoll/slo/gate"
)

// ErrNotFound is returned where no such deploy is known.
var ErrNotFound = errors.New("there is no such deploy")

// Ref is the number of a deploy, written "DEP-7".
type Ref int64

const refPrefix = "DEP-"

// String writes the reference as people say it.
func (r Ref) String() string { return refPrefix + strconv.FormatInt(int64(r), 10) }

// ParseRef reads "DEP-7", "dep-7" or "7".
func ParseRef(s string) (Ref, error) {
	digits := s
	if len(s) > len(refPrefix) && strings.EqualFold(s[:len(refPrefix)], refPrefix) {
		digits = s[len(refPrefix):]
	}
	n, err := strconv.ParseInt(digits, 10, 64)
	if err != nil || n < 1 || digits[0] == '+' {
		return 0, &gate.InputError{Field: "deploy", Found: s, Message: "must be a reference such as DEP-7 or 7"}
	}
	return Ref(n), nil
}

// MarshalText writes the reference for JSON.
func (r Ref) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// UnmarshalText reads what [ParseRef] reads.
func (r *Ref) UnmarshalText(b []byte) (err error) {
	*r, err = ParseRef(string(b))
	return err
}

// State is what became of a deploy so far.
type State string

// The states of a deploy.
const (
	Started    State = "started"     // it goes out
	Finished   State = "finished"    // it serves the environment
	Failed     State = "failed"      // it did not go out, or it did and somebody has to put it right at once
	RolledBack State = "rolled_back" // what was there before is back
)

// States returns every state.
func States() []State { return []State{Started, Finished, Failed, RolledBack} }

// Deploy is a change that goes or went out. A zero time means that it has not happened, or is not known.
type Deploy struct {
	Ref Ref `json:"ref" doc:"Such as DEP-7"`
	// Key is how whoever tells of the deploy calls it; unique where it is given.
	Key         string     `json:"key,omitempty" doc:"How whoever told of it calls it"`
	Service     string     `json:"service"`
	Environment string     `json:"environment"`
	Commit      string     `json:"commit"`
	Version     string     `json:"version,omitempty"`
	Author      string     `json:"author,omitempty"`
	Class       gate.Class `json:"class" enum:"feature,reliability,security,rollback,config"`
	Decision    int64      `json:"decision,omitempty" doc:"Place in the audit log of the decision that let it out; absent if the gate let nothing of it out"`
	Source      string     `json:"source" doc:"Who told of it first: cli, api, github, gitlab, flagger"`
	State       State      `json:"state" enum:"started,finished,failed,rolled_back"`
	By          string     `json:"by" doc:"Who told of it first"`
	Reason      string     `json:"reason,omitempty" doc:"Why it failed or was rolled back, as it was told last"`
	Committed   time.Time  `json:"committed,omitzero" doc:"When the change was committed"`
	Started     time.Time  `json:"started"`
	Finished    time.Time  `json:"finished,omitzero"`
	Failed      time.Time  `json:"failed,omitzero"`
	RolledBack  time.Time  `json:"rolledBack,omitzero"`
}

// Ended is when it was first known how the deploy went; zero while it goes out.
func (d Deploy) Ended() time.Time {
	var first time.Time
	for _, t := range []time.Time{d.Finished, d.Failed, d.RolledBack} {
		if !t.IsZero() && (first.IsZero() || t.Before(first)) {
			first = t
		}
	}
	return first
}

// Bad reports whether the deploy ever failed or was rolled back.
func (d Deploy) Bad() bool { return !d.Failed.IsZero() || !d.RolledBack.IsZero() }

// Title says in a few words what the deploy brings where.
func (d Deploy) Title() string {
	what := d.Version
	if what == "" {
		what = gate.ShortCommit(d.Commit)
	}
	return what + " of " + d.Service + " to " + d.Environment
}
