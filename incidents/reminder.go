package incidents

import (
	"fmt"
	"time"
)

// ReminderKind is what a reminder asks for.
type ReminderKind string

const (
	NoCommander   ReminderKind = "no_commander"   // nobody leads the response
	NoSeverity    ReminderKind = "no_severity"    // nobody has said how bad it is
	UpdateOverdue ReminderKind = "update_overdue" // everybody else waits for word
)

// How long an incident may go without what every response needs first. An incident without a commander has nobody who
// decides, which is the first thing to put right; its severity needs a look at what customers see.
const (
	CommanderWithin = 2 * time.Minute
	SeverityWithin  = 5 * time.Minute
)

// Reminder is something that should have been done by now.
type Reminder struct {
	Kind ReminderKind `json:"kind" enum:"no_commander,no_severity,update_overdue"`
	// Occasion tells this time from the last time that the same thing was due: responders are reminded once of each.
	Occasion string    `json:"occasion"`
	Due      time.Time `json:"due"`
	Text     string    `json:"text" doc:"One sentence for responders; it names the incident by its number only"`
}

// Reminders returns what is overdue in an open incident at an instant, the most urgent first; nothing when all is done.
// The same state gives the same occasions, whoever asks and how often. A late update is one occasion for each time that
// the cadence of the severity passes in silence.
//
// The sentences hold no word of the incident's own, so that they may go where its members read and nothing of a private
// one leaks where they are logged.
func Reminders(i Incident, now time.Time) []Reminder {
	if !i.State.Open() {
		return nil
	}
	var due []Reminder
	remind := func(kind ReminderKind, occasion string, at time.Time, text string) {
		if !now.Before(at) {
			due = append(due, Reminder{Kind: kind, Occasion: occasion, Due: at, Text: text})
		}
	}
	again := count(i.Reopened) // what is missing when it is reopened is missed anew
	if i.Roles[Commander] == "" {
		remind(NoCommander, again, i.Times.Declared.Add(CommanderWithin),
			fmt.Sprintf("%s has no incident commander. Whoever takes the lead decides and delegates until it is handed off.", i.Ref))
	}
	if !i.Severity.Valid() {
		remind(NoSeverity, again, i.Times.Declared.Add(SeverityWithin),
			fmt.Sprintf("%s has no severity. It says who is called and how often everybody else hears; it may be corrected later.", i.Ref))
	}
	if at, ok := i.UpdateDue(); ok {
		if every := i.Severity.Cadence(); every > 0 && now.After(at) {
			at = at.Add(now.Sub(at) / every * every)
		}
		remind(UpdateOverdue, at.UTC().Format(time.RFC3339), at,
			fmt.Sprintf("The update of %s was due at %s. Say what is known and when the next word comes, also if nothing is new.", i.Ref, at.UTC().Format("15:04 UTC")))
	}
	return due
}
