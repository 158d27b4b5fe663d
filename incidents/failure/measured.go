package failure

import (
	"fmt"
	"maps"
	"slices"
	"time"
)

// Measured is the probability of an event as an objective's SLI gives it.
type Measured struct {
	// Probability is 1 − SLI: the share of events, or of slices of time, that were bad.
	Probability float64
	// Source says in words what was measured, and over which window.
	Source string
}

// Linked returns the objectives from which probabilities of the tree are to be taken, sorted.
func (t *Tree) Linked() []string {
	var keys []string
	for _, e := range t.Events {
		if e.Objective != "" {
			keys = append(keys, e.Objective)
		}
	}
	slices.Sort(keys)
	return slices.Compact(keys)
}

// Measure returns the tree with the measured probabilities of its linked events. The error is [ErrInvalidTree] where an objective was not
// measured.
func (t *Tree) Measure(objectives map[string]Measured) (*Tree, error) {
	measured := *t
	measured.Events = maps.Clone(t.Events)
	for name, e := range t.Events {
		if e.Objective == "" {
			continue
		}
		m, ok := objectives[e.Objective]
		if !ok {
			return nil, fmt.Errorf("%w: events.%s.objective: %s was not measured", ErrInvalidTree, name, e.Objective)
		}
		e.Probability, e.Source, e.measured = m.Probability, m.Source, true
		measured.Events[name] = e
	}
	return NewTree(measured)
}

// Observed is what incidents tell of a failure mode.
type Observed struct {
	Incidents int           // that were of this mode
	Over      time.Duration // the time that was looked back on; more than 0
	// ToDetect are the times to detect of those incidents for which it is known.
	ToDetect []time.Duration
}

// Suggestion is how what was observed would be rated. A rating is 0 where nothing speaks for one.
type Suggestion struct {
	Occurrence Rating  `json:"occurrence,omitempty"`
	Detection  Rating  `json:"detection,omitempty"`
	Incidents  int     `json:"incidents"`
	PerYear    float64 `json:"perYear"`
	// MedianToDetect is in seconds; 0 where no time to detect is known.
	MedianToDetect float64 `json:"medianToDetectSeconds,omitempty"`
}

// Scales turn what is observed into ratings. The handbooks' scales are made for parts per thousand of what leaves a factory; these are for
// services, and a choice: who has other ones writes them into the file.
type Scales struct {
	Occurrence []OccurrenceStep `yaml:"occurrence"` // the highest rate first
	Detection  []DetectionStep  `yaml:"detection"`  // the shortest time first
}

// OccurrenceStep rates what happens at least so many times a year.
type OccurrenceStep struct {
	PerYear float64 `yaml:"perYear"`
	Rating  Rating  `yaml:"rating"`
}

// DetectionStep rates what is detected within a time.
type DetectionStep struct {
	Within time.Duration `yaml:"within"`
	Rating Rating        `yaml:"rating"`
}

// DefaultScales hold where a file has none: an occurrence from daily (10) over monthly (6) to less than once in three years (1), a detection
// from within a minute (1) over an hour (5) to later than a day (10).
func DefaultScales() Scales {
	return Scales{
		Occurrence: []OccurrenceStep{{365, 10}, {104, 9}, {52, 8}, {24, 7}, {12, 6}, {6, 5}, {3, 4}, {1, 3}, {1.0 / 3, 2}, {0, 1}},
		Detection: []DetectionStep{{time.Minute, 1}, {5 * time.Minute, 2}, {15 * time.Minute, 3}, {30 * time.Minute, 4}, {time.Hour, 5},
			{2 * time.Hour, 6}, {4 * time.Hour, 7}, {12 * time.Hour, 8}, {24 * time.Hour, 9}},
	}
}

// year is the mean one of the Gregorian calendar.
const year = 31_556_952 * time.Second

// Suggest rates what was observed: the occurrence by the rate of incidents, the detection by their median time to detect. What never
// happened is not rated: a short look back proves little.
func (s Scales) Suggest(o Observed) Suggestion {
	out := Suggestion{Incidents: o.Incidents, PerYear: float64(o.Incidents) * float64(year) / float64(o.Over)}
	if o.Incidents > 0 {
		for _, step := range s.Occurrence {
			if out.PerYear >= step.PerYear {
				out.Occurrence = step.Rating
				break
			}
		}
	}
	if len(o.ToDetect) == 0 {
		return out
	}
	median := medianOf(o.ToDetect)
	out.MedianToDetect = median.Seconds()
	out.Detection = 10
	for _, step := range s.Detection {
		if median <= step.Within {
			out.Detection = step.Rating
			break
		}
	}
	return out
}

// medianOf returns the middle one, or the mean of the two in the middle.
func medianOf(d []time.Duration) time.Duration {
	d = slices.Sorted(slices.Values(d))
	n := len(d)
	return d[(n-1)/2] + (d[n/2]-d[(n-1)/2])/2
}

// check names what is wrong with scales that a file gives.
func (s Scales) check() (problems []error) {
	for i, step := range s.Occurrence {
		at := fmt.Sprintf("scales.occurrence[%d]", i)
		if i > 0 && step.PerYear >= s.Occurrence[i-1].PerYear {
			problems = append(problems, fmt.Errorf("%s.perYear: must be less than the %v above it, found %v", at, s.Occurrence[i-1].PerYear, step.PerYear))
		}
		problems = append(problems, step.Rating.check(at+".rating")...)
	}
	for i, step := range s.Detection {
		at := fmt.Sprintf("scales.detection[%d]", i)
		if i > 0 && step.Within <= s.Detection[i-1].Within {
			problems = append(problems, fmt.Errorf("%s.within: must be more than the %v above it, found %v", at, s.Detection[i-1].Within, step.Within))
		}
		problems = append(problems, step.Rating.check(at+".rating")...)
	}
	return problems
}
