package ingest

import (
	"encoding/base64"
	"fmt"
	"hash/crc32"
	"mime"
	"slices"
	"strings"

	"plimsoll/platform/catalog"
	"plimsoll/platform/objectstore"
)

// sums says, for each algorithm that a client may declare, how long its sum is and which checksum object storage
// keeps for it.
var sums = map[catalog.ChecksumAlgorithm]struct {
	bytes   int
	storage objectstore.Algorithm
}{
	catalog.CRC64NVME: {8, objectstore.CRC64NVME},
	catalog.CRC32C:    {4, objectstore.CRC32C},
	// S3 sums a whole multipart object by CRC only. The parts are protected by one, and the worker checks SHA-256.
	catalog.SHA256: {32, objectstore.CRC64NVME},
}

// storageChecksum returns the algorithm that object storage keeps for the upload, and the declared sum by it; empty if
// the client declared another.
func storageChecksum(c catalog.Checksum) (objectstore.Algorithm, string) {
	if c.Algorithm == catalog.SHA256 {
		return sums[c.Algorithm].storage, ""
	}
	return sums[c.Algorithm].storage, c.Value
}

func checkChecksum(c ChecksumOfFile) error {
	kind, ok := sums[c.Algorithm]
	if !ok {
		return &InvalidError{Field: "body.checksum.algorithm", Value: c.Algorithm,
			Message: fmt.Sprintf("checksum algorithm %q: expected crc64nvme, crc32c or sha256", c.Algorithm)}
	}
	sum, err := base64.StdEncoding.DecodeString(c.Value)
	if err != nil || len(sum) != kind.bytes {
		return &InvalidError{Field: "body.checksum.value", Value: c.Value,
			Message: fmt.Sprintf("checksum %q: expected the %d bytes of a %s sum in standard base64", c.Value, kind.bytes, c.Algorithm)}
	}
	return nil
}

// found computes the sum of the whole from the sums of its parts. It returns "" if object storage computed none for a
// part.
func found(algorithm objectstore.Algorithm, parts []objectstore.Part) string {
	var whole []byte
	for _, p := range parts {
		sum, err := base64.StdEncoding.DecodeString(p.Checksum)
		if err != nil || len(sum) == 0 || (whole != nil && len(sum) != len(whole)) {
			return ""
		}
		if whole == nil {
			whole = sum
			continue
		}
		whole = combine(algorithm, whole, sum, p.Size)
	}
	return base64.StdEncoding.EncodeToString(whole)
}

// polynomials of the CRCs, reflected.
var polynomials = map[objectstore.Algorithm]uint64{
	objectstore.CRC64NVME: 0x9a6c9329ac4bc9b5, // NVM Express NVM Command Set Specification 1.0, section 5.2.1.3.4
	objectstore.CRC32C:    crc32.Castagnoli,
}

// combine returns the CRC of A followed by B from the CRCs of both and the length of B: the CRC of A is moved over
// length zero bytes, which is a linear map over GF(2) that is squared its way up (as zlib's crc32_combine does).
// Both CRCs are inverted at start and end, which cancels out.
func combine(algorithm objectstore.Algorithm, a, b []byte, length int64) []byte {
	width := len(a) * 8
	shift := make([]uint64, width) // the map of one zero bit: row i is the image of bit i
	shift[0] = polynomials[algorithm]
	for i := 1; i < width; i++ {
		shift[i] = 1 << (i - 1)
	}
	moved := number(a)
	for bits := uint64(length) * 8; bits > 0; bits >>= 1 {
		if bits&1 == 1 {
			moved = apply(shift, moved)
		}
		squared := make([]uint64, width)
		for i, row := range shift {
			squared[i] = apply(shift, row)
		}
		shift = squared
	}
	moved ^= number(b)
	sum := make([]byte, len(a))
	for i := range sum {
		sum[len(sum)-1-i] = byte(moved >> (8 * i))
	}
	return sum
}

func apply(linear []uint64, v uint64) (image uint64) {
	for i := 0; v != 0; i, v = i+1, v>>1 {
		if v&1 == 1 {
			image ^= linear[i]
		}
	}
	return image
}

func number(bigEndian []byte) (n uint64) {
	for _, b := range bigEndian {
		n = n<<8 | uint64(b)
	}
	return n
}

// containers are the media types beside video/* in which videos come.
var containers = []string{"application/mp4", "application/mxf", "application/x-matroska"}

func checkContentType(contentType string) error {
	kind, _, err := mime.ParseMediaType(contentType)
	control := strings.ContainsFunc(contentType, func(r rune) bool { return r < ' ' || r > '~' }) // it becomes a header
	if err == nil && !control && (strings.HasPrefix(kind, "video/") || slices.Contains(containers, kind)) {
		return nil
	}
	return &InvalidError{Field: "body.contentType", Value: contentType,
		Message: fmt.Sprintf("content type %q is not that of a video: expected video/… such as video/mp4, or %s", contentType, strings.Join(containers, ", "))}
}
