package reminders

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"plimsoll/incidents"
)

// Reminder is one thing that should have been done by now.
type Reminder struct {
	// Key names the occasion for all time, such as "incident/7/no_commander/0".
	Key      string
	Incident incidents.Ref // the incident whose responders are told; 0 if it is about none
	Kind     string        // such as "no_commander"
	Due      time.Time
	// Text is one sentence. It holds no words of a record that may be private: it is also logged.
	Text string
}

// Source returns all that is overdue at an instant, whether anybody was told or not.
type Source func(ctx context.Context, now time.Time) ([]Reminder, error)

// OfIncidents is the source of what is overdue in the open incidents that list returns.
func OfIncidents(list func(context.Context) ([]incidents.Incident, error)) Source {
	return func(ctx context.Context, now time.Time) ([]Reminder, error) {
		open, err := list(ctx)
		if err != nil {
			return nil, fmt.Errorf("list open incidents: %w", err)
		}
		var due []Reminder
		for _, i := range open {
			for _, r := range incidents.Reminders(i, now) {
				due = append(due, Reminder{
					Key:      "incident/" + strconv.FormatInt(int64(i.Ref), 10) + "/" + string(r.Kind) + "/" + r.Occasion,
					Incident: i.Ref, Kind: string(r.Kind), Due: r.Due, Text: r.Text,
				})
			}
		}
		return due, nil
	}
}
