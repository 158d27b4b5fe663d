package incidents

import (
	"math"
	"slices"
	"time"
)

// Spread is how long something took over several incidents, in seconds. Means are pulled by one long incident, so the
// median and the 90th percentile stand beside them.
type Spread struct {
	Count  int     `json:"count" doc:"Incidents of which both times are known; the others are 0 if there is none"`
	Mean   float64 `json:"meanSeconds"`
	Median float64 `json:"medianSeconds"`
	P90    float64 `json:"p90Seconds"`
}

// Figures are the measures of some incidents.
type Figures struct {
	Incidents   int    `json:"incidents"`
	Open        int    `json:"open" doc:"How many of them are still open"`
	Reopened    int    `json:"reopened" doc:"How many of them were reopened"`
	Detect      Spread `json:"detect" doc:"Detected − started"`
	Acknowledge Spread `json:"acknowledge" doc:"Acknowledged − detected"`
	Mitigate    Spread `json:"mitigate" doc:"Mitigated − started"`
	Resolve     Spread `json:"resolve" doc:"Resolved − started"`
}

// SeverityFigures are the measures of the incidents of one severity.
type SeverityFigures struct {
	Severity Severity `json:"severity" minimum:"0" maximum:"5" doc:"0 where it was never set"`
	Figures
}

// Statistics are the measures of incidents together, and by severity from the worst on.
type Statistics struct {
	Figures
	BySeverity []SeverityFigures `json:"bySeverity" nullable:"false"`
}

// Counts reports whether the incident is one in figures and reports: no drill, not cancelled, and not a part of another.
func (i Incident) Counts() bool { return !i.Drill && i.State != Cancelled && i.State != Merged }

// Summarise measures incidents. Those that do not count, see [Incident.Counts], are left out.
func Summarise(list []Incident) Statistics {
	list = slices.DeleteFunc(slices.Clone(list), func(i Incident) bool { return !i.Counts() })
	s := Statistics{Figures: figures(list), BySeverity: []SeverityFigures{}}
	for _, severity := range append(Severities(), Unset) {
		of := slices.DeleteFunc(slices.Clone(list), func(i Incident) bool { return i.Severity != severity })
		if len(of) > 0 {
			s.BySeverity = append(s.BySeverity, SeverityFigures{severity, figures(of)})
		}
	}
	return s
}

func figures(list []Incident) Figures {
	f := Figures{
		Incidents:   len(list),
		Detect:      spread(list, Times.TimeToDetect),
		Acknowledge: spread(list, Times.TimeToAcknowledge),
		Mitigate:    spread(list, Times.TimeToMitigate),
		Resolve:     spread(list, Times.TimeToResolve),
	}
	for _, i := range list {
		if i.State.Open() {
			f.Open++
		}
		if i.Reopened > 0 {
			f.Reopened++
		}
	}
	return f
}

func spread(list []Incident, measure func(Times) (time.Duration, bool)) Spread {
	var seconds []float64
	sum := 0.0
	for _, i := range list {
		if d, known := measure(i.Times); known {
			seconds = append(seconds, d.Seconds())
			sum += d.Seconds()
		}
	}
	if len(seconds) == 0 {
		return Spread{}
	}
	slices.Sort(seconds)
	return Spread{Count: len(seconds), Mean: sum / float64(len(seconds)), Median: quantile(seconds, 0.5), P90: quantile(seconds, 0.9)}
}

// quantile interpolates linearly between the two nearest values of a sorted list: definition 7 of R. J. Hyndman and
// Y. Fan, "Sample Quantiles in Statistical Packages", The American Statistician 50 (1996). Its quantile of a half is the
// median as it is usually taken.
func quantile(sorted []float64, q float64) float64 {
	at := q * float64(len(sorted)-1)
	below := int(math.Floor(at))
	above := min(below+1, len(sorted)-1)
	return sorted[below] + (at-float64(below))*(sorted[above]-sorted[below])
}
