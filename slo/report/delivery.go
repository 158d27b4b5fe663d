package report

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"strings"

	"plimsoll/slo"
	"plimsoll/slo/gate/deploys"
)

// Delivery is how changes reached one environment in the week: the four measures of DORA, and what went past the gate.
type Delivery struct {
	deploys.Measures
	Ungated int `json:"ungated" doc:"Deploys that started in the week without a decision of the gate that let them out"`
}

// deliveries are the measures of a service in a period, by environment. What failed later counts all the same: the report of a past week says
// of it what is known when it is asked for.
func deliveries(list []deploys.Deploy, service string, p period) []Delivery {
	var of []deploys.Deploy
	ungated := map[string]int{}
	for _, d := range list {
		if d.Service != service {
			continue
		}
		of = append(of, d)
		if d.Decision == 0 && p.has(d.Started) {
			ungated[d.Environment]++
		}
	}
	out := []Delivery{}
	for _, m := range deploys.Measure(of, p.from, p.until) {
		out = append(out, Delivery{m, ungated[m.Environment]})
		delete(ungated, m.Environment)
	}
	for environment, n := range ungated { // nothing has ended there yet, or only rollbacks have
		out = append(out, Delivery{deploys.Measures{Service: service, Environment: environment, From: p.from, To: p.until}, n})
	}
	slices.SortFunc(out, func(a, b Delivery) int { return cmp.Compare(a.Environment, b.Environment) })
	return out
}

// deliverySentence says how many changes went out, and how many of them had to be put right.
func deliverySentence(r Report) string {
	var out, ended, bad, open, ungated int
	for _, s := range r.Services {
		for _, d := range s.Delivery {
			out, ended, bad, open, ungated = out+d.Deployments, ended+d.Ended, bad+d.Failures, open+d.Unrecovered, ungated+d.Ungated
		}
	}
	if ended == 0 && out == 0 && ungated == 0 {
		return ""
	}
	sentence := amountOf(out, "%d changes were deployed", "One change was deployed")
	if out == 0 {
		sentence = "No change was deployed"
	}
	if bad > 0 {
		sentence += fmt.Sprintf("; %d of %d had to be put right", bad, ended)
	}
	if open > 0 {
		sentence += "; " + amountOf(open, "%d are not put right yet", "one is not put right yet")
	}
	if ungated > 0 {
		sentence += "; " + amountOf(ungated, "%d went out without the gate's leave", "one went out without the gate's leave")
	}
	return sentence + "."
}

// deliveryTable shows the measures of a service.
func deliveryTable(b *bytes.Buffer, list []Delivery) {
	if len(list) == 0 {
		return
	}
	b.WriteString("\nDelivery:\n\n")
	table(b, "Environment", ">Deployments", ">A day", ">Lead time", ">Change failures", ">Recovery time", ">Not put right", ">Without leave")
	for _, d := range list {
		rate := "–"
		if d.ChangeFailureRate != nil {
			rate = fmt.Sprintf("%s (%d of %d)", slo.FormatBadPercent(*d.ChangeFailureRate), d.Failures, d.Ended)
		}
		row(b, d.Environment, count(d.Deployments), strings.TrimSuffix(fmt.Sprintf("%.1f", d.PerDay), ".0"), typical(d.LeadTime), rate, typical(d.Recovery),
			count(d.Unrecovered), count(d.Ungated))
	}
}

// typical writes the median of durations, and of how many it is.
func typical(d deploys.Durations) string {
	if d.Count == 0 {
		return "–"
	}
	return fmt.Sprintf("%s (%d)", span(d.MedianSeconds), d.Count)
}
