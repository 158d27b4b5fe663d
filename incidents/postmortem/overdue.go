package postmortem

import (
	"fmt"
	"time"

	"plimsoll/incidents"
)

// Reminder is something of a postmortem that should have been done by now.
type Reminder struct {
	Incident incidents.Ref `json:"incident"`
	Item     ItemRef       `json:"item,omitzero" doc:"The action item; absent for the postmortem itself"`
	To       string        `json:"to,omitempty" doc:"Who answers for it; absent if nobody does"`
	// Occasion tells this time from the last time that the same thing was due: once a week while it is late.
	Occasion string    `json:"occasion"`
	Due      time.Time `json:"due"`
	Text     string    `json:"text" doc:"One sentence, which names the incident by its number only"`
}

// again is how long after a reminder the next one of the same follows.
const again = 7 * 24 * time.Hour

// Reminders returns what is overdue in a postmortem: its review, and its open action items. The same state gives the same
// occasions, whoever asks and how often. The sentences hold no word of the incident's own, so that nothing of a private one
// leaks where they are logged.
func Reminders(r Record, now time.Time) []Reminder {
	var list []Reminder
	remind := func(item ItemRef, to string, due time.Time, text string) {
		week := now.Sub(due) / again
		list = append(list, Reminder{Incident: r.Incident, Item: item, To: to, Due: due, Text: text,
			Occasion: fmt.Sprintf("%s/%d", due.UTC().Format(time.RFC3339), week)})
	}
	if r.Overdue(now) {
		what := "is still a draft"
		if r.State == InReview {
			what = "waits for its reviewers"
		}
		remind(0, r.Owner, r.Due, fmt.Sprintf("The postmortem of %s was due on %s and %s.", r.Incident, r.Due.UTC().Format("2 January"), what))
	}
	for _, i := range r.Items {
		if i.Overdue(now) {
			remind(i.ID, i.Owner, i.Due, fmt.Sprintf("%s of the postmortem of %s was due on %s. It closes with evidence: a test, an alert, a commit; or give it another date.",
				i.ID, i.Incident, i.Due.UTC().Format("2 January")))
		}
	}
	return list
}
