package ledger_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"plimsoll/slo"
	"plimsoll/slo/ledger"
)

// exported returns a ledger as an archive.
func exported(t interface{ Fatal(...any) }, l *ledger.Ledger) []byte {
	var archive bytes.Buffer
	if err := l.Export(&archive); err != nil {
		t.Fatal(err)
	}
	return archive.Bytes()
}

func TestExportedIsImported(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		m := newMachine(t)
		for range rapid.IntRange(0, 20).Draw(t, "commits") {
			m.Commit(t)
		}
		m.Correct(t)
		now := func() time.Time { return time.UnixMilli(m.now) }
		archive := exported(t, m.l)
		other, store := ledger.New(ledger.Config{Now: now}), newMemory()
		n, err := other.Import(bytes.NewReader(archive))
		if err != nil {
			t.Fatal(err)
		}
		if n.Objectives != len(keys) || n.Corrections != len(m.corrections) {
			t.Fatalf("imported %+v", n)
		}
		var saved *ledger.Checkpoint
		checkpoints := &ledger.Checkpointer{Ledger: other, Store: saver(func(c *ledger.Checkpoint) error { saved = c; return store.Save(t.Context(), c) })}
		if err := checkpoints.Save(t.Context()); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(m.corrections, saved.Imports[0].Corrections); len(m.corrections) > 0 && diff != "" {
			t.Fatalf("corrections (-exported +stored)\n%s", diff)
		}
		restarted := ledger.New(ledger.Config{Now: now})
		if err := store.load(restarted); err != nil {
			t.Fatal(err)
		}
		m.setObjectives(keys)
		for name, l := range map[string]*ledger.Ledger{"imported": other, "imported and restarted": restarted} {
			l.SetObjectives(objectives(keys))
			l.SetCorrections(m.corrections)
			if diff := cmp.Diff(m.l.Statuses(now()), l.Statuses(now())); diff != "" {
				t.Fatalf("%s (-exported +%s)\n%s", name, name, diff)
			}
			for _, key := range keys {
				m.compare(t, reader(t, l, key), m.judged(key))
				if diff := cmp.Diff(m.l.Versions(key), l.Versions(key)); diff != "" {
					t.Fatalf("versions, %s (-exported +%s)\n%s", name, name, diff)
				}
			}
		}
		if again := exported(t, m.l); !bytes.Equal(contentsOf(again), contentsOf(exported(t, restarted))) {
			t.Fatal("what was imported is exported otherwise")
		}
	})
}

// contentsOf returns an archive without its instant and checksum.
func contentsOf(archive []byte) []byte { return archive[len("PLSMLDGR")+1+6 : len(archive)-4] }

func TestImportRefuses(t *testing.T) {
	t.Parallel()
	l := maintenance(t)
	l.SetCorrections([]slo.Correction{correction(slo.Exclude)})
	archive := exported(t, l)
	for _, c := range []struct {
		name  string
		into  *ledger.Ledger
		bytes []byte
		want  error
		says  string
	}{
		{"what is there", l, archive, ledger.ErrNotEmpty, "video/availability"},
		{"nothing", newLedger(ledger.Config{}), nil, ledger.ErrArchive, "ends in the middle"},
		{"something else", newLedger(ledger.Config{}), []byte("PK\x03\x04 is not this"), ledger.ErrArchive, "begins with"},
		{"a later version", newLedger(ledger.Config{}), slices.Replace(slices.Clone(archive), 8, 9, 2), ledger.ErrArchive, "version is 2"},
		{"a half", newLedger(ledger.Config{}), archive[:len(archive)/2], ledger.ErrArchive, "ends in the middle"},
		{"no checksum", newLedger(ledger.Config{}), archive[:len(archive)-4], ledger.ErrArchive, "ends in the middle"},
		{"a wrong checksum", newLedger(ledger.Config{}), append(archive[:len(archive)-1:len(archive)-1], 0), ledger.ErrArchive, "checksum"},
		{"two archives", newLedger(ledger.Config{}), slices.Concat(archive, archive), ledger.ErrArchive, "goes on"},
	} {
		before := c.into.Version()
		_, err := c.into.Import(bytes.NewReader(c.bytes))
		if !errors.Is(err, c.want) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v, want %v that says %q", c.name, err, c.want, c.says)
		}
		if c.into.Version() != before {
			t.Errorf("%s: a part was taken in", c.name)
		}
	}
	corrected := newLedger(ledger.Config{})
	corrected.SetCorrections([]slo.Correction{correction(slo.Exclude)})
	empty := ledger.New(ledger.Config{})
	empty.SetCorrections([]slo.Correction{correction(slo.Exclude)})
	if _, err := corrected.Import(bytes.NewReader(exported(t, empty))); !errors.Is(err, ledger.ErrNotEmpty) {
		t.Errorf("a correction that is there already: %v", err)
	}
}

// sealed puts the end of an archive and a valid checksum behind body.
func sealed(body []byte) []byte {
	body = append(body[:len(body):len(body)], 0)
	return binary.LittleEndian.AppendUint32(body, crc32.Checksum(body, crc32.MakeTable(crc32.Castagnoli)))
}

// FuzzImport: whatever is imported, its export is imported again and exported the same.
func FuzzImport(f *testing.F) {
	l := ledger.New(ledger.Config{Now: func() time.Time { return base }})
	body := func() []byte { archive := exported(f, l); return archive[:len(archive)-5] }
	f.Add(body())
	l.SetObjectives(objectives(keys))
	l.Commit(increment(base.Add(-3*time.Hour), base, 900, 1000))
	l.Commit(&ledger.Batch{Drops: []ledger.Drop{{Samples: 3}}, Observations: []ledger.Observation{{At: base.UnixMilli()}}})
	l.SetCorrections([]slo.Correction{correction(slo.CountGood)})
	f.Add(body())
	f.Fuzz(func(t *testing.T, body []byte) {
		first := ledger.New(ledger.Config{Now: func() time.Time { return base }})
		if _, err := first.Import(bytes.NewReader(sealed(body))); err != nil {
			return
		}
		once := exported(t, first)
		second := ledger.New(ledger.Config{Now: func() time.Time { return base }})
		if _, err := second.Import(bytes.NewReader(once)); err != nil {
			t.Fatalf("its export is refused: %v", err)
		}
		if twice := exported(t, second); !bytes.Equal(once, twice) {
			t.Fatalf("exported\n%x, then\n%x", once, twice)
		}
	})
}
