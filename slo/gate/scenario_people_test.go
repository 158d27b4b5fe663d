package gate

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
)

var (
	exemptFact   = regexp.MustCompile(`^exempt because (\w+)(?: (\w+))? by (\w+) until day (\d+) (\S+?)( refused)?$`)
	askedFact    = regexp.MustCompile(`^override (\d+) of (\w+) by (\w+) until day (\d+) (\S+?)( refused)?$`)
	approvedFact = regexp.MustCompile(`^override (\d+) approved by (\w+)( refused)?$`)
)

// responds takes what people do about a Code Red; false if the fact is another one.
func (w *world) responds(fact string, words []string) bool {
	switch {
	case words[0] == "commander":
		w.response.Incident, w.response.Commander = "INC-90", words[1]
	case fact == "updated":
		w.response.LastUpdate = w.at
	case fact == "resolved" || fact == "closed":
		w.response.Incident, w.response.Resolved, w.response.Closed = "INC-90", true, fact == "closed"
	case words[0] == "verified":
		w.response.VerifiedItems, _ = strconv.Atoi(words[1])
	default:
		return false
	}
	return true
}

// exempt records an exemption, or ends all.
func (w *world) exempt(fact string) {
	if fact == "no exemption" {
		for i, e := range w.exemptions {
			ended, err := e.End("ada", w.at)
			if err != nil {
				w.fail("%v", err)
			}
			w.exemptions[i] = ended
		}
		return
	}
	m := exemptFact.FindStringSubmatch(fact)
	if m == nil {
		w.fail("no such fact: %q", fact)
	}
	e := Exemption{ID: int64(len(w.exemptions) + 1), Service: w.service, Environment: "production", Because: Because(m[1]), Dependency: m[2],
		Reason: "the network of the whole company was down", By: m[3], At: w.at, Until: w.instant(m[4], m[5])}
	if w.state.Phase == CodeRed {
		e.CodeRed = w.state.Freeze
	}
	if err := e.Validate(); (err != nil) != (m[6] != "") {
		w.fail("%q: %v", fact, err)
	} else if err == nil {
		w.exemptions = append(w.exemptions, e)
	}
}

// inForce are the exemptions as the store would read them.
func (w *world) inForce() []Exemption {
	list := slices.Clone(w.exemptions)
	for i, e := range list {
		list[i] = e.Outlived(w.state)
		list[i].Frozen = slices.ContainsFunc(w.depends, func(d Dependency) bool { return d.Service == e.Dependency && d.Frozen })
	}
	return list
}

// override asks for an override or approves one.
func (w *world) override(fact string) {
	if m := approvedFact.FindStringSubmatch(fact); m != nil {
		id, _ := strconv.Atoi(m[1])
		approved, err := w.overrides[id-1].Approve(m[2], w.at)
		if (err != nil) != (m[3] != "") {
			w.fail("%q: %v", fact, err)
		}
		w.overrides[id-1] = approved
		return
	}
	m := askedFact.FindStringSubmatch(fact)
	if m == nil {
		w.fail("no such fact: %q", fact)
	}
	id, _ := strconv.ParseInt(m[1], 10, 64)
	o := Override{ID: id, Service: w.service, Environment: "production", Commit: m[2], By: m[3], Reason: "customers cannot pay", At: w.at, Until: w.instant(m[4], m[5])}
	before := 0
	for _, earlier := range w.overrides {
		if earlier.At.After(w.at.Add(-OverrideSpan)) {
			before++
		}
	}
	if err := o.Validate(before); (err != nil) != (m[6] != "") {
		w.fail("%q: %v", fact, err)
	} else if err == nil {
		w.overrides = append(w.overrides, o)
	}
}

// overrideOf returns the override that the store would find for a change.
func (w *world) overrideOf(c Change) *Override {
	for i, o := range w.overrides {
		if o.Commit == c.Commit && o.ApprovedBy != "" && o.UsedBy == 0 && w.at.Before(o.Until) {
			return &w.overrides[i]
		}
	}
	return nil
}

// expectDuty holds the duties of the Code Red to what the scenario says.
func (w *world) expectDuty(words []string) {
	duties := w.state.Duties(w.response, w.at)
	if words[1] == "nothing" {
		if len(duties) > 0 {
			w.fail("owed: %+v", duties)
		}
		return
	}
	for _, d := range duties {
		if string(d.Kind) == words[1] && d.Overdue == (words[0] == "overdue") {
			return
		}
	}
	w.fail("%s, but there are %+v", strings.Join(words, " "), duties)
}
