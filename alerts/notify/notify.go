package notify

import (
	"context"
	"errors"
	"fmt"
	"time"

	"plimsoll/alerts"
)

// ErrRefused marks a notice that a receiver will not take at another attempt either.
var ErrRefused = errors.New("the receiver refuses the notice")

// Later is the error of a delivery that may succeed at another attempt.
type Later struct {
	After time.Duration // as the receiver asked; 0 when it did not say
	Err   error
}

func (l *Later) Error() string { return l.Err.Error() }
func (l *Later) Unwrap() error { return l.Err }

// Receiver takes notices.
type Receiver interface {
	// Notify delivers a notice. Previous is the reference that the last notice of the same group got from the same receiver, if it is still
	// about the same episode; a receiver that can updates that one in place. The reference is empty where there is none.
	Notify(ctx context.Context, n alerts.Notice, previous string) (reference string, err error)
}

func refused(format string, args ...any) error {
	return fmt.Errorf("%w: %w", ErrRefused, fmt.Errorf(format, args...))
}
