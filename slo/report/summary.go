package report

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"plimsoll/slo"
)

// summarise says the week in sentences that need no knowledge of the field. Of a week that is not over it also says what
// is in force and open now.
func summarise(r Report) []string {
	out := []string{promises(r), budgets(r), releasesSentence(r), deliverySentence(r)}
	var red []string
	if !r.Complete {
		out, red = append(out, frozenNow(r)...), codeRedNow(r)
	}
	out = append(out, frozenSentence(r))
	if len(red) == 0 || len(red) < len(r.Incidents) {
		out = append(out, incidentsSentence(r))
	}
	out = append(append(out, red...), measuredSince(r), measurement(r))
	return slices.DeleteFunc(out, func(s string) bool { return s == "" })
}

// named is an objective with its service, as a sentence names it.
func named(s Service, o Objective) string { return fmt.Sprintf("%s (%s)", o.Name, s.Name) }

func each(r Report, f func(Service, Objective)) {
	for _, s := range r.Services {
		for _, o := range s.Objectives {
			f(s, o)
		}
	}
}

func promises(r Report) string {
	var all, quiet int
	var missed []string
	each(r, func(s Service, o Objective) {
		if o.Composite {
			return // its components speak for it
		}
		all++
		switch {
		case o.Total == 0:
			quiet++
		case !o.Kept:
			missed = append(missed, named(s, o))
		}
	})
	switch judged := all - quiet; {
	case all == 0:
		return "No objective is defined."
	case judged == 0:
		return "No objective had any traffic."
	case len(missed) == 0:
		return fmt.Sprintf("%s kept %s promise.", amountOf(judged, "All %d objectives with traffic", "The one objective with traffic"), amountOf(judged, "their", "its"))
	default:
		return fmt.Sprintf("%d of %d objectives with traffic kept their promise; missed: %s.", judged-len(missed), judged, strings.Join(missed, ", "))
	}
}

// amountOf chooses by number; %d in many stands for n.
func amountOf(n int, many, one string) string {
	if n == 1 {
		return one
	}
	return strings.Replace(many, "%d", fmt.Sprint(n), 1)
}

func budgets(r Report) string {
	var spent []string
	lowest, least := "", 0.0
	each(r, func(s Service, o Objective) {
		if o.End.Spent {
			spent = append(spent, fmt.Sprintf("%s stands at %s", named(s, o), slo.FormatPercent(o.End.Remaining)))
		}
		if o.End.Coverage > 0 && (lowest == "" || o.End.Remaining < least) {
			lowest, least = named(s, o), o.End.Remaining
		}
	})
	switch {
	case len(spent) > 0:
		return fmt.Sprintf("%s spent: %s.", amountOf(len(spent), "%d error budgets are", "One error budget is"), strings.Join(spent, ", "))
	case lowest == "":
		return "Nothing was measured, so nothing is known of the error budgets."
	case least <= 0:
		return fmt.Sprintf("No error budget is spent by enough bad events to say so; the lowest is that of %s with %s left.", lowest, slo.FormatPercent(least))
	default:
		return fmt.Sprintf("No error budget is spent; the lowest is that of %s with %s left.", lowest, slo.FormatPercent(least))
	}
}

func releasesSentence(r Report) string {
	var sum Releases
	for _, s := range r.Services {
		sum.Allowed += s.Releases.Allowed
		sum.Denied += s.Releases.Denied
		sum.Held += s.Releases.Held
	}
	if sum.Checks() == 0 {
		return "No release asked at the gate."
	}
	return fmt.Sprintf("%s asked at the gate: %d allowed, %d denied, %d held back because it could not be decided.",
		amountOf(sum.Checks(), "%d releases", "One release"), sum.Allowed, sum.Denied, sum.Held)
}

func frozenSentence(r Report) string {
	var parts []string
	for _, s := range r.Services {
		frozen := map[string]int64{}
		var order []string
		for _, f := range s.Freezes {
			if f.Ongoing && !r.Complete {
				continue // frozenNow has it
			}
			if _, ok := frozen[f.Environment]; !ok {
				order = append(order, f.Environment)
			}
			frozen[f.Environment] += f.Seconds
		}
		for _, env := range order {
			parts = append(parts, fmt.Sprintf("%s to %s for %s", s.Name, env, span(frozen[env])))
		}
	}
	if len(parts) == 0 {
		return ""
	}
	return "Releases were frozen: " + strings.Join(parts, ", ") + "."
}

// frozenNow says to where no release goes.
func frozenNow(r Report) (sentences []string) {
	for _, s := range r.Services {
		for _, f := range s.Freezes {
			if f.Ongoing {
				sentences = append(sentences, fmt.Sprintf("Releases of %s to %s are frozen since %s.", s.Name, f.Environment, stamp(f.Since)))
			}
		}
	}
	return sentences
}

// codeRedNow names the incidents of spent budgets that are open.
func codeRedNow(r Report) (sentences []string) {
	for _, i := range r.Incidents {
		if i.Open && i.CodeRed {
			sentences = append(sentences, fmt.Sprintf("The Code Red incident %s of severity %d is open since %s (%s).", i.Ref, i.Severity, stamp(i.Declared), i.Title))
		}
	}
	return sentences
}

func incidentsSentence(r Report) string {
	if len(r.Incidents) == 0 {
		return "There was no incident."
	}
	worst, longest, open := r.Incidents[0], (*Incident)(nil), 0
	for n, i := range r.Incidents {
		if i.Severity < worst.Severity {
			worst = i
		}
		switch {
		case i.SecondsToResolve == nil:
			open++
		case longest == nil || *i.SecondsToResolve > *longest.SecondsToResolve:
			longest = &r.Incidents[n]
		}
	}
	if len(r.Incidents) == 1 {
		s := fmt.Sprintf("There was one incident, %s of severity %d (%s)", worst.Ref, worst.Severity, worst.Title)
		if longest == nil {
			return s + "; it is not resolved."
		}
		return s + fmt.Sprintf("; it took %s to resolve.", span(*longest.SecondsToResolve))
	}
	s := fmt.Sprintf("There were %d incidents; the most severe was %s of severity %d (%s)", len(r.Incidents), worst.Ref, worst.Severity, worst.Title)
	if longest != nil {
		s += fmt.Sprintf("; the longest took %s to resolve", span(*longest.SecondsToResolve))
	}
	if open > 0 {
		s += fmt.Sprintf("; %s not resolved", amountOf(open, "%d are", "one is"))
	}
	return s + "."
}

// fullCoverage is the share of minutes from which on a week counts as seen: all but 100 minutes of it.
const fullCoverage = 0.99

func measurement(r Report) string {
	var parts []string
	each(r, func(s Service, o Objective) {
		switch {
		case o.Coverage >= fullCoverage || o.young(fullCoverage):
		case o.MeasuredSince.IsZero():
			parts = append(parts, fmt.Sprintf("%s was seen %s of the time", named(s, o), slo.FormatPercent(o.Coverage)))
		default:
			parts = append(parts, fmt.Sprintf("%s was seen %s of the time since %s", named(s, o), slo.FormatPercent(o.CoverageSince), moment(o.MeasuredSince)))
		}
	})
	if len(parts) == 0 {
		return ""
	}
	return "Not everything was measured: " + strings.Join(parts, ", ") + "."
}

// measuredSince names what is new and has been seen without gaps.
func measuredSince(r Report) string {
	names, order := map[time.Time][]string{}, []time.Time{}
	each(r, func(s Service, o Objective) {
		if !o.young(fullCoverage) {
			return
		}
		if names[o.MeasuredSince] == nil {
			order = append(order, o.MeasuredSince)
		}
		names[o.MeasuredSince] = append(names[o.MeasuredSince], named(s, o))
	})
	slices.SortFunc(order, time.Time.Compare)
	var parts []string
	for _, since := range order {
		parts = append(parts, fmt.Sprintf("since %s only: %s", moment(since), strings.Join(names[since], ", ")))
	}
	if len(parts) == 0 {
		return ""
	}
	return "Measured " + strings.Join(parts, "; ") + "."
}

func span(seconds int64) string { return slo.FormatSpan(time.Duration(seconds) * time.Second) }
