package blob

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/versity/versitygw/backend/posix"
	"github.com/versity/versitygw/s3response"
)

// inProgress ends the name of the directory of a multipart upload that is being completed; it begins with the
// upload's ID (versitygw's naming: "ID.ETAG.inprogress").
const inProgress = ".inprogress"

func uploadOf(claimed string) string {
	id, _, _ := strings.Cut(claimed, ".")
	return id
}

// durable is versitygw's folder backend, with data and directory entries on disk before they are acknowledged.
// All paths are relative to the directory of the process, as versitygw's are.
type durable struct {
	*posix.Posix

	mu    sync.Mutex
	turns map[string]*turn // by upload ID
}

// turn is the queue of those who complete or list one multipart upload.
type turn struct {
	sync.Mutex
	waiting int // guarded by durable.mu
}

func (d *durable) CreateBucket(ctx context.Context, in *s3.CreateBucketInput, acl []byte) error {
	if err := d.Posix.CreateBucket(ctx, in, acl); err != nil {
		return err
	}
	return syncUp(*in.Bucket)
}

func (d *durable) PutObject(ctx context.Context, in s3response.PutObjectInput) (s3response.PutObjectOutput, error) {
	out, err := d.PutObjectWithPostFunc(ctx, in, (*os.File).Sync)
	if err != nil {
		return out, err
	}
	return out, syncUp(filepath.Dir(filepath.Join(*in.Bucket, *in.Key)))
}

func (d *durable) CopyObject(ctx context.Context, in s3response.CopyObjectInput) (s3response.CopyObjectOutput, error) {
	out, err := d.Posix.CopyObject(ctx, in)
	if err != nil {
		return out, err
	}
	return out, syncUp(filepath.Join(*in.Bucket, *in.Key))
}

func (d *durable) CreateMultipartUpload(ctx context.Context, in s3response.CreateMultipartUploadInput) (s3response.InitiateMultipartUploadResult, error) {
	out, err := d.Posix.CreateMultipartUpload(ctx, in)
	if err != nil {
		return out, err
	}
	return out, syncUp(multipartDir(*in.Bucket, *in.Key, out.UploadId))
}

func (d *durable) UploadPart(ctx context.Context, in *s3.UploadPartInput) (*s3.UploadPartOutput, error) {
	out, err := d.UploadPartWithPostFunc(ctx, in, (*os.File).Sync)
	if err != nil {
		return out, err
	}
	// Only the entry of the part is new; the directories above were synced when the upload was created. They are
	// gone if the upload was completed or aborted meanwhile, and the part with them.
	err = syncPath(multipartDir(*in.Bucket, *in.Key, *in.UploadId))
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	return out, err
}

func (d *durable) UploadPartCopy(ctx context.Context, in *s3.UploadPartCopyInput) (s3response.CopyPartResult, error) {
	out, err := d.Posix.UploadPartCopy(ctx, in)
	if err != nil {
		return out, err
	}
	dir := multipartDir(*in.Bucket, *in.Key, *in.UploadId)
	return out, errors.Join(syncPath(filepath.Join(dir, fmt.Sprint(*in.PartNumber))), syncPath(dir))
}

func (d *durable) CompleteMultipartUpload(ctx context.Context, in *s3.CompleteMultipartUploadInput) (s3response.CompleteMultipartUploadResult, string, error) {
	if in.UploadId == nil || in.MultipartUpload == nil {
		return d.Posix.CompleteMultipartUpload(ctx, in) // which knows the right refusal
	}
	defer d.takeTurn(*in.UploadId)()
	copied := 0
	var syncErr error
	out, version, err := d.CompleteMultipartUploadWithCopy(ctx, in, func(from, to *os.File) (idempotent bool, err error) {
		if _, err := io.Copy(to, from); err != nil {
			return true, err
		}
		// The object gets its name after the last part, and must not have it before its data is on disk. An error
		// returned here would make versitygw copy again, so it is kept for the caller.
		if copied++; copied == len(in.MultipartUpload.Parts) {
			syncErr = to.Sync()
		}
		return true, nil
	})
	if err != nil {
		return out, version, err
	}
	return out, version, errors.Join(syncErr, syncUp(filepath.Join(*in.Bucket, *in.Key)))
}

// ListParts waits for a completion that is under way, during which versitygw would say that there is no such upload;
// after it, there is none for certain.
func (d *durable) ListParts(ctx context.Context, in *s3.ListPartsInput) (s3response.ListPartsResult, error) {
	if in.UploadId != nil {
		defer d.takeTurn(*in.UploadId)()
	}
	return d.Posix.ListParts(ctx, in)
}

// takeTurn waits until no other completion or listing of the upload runs, and returns the function that ends this one.
func (d *durable) takeTurn(upload string) (end func()) {
	d.mu.Lock()
	if d.turns == nil {
		d.turns = map[string]*turn{}
	}
	t := d.turns[upload]
	if t == nil {
		t = &turn{}
		d.turns[upload] = t
	}
	t.waiting++
	d.mu.Unlock()

	t.Lock()
	return func() {
		t.Unlock()
		d.mu.Lock()
		defer d.mu.Unlock()
		if t.waiting--; t.waiting == 0 {
			delete(d.turns, upload)
		}
	}
}

// multipartDir is where versitygw keeps the parts of an upload.
func multipartDir(bucket, key, upload string) string {
	sum := sha256.Sum256([]byte(key))
	return filepath.Join(bucket, posix.MetaTmpMultipartDir, hex.EncodeToString(sum[:]), upload)
}

// syncUp puts a file or directory and every directory above it, up to the root of the store, on disk.
func syncUp(path string) error {
	for {
		if err := syncPath(path); err != nil {
			return err
		}
		if path == "." {
			return nil
		}
		path = filepath.Dir(path)
	}
}

func syncPath(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("open for sync: %w", err)
	}
	defer func() { _ = f.Close() }()
	if err := f.Sync(); err != nil {
		return fmt.Errorf("sync: %w", err)
	}
	return nil
}
