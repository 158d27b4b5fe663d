package objectstore

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/minio/minio-go/v7"
)

// Algorithm is a checksum that S3 can keep over a whole multipart object.
type Algorithm string

const (
	CRC64NVME Algorithm = "CRC64NVME"
	CRC32C    Algorithm = "CRC32C"
)

// header names the header that carries a checksum of this algorithm.
func (a Algorithm) header() string { return "x-amz-checksum-" + string(a) }

// Part is one part of a multipart upload that the store holds.
type Part struct {
	Number   int // from 1
	Size     int64
	ETag     string
	Checksum string // by the algorithm of the upload; empty if the store computed none
}

// CreateMultipart begins a multipart upload whose object the store will sum by the given algorithm.
func (s *Store) CreateMultipart(ctx context.Context, key, contentType string, algorithm Algorithm) (id string, err error) {
	id, err = s.core.NewMultipartUpload(ctx, s.bucket, key, minio.PutObjectOptions{
		ContentType: contentType,
		UserMetadata: map[string]string{
			"x-amz-checksum-algorithm": string(algorithm),
			"x-amz-checksum-type":      "FULL_OBJECT",
		},
	})
	if err != nil {
		return "", fmt.Errorf("create multipart upload of %s: %w", key, translate(err))
	}
	return id, nil
}

// PresignPart returns the URL to which a client may PUT one part of exactly size bytes until the URL expires: the
// Content-Length is signed, so that nobody can fill the store with more. Nothing is sent.
func (s *Store) PresignPart(ctx context.Context, key, id string, number int, size int64, expires time.Duration) (string, error) {
	u, err := s.public.PresignHeader(ctx, http.MethodPut, s.bucket, key, expires,
		url.Values{"uploadId": {id}, "partNumber": {strconv.Itoa(number)}},
		http.Header{"Content-Length": {strconv.FormatInt(size, 10)}})
	if err != nil {
		return "", fmt.Errorf("presign part %d of %s: %w", number, key, err)
	}
	return u.String(), nil
}

// Parts lists the parts that have arrived, by number, or returns ErrNoMultipart.
func (s *Store) Parts(ctx context.Context, key, id string, algorithm Algorithm) ([]Part, error) {
	var parts []Part
	for marker := 0; ; {
		page, err := s.core.ListObjectParts(ctx, s.bucket, key, id, marker, 1000)
		if err != nil {
			return nil, fmt.Errorf("list parts of %s: %w", key, translate(err))
		}
		for _, p := range page.ObjectParts {
			sum := p.ChecksumCRC64NVME
			if algorithm == CRC32C {
				sum = p.ChecksumCRC32C
			}
			parts = append(parts, Part{Number: p.PartNumber, Size: p.Size, ETag: p.ETag, Checksum: sum})
		}
		if !page.IsTruncated {
			return parts, nil
		}
		marker = page.NextPartNumberMarker
	}
}

// CompleteMultipart joins the parts into the object. If checksum is not empty, the store compares it with the sum
// of the whole and returns ErrChecksum, with the upload still open, if they differ. It returns ErrNoMultipart if
// the upload is gone; then [Store.Head] tells whether it was completed.
func (s *Store) CompleteMultipart(ctx context.Context, key, id string, parts []Part, algorithm Algorithm, checksum string) error {
	completed := make([]minio.CompletePart, len(parts))
	for i, p := range parts {
		completed[i] = minio.CompletePart{PartNumber: p.Number, ETag: p.ETag}
		if algorithm == CRC32C {
			completed[i].ChecksumCRC32C = p.Checksum
		} else {
			completed[i].ChecksumCRC64NVME = p.Checksum
		}
	}
	headers := map[string]string{}
	if checksum != "" {
		headers[algorithm.header()] = checksum
		headers["x-amz-checksum-type"] = "FULL_OBJECT"
	}
	_, err := s.core.CompleteMultipartUpload(ctx, s.bucket, key, id, completed, minio.PutObjectOptions{UserMetadata: headers})
	if err != nil {
		return fmt.Errorf("complete multipart upload of %s: %w", key, translate(err))
	}
	return nil
}

// AbortMultipart drops a multipart upload and its parts; one that is gone is no error.
func (s *Store) AbortMultipart(ctx context.Context, key, id string) error {
	err := s.core.AbortMultipartUpload(ctx, s.bucket, key, id)
	if err != nil && minio.ToErrorResponse(err).Code != minio.NoSuchUpload {
		return fmt.Errorf("abort multipart upload of %s: %w", key, translate(err))
	}
	return nil
}
