package ledger

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"

	"plimsoll/slo"
)

// The stored form of an hour, little-endian:
//
//	offset  bytes  what
//	0       1      version, 1
//	1       8      observed minutes: bit i is minute i of the hour, bits 60 to 63 are 0
//	9       8      all events of the hour, signed
//	17      8      bad events of the hour, signed
//	25      1      totalWidth, 0 to 64
//	26      1      badWidth, 0 to 64
//	27      8·n    the words of the block, n = ⌈59·(totalWidth + badWidth) / 64⌉; unused bits are 0
//	27+8·n  4      CRC-32C of everything before it
//
// How the words hold the events of each minute is told at [block].
const (
	formatVersion = 1
	formatHeader  = 27
	formatTrailer = 4
)

// ErrCorrupt is in every error that a stored block or definition is refused with.
var ErrCorrupt = errors.New("the stored form is corrupt")

// maxWidth is that of the widest field: what an hour holds, less as much again on the line, with a sign.
const maxWidth = 51

// beyondHour reports whether n events are more than the minutes of an hour can hold.
func beyondHour(n int64) bool { return n < -hourMinutes*MaxMinute || n > hourMinutes*MaxMinute }

func castagnoli() *crc32.Table { return crc32.MakeTable(crc32.Castagnoli) } // made once by the library

// appendStored appends the stored form of b, whose words are given, to dst.
func appendStored(dst []byte, b *block, sum slo.Counts, words []uint64) []byte {
	from := len(dst)
	dst = append(dst, formatVersion)
	dst = binary.LittleEndian.AppendUint64(dst, b.observed)
	dst = binary.LittleEndian.AppendUint64(dst, uint64(sum.Total))
	dst = binary.LittleEndian.AppendUint64(dst, uint64(sum.Bad()))
	dst = append(dst, b.totalWidth, b.badWidth)
	for _, w := range words {
		dst = binary.LittleEndian.AppendUint64(dst, w)
	}
	return binary.LittleEndian.AppendUint32(dst, crc32.Checksum(dst[from:], castagnoli()))
}

// readStored reads the stored form of an hour and appends its words to words. The block has no place yet: what lies before it is 0.
func readStored(data []byte, words []uint64) (block, slo.Counts, []uint64, error) {
	refuse := func(format string, args ...any) (block, slo.Counts, []uint64, error) {
		return block{}, slo.Counts{}, words, fmt.Errorf("%w: %s", ErrCorrupt, fmt.Sprintf(format, args...))
	}
	if len(data) == 0 {
		return refuse("it is empty")
	}
	if data[0] != formatVersion {
		return refuse("version is %d, known is %d", data[0], formatVersion)
	}
	if len(data) < formatHeader+formatTrailer {
		return refuse("it has %d bytes, at least %d are needed", len(data), formatHeader+formatTrailer)
	}
	body := data[:len(data)-formatTrailer]
	stored := binary.LittleEndian.Uint32(data[len(body):])
	if sum := crc32.Checksum(body, castagnoli()); sum != stored {
		return refuse("checksum is %08x, its bytes give %08x", stored, sum)
	}
	b := block{
		observed:   binary.LittleEndian.Uint64(body[1:]),
		offset:     uint32(len(words)),
		totalWidth: body[25],
		badWidth:   body[26],
	}
	total, bad := int64(binary.LittleEndian.Uint64(body[9:])), int64(binary.LittleEndian.Uint64(body[17:]))
	switch {
	case b.observed > allMinutes:
		return refuse("observed minutes %#x go beyond the hour", b.observed)
	case b.totalWidth > 64 || b.badWidth > 64:
		return refuse("widths %d and %d, at most 64 are possible", b.totalWidth, b.badWidth)
	case beyondHour(total) || beyondHour(bad) || beyondHour(total-bad) || b.totalWidth > maxWidth || b.badWidth > maxWidth:
		return refuse("%d events and %d bad ones in widths %d and %d are more than an hour can hold", total, bad, b.totalWidth, b.badWidth)
	case len(body) != formatHeader+8*b.size():
		return refuse("widths %d and %d need %d bytes, it has %d", b.totalWidth, b.badWidth, formatHeader+8*b.size()+formatTrailer, len(data))
	}
	for rest := body[formatHeader:]; len(rest) > 0; rest = rest[8:] {
		words = append(words, binary.LittleEndian.Uint64(rest))
	}
	return b, slo.Counts{Good: total - bad, Total: total}, words, nil
}
