package alerts

import (
	"errors"
	"time"
)

// ErrNoDeadLetter is returned when there is no dead letter of a number.
var ErrNoDeadLetter = errors.New("there is no such dead letter")

// DeadLetter is a notice that was given up for a receiver.
type DeadLetter struct {
	ID       int64     `json:"id"`
	Receiver string    `json:"receiver"`
	Notice   int64     `json:"notice"`
	Attempts int       `json:"attempts"`
	At       time.Time `json:"at"`    // when it was given up
	Error    string    `json:"error"` // of the last attempt
}
