package backfill

import (
	"errors"
	"fmt"
	"net/url"
	"time"

	"plimsoll/slo"
)

// State is how far a job has come.
type State string

const (
	// Waiting for the process that leads to begin.
	Waiting State = "waiting"
	// Filling reads the past.
	Filling State = "filling"
	// Meeting reads what is new until each series has reached live counting.
	Meeting State = "meeting"
	// Done is filled and durable.
	Done State = "done"
	// Failed cannot be done; Problem says why.
	Failed State = "failed"
	// Cancelled was given up. What had been filled stays.
	Cancelled State = "cancelled"
)

// Ended reports whether nothing more will be done.
func (s State) Ended() bool { return s == Done || s == Failed || s == Cancelled }

// Spec says what is to be filled, and from where.
type Spec struct {
	// From is the beginning of the history.
	From time.Time
	// Source is the name of a configured server, or URL the address of another one that asks for no credentials.
	Source, URL string
	// Service and Objectives choose what is filled; everything if both are empty.
	Service    string
	Objectives []slo.Key
}

// ErrInvalid marks a request that can be corrected.
var ErrInvalid = errors.New("the backfill cannot be done")

// Check reports what is wrong with a spec, as seen at an instant. Retention is how long events are kept.
func (s Spec) Check(now time.Time, retention time.Duration) error {
	switch {
	case s.From.After(now.Add(-time.Hour)):
		return fmt.Errorf("%w: from: %s is not at least an hour ago", ErrInvalid, s.From.Format(time.RFC3339))
	case s.From.Before(now.Add(-retention)):
		return fmt.Errorf("%w: from: events are kept for %s, that is since %s; %s is before it", ErrInvalid,
			slo.ShortDuration(retention), now.Add(-retention).UTC().Format(time.RFC3339), s.From.UTC().Format(time.RFC3339))
	case (s.Source == "") == (s.URL == ""):
		return fmt.Errorf("%w: source: give either the name of a configured server, or a url", ErrInvalid)
	case s.URL == "":
		return nil
	}
	u, err := url.Parse(s.URL)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https":
		return fmt.Errorf("%w: url: %q is not a URL, such as http://prometheus:9090", ErrInvalid, s.URL)
	case u.User != nil:
		return fmt.Errorf("%w: url: it must not hold a password, because it is kept; configure the server under promql instead", ErrInvalid)
	}
	return nil
}

// Job is one backfill.
type Job struct {
	ID int64
	Spec
	CreatedAt time.Time
	CreatedBy string
	Progress
}

// Progress is how far a job has come.
type Progress struct {
	State State
	// Position is up to when history has been read, and Until up to when it will be; zero before it begins.
	Position, Until time.Time
	// Samples have been read.
	Samples int64
	// Filled are the objectives that are being filled.
	Filled []slo.Key
	// Problem is why the job failed, or why its last attempt did; empty if all is well.
	Problem string
	EndedAt time.Time // zero if it has not ended
}

// Share returns how much of the past has been read, from 0 to 1.
func (j Job) Share() float64 {
	whole, done := j.Until.Sub(j.From), j.Position.Sub(j.From)
	switch {
	case j.State == Done:
		return 1
	case whole <= 0 || done <= 0:
		return 0
	default:
		return min(1, float64(done)/float64(whole))
	}
}
