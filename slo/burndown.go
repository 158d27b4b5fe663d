package slo

import "time"

// Point is what was left of a budget at one instant of its window.
type Point struct {
	At        time.Time `json:"at"`
	Remaining float64   `json:"remaining"` // 1 at the window's start; at its end the budget's own Remaining
	Counts              // events from the window's start until At
}

// BurnDown follows the budget of s through its window in the given number of equal steps: each point is 1 less the bad
// events since the window's start as a share of what the whole window allows. It begins at 1, falls with every bad
// event, and ends at s.Budget.Remaining. A calendar window is followed until s.At. A composite has no events to follow.
func BurnDown(s Status, r Reader, steps int) []Point {
	length := int64(s.To - s.From)
	points := make([]Point, 0, steps+1)
	for i := range int64(steps) + 1 {
		to := s.From + Minute(length*i/int64(steps))
		p := Point{At: to.Time(), Remaining: 1, Counts: r.Read(s.From, to).Counts}
		if s.Budget.Allowed > 0 {
			p.Remaining = 1 - float64(p.Bad())/s.Budget.Allowed
		}
		points = append(points, p)
	}
	return points
}
