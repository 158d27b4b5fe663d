package deploys

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"plimsoll/internal/nearest"
	"plimsoll/slo/gate"
)

// Report is what somebody tells of a deploy. The deploy is found by Ref or else Key or else as the newest that brings the commit to the
// environment. A start makes one where none is under way; so does a finish or fail of what nobody has started, at the same instant.
type Report struct {
	Kind      Kind
	Ref       Ref
	Key       string
	Change    gate.Change // needed where there is no Ref, and wherever a deploy is made
	Decision  int64       // that let it out; 0 looks for the newest allow of the commit
	Committed time.Time   // zero if it is not known
	At        time.Time   // when it happened
	By        string
	Source    string
	Reason    string
}

// Limits of what is told.
const (
	maxKey    = 200                 // characters
	maxReason = 500                 // characters
	maxAhead  = time.Minute         // how far the clock of whoever tells may be ahead
	maxBehind = 90 * 24 * time.Hour // how long after it happened something may be told
)

// Validate checks a report at the instant at which it is told. The services are those that are known. The error is a *[gate.InputError].
func (r *Report) Validate(now time.Time, services []string) error {
	if err := validKind(r.Kind); err != nil {
		return err
	}
	for _, f := range []struct {
		name, value string
		most        int
	}{{"key", r.Key, maxKey}, {"reason", r.Reason, maxReason}} {
		if utf8.RuneCountInString(f.value) > f.most || !utf8.ValidString(f.value) || strings.ContainsFunc(f.value, unicode.IsControl) {
			return &gate.InputError{Field: f.name, Found: f.value, Message: fmt.Sprintf("must have at most %d characters, none of them a control character", f.most)}
		}
	}
	if r.At.After(now.Add(maxAhead)) || r.At.Before(now.Add(-maxBehind)) {
		return &gate.InputError{Field: "at", Found: r.At.UTC().Format(time.RFC3339), Message: "must be within the last 90 days and not in the future"}
	}
	if r.Committed.After(r.At.Add(maxAhead)) {
		return &gate.InputError{Field: "committed", Found: r.Committed.UTC().Format(time.RFC3339), Message: "must not be after what is told of"}
	}
	if r.Ref != 0 || r.Key != "" && r.Change.Service == "" {
		return nil
	}
	if err := r.Change.Validate(); err != nil {
		return err
	}
	if !slices.Contains(services, r.Change.Service) {
		return &gate.InputError{Field: "service", Found: r.Change.Service, Message: "no objective of such a service is defined" + nearest.Hint(r.Change.Service, services)}
	}
	return nil
}

// Event is what the report says has happened.
func (r Report) Event() Event {
	return Event{Kind: r.Kind, At: r.At, By: r.By, Source: r.Source, Reason: r.Reason}
}

// New is the deploy that a report makes where none is known, started at the same instant; the event of the report is still to be applied.
func New(r Report) Deploy {
	c := r.Change
	return Deploy{Key: r.Key, Service: c.Service, Environment: c.Environment, Commit: c.Commit, Version: c.Version, Author: c.Author,
		Class: c.Class, Decision: r.Decision, Source: r.Source, State: Started, By: r.By, Committed: r.Committed, Started: r.At}
}

// Same checks that a report is of the deploy that its reference or key names. The error is a *[gate.InputError].
func (r Report) Same(d Deploy) error {
	c := r.Change
	for _, f := range []struct{ name, told, known string }{
		{"service", c.Service, d.Service}, {"environment", c.Environment, d.Environment}, {"commit", c.Commit, d.Commit},
	} {
		if f.told != "" && f.told != f.known {
			return &gate.InputError{Field: f.name, Found: f.told, Message: fmt.Sprintf("%s is of %s %q", d.Ref, f.name, f.known)}
		}
	}
	return nil
}

// Makes reports whether a report makes a deploy where none is known.
func (r Report) Makes() bool { return r.Ref == 0 && r.Change.Service != "" && r.Kind != RollBack }

func validKind(k Kind) error {
	var names []string
	for _, known := range Kinds() {
		if known == k {
			return nil
		}
		names = append(names, string(known))
	}
	return &gate.InputError{Field: "event", Found: string(k), Message: "must be one of " + strings.Join(names, ", ") + nearest.Hint(string(k), names)}
}

// Filter picks deploys. The zero value picks all.
type Filter struct {
	Service     string
	Environment string
	State       State
	From, To    time.Time // started in [From, To)
	Before      Ref       // only those with a lower number
	Limit       int       // at most so many; 0 for all
}
