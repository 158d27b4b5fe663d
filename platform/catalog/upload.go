package catalog

import (
	"fmt"
	"time"

	"github.com/google/uuid"
)

// UploadID identifies an upload: a UUIDv7 in canonical text form.
type UploadID string

// NewUploadID returns an ID that sorts after those made before it.
func NewUploadID() (UploadID, error) {
	id, err := uuid.NewV7()
	if err != nil {
		return "", fmt.Errorf("make an upload id: %w", err)
	}
	return UploadID(id.String()), nil
}

// ParseUploadID accepts the canonical text form only.
func ParseUploadID(s string) (UploadID, error) {
	id, err := uuid.Parse(s)
	if err != nil || id.String() != s {
		return "", fmt.Errorf("%q is not an upload id: expected a lower-case UUID", s)
	}
	return UploadID(s), nil
}

// UploadStatus is where an upload stands.
type UploadStatus string

const (
	// Uploading uploads accept parts.
	Uploading UploadStatus = "uploading"
	// Uploaded uploads have become a video.
	Uploaded UploadStatus = "uploaded"
	// Aborted uploads were given up by the client; their parts are gone.
	Aborted UploadStatus = "aborted"
	// Expired uploads were abandoned for longer than the platform keeps parts.
	Expired UploadStatus = "expired"
)

// ChecksumAlgorithm names how a checksum over a whole file was computed.
type ChecksumAlgorithm string

const (
	// CRC64NVME is CRC-64/NVME, S3's own full-object checksum.
	CRC64NVME ChecksumAlgorithm = "crc64nvme"
	// CRC32C is CRC-32 with the Castagnoli polynomial.
	CRC32C ChecksumAlgorithm = "crc32c"
	// SHA256 is verified by the media worker, because S3 has no SHA-256 of a whole multipart object.
	SHA256 ChecksumAlgorithm = "sha256"
)

// Checksum is what the uploader says its file adds up to.
type Checksum struct {
	Algorithm ChecksumAlgorithm
	Value     string // standard base64 of the big-endian sum, as S3 writes it
}

// Upload is one row of the uploads table.
type Upload struct {
	ID          UploadID
	Owner       string
	TokenHash   []byte // SHA-256 of the upload token
	Title       string
	Description string
	Name        string // file name at the uploader's
	Size        int64  // bytes that were promised
	ContentType string
	Checksum    Checksum
	ObjectKey   string // where the file is assembled
	MultipartID string // S3 multipart upload that holds the parts
	PartSize    int64  // bytes of every part but the last
	Status      UploadStatus
	CreatedAt   time.Time
	ExpiresAt   time.Time
}

// Parts returns how many parts the promised size takes.
func (u *Upload) Parts() int { return int((u.Size + u.PartSize - 1) / u.PartSize) }

// PartBytes returns the size of part number (1-based) in bytes.
func (u *Upload) PartBytes(number int) int64 {
	return min(u.PartSize, u.Size-int64(number-1)*u.PartSize)
}
