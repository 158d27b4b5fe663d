package catalog

import (
	"fmt"
	"time"

	"github.com/google/uuid"
)

// VideoID identifies a video for its whole life. It is a UUIDv7 in its canonical text form, so IDs sort by
// creation.
type VideoID string

// NewVideoID returns an ID that sorts after those made before it.
func NewVideoID() (VideoID, error) {
	id, err := uuid.NewV7()
	if err != nil {
		return "", fmt.Errorf("make a video id: %w", err)
	}
	return VideoID(id.String()), nil
}

// ParseVideoID accepts the canonical text form only, so that one video has one address.
func ParseVideoID(s string) (VideoID, error) {
	id, err := uuid.Parse(s)
	if err != nil || id.String() != s {
		return "", fmt.Errorf("%q is not a video id: expected a lower-case UUID such as 01990d6e-7c3a-7b9e-8f7e-5d9c1a2b3c4d", s)
	}
	return VideoID(s), nil
}

// Status is where a video stands.
type Status string

const (
	// Processing videos have a complete source and a task that will make them ready or failed.
	Processing Status = "processing"
	// Ready videos have a published prefix and can be played.
	Ready Status = "ready"
	// Failed videos cannot be made from their source; Reason says why, in words for the uploader.
	Failed Status = "failed"
)

// File names under the published prefix of a ready video. Media playlists and segments are addressed
// relative to the manifests.
const (
	HLSManifest  = "master.m3u8"
	DASHManifest = "manifest.mpd"
	Thumbnail    = "thumbnail.jpg"
)

// Video is one row of the catalog.
type Video struct {
	ID          VideoID
	UploadID    UploadID
	Owner       string
	Title       string
	Description string
	SourceKey   string // object that holds the uploaded file
	SourceSize  int64  // bytes
	Generation  int    // rises when the video is transcoded again
	Status      Status
	Reason      string        // set when Failed
	Prefix      string        // "v/{id}/{generation}/{attempt}/", set when Ready; objects below it never change
	Duration    time.Duration // whole milliseconds; 0 until Ready
	Width       int           // of the largest rendition, in pixels; 0 until Ready
	Height      int
	CreatedAt   time.Time
	ReadyAt     time.Time // zero until Ready
}

// Publication is what the holder of a task's lease makes public.
type Publication struct {
	Prefix   string
	Duration time.Duration // at least a millisecond
	Width    int
	Height   int
}
