package ledger

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"errors"
	"hash"
	"hash/crc32"
	"io"
	"time"

	"plimsoll/slo"
)

// An archive is a ledger as a file. All numbers in it are varints, signed where they may be negative; bytes and texts stand behind their
// length:
//
//	archive     magic "PLSMLDGR", version byte 1, instant (signed, Unix milliseconds), records, byte 0, CRC-32C of everything before it (4 bytes, little-endian)
//	record      byte 1, objective  |  byte 2, text: a correction as JSON
//	objective   text: key, revision, last sample (signed, Unix milliseconds; 0 if there was none)
//	            n, n times a version: number, from (signed, Unix milliseconds), text: definition as JSON
//	            n, n times: hour since the Unix epoch, samples that came too late in it
//	            n, n times a block: hour since the Unix epoch, bytes: its stored form
//
// Objectives come by key, and the parts of an objective by number and hour, ascending.
const (
	archiveMagic      = "PLSMLDGR"
	archiveVersion    = 1
	archiveEnd        = 0
	archiveObjective  = 1
	archiveCorrection = 2
	// maxArchiveText is the longest text or bytes, and maxArchiveList the longest list: an archive that says more is damaged.
	maxArchiveText = 1 << 20
	maxArchiveList = 1 << 20
)

// archiveWriter writes an archive. The first error stays.
type archiveWriter struct {
	w   *bufio.Writer
	sum hash.Hash32
	buf []byte
	err error
}

func newArchiveWriter(w io.Writer, at time.Time) *archiveWriter {
	a := &archiveWriter{sum: crc32.New(castagnoli())}
	a.w = bufio.NewWriter(io.MultiWriter(w, a.sum))
	a.buf = append(a.buf, archiveMagic...)
	a.buf = append(a.buf, archiveVersion)
	a.buf = binary.AppendVarint(a.buf, at.UnixMilli())
	a.flush()
	return a
}

func (a *archiveWriter) flush() {
	if a.err == nil {
		_, a.err = a.w.Write(a.buf)
	}
	a.buf = a.buf[:0]
}

func (a *archiveWriter) text(s []byte) {
	a.buf = binary.AppendUvarint(a.buf, uint64(len(s)))
	a.buf = append(a.buf, s...)
}

func (a *archiveWriter) number(n int64) { a.buf = binary.AppendUvarint(a.buf, uint64(n)) }

func (a *archiveWriter) objective(o ObjectiveState) {
	a.buf = append(a.buf, archiveObjective)
	a.text([]byte(o.Key))
	a.number(int64(o.Revision))
	a.buf = binary.AppendVarint(a.buf, o.LastSample)
	a.number(int64(len(o.Versions)))
	for _, v := range o.Versions {
		a.number(int64(v.Number))
		a.buf = binary.AppendVarint(a.buf, v.From.UnixMilli())
		a.text([]byte(v.Definition))
	}
	a.number(int64(len(o.Drops)))
	for _, d := range o.Drops {
		a.number(d.Hour)
		a.number(d.Samples)
	}
	a.number(int64(len(o.Blocks)))
	for _, b := range o.Blocks {
		a.number(b.Hour)
		a.text(b.Data)
	}
	a.flush()
}

// archivedCorrection is a correction in an archive.
type archivedCorrection struct {
	ID        slo.CorrectionID `json:"id"`
	Objective slo.Key          `json:"objective,omitempty"`
	Service   string           `json:"service,omitempty"`
	From      time.Time        `json:"from"`
	To        time.Time        `json:"to"`
	Effect    slo.Effect       `json:"effect"`
	Reason    string           `json:"reason"`
	By        string           `json:"by"`
	At        time.Time        `json:"at"`
	Undone    time.Time        `json:"undone,omitzero"`
	UndoneBy  string           `json:"undoneBy,omitempty"`
}

func (a *archiveWriter) correction(c slo.Correction) {
	text, err := json.Marshal(archivedCorrection(c))
	if err != nil {
		a.err = errors.Join(a.err, err)
		return
	}
	a.buf = append(a.buf, archiveCorrection)
	a.text(text)
	a.flush()
}

func (a *archiveWriter) close() error {
	a.buf = append(a.buf, archiveEnd)
	if a.flush(); a.err == nil {
		a.err = a.w.Flush()
	}
	if a.err == nil {
		a.buf = binary.LittleEndian.AppendUint32(a.buf, a.sum.Sum32())
		_, a.err = a.w.Write(a.buf)
	}
	if a.err == nil {
		a.err = a.w.Flush()
	}
	return a.err
}
