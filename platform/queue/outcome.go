package queue

import (
	"errors"
	"fmt"
	"time"
)

// Outcome names how an attempt at a task ended.
type Outcome string

const (
	Done      Outcome = "done"      // published
	Failed    Outcome = "failed"    // it can never succeed
	Dead      Outcome = "dead"      // it failed and its tries are spent
	Retry     Outcome = "retry"     // it failed and will be tried again
	Postponed Outcome = "postponed" // what it needs was unavailable; no try was spent
	Released  Outcome = "released"  // the worker stopped; no try was spent
	Lost      Outcome = "lost"      // the lease was lost; whoever has it now decides
)

var outcomes = []Outcome{Done, Failed, Dead, Retry, Postponed, Released, Lost}

var (
	// ErrLeaseLost is the cause of a handler's cancelled context when its lease is gone.
	ErrLeaseLost = errors.New("the lease of the task was lost")
	// ErrStopping is the cause of a handler's cancelled context when the worker stops.
	ErrStopping = errors.New("the worker is stopping")
)

// PermanentError is a failure that no retry can mend.
type PermanentError struct {
	Reason string // in words for the uploader
	cause  error
}

func (e *PermanentError) Error() string {
	if e.cause == nil {
		return e.Reason
	}
	return fmt.Sprintf("%s: %v", e.Reason, e.cause)
}

func (e *PermanentError) Unwrap() error { return e.cause }

// Permanent makes an error that settles the task as failed. The cause may be nil.
func Permanent(reason string, cause error) error {
	return &PermanentError{Reason: reason, cause: cause}
}

type postponedError struct{ error }

func (e postponedError) Unwrap() error { return e.error }

// Postpone makes an error that has the task tried again later without spending a try: what the work stands on was
// unavailable, and nothing is known against the task itself.
func Postpone(cause error) error { return postponedError{cause} }

// settlement is what becomes of a task after an attempt that published nothing.
type settlement struct {
	outcome Outcome
	status  string        // the row's new status; empty to leave the row alone
	spends  bool          // whether a try is spent
	after   time.Duration // until the next attempt, when status is queued
	reason  string        // for the uploader, when the video fails
}

const (
	// postponement is how long an outage is waited for at a time.
	postponement = 15 * time.Second
	// spentReason is what the uploader of a dead task reads; its log is for the operator.
	spentReason = "processing failed several times; the operator has the details"
)

// decide says what becomes of a task whose attempt ended with err. stopped is the cause of the cancelled context, or nil.
func decide(err, stopped error, failures, maxFailures int, backoff func(failures int) time.Duration) settlement {
	var permanent *PermanentError
	var postponed postponedError
	switch {
	case errors.Is(stopped, ErrLeaseLost) || errors.Is(err, ErrLeaseLost):
		return settlement{outcome: Lost}
	case stopped != nil: // whatever the handler made of its cancelled context
		return settlement{outcome: Released, status: "queued"}
	case errors.As(err, &permanent):
		return settlement{outcome: Failed, status: "failed", spends: true, reason: permanent.Reason}
	case errors.As(err, &postponed):
		return settlement{outcome: Postponed, status: "queued", after: postponement}
	case failures+1 >= maxFailures:
		return settlement{outcome: Dead, status: "dead", spends: true, reason: spentReason}
	default:
		return settlement{outcome: Retry, status: "queued", spends: true, after: backoff(failures + 1)}
	}
}

const (
	firstBackoff   = 10 * time.Second
	longestBackoff = 10 * time.Minute
)

// exponential doubles the wait with each failure, from 10 seconds to 10 minutes.
func exponential(failures int) time.Duration {
	return min(firstBackoff<<min(max(failures-1, 0), 10), longestBackoff)
}
