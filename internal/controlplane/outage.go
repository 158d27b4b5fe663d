package controlplane

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"

	"plimsoll/incidents"
	incidentspg "plimsoll/incidents/postgres"
	"plimsoll/slo"
)

// kin is what an incident has to do with an outage that is told of now.
type kin string

const (
	stranger   kin = ""            // nothing
	related    kin = "related"     // it is worth a link
	justEnded  kin = "just ended"  // it was resolved so lately that it is not over after all
	sameOutage kin = "same outage" // it is open, or was then
)

// onceOver is how long after an incident was resolved the same trouble reopens it. A Code Red may last for weeks: trouble that begins so long
// after its incident was declared is another outage.
const onceOver = time.Hour

// kinOf says what an incident has to do with an outage of objectives at an instant. A private one has nothing to do with it: those who are called
// would not find it. Nor has a drill.
func kinOf(i incidents.Incident, keys []slo.Key, at time.Time) kin {
	over, ended := i.State == incidents.Resolved || i.State == incidents.Closed, at.Sub(i.Times.Resolved)
	switch {
	case i.Private, i.Drill, !slices.ContainsFunc(keys, func(k slo.Key) bool { return concerns(i, k) }):
		return stranger
	case i.State.Open() && i.Source == incidents.SourceCodeRed && at.Sub(i.Times.Declared) > onceOver:
		return related
	case i.State.Open(), over && ended < 0:
		return sameOutage
	case i.State == incidents.Resolved && ended <= onceOver:
		return justEnded
	case over && ended <= onceOver:
		return related
	}
	return stranger
}

// concerns reports whether an incident is about an objective, a part of it or what it is a part of.
func concerns(i incidents.Incident, key slo.Key) bool {
	return slices.ContainsFunc(i.Objectives, func(k slo.Key) bool {
		return k == key || strings.HasPrefix(string(k), string(key)+"/") || strings.HasPrefix(string(key), string(k)+"/")
	})
}

// closest returns the incident that has most to do with an outage, and of those the newest; stranger if none has.
func closest(list []incidents.Incident, keys []slo.Key, at time.Time) (incidents.Incident, kin) {
	for _, wanted := range []kin{sameOutage, justEnded, related} {
		for _, i := range slices.Backward(list) {
			if kinOf(i, keys, at) == wanted {
				return i, wanted
			}
		}
	}
	return incidents.Incident{}, stranger
}

// outages finds the incident that an outage is a part of, so that whoever is on call has one, however many alerts and freezes tell of it.
type outages struct {
	pool  *pgxpool.Pool
	store *incidentspg.Store
}

// busyFor is after how long to look again whether somebody else has placed an outage.
const busyFor = time.Second

// alone does what looks for the incident of an outage and may declare it. One at a time does, of all processes, for two that find none would
// declare two. A job that is not the one is tried again soon.
func (o outages) alone(ctx context.Context, do func() error) error {
	return pgx.BeginFunc(ctx, o.pool, func(tx pgx.Tx) error {
		var mine bool
		if err := tx.QueryRow(ctx, `SELECT pg_try_advisory_xact_lock(hashtextextended('the incident of an outage', 0))`).Scan(&mine); err != nil {
			return fmt.Errorf("wait for who places an outage: %w", err)
		}
		if !mine {
			return river.JobSnooze(busyFor)
		}
		return do()
	})
}

// find returns the incident that has most to do with an outage of objectives.
func (o outages) find(ctx context.Context, keys []slo.Key, at time.Time) (incidents.Incident, kin, error) {
	list, err := o.store.Between(ctx, incidents.Viewer{System: true}, at.Add(-onceOver), at.Add(onceOver))
	if err != nil {
		return incidents.Incident{}, stranger, err
	}
	i, k := closest(list, keys, at)
	return i, k, nil
}

// went returns the incident that a request ran on, as what it is a part of by now, and whether it was merged since; false if none has run.
func (o outages) went(ctx context.Context, request string) (inc incidents.Incident, merged, ok bool, err error) {
	v := incidents.Viewer{System: true}
	inc, _, ok, err = o.store.Request(ctx, v, request)
	if err != nil || !ok || inc.MergedInto == 0 {
		return inc, false, ok, err
	}
	inc, err = whole(ctx, o.store, v, inc.MergedInto)
	return inc, true, true, err
}

// link links a new incident to the one that it has to do with, if both are for everybody and are not linked yet.
func (o outages) link(ctx context.Context, ref, to incidents.Ref, by incidents.Caller) error {
	by.RequestID += "/link"
	_, _, err := o.store.Do(ctx, ref, incidents.Link{To: to}, by)
	if input := (*incidents.InputError)(nil); err != nil && !errors.As(err, &input) {
		return fmt.Errorf("link %s to %s: %w", ref, to, err)
	}
	return nil
}
