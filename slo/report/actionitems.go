package report

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"time"

	"plimsoll/incidents"
	"plimsoll/incidents/postmortem"
)

// ActionItem is an action item of a postmortem that should have been done by the end of the report.
type ActionItem struct {
	ID       postmortem.ItemRef  `json:"id"`
	Incident incidents.Ref       `json:"incident"`
	Kind     postmortem.ItemKind `json:"kind" enum:"prevent,detect,mitigate,process"`
	Text     string              `json:"text"`
	Owner    string              `json:"owner"`
	Due      time.Time           `json:"due"`
}

// lateItems are those that were due and not done at the end of the period, the one that waits longest first. An item that was
// done later and reopened since counts as if it had never been done.
func lateItems(list []postmortem.ActionItem, p period) []ActionItem {
	late := []ActionItem{}
	for _, i := range list {
		if i.Added.Before(p.until) && i.Due.Before(p.until) && (i.Closed.IsZero() || !i.Closed.Before(p.until)) {
			late = append(late, ActionItem{ID: i.ID, Incident: i.Incident, Kind: i.Kind, Text: i.Text, Owner: i.Owner, Due: i.Due})
		}
	}
	slices.SortFunc(late, func(a, b ActionItem) int { return cmp.Or(a.Due.Compare(b.Due), cmp.Compare(a.ID, b.ID)) })
	return late
}

func itemTable(b *bytes.Buffer, list []ActionItem) {
	if len(list) == 0 {
		return
	}
	fmt.Fprint(b, "\n## Overdue action items\n\n")
	table(b, "Item", "Incident", "Kind", "Action", "Owner", "Due")
	for _, i := range list {
		row(b, i.ID.String(), i.Incident.String(), string(i.Kind), i.Text, i.Owner, i.Due.UTC().Format(time.DateOnly))
	}
}
