package ledger

import (
	"math/bits"

	"plimsoll/slo"
)

// block is a closed hour. Its counts lie bit-packed in the words of its [events].
//
// With S(i) the events of its first i minutes, and S(60) known from the blocks around it, it stores for i = 1…59
//
//	S(i) − S(60)·i/60
//
// as a pair of fields in two's complement: totalWidth bits for all events, and after them badWidth bits for the bad ones,
// which are few and therefore narrow. A width of 0 stores nothing: the events came in a straight line, or not at all.
type block struct {
	before     slo.Counts // events before the hour
	observed   uint64     // bit i: minute i was observed
	seen       uint32     // observed minutes before the hour
	offset     uint32     // of its first word
	totalWidth uint8
	badWidth   uint8
	dirty      bool // changed since it was last checkpointed
}

// fields is how many pairs a block stores.
const fields = hourMinutes - 1

// size returns the number of words that the block takes.
func (b *block) size() int { return packedSize(b.totalWidth, b.badWidth) }

func packedSize(totalWidth, badWidth uint8) int {
	return (fields*(int(totalWidth)+int(badWidth)) + 63) / 64
}

// line is where S(i) would be if sum came evenly over the hour. It may overflow: it only has to be the same when packing and
// unpacking.
func line(sum int64, i int) int64 { return sum * int64(i) / hourMinutes }

// upTo returns the events of the first i minutes of the hour, 0 < i < 60, from its words and the events of the whole hour.
func (b *block) upTo(words []uint64, sum slo.Counts, i int) slo.Counts {
	tw, bw := uint(b.totalWidth), uint(b.badWidth)
	pos := uint(b.offset)*64 + uint(i-1)*(tw+bw)
	total := line(sum.Total, i) + getField(words, pos, tw)
	bad := line(sum.Bad(), i) + getField(words, pos+tw, bw)
	return slo.Counts{Good: total - bad, Total: total}
}

// getField reads the signed field of width bits at bit position pos.
func getField(words []uint64, pos, width uint) int64 {
	if width == 0 {
		return 0
	}
	w, shift := pos/64, pos%64
	v := words[w] >> shift
	if shift+width > 64 {
		v |= words[w+1] << (64 - shift)
	}
	return int64(v<<(64-width)) >> (64 - width)
}

// pack appends the words of d to words and returns the block without what lies before it.
func pack(words []uint64, d *denseHour) (block, []uint64) {
	var total, bad [fields]int64
	sum := d.all()
	var totalBits, badBits uint64
	for i := range fields {
		s := d.upTo(i + 1)
		total[i] = s.Total - line(sum.Total, i+1)
		bad[i] = s.Bad() - line(sum.Bad(), i+1)
		totalBits |= uint64(total[i] ^ total[i]>>63)
		badBits |= uint64(bad[i] ^ bad[i]>>63)
	}
	b := block{
		observed:   d.observed,
		offset:     uint32(len(words)),
		totalWidth: width(total[:], totalBits),
		badWidth:   width(bad[:], badBits),
	}
	for range b.size() {
		words = append(words, 0)
	}
	tw, bw := uint(b.totalWidth), uint(b.badWidth)
	for i := range fields {
		pos := uint(b.offset)*64 + uint(i)*(tw+bw)
		putField(words, pos, tw, total[i])
		putField(words, pos+tw, bw, bad[i])
	}
	return b, words
}

// width returns how many bits the values need, sign included, given the union of their magnitudes' bits.
func width(values []int64, magnitude uint64) uint8 {
	if magnitude == 0 {
		for _, v := range values {
			if v != 0 {
				return 1
			}
		}
		return 0
	}
	return uint8(bits.Len64(magnitude) + 1)
}

// putField writes the lowest bits of value into bits that are still 0.
func putField(words []uint64, pos, width uint, value int64) {
	if width == 0 {
		return
	}
	v := uint64(value) << (64 - width) >> (64 - width)
	w, shift := pos/64, pos%64
	words[w] |= v << shift
	if shift+width > 64 {
		words[w+1] |= v >> (64 - shift)
	}
}
