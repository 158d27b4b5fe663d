package media

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"hash"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"

	"github.com/minio/crc64nvme"

	"plimsoll/platform/catalog"
	"plimsoll/platform/objectstore"
	"plimsoll/platform/queue"
)

// hashes make the sums that an uploader may declare. All of them write big-endian sums.
var hashes = map[catalog.ChecksumAlgorithm]func() hash.Hash{
	catalog.CRC64NVME: func() hash.Hash { return crc64nvme.New() },
	catalog.CRC32C:    func() hash.Hash { return crc32.New(crc32.MakeTable(crc32.Castagnoli)) },
	catalog.SHA256:    sha256.New,
}

// fetch copies a video's source into dir and proves that it is what its uploader declared. Object storage may have
// proved it before; for SHA-256 it cannot.
func (w *Worker) fetch(ctx context.Context, dir string, v *catalog.Video) (file string, err error) {
	upload, err := w.catalog.SourceOf(ctx, v.ID)
	if err != nil {
		return "", err
	}
	body, _, err := w.cfg.Objects.Get(ctx, v.SourceKey, nil)
	if errors.Is(err, objectstore.ErrNoObject) {
		return "", queue.Permanent("the uploaded file is gone; upload it again", err)
	}
	if err != nil {
		return "", err
	}
	defer func() { _ = body.Close() }()
	file = filepath.Join(dir, "source")
	out, err := os.OpenFile(file, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return "", fmt.Errorf("make a file for the source: %w", err)
	}
	sum := hashes[upload.Checksum.Algorithm]()
	n, err := io.Copy(io.MultiWriter(out, sum), body)
	w.cfg.Metrics.sourceBytes.Add(float64(n))
	if err := errors.Join(err, out.Close()); err != nil {
		return "", fmt.Errorf("copy the source: %w", err)
	}
	if n != v.SourceSize {
		return "", fmt.Errorf("copy the source: %d of %d bytes came", n, v.SourceSize)
	}
	if found := base64.StdEncoding.EncodeToString(sum.Sum(nil)); found != upload.Checksum.Value {
		return "", queue.Permanent(fmt.Sprintf("the file that arrived has the %s checksum %s, but %s was declared; upload it again",
			upload.Checksum.Algorithm, found, upload.Checksum.Value), nil)
	}
	return file, nil
}
