package alerts

import (
	"time"

	"plimsoll/slo"
)

// Reasons of the alerts about data.
const (
	// BadData: a figure cannot be trusted; the verdict's Detail says why.
	BadData Reason = "bad data"
	// FineData: nothing is wrong with it.
	FineData Reason = "data is fine"
)

// DataTiming is that of the alerts about data: what lasts less than ten minutes is a restart or a deploy.
func DataTiming() Timing {
	return Timing{Pending: 10 * time.Minute, Calm: 5 * time.Minute, Forget: 15 * time.Minute}
}

// dataPrefix begins the tiers of the alerts about data.
const dataPrefix = "data-"

// DataTier is the tier of the alert about one kind of bad data: a ticket, for nobody outside notices it.
func DataTier(kind slo.SignalKind) Tier {
	return Tier{Name: dataPrefix + string(kind), Severity: Ticket}
}

// JudgeData says for each kind of bad data whether the status has it.
func JudgeData(s slo.Status) []Verdict {
	details := map[slo.SignalKind]string{}
	for _, signal := range slo.Quality(s, slo.QualityLimits{}) {
		details[signal.Kind] = signal.Detail
	}
	var verdicts []Verdict
	for _, kind := range slo.SignalKinds() {
		v := Verdict{Tier: DataTier(kind), Reason: FineData, Detail: details[kind]}
		if v.Detail != "" {
			v.Reason = BadData
		}
		verdicts = append(verdicts, v)
	}
	return verdicts
}
