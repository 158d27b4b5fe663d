package ledger_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"plimsoll/slo"
	"plimsoll/slo/ledger"
)

// record is an objective as an archive has it.
type record struct {
	key    string
	drops  []int64 // hours
	blocks []ledger.Block
}

// hour returns the stored form of an hour of events.
func hour(t testing.TB, at time.Time) []byte {
	l := ledger.New(ledger.Config{Now: func() time.Time { return at }})
	l.SetObjectives(objectives(keys))
	l.Commit(increment(at.Add(-time.Minute), at, 9, 10))
	var data []byte
	save := saver(func(c *ledger.Checkpoint) error { data = c.Objectives[0].Blocks[0].Data; return nil })
	if err := (&ledger.Checkpointer{Ledger: l, Store: save}).Save(t.Context()); err != nil {
		t.Fatal(err)
	}
	return data
}

// archived writes a whole archive of some records.
func archived(records ...record) []byte {
	text := func(b []byte, s string) []byte { return append(binary.AppendUvarint(b, uint64(len(s))), s...) }
	b := binary.AppendVarint(append([]byte("PLSMLDGR"), 1), base.UnixMilli())
	for _, r := range records {
		b = text(append(b, 1), r.key)
		b = append(b, 0, 0, 0) // revision, last sample, versions
		b = binary.AppendUvarint(b, uint64(len(r.drops)))
		for _, h := range r.drops {
			b = append(binary.AppendUvarint(b, uint64(h)), 1)
		}
		b = binary.AppendUvarint(b, uint64(len(r.blocks)))
		for _, block := range r.blocks {
			b = text(binary.AppendUvarint(b, uint64(block.Hour)), string(block.Data))
		}
	}
	return sealed(b)
}

// What is whole as a file but makes no ledger is refused, and nothing of it is taken in.
func TestImportRefusesWhatMakesNoLedger(t *testing.T) {
	t.Parallel()
	h := base.Unix() / 3600
	data := hour(t, base)
	blocks := func(hours ...int64) (all []ledger.Block) {
		for _, h := range hours {
			all = append(all, ledger.Block{Hour: h, Data: data})
		}
		return all
	}
	fine := record{key: "a/b", drops: []int64{h}, blocks: blocks(h-1, h)}
	huge := binary.AppendVarint(append([]byte("PLSMLDGR"), 1), 0)
	for _, c := range []struct {
		name    string
		archive []byte
		says    string
	}{
		{"hours backwards", archived(fine, record{key: "c/d", blocks: blocks(h, h-1)}), "does not come after"},
		{"an hour twice", archived(fine, record{key: "c/d", blocks: blocks(h, h)}), "does not come after"},
		{"an hour twice, far from the other", archived(record{key: "a/b", blocks: blocks(1, 1, h)}), "does not come after"},
		{"an hour of next year", archived(fine, record{key: "c/d", blocks: blocks(h + 365*24)}), "is in the future"},
		{"drops backwards", archived(record{key: "a/b", drops: []int64{h, h - 1}}), "does not come after"},
		{"objectives backwards", archived(record{key: "c/d", blocks: blocks(h)}, fine), "does not come after"},
		{"an objective twice", archived(fine, fine), "does not come after"},
		{"no key", archived(record{blocks: blocks(h)}), "does not come after"},
		{"a key that no store has room for", archived(fine, record{key: "b/" + strings.Repeat("x", 3000), blocks: blocks(h)}), "that is no key"},
		{"a key that is no text", archived(fine, record{key: "b/\xff", blocks: blocks(h)}), "that is no key"},
		{"an hour that is none", archived(fine, record{key: "c/d", blocks: []ledger.Block{{Hour: h, Data: data[1:]}}}), "corrupt"},
		{"a huge number of versions", sealed(append(huge, 1, 1, 'a', 0, 0, 0xff, 0xff, 0xff, 0xff, 0x0f)), "a list of"},
		{"a huge text", sealed(append(huge, 1, 0xff, 0xff, 0xff, 0xff, 0x0f)), "a text of"},
		{"a record of no kind", sealed(append(huge, 7)), "a record of kind 7"},
	} {
		l := ledger.New(ledger.Config{Now: func() time.Time { return base }})
		before := l.Version()
		_, err := l.Import(bytes.NewReader(c.archive))
		if !errors.Is(err, ledger.ErrArchive) && !errors.Is(err, ledger.ErrCorrupt) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v, want that it %s", c.name, err, c.says)
		}
		if l.Version() != before {
			t.Errorf("%s: a part was taken in", c.name)
		}
	}
	l := ledger.New(ledger.Config{Now: func() time.Time { return base }})
	if _, err := l.Import(bytes.NewReader(archived(fine))); err != nil {
		t.Errorf("what is fine is refused: %v", err)
	}
}

// Whatever is committed while an archive is written, the archive is of one instant: both objectives of a batch have it, or neither.
func TestExportWhileCounting(t *testing.T) {
	t.Parallel()
	blank := func() *ledger.Ledger { return ledger.New(ledger.Config{Now: func() time.Time { return base }}) }
	l := blank()
	one := promise(990e6)
	two := *one
	two.Key = "video/latency"
	both := []*slo.Objective{one, &two}
	l.SetObjectives(both)
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		for i := int64(0); ; i++ {
			select {
			case <-stop:
				return
			default:
			}
			at := base.UnixMilli() - i%(30*24*60)*60_000
			l.Commit(&ledger.Batch{Increments: []ledger.Increment{{From: at, To: at, Good: 1, Total: 2}, {Objective: 1, From: at, To: at, Good: 1, Total: 2}}})
		}
	}()
	for range 20 {
		other := blank()
		if _, err := other.Import(bytes.NewReader(exported(t, l))); err != nil {
			t.Fatal(err)
		}
		other.SetObjectives(both)
		var counts []slo.Counts
		for _, s := range other.Statuses(base) {
			counts = append(counts, s.Window.Counts)
		}
		if diff := cmp.Diff(counts[0], counts[1]); diff != "" {
			t.Fatalf("one objective has what the other has not (-one +other)\n%s", diff)
		}
	}
	close(stop)
	<-stopped
}
