// Package fmp4 reads the facts of a fragmented MP4 file with one track, such as FFmpeg writes for CMAF: where its
// initialization segment and its fragments lie, when they begin and how long they last. Media manifests are written
// from these facts. It reads no media data and writes nothing.
//
//	ftyp moov │ moof mdat │ moof mdat │ …
//	   Init     Fragment    Fragment
package fmp4

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// ErrFormat is returned for a file that is not a fragmented MP4 with one track.
var ErrFormat = errors.New("not a fragmented MP4 file with one track")

// Span is a range of bytes of the file.
type Span struct{ Offset, Size int64 }

// Fragment is a movie fragment with its media data.
type Fragment struct {
	Span
	Time     uint64 // decode time of the first sample, in units of the timescale
	Duration uint64 // of all samples, in units of the timescale; never 0
	Keyframe bool   // whether the first sample is a sync sample
}

// File holds the facts of a file.
type File struct {
	Timescale uint32 // units a second; never 0
	Codec     string // RFC 6381, such as "avc1.64001f" or "mp4a.40.2"
	Width     int    // of video, in pixels
	Height    int
	Init      Span // the initialization segment
	Fragments []Fragment
}

// Duration returns the time from the first fragment's beginning to the last one's end, in units of the timescale.
func (f *File) Duration() uint64 {
	if len(f.Fragments) == 0 {
		return 0
	}
	last := f.Fragments[len(f.Fragments)-1]
	return last.Time + last.Duration - f.Fragments[0].Time
}

// maxHeader bounds the boxes that are read into memory. A fragment's takes a few bytes a frame.
const maxHeader = 16 << 20

// Read reads the facts of a file of size bytes.
func Read(r io.ReaderAt, size int64) (*File, error) {
	var f File
	var t track
	var pending *Fragment // whose moof was read, and its mdat was not yet
	start := int64(-1)    // of what leads up to the next moof
	for at := int64(0); at < size; {
		kind, header, length, err := boxAt(r, at, size)
		if err != nil {
			return nil, err
		}
		if start < 0 {
			start = at
		}
		switch kind {
		case "moov", "moof":
			body, err := bodyAt(r, at+header, length-header)
			if err != nil {
				return nil, err
			}
			if kind == "moov" {
				if t, err = readMovie(body, &f); err != nil {
					return nil, err
				}
				f.Init = Span{0, at + length}
				start = -1
				break
			}
			if f.Init.Size == 0 || pending != nil {
				return nil, fmt.Errorf("%w: unexpected moof at byte %d", ErrFormat, at)
			}
			fragment, err := readFragment(body, t)
			if err != nil {
				return nil, err
			}
			pending = &fragment
		case "mdat":
			if pending == nil {
				return nil, fmt.Errorf("%w: mdat without moof at byte %d", ErrFormat, at)
			}
			pending.Span = Span{start, at + length - start}
			f.Fragments = append(f.Fragments, *pending)
			pending, start = nil, -1
		}
		at += length
	}
	if f.Init.Size == 0 || pending != nil {
		return nil, fmt.Errorf("%w: it ends too early", ErrFormat)
	}
	return &f, nil
}

// boxAt returns the kind of the box at an offset and the lengths of its header and of the whole.
func boxAt(r io.ReaderAt, at, size int64) (kind string, header, length int64, err error) {
	var b [16]byte
	n := min(int64(len(b)), size-at)
	if _, err := r.ReadAt(b[:n], at); err != nil && !errors.Is(err, io.EOF) {
		return "", 0, 0, fmt.Errorf("read box at byte %d: %w", at, err)
	}
	if n < 8 {
		return "", 0, 0, fmt.Errorf("%w: %d bytes are left at byte %d", ErrFormat, n, at)
	}
	header, length = 8, int64(binary.BigEndian.Uint32(b[:4]))
	if length == 1 && n == 16 {
		large := binary.BigEndian.Uint64(b[8:])
		header, length = 16, int64(min(large, 1<<62))
	}
	if length < header || length > size-at {
		return "", 0, 0, fmt.Errorf("%w: box of %d bytes at byte %d", ErrFormat, length, at)
	}
	return string(b[4:8]), header, length, nil
}

func bodyAt(r io.ReaderAt, at, length int64) ([]byte, error) {
	if length > maxHeader {
		return nil, fmt.Errorf("%w: header of %d bytes at byte %d", ErrFormat, length, at)
	}
	b := make([]byte, length)
	if _, err := r.ReadAt(b, at); err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("read header at byte %d: %w", at, err)
	}
	return b, nil
}
