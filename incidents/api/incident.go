package api

import (
	"time"

	"plimsoll/incidents"
)

// Incident is an incident with what follows from its record.
type Incident struct {
	incidents.Incident
	Open      bool      `json:"open" doc:"Responders are, or should be, at work"`
	UpdateDue time.Time `json:"updateDue,omitzero" doc:"When everybody else is to be told next"`
	// Measures in seconds; absent where one of their two times is not known.
	SecondsToDetect      *float64 `json:"secondsToDetect,omitempty" doc:"detected − started"`
	SecondsToAcknowledge *float64 `json:"secondsToAcknowledge,omitempty" doc:"acknowledged − detected"`
	SecondsToMitigate    *float64 `json:"secondsToMitigate,omitempty" doc:"mitigated − started"`
	SecondsToResolve     *float64 `json:"secondsToResolve,omitempty" doc:"resolved − started"`
}

// IncidentList is the answer to a list.
type IncidentList struct {
	Incidents []Incident `json:"incidents" nullable:"false"`
}

// IncidentDetail is an incident with its timeline and what it cost.
type IncidentDetail struct {
	Incident
	Timeline []incidents.TimelineEntry `json:"timeline" nullable:"false"`
	Absorbed []Absorbed                `json:"absorbed" nullable:"false" doc:"Incidents that turned out to be a part of this one; each keeps its own timeline"`
	Spent    []Spent                   `json:"spent" nullable:"false" doc:"Error budget that it spent, by objective"`
}

// Absorbed is an incident that was merged into another.
type Absorbed struct {
	Ref   incidents.Ref `json:"ref"`
	Title string        `json:"title"`
}

func view(i incidents.Incident) Incident {
	if i.Roles == nil {
		i.Roles = map[incidents.Role]string{}
	}
	// Just declared, they may be nil, and would be null in JSON.
	i.Services, i.Objectives = list(i.Services), list(i.Objectives)
	i.Members, i.Links, i.Tasks, i.Messages = list(i.Members), list(i.Links), list(i.Tasks), list(i.Messages)
	for n := range i.Messages {
		i.Messages[n].Sent = list(i.Messages[n].Sent)
	}
	v := Incident{
		Incident: i, Open: i.State.Open(),
		SecondsToDetect:      seconds(i.Times.TimeToDetect()),
		SecondsToAcknowledge: seconds(i.Times.TimeToAcknowledge()),
		SecondsToMitigate:    seconds(i.Times.TimeToMitigate()),
		SecondsToResolve:     seconds(i.Times.TimeToResolve()),
	}
	v.UpdateDue, _ = i.UpdateDue()
	return v
}

func list[T any](s []T) []T { return append([]T{}, s...) }

func seconds(d time.Duration, known bool) *float64 {
	if !known {
		return nil
	}
	s := d.Seconds()
	return &s
}
