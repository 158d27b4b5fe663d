package postmortem

import (
	"strings"
	"time"

	"plimsoll/incidents"
)

// Words are what makes a postmortem found again by another incident: what it says of itself and what people concluded. The
// timeline and the response are left out, since responses to different incidents sound alike.
func (r Record) Words() string {
	c := r.Content
	words := append([]string{r.Facts.Title}, r.Facts.Services...)
	words = append(words, c.Summary, c.Impact.Text, c.Background, string(c.Trigger.Kind), c.Trigger.Text, c.Gap)
	for _, cause := range append(append([]Cause{}, c.RootCauses...), c.Contributing...) {
		words = append(words, cause.Label, cause.Text)
	}
	words = append(append(append(words, c.FiveWhys...), c.WentWrong...), c.Lessons...)
	for _, i := range r.Items {
		words = append(words, i.Text)
	}
	return strings.Join(words, "\n")
}

// Match is a postmortem that speaks of something similar.
type Match struct {
	Incident incidents.Ref `json:"incident"`
	Title    string        `json:"title"`
	At       time.Time     `json:"at" doc:"When it began"`
	State    State         `json:"state" enum:"draft,in_review,reviewed,closed"`
	Trigger  TriggerKind   `json:"trigger,omitempty"`
	Rank     float64       `json:"rank" doc:"How similar the words are; larger is more"`
	Years    int           `json:"years,omitempty" doc:"How many years ago it began, if today is its anniversary, a week before or after"`
	Lessons  []string      `json:"lessons" nullable:"false"`
	Open     []ItemRef     `json:"openItems" nullable:"false" doc:"Action items of it that are still open"`
}

// MatchOf says what is worth knowing of a similar postmortem.
func MatchOf(r Record, rank float64, now time.Time) Match {
	m := Match{Incident: r.Incident, Title: r.Facts.Title, At: r.Facts.From, State: r.State, Trigger: r.Content.Trigger.Kind, Rank: rank,
		Lessons: append([]string{}, r.Content.Lessons...), Open: []ItemRef{}}
	m.Years = Anniversary(r.Facts.From, now)
	for _, i := range r.Items {
		if i.State == ItemOpen {
			m.Open = append(m.Open, i.ID)
		}
	}
	return m
}

// anniversaryDays is how far from the day an anniversary is still one: the same release train, sale or school holiday moves by days.
const anniversaryDays = 7

// Anniversary returns how many whole years before now something happened, if it was on this day of the year, a week more or
// less; 0 if it was not.
func Anniversary(then, now time.Time) int {
	then, now = dayOf(then), dayOf(now)
	for years := max(1, now.Year()-then.Year()-1); years <= now.Year()-then.Year()+1; years++ {
		if now.Sub(then.AddDate(years, 0, 0)).Abs() <= anniversaryDays*24*time.Hour {
			return years
		}
	}
	return 0
}

func dayOf(t time.Time) time.Time { return t.UTC().Truncate(24 * time.Hour) }
