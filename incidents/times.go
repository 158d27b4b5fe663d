package incidents

import "time"

// Times are the instants of an incident. A zero one is not known or has not come.
type Times struct {
	Started      time.Time `json:"started,omitzero" doc:"When customers were first affected"`
	Detected     time.Time `json:"detected,omitzero" doc:"When a person or an alert first noticed"`
	Declared     time.Time `json:"declared,omitzero"`
	Acknowledged time.Time `json:"acknowledged,omitzero"`
	Mitigated    time.Time `json:"mitigated,omitzero"`
	Resolved     time.Time `json:"resolved,omitzero"`
	Closed       time.Time `json:"closed,omitzero"`
	Cancelled    time.Time `json:"cancelled,omitzero"`
	Merged       time.Time `json:"merged,omitzero"`
}

// Event names one of the times that may be corrected.
type Event string

// Events that may be corrected.
const (
	EventStarted      Event = "started"
	EventDetected     Event = "detected"
	EventDeclared     Event = "declared"
	EventAcknowledged Event = "acknowledged"
	EventMitigated    Event = "mitigated"
	EventResolved     Event = "resolved"

	eventClosed Event = "closed" // bounds the others, and is never corrected
)

// Events returns the events in the order in which they happen.
func Events() []Event {
	return []Event{EventStarted, EventDetected, EventDeclared, EventAcknowledged, EventMitigated, EventResolved}
}

// of returns the instant of an event, to read or to set; nil for an unknown event.
func (t *Times) of(e Event) *time.Time {
	switch e {
	case EventStarted:
		return &t.Started
	case EventDetected:
		return &t.Detected
	case EventDeclared:
		return &t.Declared
	case EventAcknowledged:
		return &t.Acknowledged
	case EventMitigated:
		return &t.Mitigated
	case EventResolved:
		return &t.Resolved
	case eventClosed:
		return &t.Closed
	}
	return nil
}

// orders are the pairs of events of which the first cannot be after the second. Acknowledging may come before
// declaring: whoever looks into an alert declares what turns out to be an incident.
var orders = [][2]Event{
	{EventStarted, EventDetected},
	{EventDetected, EventDeclared},
	{EventDetected, EventAcknowledged},
	{EventAcknowledged, EventMitigated},
	{EventDeclared, EventMitigated},
	{EventMitigated, EventResolved},
	{EventResolved, eventClosed},
}

// check returns an error about the event that is out of order.
func (t *Times) check(changed Event) error {
	for _, o := range orders {
		first, second := *t.of(o[0]), *t.of(o[1])
		if first.IsZero() || second.IsZero() || !first.After(second) {
			continue
		}
		if changed == o[1] {
			return &InputError{Field: string(changed), Found: stamp(second), Want: "a time not before it " + verbOf(o[0]) + ", " + stamp(first)}
		}
		return &InputError{Field: string(o[0]), Found: stamp(first), Want: "a time not after it " + verbOf(o[1]) + ", " + stamp(second)}
	}
	return nil
}

// verbOf makes the event a predicate: "started", "was detected".
func verbOf(e Event) string {
	if e == EventStarted {
		return "started"
	}
	return "was " + string(e)
}

// stamp writes an instant for a message or a timeline entry.
func stamp(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05 UTC") }

// TimeToDetect is detected − started; false if either is unknown.
func (t Times) TimeToDetect() (time.Duration, bool) { return between(t.Started, t.Detected) }

// TimeToAcknowledge is acknowledged − detected; false if either is unknown.
func (t Times) TimeToAcknowledge() (time.Duration, bool) { return between(t.Detected, t.Acknowledged) }

// TimeToMitigate is mitigated − started; false if either is unknown.
func (t Times) TimeToMitigate() (time.Duration, bool) { return between(t.Started, t.Mitigated) }

// TimeToResolve is resolved − started; false if either is unknown.
func (t Times) TimeToResolve() (time.Duration, bool) { return between(t.Started, t.Resolved) }

func between(from, to time.Time) (time.Duration, bool) {
	if from.IsZero() || to.IsZero() {
		return 0, false
	}
	return to.Sub(from), true
}
