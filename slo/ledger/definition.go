package ledger

import (
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"plimsoll/slo"
)

// definition is the stored form of what in an objective changes its numbers. Two definitions are the same if their stored forms are, so
// members that are not set are left out: one that is added later changes no definition of before.
type definition struct {
	Target     slo.Ratio             `json:"target"`
	Window     windowDefinition      `json:"window"`
	Method     slo.Method            `json:"method"`
	Slice      *sliceDefinition      `json:"slice,omitempty"`
	Indicator  indicatorDefinition   `json:"indicator,omitzero"`
	Components []componentDefinition `json:"components,omitempty"`
}

type windowDefinition struct {
	Minutes  int64               `json:"minutes"` // nominal, if it is of the calendar
	Calendar *calendarDefinition `json:"calendar,omitempty"`
}

type calendarDefinition struct {
	Start time.Time `json:"start"`
	Zone  string    `json:"zone"`
	Unit  slo.Unit  `json:"unit"`
	Count int       `json:"count"`
}

type sliceDefinition struct {
	Minutes int64     `json:"minutes"`
	Target  slo.Ratio `json:"target,omitempty"`
}

type indicatorDefinition struct {
	Kind    slo.Kind `json:"kind,omitempty"`
	Good    string   `json:"good,omitempty"`
	Bad     string   `json:"bad,omitempty"`
	Total   string   `json:"total,omitempty"`
	Query   string   `json:"query,omitempty"`
	Op      slo.Op   `json:"op,omitempty"`
	Value   string   `json:"value,omitempty"` // as text, for it may be infinite
	Failure bool     `json:"failure,omitempty"`
	Source  string   `json:"source,omitempty"`
	GroupBy []string `json:"groupBy,omitempty"`
}

type componentDefinition struct {
	Key    slo.Key `json:"key"`
	Weight int64   `json:"weight"` // in parts per billion
}

// define returns the stored form of o.
func define(o *slo.Objective) string {
	i := o.Indicator
	d := definition{
		Target: o.Target, Method: o.Method, Window: windowDefinition{Minutes: o.Window.Minutes()},
		Indicator: indicatorDefinition{
			Kind: i.Kind, Good: i.Good, Bad: i.Bad, Total: i.Total, Query: i.Query, Op: i.Op, Failure: i.Failure,
			Source: i.Source, GroupBy: i.GroupBy,
		},
	}
	if i.Kind == slo.Thresholds {
		d.Indicator.Value = strconv.FormatFloat(i.Value, 'g', -1, 64)
	}
	if c := o.Window.Calendar; c != nil {
		d.Window.Calendar = &calendarDefinition{Start: c.Start, Zone: c.Start.Location().String(), Unit: c.Unit, Count: c.Count}
	}
	if o.Slice != (slo.Slice{}) {
		d.Slice = &sliceDefinition{Minutes: int64(o.Slice.Length / time.Minute), Target: o.Slice.Target}
	}
	for _, c := range o.Components {
		d.Components = append(d.Components, componentDefinition{c.Key, int64(c.Weight)})
	}
	stored, err := json.Marshal(d)
	if err != nil {
		panic(fmt.Sprintf("write the definition of %s: %v", o.Key, err)) // the year of a window's start has more than four digits
	}
	return string(stored)
}

// parseDefinition reads the stored form of an objective. What changes no numbers is not set. It refuses, with [ErrCorrupt], what cannot
// be evaluated.
func parseDefinition(stored string) (*slo.Objective, error) {
	var d definition
	if err := json.Unmarshal([]byte(stored), &d); err != nil {
		return nil, fmt.Errorf("read a definition: %w: %w", ErrCorrupt, err)
	}
	i := d.Indicator
	o := &slo.Objective{
		Target: d.Target, Method: d.Method, Window: slo.Window{Length: time.Duration(d.Window.Minutes) * time.Minute},
		Indicator: slo.Indicator{
			Kind: i.Kind, Good: i.Good, Bad: i.Bad, Total: i.Total, Query: i.Query, Op: i.Op, Failure: i.Failure,
			Source: i.Source, GroupBy: i.GroupBy,
		},
	}
	if i.Value != "" {
		value, err := strconv.ParseFloat(i.Value, 64)
		if err != nil {
			return nil, fmt.Errorf("read a definition: %w: threshold: %w", ErrCorrupt, err)
		}
		o.Indicator.Value = value
	}
	if c := d.Window.Calendar; c != nil {
		zone, err := time.LoadLocation(c.Zone)
		if err != nil {
			return nil, fmt.Errorf("read a definition: %w: zone of its window: %w", ErrCorrupt, err)
		}
		o.Window.Calendar = &slo.Calendar{Start: c.Start.In(zone), Unit: c.Unit, Count: c.Count}
	}
	if s := d.Slice; s != nil {
		o.Slice = slo.Slice{Length: time.Duration(s.Minutes) * time.Minute, Target: s.Target}
	}
	for _, c := range d.Components {
		o.Components = append(o.Components, slo.Component{Key: c.Key, Weight: slo.Ratio(c.Weight)})
	}
	if err := checkDefined(o); err != nil {
		return nil, fmt.Errorf("read a definition: %w: %w", ErrCorrupt, err)
	}
	return o, nil
}

// checkDefined reports why an objective cannot be evaluated.
func checkDefined(o *slo.Objective) error {
	sliced := o.Method == slo.Timeslices || o.Method == slo.RatioTimeslices
	switch c := o.Window.Calendar; {
	case sliced && o.Slice.Length < time.Minute:
		return fmt.Errorf("its slices have %s, at least a minute is needed", o.Slice.Length)
	case o.Window.Length < time.Minute:
		return fmt.Errorf("its window has %s, at least a minute is needed", o.Window.Length)
	case c != nil && (c.Count < 1 || c.Nominal() <= 0):
		return fmt.Errorf("the calendar has no periods of %d %q", c.Count, c.Unit)
	}
	return nil
}

// under returns o as it is under a definition that was read: its name, owner and the like stay those of o.
func under(o, defined *slo.Objective) *slo.Objective {
	was := *o
	was.Target, was.Method, was.Window, was.Slice = defined.Target, defined.Method, defined.Window, defined.Slice
	was.Indicator, was.Components = defined.Indicator, defined.Components
	return &was
}
