package risk

import (
	"cmp"
	"slices"
)

// Impact is the worst of the three impacts, 1 to 5. It is the maximum and not the mean, so that an item that is grave in one respect is not
// watered down by being harmless in the others (our choice).
func (s Scores) Impact() int { return max(s.Compliance, s.Security, s.BlastRadius) }

// Exposure is impact × probability, 1 to 25.
func (s Scores) Exposure() int { return s.Impact() * s.Probability }

// Quadrant of the matrix of exposure against cost.
type Quadrant string

// The quadrants, the most urgent first.
const (
	QuickWin Quadrant = "quick win" // grave and cheap: do it now
	Plan     Quadrant = "plan"      // grave and costly: a project with a date
	Schedule Quadrant = "schedule"  // slight and cheap: with the work nearby
	Accept   Quadrant = "accept"    // slight and costly: live with it, for a reason, and look again
)

// QuadrantRow is a row of the matrix.
type QuadrantRow struct {
	Quadrant Quadrant
	// LeastExposure and MostDays bound the quadrant; 0 means that there is no bound.
	LeastExposure int     // impact × probability
	MostDays      float64 // person-days
	Advice        string
}

// The lines of the matrix are our choice; no publication that fixes them is known to us. An exposure of 10 needs the worst score in one factor
// and at least 2 in the other, or 4 and at least 3. Ten person-days are one person's iteration of two weeks, which a team can take in without
// planning anew.
const (
	GraveExposure = 10
	CheapDays     = 10
)

// Matrix returns the rows in order: the first one that holds an item is its quadrant.
func Matrix() []QuadrantRow {
	return []QuadrantRow{
		{QuickWin, GraveExposure, CheapDays, "Do it now: it is serious and takes little."},
		{Plan, GraveExposure, 0, "Give it a date: it is serious and takes real work."},
		{Schedule, 0, CheapDays, "Do it along the way: it is slight and takes little."},
		{Accept, 0, 0, "Live with it and look again later: it is slight and takes real work."},
	}
}

// place returns the row of the matrix that holds an item.
func place(s Scores, c Cost) QuadrantRow {
	rows := Matrix()
	i := slices.IndexFunc(rows, func(r QuadrantRow) bool {
		return s.Exposure() >= r.LeastExposure && (r.MostDays == 0 || c.PersonDays <= r.MostDays)
	})
	return rows[i] // the last row has no bounds
}

// QuadrantOf returns the quadrant of an item.
func QuadrantOf(s Scores, c Cost) Quadrant { return place(s, c).Quadrant }

// Rank returns the items, the one to do first first. It is a total order that does not depend on the order of the input: by quadrant, then the
// higher exposure, the higher impact, the higher sum of impacts, the higher probability, the higher leverage (those without money last), the
// smaller cost in person-days, and the older number. A higher score never ranks lower, all else equal, for each of these grows with it.
func Rank(items []Item) []Item {
	out := slices.Clone(items)
	slices.SortFunc(out, compare)
	return out
}

func compare(a, b Item) int {
	x, y := a.Scores, b.Scores
	return cmp.Or(
		cmp.Compare(urgency(a), urgency(b)),
		cmp.Compare(y.Exposure(), x.Exposure()),
		cmp.Compare(y.Impact(), x.Impact()),
		cmp.Compare(y.Compliance+y.Security+y.BlastRadius, x.Compliance+x.Security+x.BlastRadius),
		cmp.Compare(y.Probability, x.Probability),
		cmp.Compare(leverageOrNone(b), leverageOrNone(a)),
		cmp.Compare(a.Cost.PersonDays, b.Cost.PersonDays),
		cmp.Compare(a.Ref, b.Ref),
	)
}

func urgency(i Item) int {
	q := QuadrantOf(i.Scores, i.Cost)
	return slices.IndexFunc(Matrix(), func(r QuadrantRow) bool { return r.Quadrant == q })
}

func leverageOrNone(i Item) float64 {
	if l, ok := i.Leverage(); ok {
		return l
	}
	return -1
}
