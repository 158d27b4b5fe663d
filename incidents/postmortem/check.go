package postmortem

import (
	"fmt"

	"plimsoll/incidents/postmortem/blameless"
)

// Check advises on blame in a postmortem and on what it claims without evidence. The names are of people who had a part in
// the incident. Owners, authors and reviewers are not looked at: they answer for work to come, not for what happened. Where we were
// lucky, what might have happened is the question.
func Check(r Record, names []string) []blameless.Finding {
	var list []blameless.Finding
	for _, t := range r.texts() {
		for _, f := range blameless.Text(t.text, names) {
			if t.lucky && f.Rule == blameless.Counterfactual {
				continue
			}
			f.Field = t.field
			list = append(list, f)
		}
	}
	var claims []blameless.Claim
	for n, c := range r.Content.RootCauses {
		claims = append(claims, blameless.Claim{Field: fmt.Sprintf("rootCauses[%d].evidence", n), Text: c.Text, Evidence: c.Evidence})
	}
	for n, c := range r.Content.Contributing {
		claims = append(claims, blameless.Claim{Field: fmt.Sprintf("contributing[%d].evidence", n), Text: c.Text, Evidence: c.Evidence})
	}
	guards := 0
	for _, i := range r.Items {
		if i.Kind == Prevent || i.Kind == Detect {
			guards++
		}
	}
	return append(append(list, blameless.Unproven(claims)...), blameless.Unprevented("items", guards, len(r.Items))...)
}

// prose is a text that people wrote.
type prose struct {
	field, text string
	lucky       bool
}

// texts are all that people wrote, by the names of the API.
func (r Record) texts() []prose {
	c := r.Content
	list := []prose{{field: "summary", text: c.Summary}, {field: "impact.text", text: c.Impact.Text}, {field: "background", text: c.Background},
		{field: "trigger.text", text: c.Trigger.Text}}
	for _, of := range []struct {
		field  string
		causes []Cause
	}{{"rootCauses", c.RootCauses}, {"contributing", c.Contributing}} {
		for n, cause := range of.causes {
			list = append(list, prose{field: fmt.Sprintf("%s[%d].label", of.field, n), text: cause.Label},
				prose{field: fmt.Sprintf("%s[%d].text", of.field, n), text: cause.Text})
		}
	}
	each := func(field string, lucky bool, lines []string) {
		for n, l := range lines {
			list = append(list, prose{fmt.Sprintf("%s[%d]", field, n), l, lucky})
		}
	}
	each("fiveWhys", false, c.FiveWhys)
	list = append(list, prose{field: "detection", text: c.Detection}, prose{field: "gap", text: c.Gap}, prose{field: "response", text: c.Response},
		prose{field: "recovery", text: c.Recovery})
	for n, m := range c.Timeline {
		list = append(list, prose{field: fmt.Sprintf("timeline[%d].who", n), text: m.Who}, prose{field: fmt.Sprintf("timeline[%d].what", n), text: m.What})
	}
	each("wentWell", false, c.WentWell)
	each("wentWrong", false, c.WentWrong)
	each("lucky", true, c.Lucky)
	each("lessons", false, c.Lessons)
	for _, i := range r.Items {
		list = append(list, prose{field: i.ID.String(), text: i.Text})
	}
	return list
}
