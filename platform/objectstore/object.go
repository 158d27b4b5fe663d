package objectstore

import (
	"context"
	"fmt"
	"io"

	"github.com/minio/minio-go/v7"
)

// Object is what the store knows of an object without its bytes.
type Object struct {
	Key         string
	Size        int64  // of the whole object, in bytes
	ETag        string // without quotes
	ContentType string
	Checksums   Checksums // full-object checksums that the store computed; empty ones are unknown
}

// Checksums are base64 of big-endian sums, as S3 writes them.
type Checksums struct {
	CRC64NVME string
	CRC32C    string
}

// Range is a span of bytes, both ends included.
type Range struct{ First, Last int64 }

// Head describes an object, or returns ErrNoObject.
func (s *Store) Head(ctx context.Context, key string) (Object, error) {
	info, err := s.core.StatObject(ctx, s.bucket, key, minio.StatObjectOptions{Checksum: true})
	if err != nil {
		return Object{}, fmt.Errorf("head object %s: %w", key, translate(err))
	}
	return describe(key, info), nil
}

func describe(key string, info minio.ObjectInfo) Object {
	o := Object{Key: key, Size: info.Size, ETag: info.ETag, ContentType: info.ContentType}
	if info.ChecksumMode != "COMPOSITE" {
		o.Checksums = Checksums{CRC64NVME: info.ChecksumCRC64NVME, CRC32C: info.ChecksumCRC32C}
	}
	return o
}

// Get opens an object, or the given range of it. The Object's Size is that of what will be read.
// The caller closes the reader. It returns ErrNoObject or ErrRange.
func (s *Store) Get(ctx context.Context, key string, span *Range) (io.ReadCloser, Object, error) {
	var options minio.GetObjectOptions
	if span != nil {
		if err := options.SetRange(span.First, span.Last); err != nil {
			return nil, Object{}, fmt.Errorf("get object %s: %w: %w", key, ErrRange, err)
		}
	}
	body, info, _, err := s.core.GetObject(ctx, s.bucket, key, options)
	if err != nil {
		return nil, Object{}, fmt.Errorf("get object %s: %w", key, translate(err))
	}
	return body, describe(key, info), nil
}

// Put writes an object of size bytes and returns once the store has it for good.
func (s *Store) Put(ctx context.Context, key string, r io.Reader, size int64, contentType string) error {
	_, err := s.core.Client.PutObject(ctx, s.bucket, key, r, size, minio.PutObjectOptions{ContentType: contentType})
	if err != nil {
		return fmt.Errorf("put object %s: %w", key, translate(err))
	}
	return nil
}

// Delete removes an object; one that is not there is no error.
func (s *Store) Delete(ctx context.Context, key string) error {
	if err := s.core.RemoveObject(ctx, s.bucket, key, minio.RemoveObjectOptions{}); err != nil {
		return fmt.Errorf("delete object %s: %w", key, translate(err))
	}
	return nil
}

// List describes the objects whose keys begin with prefix, in order of key; only Key, Size and ETag are set.
func (s *Store) List(ctx context.Context, prefix string) ([]Object, error) {
	var objects []Object
	for info := range s.core.ListObjectsIter(ctx, s.bucket, minio.ListObjectsOptions{Prefix: prefix, Recursive: true}) {
		if info.Err != nil {
			return nil, fmt.Errorf("list objects under %s: %w", prefix, translate(info.Err))
		}
		objects = append(objects, Object{Key: info.Key, Size: info.Size, ETag: info.ETag})
	}
	return objects, nil
}
