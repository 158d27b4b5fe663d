package ledger

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"hash/crc32"
	"io"
	"time"

	"plimsoll/slo"
)

// ErrArchive is in every error that an archive is refused with.
var ErrArchive = errors.New("the file is not a whole archive of a ledger")

// archiveReader reads an archive. The first error stays; what is read after it is empty.
type archiveReader struct {
	r   *bufio.Reader
	sum hash.Hash32
	at  int64 // bytes that were read
	err error
}

// readArchive reads an archive and hands on what is in it as it comes. Whether it is whole is known only when it returns.
func readArchive(r io.Reader, objective func(ObjectiveState) error, correction func(slo.Correction) error) error {
	a := &archiveReader{r: bufio.NewReader(r), sum: crc32.New(castagnoli())}
	if magic := a.bytes(len(archiveMagic)); a.err == nil && string(magic) != archiveMagic {
		return fmt.Errorf("%w: it begins with %q, not with %q", ErrArchive, magic, archiveMagic)
	}
	if version := a.byte(); a.err == nil && version != archiveVersion {
		return fmt.Errorf("%w: version is %d, known is %d", ErrArchive, version, archiveVersion)
	}
	a.signed()
	var last slo.Key
	for a.err == nil {
		switch kind := a.byte(); {
		case a.err != nil:
		case kind == archiveEnd:
			return a.finish()
		case kind == archiveObjective:
			o := a.objective()
			if a.err == nil && o.Key <= last {
				a.refuse("objective %q does not come after %q", o.Key, last)
			}
			if last = o.Key; a.err == nil {
				a.err = objective(o)
			}
		case kind == archiveCorrection:
			var c archivedCorrection
			if err := json.Unmarshal(a.text(), &c); a.err == nil && err != nil {
				a.refuse("a correction: %v", err)
			}
			if a.err == nil {
				a.err = correction(slo.Correction(c))
			}
		default:
			a.refuse("a record of kind %d", kind)
		}
	}
	return a.err
}

// finish checks the end of the archive.
func (a *archiveReader) finish() error {
	want := a.sum.Sum32()
	trailer := a.bytes(4)
	if a.err != nil {
		return a.err
	}
	if got := binary.LittleEndian.Uint32(trailer); got != want {
		return fmt.Errorf("%w: its checksum is %08x, its bytes give %08x", ErrArchive, got, want)
	}
	if _, err := a.r.ReadByte(); err != io.EOF {
		return fmt.Errorf("%w: it goes on after its end, at byte %d", ErrArchive, a.at)
	}
	return nil
}

func (a *archiveReader) refuse(format string, args ...any) {
	if a.err == nil {
		a.err = fmt.Errorf("%w: at byte %d: %s", ErrArchive, a.at, fmt.Sprintf(format, args...))
	}
}

func (a *archiveReader) objective() ObjectiveState {
	o := ObjectiveState{Key: slo.Key(a.text()), Revision: uint64(a.number()), LastSample: a.signed()}
	for range a.list() {
		v := VersionState{Number: int(a.number()), From: time.UnixMilli(a.signed()).UTC(), Definition: string(a.text())}
		if o.Versions = append(o.Versions, v); a.err != nil {
			break
		}
	}
	for range a.list() {
		o.Drops = append(o.Drops, HourDrops{Hour: a.number(), Samples: a.number()})
		if n := len(o.Drops); n > 1 && o.Drops[n-1].Hour <= o.Drops[n-2].Hour {
			a.refuse("objective %q: hour %d does not come after %d", o.Key, o.Drops[n-1].Hour, o.Drops[n-2].Hour)
		}
		if a.err != nil {
			break
		}
	}
	for range a.list() {
		o.Blocks = append(o.Blocks, Block{Hour: a.number(), Data: a.text()})
		if n := len(o.Blocks); n > 1 && o.Blocks[n-1].Hour <= o.Blocks[n-2].Hour {
			a.refuse("objective %q: hour %d does not come after %d", o.Key, o.Blocks[n-1].Hour, o.Blocks[n-2].Hour)
		}
		if a.err != nil {
			break
		}
	}
	return o
}

// list reads how long a list is.
func (a *archiveReader) list() int {
	n := a.number()
	if n > maxArchiveList {
		a.refuse("a list of %d", n)
		return 0
	}
	return int(n)
}

func (a *archiveReader) text() []byte {
	n := a.number()
	if n > maxArchiveText {
		a.refuse("a text of %d bytes", n)
		return nil
	}
	return a.bytes(int(n))
}

func (a *archiveReader) number() int64 {
	n, err := binary.ReadUvarint(a)
	switch {
	case err != nil:
		a.damaged(err)
	case n > 1<<62:
		a.refuse("the number %d", n)
	default:
		return int64(n)
	}
	return 0
}

func (a *archiveReader) signed() int64 {
	n, err := binary.ReadVarint(a)
	if err != nil {
		a.damaged(err)
		return 0
	}
	return n
}

// ReadByte implements [io.ByteReader].
func (a *archiveReader) ReadByte() (byte, error) {
	if a.err != nil {
		return 0, a.err
	}
	b, err := a.r.ReadByte()
	if err == nil {
		a.at++
		_, _ = a.sum.Write([]byte{b}) // a hash does not fail
	}
	return b, err
}

func (a *archiveReader) byte() byte {
	b, err := a.ReadByte()
	if err != nil {
		a.damaged(err)
	}
	return b
}

func (a *archiveReader) bytes(n int) []byte {
	if a.err != nil {
		return nil
	}
	b := make([]byte, n)
	if _, err := io.ReadFull(a.r, b); err != nil {
		a.damaged(err)
		return nil
	}
	a.at += int64(n)
	_, _ = a.sum.Write(b) // a hash does not fail
	return b
}

// damaged keeps an error of reading: an end is one of the archive, anything else one of where it comes from.
func (a *archiveReader) damaged(err error) {
	switch {
	case a.err != nil:
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		a.refuse("it ends in the middle")
	default:
		a.err = fmt.Errorf("read archive: %w", err)
	}
}
