package report

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"time"

	"plimsoll/slo/gate"
)

// Override is a commit for which two people answered, as it stood at the end of the report.
type Override struct {
	ID          int64      `json:"id"`
	Environment string     `json:"environment"`
	Commit      string     `json:"commit"`
	Reason      string     `json:"reason"`
	By          string     `json:"by" doc:"Who asked for it"`
	Asked       time.Time  `json:"asked"`
	ApprovedBy  string     `json:"approvedBy,omitempty"`
	Used        *time.Time `json:"used,omitempty" doc:"When it let the commit go; absent if it did not"`
	FollowUp    *FollowUp  `json:"followUp,omitempty" doc:"What is owed since it was used"`
}

// FollowUp is what is owed after an override.
type FollowUp struct {
	Owner    string     `json:"owner"`
	Due      time.Time  `json:"due"`
	Done     *time.Time `json:"done,omitempty"`
	Overdue  bool       `json:"overdue" doc:"Whether it was due and not done at the end of the report"`
	Ref      string     `json:"ref,omitempty" doc:"Where it is worked on" example:"INC-7 task 2"`
	Evidence string     `json:"evidence,omitempty" doc:"What was found"`
}

// Overdue is a duty of a Code Red that was not done in time.
type Overdue struct {
	Environment string    `json:"environment"`
	At          time.Time `json:"at" doc:"When it was told"`
	Text        string    `json:"text"`
}

// overrides returns those of a service that were asked for or used in the week, and those that owed a follow-up in it, oldest first.
func overrides(all []gate.Override, service string, p period) []Override {
	list := []Override{}
	for _, o := range all {
		if o.Service != service || !p.reaches(o.At) {
			continue
		}
		v := overrideAt(o, p)
		owed := v.FollowUp != nil && (v.FollowUp.Done == nil || !v.FollowUp.Done.Before(p.from))
		if p.has(o.At) || v.Used != nil && p.has(*v.Used) || owed {
			list = append(list, v)
		}
	}
	slices.SortFunc(list, func(a, b Override) int { return cmp.Compare(a.ID, b.ID) })
	return list
}

// overrideAt returns an override as it stood at the end of the report.
func overrideAt(o gate.Override, p period) Override {
	v := Override{ID: o.ID, Environment: o.Environment, Commit: o.Commit, Reason: o.Reason, By: o.By, Asked: o.At.UTC()}
	if o.ApprovedAt != nil && p.reaches(*o.ApprovedAt) {
		v.ApprovedBy = o.ApprovedBy
	}
	if o.UsedAt == nil || !p.reaches(*o.UsedAt) {
		return v
	}
	v.Used = o.UsedAt
	if f := o.FollowUp; f != nil {
		v.FollowUp = &FollowUp{Owner: f.Owner, Due: f.Due.UTC(), Ref: f.Ref}
		if f.DoneAt != nil && p.reaches(*f.DoneAt) {
			v.FollowUp.Done, v.FollowUp.Evidence = f.DoneAt, f.Evidence
		} else {
			v.FollowUp.Overdue = p.until.After(f.Due)
		}
	}
	return v
}

// overdue returns the duties of Code Reds that were told as overdue in the week.
func overdue(events []gate.Event, service string, p period) []Overdue {
	list := []Overdue{}
	for _, e := range events {
		if e.Service == service && e.Kind == gate.DutyOverdue && p.has(e.At) {
			list = append(list, Overdue{Environment: e.Environment, At: e.At.UTC(), Text: e.Reason})
		}
	}
	slices.SortFunc(list, func(a, b Overdue) int { return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.Text, b.Text)) })
	return list
}

// Exemption is a time in which a spent budget stopped no changes, since the spending was not the team's to make good.
type Exemption struct {
	ID          int64     `json:"id"`
	Environment string    `json:"environment"`
	Because     string    `json:"because"`
	Incident    string    `json:"incident,omitempty"`
	Reason      string    `json:"reason"`
	By          string    `json:"by"`
	From        time.Time `json:"from"`
	Until       time.Time `json:"until" doc:"Its end as it was known at the end of the report"`
}

// exemptions returns those of a service that counted at some time of the week, oldest first.
func exemptions(all []gate.Exemption, service string, p period) []Exemption {
	list := []Exemption{}
	for _, e := range all {
		until := e.Until
		if e.EndedAt != nil && p.reaches(*e.EndedAt) {
			until = *e.EndedAt
		}
		if e.Service == service && p.reaches(e.At) && until.After(p.from) {
			list = append(list, Exemption{e.ID, e.Environment, string(e.Because), e.Incident, e.Reason, e.By, e.At.UTC(), until.UTC()})
		}
	}
	slices.SortFunc(list, func(a, b Exemption) int { return cmp.Compare(a.ID, b.ID) })
	return list
}

// exceptionParagraphs tell what went beside the rules: spent budgets that stopped nothing, duties that were not done, overrides.
func exceptionParagraphs(b *bytes.Buffer, s Service) {
	if len(s.Overdue)+len(s.Exemptions) > 0 {
		b.WriteString("\n")
	}
	for _, e := range s.Exemptions {
		fmt.Fprintf(b, "- A spent budget stopped nothing in %s from %s until %s: %s by %s", text(e.Environment), stamp(e.From), stamp(e.Until), text(e.Because), text(e.By))
		if e.Incident != "" {
			fmt.Fprintf(b, " (%s)", text(e.Incident))
		}
		fmt.Fprintf(b, ": %s\n", text(e.Reason))
	}
	for _, d := range s.Overdue {
		fmt.Fprintf(b, "- Overdue in the Code Red of %s: %s.\n", text(d.Environment), text(d.Text))
	}
	if len(s.Overrides) == 0 {
		return
	}
	b.WriteString("\nOverrides:\n\n")
	table(b, "No.", "Commit", "To", "By", "Approved by", "Used", "Follow-up", "Reason")
	for _, o := range s.Overrides {
		used := "not used"
		if o.Used != nil {
			used = stamp(*o.Used)
		}
		row(b, fmt.Sprint(o.ID), gate.ShortCommit(o.Commit), o.Environment, o.By, cmp.Or(o.ApprovedBy, "nobody"), used, followUp(o.FollowUp), o.Reason)
	}
}

func followUp(f *FollowUp) string {
	switch {
	case f == nil:
		return "–"
	case f.Done != nil:
		return "done: " + f.Evidence
	}
	said := fmt.Sprintf("owed by %s until %s", f.Owner, stamp(f.Due))
	if f.Overdue {
		said = fmt.Sprintf("OVERDUE since %s, owed by %s", stamp(f.Due), f.Owner)
	}
	if f.Ref != "" {
		said += " (" + f.Ref + ")"
	}
	return said
}
