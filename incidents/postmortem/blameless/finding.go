package blameless

import (
	"cmp"
	"slices"
	"strings"
	"unicode/utf8"
)

// Rule names what a finding is about.
type Rule string

const (
	Blame          Rule = "blame"          // a word that judges a person, or an act of a person told as a failure
	Name           Rule = "name"           // somebody is named
	ShouldHave     Rule = "should_have"    // what somebody ought to have done
	HumanError     Rule = "human_error"    // a person as the cause
	Counterfactual Rule = "counterfactual" // what would have been
	Hindsight      Rule = "hindsight"      // what is obvious only afterwards
	Careful        Rule = "careful"        // the appeal to be more careful
	Unsupported    Rule = "unsupported"    // a claim without evidence
	NoPrevention   Rule = "no_prevention"  // no action item detects or prevents
)

// Rules returns all rules.
func Rules() []Rule {
	return []Rule{Blame, Name, ShouldHave, HumanError, Counterfactual, Hindsight, Careful, Unsupported, NoPrevention}
}

// Finding is one piece of advice.
type Finding struct {
	Rule   Rule   `json:"rule" enum:"blame,name,should_have,human_error,counterfactual,hindsight,careful,unsupported,no_prevention"`
	Field  string `json:"field,omitempty" doc:"Which section, as in the API; absent for a text without sections"`
	Start  int    `json:"start" doc:"First byte of what was found, in the section"`
	End    int    `json:"end" doc:"The byte behind it"`
	Line   int    `json:"line" doc:"From 1; 0 for a finding about something that is not there"`
	Column int    `json:"column" doc:"From 1, in characters"`
	Found  string `json:"found,omitempty"`
	Why    string `json:"why"`
	Better string `json:"better" doc:"How to say it"`
}

// Text advises on a text. The names are of people who had a part in what it tells of; each finding lies in the text, and
// findings are in its order and do not overlap.
func Text(text string, names []string) []Finding {
	list := named(text, names)
	for _, r := range rules {
		for _, m := range r.pattern.FindAllStringSubmatchIndex(text, -1) {
			start, end := m[0], m[1]
			if len(m) > 3 && m[2] >= 0 { // the first group is what the finding is about, where there is one
				start, end = m[2], m[3]
			}
			if r.not != nil && r.not.MatchString(text[start:min(len(text), end+30)]) {
				continue
			}
			list = append(list, Finding{Rule: r.rule, Start: start, End: end, Found: text[start:end], Why: r.why, Better: r.better})
		}
	}
	return placed(text, list)
}

// placed orders findings, leaves out those that overlap an earlier one, and says where each is.
func placed(text string, list []Finding) []Finding {
	slices.SortStableFunc(list, func(a, b Finding) int { return cmp.Or(cmp.Compare(a.Start, b.Start), cmp.Compare(b.End, a.End)) })
	var kept []Finding
	for _, f := range list {
		if len(kept) > 0 && f.Start < kept[len(kept)-1].End {
			continue
		}
		before := text[:f.Start]
		f.Line = strings.Count(before, "\n") + 1
		f.Column = utf8.RuneCountInString(before[strings.LastIndexByte(before, '\n')+1:]) + 1
		kept = append(kept, f)
	}
	return kept
}

// Claim is something that a postmortem says, and what shows it.
type Claim struct {
	Field    string
	Text     string
	Evidence string
}

// Unproven advises on claims that nothing shows.
func Unproven(claims []Claim) []Finding {
	var list []Finding
	for _, c := range claims {
		if strings.TrimSpace(c.Evidence) == "" {
			list = append(list, Finding{
				Rule: Unsupported, Field: c.Field, Found: c.Text, Why: "A cause without evidence is an opinion, and the next incident will tell.",
				Better: "Add what shows it: a graph, a log line, a commit, a test that fails.",
			})
		}
	}
	return list
}

// Unprevented advises on action items, of which some are to detect or to prevent.
func Unprevented(field string, guards, items int) []Finding {
	if guards > 0 || items == 0 {
		return nil
	}
	return []Finding{{
		Rule: NoPrevention, Field: field, Why: "None of the action items would notice it earlier or make it impossible, so it may happen again in the same way.",
		Better: "Add one of the kind detect or prevent.",
	}}
}
