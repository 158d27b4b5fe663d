package oracle_test

import (
	"context"
	"maps"
	"slices"

	"plimsoll/slo"
	"plimsoll/slo/ledger"
)

// disk is a store of checkpoints in memory.
type disk struct {
	states  map[slo.Key]ledger.ObjectiveState // without blocks
	blocks  map[slo.Key]map[int64][]byte
	cursors map[ledger.CursorID]ledger.Cursor
	last    *ledger.Checkpoint
	fault   func(*ledger.Checkpoint) // that is planted
}

func newDisk() *disk {
	return &disk{states: map[slo.Key]ledger.ObjectiveState{}, blocks: map[slo.Key]map[int64][]byte{}, cursors: map[ledger.CursorID]ledger.Cursor{}}
}

// Save implements the ledger's store.
func (d *disk) Save(_ context.Context, c *ledger.Checkpoint) error {
	if d.fault != nil {
		d.fault(c)
	}
	d.last = c
	for _, o := range c.Objectives {
		if d.blocks[o.Key] == nil {
			d.blocks[o.Key] = map[int64][]byte{}
		}
		for _, b := range o.Blocks {
			d.blocks[o.Key][b.Hour] = slices.Clone(b.Data)
		}
		was := d.states[o.Key]
		if o.Versions == nil {
			o.Versions = was.Versions
		}
		drops := map[int64]int64{}
		for _, hd := range append(slices.Clone(was.Drops), o.Drops...) {
			drops[hd.Hour] = hd.Samples
		}
		o.Blocks, o.Drops = nil, nil
		for _, h := range slices.Sorted(maps.Keys(drops)) {
			o.Drops = append(o.Drops, ledger.HourDrops{Hour: h, Samples: drops[h]})
		}
		d.states[o.Key] = o
	}
	for _, id := range c.Forgotten {
		delete(d.cursors, id)
	}
	for _, cur := range c.Cursors {
		d.cursors[cur.ID] = cur.Cursor
	}
	return nil
}

func (d *disk) load(l *ledger.Ledger) error {
	for _, key := range slices.Sorted(maps.Keys(d.states)) {
		o := d.states[key]
		for _, h := range slices.Sorted(maps.Keys(d.blocks[key])) {
			o.Blocks = append(o.Blocks, ledger.Block{Hour: h, Data: d.blocks[key][h]})
		}
		if err := l.RestoreObjective(o); err != nil {
			return err
		}
	}
	for _, id := range slices.Sorted(maps.Keys(d.cursors)) {
		if err := l.RestoreCursor(ledger.CursorState{ID: id, Cursor: d.cursors[id]}); err != nil {
			return err
		}
	}
	return nil
}
