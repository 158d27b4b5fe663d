package ledger

import (
	"slices"

	"plimsoll/slo"
)

// HourDrops counts the samples that came too late to be counted, by the hour in which they came.
type HourDrops struct {
	Hour    int64 // since the Unix epoch
	Samples int64
}

// drops are those of one objective, by hour, ascending.
type drops struct {
	hours []HourDrops
	dirty []int64 // hours that changed since they were last checkpointed, each once
}

// add counts samples that came in an hour.
func (d *drops) add(hour, samples int64) {
	i, found := d.find(hour)
	if !found {
		d.hours = slices.Insert(d.hours, i, HourDrops{Hour: hour})
	}
	d.hours[i].Samples += samples
	if !slices.Contains(d.dirty, hour) {
		d.dirty = append(d.dirty, hour)
	}
}

// set takes over what was stored.
func (d *drops) set(stored []HourDrops) {
	for _, s := range stored {
		i, found := d.find(s.Hour)
		if !found {
			d.hours = slices.Insert(d.hours, i, s)
		}
		d.hours[i] = s
	}
}

func (d *drops) find(hour int64) (int, bool) {
	return slices.BinarySearchFunc(d.hours, hour, func(h HourDrops, hour int64) int { return int(h.Hour - hour) })
}

func (d *drops) clone() drops { return drops{hours: slices.Clone(d.hours)} }

// between returns how many samples came in the hours of the minutes (from, to].
func (d *drops) between(from, to slo.Minute) int64 {
	var n int64
	for _, h := range d.hours {
		if h.Hour >= hourOf(from+1) && h.Hour <= hourOf(to) {
			n += h.Samples
		}
	}
	return n
}

// take returns the hours that changed since it was last called.
func (d *drops) take() []HourDrops {
	var changed []HourDrops
	for _, hour := range d.dirty {
		if i, found := d.find(hour); found {
			changed = append(changed, d.hours[i])
		}
	}
	d.dirty = nil
	return changed
}

// putBack undoes take.
func (d *drops) putBack(taken []HourDrops) {
	for _, h := range taken {
		if !slices.Contains(d.dirty, h.Hour) {
			d.dirty = append(d.dirty, h.Hour)
		}
	}
}

// expire forgets the hours before an hour.
func (d *drops) expire(before int64) {
	i, _ := d.find(before)
	d.hours = slices.Delete(d.hours, 0, i)
}
