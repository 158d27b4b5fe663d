package report

import (
	"fmt"
	"time"

	"plimsoll/slo"
)

const (
	// largeSpend of a budget within one week asks for a postmortem.
	// Source: Google SRE Workbook, "Example Error Budget Policy", outage policy.
	largeSpend = 0.2
	// roomToSpend is the share of a budget above which a team may take more risk.
	roomToSpend = 0.9
	// enoughCoverage is the share of the week, or of the time since its source was first seen, below which an objective's
	// figures decide nothing.
	enoughCoverage = 0.9
)

// rules give the one sentence of what to do next; the first that applies to an objective of the service, or to the
// service as a whole, speaks.
var rules = []struct {
	name    string
	applies func(Objective) bool
	all     bool // it must apply to every objective
	text    func(Objective) string
}{
	{"budget-spent", func(o Objective) bool { return o.End.Spent }, false, func(o Objective) string {
		return fmt.Sprintf("Release only what makes %q more reliable until its budget, now %s, is back.", o.Name, slo.FormatPercent(o.End.Remaining))
	}},
	{"measurement-first", func(o Objective) bool { return o.CoverageSince < enoughCoverage }, false, func(o Objective) string {
		of := "the week"
		if !o.MeasuredSince.IsZero() {
			of = "the time since " + moment(o.MeasuredSince)
		}
		return fmt.Sprintf("Repair the measurement of %q first: it was seen for only %s of %s.", o.Name, slo.FormatPercent(o.CoverageSince), of)
	}},
	{"large-spend", func(o Objective) bool { return o.Spent > largeSpend && len(o.Worst) > 0 }, false, func(o Objective) string {
		return fmt.Sprintf("Write a postmortem of what happened to %q from %s on: the week spent %s of its budget.", o.Name,
			moment(o.Worst[0].From), slo.FormatBadPercent(o.Spent))
	}},
	{"objective-missed", func(o Objective) bool { return !o.Kept }, false, func(o Objective) string {
		return fmt.Sprintf("Watch %q: another week like this one would spend its budget.", o.Name)
	}},
	{"measured-since", func(o Objective) bool { return o.young(enoughCoverage) }, false, func(o Objective) string {
		return fmt.Sprintf("Let a whole week be measured before you take risks: %q is measured since %s.", o.Name, moment(o.MeasuredSince))
	}},
	{"room-to-spend", func(o Objective) bool { return o.End.Remaining > roomToSpend && o.Total > 0 }, true, func(Objective) string {
		return "There is room to release more, or with more risk: hardly any budget is used."
	}},
}

// moment names an instant of the week.
func moment(t time.Time) string { return t.Format("Monday 15:04 UTC") }

func advise(s Service) Advice {
	for _, rule := range rules {
		n := 0
		var first Objective
		for _, o := range s.Objectives {
			if rule.applies(o) {
				if n == 0 {
					first = o
				}
				n++
			}
		}
		if n > 0 && (!rule.all || n == len(s.Objectives)) {
			return Advice{rule.name, rule.text(first)}
		}
	}
	return Advice{"go-on", "Go on as planned."}
}
