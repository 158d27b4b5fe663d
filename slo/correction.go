package slo

import "time"

// CorrectionID numbers corrections, from 1.
type CorrectionID int64

// Effect is what a correction does with the events of its interval.
type Effect string

const (
	// Exclude takes the interval out of every window: its events, and its minutes from the coverage.
	Exclude Effect = "exclude"
	// CountGood makes every event of the interval good.
	CountGood Effect = "good"
)

// Correction says that what was measured in an interval is not what is to be judged: maintenance, or a false measurement. It is
// retroactive and reversible; the events as they were measured are kept.
type Correction struct {
	ID CorrectionID
	// Objective or Service that it is for; both empty: all. A parent's correction holds for its children and slices.
	Objective Key
	Service   string
	From, To  time.Time // [From, To), both at whole minutes
	Effect    Effect
	Reason    string
	By        string
	At        time.Time // when it was made
	// Undone is when it was taken back; zero if it holds.
	Undone   time.Time
	UndoneBy string
}

// Applies reports whether the correction holds for an objective.
func (c Correction) Applies(o *Objective) bool {
	switch {
	case !c.Undone.IsZero():
		return false
	case c.Objective != "":
		return c.Objective == o.Key || c.Objective == o.Parent
	default:
		return c.Service == "" || c.Service == o.Service
	}
}
