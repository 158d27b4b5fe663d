package objectstore

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"

	"github.com/minio/minio-go/v7"
)

var (
	// ErrNoObject is returned for a key that holds nothing.
	ErrNoObject = errors.New("there is no such object")
	// ErrNoMultipart is returned for a multipart upload that was completed, aborted, or never made.
	ErrNoMultipart = errors.New("there is no such multipart upload")
	// ErrChecksum is returned when the bytes that arrived do not add up to the checksum that was declared.
	ErrChecksum = errors.New("the bytes do not match their checksum")
	// ErrRange is returned for a range that begins at or after the end of the object.
	ErrRange = errors.New("the range lies outside of the object")
	// ErrPart is returned when a part was replaced between listing and completion, or is too small.
	ErrPart = errors.New("a part is not as it was listed")
	// ErrUnavailable is returned when the store could not be reached or could not serve; trying later may help.
	ErrUnavailable = errors.New("object storage is unavailable")
)

// translations map S3's error codes (and those that minio-go makes for answers without a body) to our sentinels.
var translations = map[string]error{
	"NoSuchKey":                   ErrNoObject,
	"NoSuchUpload":                ErrNoMultipart,
	"BadDigest":                   ErrChecksum,
	"XAmzContentChecksumMismatch": ErrChecksum,
	"InvalidRange":                ErrRange,
	"InvalidPart":                 ErrPart,
	"InvalidPartOrder":            ErrPart,
	"EntityTooSmall":              ErrPart,
	"InternalError":               ErrUnavailable,
	"ServiceUnavailable":          ErrUnavailable,
	"SlowDown":                    ErrUnavailable,
	"RequestTimeout":              ErrUnavailable,
	"QuotaExceeded":               ErrUnavailable,
	"NoSpaceLeftOnDevice":         ErrUnavailable,
}

// translate joins an error of the client with the sentinel that names it; the cause stays for the log.
func translate(err error) error {
	if err == nil {
		return nil
	}
	response := minio.ToErrorResponse(err)
	if sentinel, ok := translations[response.Code]; ok {
		return fmt.Errorf("%w: %w", sentinel, err)
	}
	if response.StatusCode >= 500 || isNetwork(err) {
		return fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	return err
}

// isNetwork tells an unreachable store from a caller that gave up.
func isNetwork(err error) bool {
	if errors.Is(err, context.Canceled) {
		return false
	}
	var operation *net.OpError
	var request *url.Error
	return errors.As(err, &operation) || errors.As(err, &request)
}
