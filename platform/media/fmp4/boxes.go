package fmp4

import (
	"encoding/binary"
	"fmt"
	"math"
)

// Box layouts are those of ISO/IEC 14496-12: 8.4.2 (mdhd), 8.5.2 (stsd), 8.8.3 (trex), 8.8.7 (tfhd), 8.8.8 (trun),
// 8.8.12 (tfdt); of ISO/IEC 14496-15, 5.3.3.1 for avcC.

// track holds what a fragment's samples are like unless it says otherwise.
type track struct {
	duration uint32
	flags    uint32
}

// notSync marks a sample that is not a sync sample, in its flags.
const notSync = 0x10000

// children calls each for the boxes in b, in order, until it returns an error.
func children(b []byte, each func(kind string, body []byte) error) error {
	for len(b) > 0 {
		if len(b) < 8 {
			return fmt.Errorf("%w: %d bytes after a box", ErrFormat, len(b))
		}
		length := binary.BigEndian.Uint32(b)
		if length < 8 || uint64(length) > uint64(len(b)) {
			return fmt.Errorf("%w: box of %d bytes in %d", ErrFormat, length, len(b))
		}
		if err := each(string(b[4:8]), b[8:length]); err != nil {
			return err
		}
		b = b[length:]
	}
	return nil
}

// fields reads the numbers of a box one after the other; after the end, it reads zeros and is short.
type fields struct {
	b     []byte
	short bool
}

func (f *fields) skip(n int) {
	if n > len(f.b) {
		f.b, f.short = nil, true
		return
	}
	f.b = f.b[n:]
}

func (f *fields) uint32() uint32 {
	if len(f.b) < 4 {
		f.skip(4)
		return 0
	}
	v := binary.BigEndian.Uint32(f.b)
	f.b = f.b[4:]
	return v
}

func (f *fields) uint64() uint64 { return uint64(f.uint32())<<32 | uint64(f.uint32()) }

// versioned reads the head of a full box.
func (f *fields) versioned() (version byte, flags uint32) {
	v := f.uint32()
	return byte(v >> 24), v & 0xffffff
}

func (f *fields) err(kind string) error {
	if f.short {
		return fmt.Errorf("%w: %s is too short", ErrFormat, kind)
	}
	return nil
}

// readMovie reads the facts of the one track in a moov.
func readMovie(moov []byte, f *File) (t track, err error) {
	tracks := 0
	var each func(kind string, body []byte) error
	each = func(kind string, body []byte) error {
		r := fields{b: body}
		switch kind {
		case "trak":
			tracks++
			return children(body, each)
		case "mdia", "minf", "stbl", "mvex":
			return children(body, each)
		case "mdhd":
			version, _ := r.versioned()
			r.skip(8)
			if version == 1 {
				r.skip(8)
			}
			f.Timescale = r.uint32()
		case "trex":
			r.skip(12)
			t.duration = r.uint32()
			r.skip(4)
			t.flags = r.uint32()
		case "stsd":
			r.skip(8)
			return children(r.b, f.readSampleEntry)
		}
		return r.err(kind)
	}
	if err := children(moov, each); err != nil {
		return t, err
	}
	if tracks != 1 || f.Timescale == 0 || f.Codec == "" {
		return t, fmt.Errorf("%w: %d tracks, timescale %d, codec %q", ErrFormat, tracks, f.Timescale, f.Codec)
	}
	return t, nil
}

// visualEntry is the length of the fixed part of a video sample entry.
const visualEntry = 78

func (f *File) readSampleEntry(kind string, body []byte) error {
	switch kind {
	case "mp4a":
		f.Codec = "mp4a.40.2" // the encoder makes AAC-LC only
		return nil
	case "avc1":
	default:
		return fmt.Errorf("%w: sample entry %q", ErrFormat, kind)
	}
	if len(body) < visualEntry {
		return fmt.Errorf("%w: avc1 is too short", ErrFormat)
	}
	f.Width = int(binary.BigEndian.Uint16(body[24:]))
	f.Height = int(binary.BigEndian.Uint16(body[26:]))
	return children(body[visualEntry:], func(kind string, body []byte) error {
		if kind == "avcC" && len(body) >= 4 {
			f.Codec = fmt.Sprintf("avc1.%02x%02x%02x", body[1], body[2], body[3])
		}
		return nil
	})
}

// readFragment reads time, duration and kind of the first sample from a moof.
func readFragment(moof []byte, t track) (Fragment, error) {
	var out Fragment
	runs := 0
	err := children(moof, func(kind string, traf []byte) error {
		if kind != "traf" {
			return nil
		}
		return children(traf, func(kind string, body []byte) error {
			r := fields{b: body}
			switch kind {
			case "tfhd":
				t.override(&r)
			case "tfdt":
				if version, _ := r.versioned(); version == 1 {
					out.Time = r.uint64()
				} else {
					out.Time = uint64(r.uint32())
				}
			case "trun":
				duration, first := readRun(&r, t)
				if runs++; runs == 1 {
					out.Keyframe = first&notSync == 0
				}
				out.Duration += duration
			}
			return r.err(kind)
		})
	})
	if err == nil && (runs == 0 || out.Duration == 0 || out.Time > math.MaxInt64 || out.Duration > math.MaxInt64) {
		err = fmt.Errorf("%w: a fragment of duration %d at %d", ErrFormat, out.Duration, out.Time)
	}
	return out, err
}

// override takes the defaults that a tfhd sets for its fragment.
func (t *track) override(r *fields) {
	_, flags := r.versioned()
	r.skip(4) // track
	if flags&0x1 != 0 {
		r.skip(8) // base data offset
	}
	if flags&0x2 != 0 {
		r.skip(4) // sample description
	}
	if flags&0x8 != 0 {
		t.duration = r.uint32()
	}
	if flags&0x10 != 0 {
		r.skip(4) // size
	}
	if flags&0x20 != 0 {
		t.flags = r.uint32()
	}
}

// readRun returns the duration of a trun's samples and the flags of the first one.
func readRun(r *fields, t track) (duration uint64, first uint32) {
	_, flags := r.versioned()
	count := r.uint32()
	first = t.flags
	if flags&0x1 != 0 {
		r.skip(4) // data offset
	}
	firstFlags := flags&0x4 != 0
	if firstFlags {
		first = r.uint32()
	}
	if flags&0xf00 == 0 { // nothing is said of single samples
		return uint64(count) * uint64(t.duration), first
	}
	for n := uint32(0); n < count && !r.short; n++ {
		length := t.duration
		if flags&0x100 != 0 {
			length = r.uint32()
		}
		duration += uint64(length)
		if flags&0x200 != 0 {
			r.skip(4) // size
		}
		if flags&0x400 != 0 {
			if own := r.uint32(); n == 0 && !firstFlags {
				first = own
			}
		}
		if flags&0x800 != 0 {
			r.skip(4) // composition offset
		}
	}
	return duration, first
}
