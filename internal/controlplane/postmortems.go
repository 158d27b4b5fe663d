package controlplane

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/riverqueue/river"

	"plimsoll/incidents"
	"plimsoll/incidents/postmortem"
	"plimsoll/incidents/postmortem/drafts"
	postmortempg "plimsoll/incidents/postmortem/postgres"
	"plimsoll/incidents/reminders"
	"plimsoll/slo/gate"
)

// buildPostmortems makes what keeps postmortems. The ledger tells what an incident cost.
func (a *App) buildPostmortems() (err error) {
	a.postmortems, err = postmortempg.New(postmortempg.Config{Pool: a.pool, Incidents: a.incidents,
		Spent: func(i incidents.Incident, at time.Time) []postmortem.Spent {
			if !i.Counts() {
				return nil
			}
			return postmortem.MeasureAll(a.ledger, i, at)
		}})
	return err
}

// addDraftWorker registers the work of drafting.
func (a *App) addDraftWorker(workers *river.Workers) error {
	if err := river.AddWorkerSafely(workers, &drafts.Worker{Postmortems: a.postmortems}); err != nil {
		return fmt.Errorf("add worker: %w", err)
	}
	return nil
}

// buildDrafts makes what finds incidents that are over. It runs while this process leads.
func (a *App) buildDrafts() (err error) {
	a.drafts, err = drafts.New(drafts.Config{Incidents: a.incidents, Postmortems: a.postmortems, Jobs: a.jobs, Logger: a.logger})
	return err
}

// latePostmortems are the reminders of reviews and action items that are overdue.
func (a *App) latePostmortems(ctx context.Context, now time.Time) ([]reminders.Reminder, error) {
	list, err := a.postmortems.Late(ctx, incidents.Viewer{System: true}, now)
	if err != nil {
		return nil, err
	}
	var due []reminders.Reminder
	for _, r := range list {
		for _, late := range postmortem.Reminders(r, now) {
			what, kind := "postmortem/"+strconv.FormatInt(int64(r.Incident), 10), "postmortem_overdue"
			if late.Item != 0 {
				what, kind = "item/"+strconv.FormatInt(int64(late.Item), 10), "action_item_overdue"
			}
			due = append(due, reminders.Reminder{Key: what + "/" + late.Occasion, Incident: r.Incident, Kind: kind, Due: late.Due, Text: late.Text})
		}
	}
	return due, nil
}

// actionItems are those of a service, or all, that everybody may see.
func (a *App) actionItems(ctx context.Context, service string) ([]postmortem.ActionItem, error) {
	return a.postmortems.Items(ctx, incidents.Viewer{}, postmortem.ItemFilter{Service: service})
}

// verifiedItems are the action items of a service that were verified since an instant and that everybody may see.
func (g gateIncidents) verifiedItems(ctx context.Context, service string, since time.Time) ([]postmortem.ActionItem, error) {
	return g.postmortems.Items(ctx, incidents.Viewer{}, postmortem.ItemFilter{Service: service, Verified: since})
}

// item is what everybody may know of an action item: it concerns the services of its incident.
func (g gateIncidents) item(ctx context.Context, ref string, id postmortem.ItemRef) (gate.Reference, error) {
	r := gate.Reference{Ref: ref}
	item, err := g.postmortems.Item(ctx, incidents.Viewer{}, id)
	if errors.Is(err, postmortem.ErrNoItem) {
		return r, nil
	} else if err != nil {
		return r, err
	}
	inc, err := whole(ctx, g.store, incidents.Viewer{}, item.Incident)
	if err != nil && !errors.Is(err, incidents.ErrNotFound) {
		return r, err
	}
	r.Known, r.Open, r.Services = true, item.State == postmortem.ItemOpen, append([]string{}, inc.Services...)
	return r, nil
}
