package ledger

import (
	"errors"
	"hash/crc32"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"plimsoll/slo"
)

// encode returns the stored form of an hour.
func encode(d *denseHour) []byte {
	b, words := pack(nil, d)
	return appendStored(nil, &b, d.all(), words)
}

// decode returns the dense form of stored bytes.
func decode(t interface{ Fatal(...any) }, data []byte) denseHour {
	b, sum, words, err := readStored(data, nil)
	if err != nil {
		t.Fatal(err)
	}
	e := events{started: true, blocks: []block{b}, words: words, end: reading{sum, seen(b.observed, hourMinutes)}}
	var d denseHour
	e.unpack(0, &d)
	return d
}

func drawHour(t *rapid.T) *denseHour {
	var d denseHour
	d.observed = rapid.Uint64Range(0, allMinutes).Draw(t, "observed")
	size := rapid.SampledFrom([]int64{0, 1, 3, 1000, 1 << 40, MaxMinute}).Draw(t, "size")
	counts := rapid.Int64Range(-size, size)
	for range rapid.IntRange(0, 80).Draw(t, "events") {
		i, c := rapid.IntRange(0, hourMinutes-1).Draw(t, "minute"), slo.Counts{Good: counts.Draw(t, "good"), Total: counts.Draw(t, "total")}
		if plausibleMinute(d.minute(i).Add(c)) {
			d.add(i, c)
		}
	}
	return &d
}

// TestStoredHour covers as much as an hour can hold: whatever is added comes back.
func TestStoredHour(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		d := drawHour(t)
		got := decode(t, encode(d))
		if got.observed != d.observed {
			t.Fatalf("observed %x, want %x", got.observed, d.observed)
		}
		for i := range hourMinutes {
			if diff := cmp.Diff(d.minute(i), got.minute(i)); diff != "" {
				t.Fatalf("minute %d: (-want +got)\n%s", i, diff)
			}
		}
	})
}

func TestSteadyHourTakesNoWords(t *testing.T) {
	t.Parallel()
	var d denseHour
	for i := range hourMinutes {
		d.add(i, slo.Counts{Good: 100, Total: 100})
	}
	if got, want := len(encode(&d)), formatHeader+formatTrailer; got != want {
		t.Errorf("a steady hour takes %d bytes, want %d", got, want)
	}
}

// sealed puts a valid checksum at the end of body.
func sealed(body []byte) []byte {
	sum := crc32.Checksum(body, castagnoli())
	return append(body[:len(body):len(body)], byte(sum), byte(sum>>8), byte(sum>>16), byte(sum>>24))
}

func TestCorruptBlockIsRefused(t *testing.T) {
	t.Parallel()
	var d denseHour
	d.add(7, slo.Counts{Good: 99, Total: 100})
	good := encode(&d)
	with := func(change func(body []byte) []byte) []byte {
		body := append([]byte(nil), good[:len(good)-formatTrailer]...)
		return sealed(change(body))
	}
	for _, c := range []struct {
		name string
		data []byte
		want string
	}{
		{"empty", nil, "it is empty"},
		{"a later version", with(func(b []byte) []byte { b[0] = 2; return b }), "version is 2, known is 1"},
		{"cut within the header", good[:20], "it has 20 bytes, at least 31 are needed"},
		{"cut within the words", good[:len(good)-1], "checksum is"},
		{"a flipped bit", append([]byte{good[0], good[1] ^ 1}, good[2:]...), "checksum is"},
		{"a minute 60", with(func(b []byte) []byte { b[8] = 0x10; return b }), "observed minutes 0x1000000000000000 go beyond the hour"},
		{"a width of 65", with(func(b []byte) []byte { b[25] = 65; return b }), "widths 65 and"},
		{"a word too few", with(func(b []byte) []byte { return b[:len(b)-8] }), "bytes, it has"},
		{"a word too many", with(func(b []byte) []byte { return append(b, make([]byte, 8)...) }), "bytes, it has"},
	} {
		_, _, _, err := readStored(c.data, nil)
		if !errors.Is(err, ErrCorrupt) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want an error with %q", c.name, err, c.want)
		}
	}
}

func TestRestoreNamesTheCorruptHour(t *testing.T) {
	t.Parallel()
	var d denseHour
	good := encode(&d)
	for _, c := range []struct {
		name   string
		blocks []Block
		want   string
	}{
		{"bytes", []Block{{Hour: 490_000, Data: good}, {Hour: 490_001, Data: good[:9]}}, "restore video/availability: hour 490001: the stored form is corrupt"},
		{"order", []Block{{Hour: 490_001, Data: good}, {Hour: 490_001, Data: good}}, "hour 490001: the stored form is corrupt: it is not later"},
	} {
		l := New(Config{})
		err := l.RestoreObjective(ObjectiveState{Key: "video/availability", Blocks: c.blocks})
		if !errors.Is(err, ErrCorrupt) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want an error with %q", c.name, err, c.want)
		}
	}
}

func FuzzReadStored(f *testing.F) {
	var busy, large denseHour
	for i := range hourMinutes {
		busy.add(i, slo.Counts{Good: int64(i * i), Total: int64(i*i + i%2)})
		large.add(i, slo.Counts{Good: math.MinInt64 + int64(i), Total: int64(i) << 50})
	}
	busy.observed = allMinutes
	for _, d := range []*denseHour{{}, &busy, &large} {
		data := encode(d)
		f.Add(data[:len(data)-formatTrailer])
	}
	f.Add([]byte{})
	f.Add([]byte{2})
	f.Fuzz(func(t *testing.T, body []byte) {
		if _, _, _, err := readStored(body, nil); err != nil && !errors.Is(err, ErrCorrupt) {
			t.Fatalf("an error without ErrCorrupt: %v", err)
		}
		data := sealed(body) // without it, hardly any input would get past the checksum
		if _, _, _, err := readStored(data, nil); err != nil {
			return
		}
		d := decode(t, data)
		again := decode(t, encode(&d))
		if d.observed != again.observed || d.sums != again.sums {
			t.Fatalf("%x reads differently when it is written again", data)
		}
	})
}
