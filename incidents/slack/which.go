package slack

import (
	"context"
	"errors"
	"fmt"

	"plimsoll/incidents"
)

// errWhich is a command that does not say which of several incidents it is for, or is for none.
var errWhich = errors.New("it is not clear which incident is meant")

// refOf returns the incident that is named, or the one whose room it is, or else the only one that is open. Whoever may not see
// the incident of a room is told what they would be told elsewhere.
func (w *worker) refOf(ctx context.Context, inv invocation, channel string, v incidents.Viewer) (incidents.Ref, error) {
	if inv.ref != 0 {
		return inv.ref, nil
	}
	if w.Rooms != nil && channel != "" {
		ref, err := w.Rooms.Incident(ctx, channel)
		if err != nil {
			return 0, err
		}
		if ref != 0 {
			if _, err := w.Store.Get(ctx, v, ref); err == nil || !errors.Is(err, incidents.ErrNotFound) {
				return ref, err
			}
		}
	}
	open, err := w.Store.Open(ctx, v, "")
	if err != nil {
		return 0, err
	}
	switch len(open) {
	case 0:
		return 0, fmt.Errorf("%w: none is open; name one, such as INC-7 %s", errWhich, inv.verb.name)
	case 1:
		return open[0].Ref, nil
	}
	names := ""
	for n, i := range open {
		if n == 8 {
			names += fmt.Sprintf(" and %d more", len(open)-n)
			break
		}
		if n > 0 {
			names += ", "
		}
		names += i.Ref.String()
	}
	return 0, fmt.Errorf("%w: %s are open; name one, such as %s %s", errWhich, names, open[0].Ref, inv.verb.name)
}
