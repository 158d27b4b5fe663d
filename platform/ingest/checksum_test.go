package ingest

import (
	"encoding/base64"
	"encoding/binary"
	"hash/crc32"
	"strings"
	"testing"

	"github.com/minio/crc64nvme"
	"pgregory.net/rapid"

	"plimsoll/platform/catalog"
	"plimsoll/platform/objectstore"
)

func encode(sum []byte) string { return base64.StdEncoding.EncodeToString(sum) }

func nvme(b []byte) string { return encode(binary.BigEndian.AppendUint64(nil, crc64nvme.Checksum(b))) }

func castagnoli(b []byte) string {
	return encode(binary.BigEndian.AppendUint32(nil, crc32.Checksum(b, crc32.MakeTable(crc32.Castagnoli))))
}

func TestFoundIsTheChecksumOfTheWhole(t *testing.T) {
	t.Parallel()
	for algorithm, sum := range map[objectstore.Algorithm]func([]byte) string{
		objectstore.CRC64NVME: nvme, objectstore.CRC32C: castagnoli,
	} {
		t.Run(string(algorithm), func(t *testing.T) {
			t.Parallel()
			rapid.Check(t, func(t *rapid.T) {
				var whole []byte
				var parts []objectstore.Part
				for _, part := range rapid.SliceOfN(rapid.SliceOfN(rapid.Byte(), 0, 300), 1, 5).Draw(t, "parts") {
					whole = append(whole, part...)
					parts = append(parts, objectstore.Part{Size: int64(len(part)), Checksum: sum(part)})
				}
				if got := found(algorithm, parts); got != sum(whole) {
					t.Errorf("got %s, want %s", got, sum(whole))
				}
			})
		})
	}
}

func TestFoundIsUnknownWithoutChecksums(t *testing.T) {
	t.Parallel()
	known := objectstore.Part{Size: 1, Checksum: nvme([]byte("x"))}
	for name, parts := range map[string][]objectstore.Part{
		"none": {known, {Size: 1}}, "not base64": {known, {Size: 1, Checksum: "?"}}, "another length": {known, {Size: 1, Checksum: castagnoli(nil)}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := found(objectstore.CRC64NVME, parts); got != "" {
				t.Errorf("got %s", got)
			}
		})
	}
}

func TestPartSize(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		size := rapid.Int64Range(1, 50<<40).Draw(t, "size")
		u := catalog.Upload{Size: size, PartSize: partSize(size, defaultPartSize)}
		if u.Parts() < 1 || u.Parts() > maxParts {
			t.Errorf("%d bytes in %d parts", size, u.Parts())
		}
		var sum int64
		for n := 1; n <= u.Parts(); n++ {
			if b := u.PartBytes(n); b < 1 || (n < u.Parts() && b < MinPartSize) {
				t.Errorf("part %d of %d has %d bytes", n, u.Parts(), b)
			}
			sum += u.PartBytes(n)
		}
		if sum != size {
			t.Errorf("parts of %d bytes sum to %d", size, sum)
		}
	})
}

func TestContentTypes(t *testing.T) {
	t.Parallel()
	for contentType, good := range map[string]bool{
		"video/mp4": true, "Video/QuickTime": true, "video/webm; codecs=vp9": true, "application/mxf": true,
		"": false, "video/": false, "text/plain": false, "image/png": false, "application/octet-stream": false,
	} {
		err := checkContentType(contentType)
		if (err == nil) != good {
			t.Errorf("%q: %v", contentType, err)
		}
		if err != nil && !strings.Contains(err.Error(), "video/mp4") {
			t.Errorf("%q: the message does not say what is allowed: %v", contentType, err)
		}
	}
}
