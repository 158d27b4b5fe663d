package slo

// Kind says how the samples of an indicator become events.
type Kind string

const (
	// Counters: Good or Bad, and Total, select counters; every step of one is that many events.
	// OpenSLO: ratioMetric with counter: true.
	Counters Kind = ""
	// Amounts: Good or Bad, and Total, select gauges of which every sample is a number of new events.
	// OpenSLO: ratioMetric with counter: false.
	Amounts Kind = "amounts"
	// Thresholds: every sample of Query is one event, good if it satisfies Op Value. OpenSLO: thresholdMetric.
	Thresholds Kind = "thresholds"
	// Ratios: every sample of Query is a share of good (or, if Failure, of bad) events measured elsewhere. It counts as [RatioWeight] events,
	// of which that share, rounded down, is good. OpenSLO: ratioMetric with raw.
	Ratios Kind = "ratios"
)

// RatioWeight is how many events one sample of a precomputed ratio, or one slice under [RatioTimeslices], stands for, so that its share is
// kept to six decimal places.
const RatioWeight = 1_000_000

// Op compares a sample with a threshold.
type Op string

// The operators of OpenSLO.
const (
	AtMost   Op = "lte"
	AtLeast  Op = "gte"
	LessThan Op = "lt"
	MoreThan Op = "gt"
)

// Holds reports whether v satisfies op threshold. A NaN satisfies nothing.
func (op Op) Holds(v, threshold float64) bool {
	switch op {
	case AtMost:
		return v <= threshold
	case AtLeast:
		return v >= threshold
	case LessThan:
		return v < threshold
	case MoreThan:
		return v > threshold
	}
	return false
}

// Indicator says which events are counted, as PromQL.
type Indicator struct {
	Kind Kind
	// Of [Counters] and [Amounts] exactly one of Good and Bad is set; Total always is.
	Good, Bad, Total string
	// Of [Thresholds] and [Ratios] only Query is set.
	Query   string
	Op      Op      // of [Thresholds]
	Value   float64 // of [Thresholds]
	Failure bool    // of [Ratios]: Query is the share of bad events
	// Source names the server that is asked for the samples; empty if they are scraped or pushed.
	Source string
	// GroupBy are the labels by which the objective is divided into children, sorted; nil if it is not. They are those of the "sum by" in
	// the queries.
	GroupBy []string
}

// Queries returns the queries that are set, in the order of the fields.
func (i Indicator) Queries() []string {
	var set []string
	for _, q := range []string{i.Good, i.Bad, i.Total, i.Query} {
		if q != "" {
			set = append(set, q)
		}
	}
	return set
}
