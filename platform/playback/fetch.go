package playback

import (
	"context"
	"errors"
	"fmt"
	"path"
	"strings"
	"time"

	"plimsoll/platform/catalog"
	"plimsoll/platform/objectstore"
	"plimsoll/platform/origin"
)

// kind is how a sort of file is served. Paths hold the generation and attempt that wrote them, so what lies there never
// changes; manifests are still asked for again soon, because they are what makes a video disappear when it is taken away.
type kind struct {
	contentType string
	fresh       time.Duration
	immutable   bool
}

const (
	manifestFresh = 10 * time.Second
	segmentFresh  = 365 * 24 * time.Hour
)

var kinds = map[string]kind{
	".m3u8": {"application/vnd.apple.mpegurl", manifestFresh, false},
	".mpd":  {"application/dash+xml", manifestFresh, false},
	".m4s":  {"video/iso.segment", segmentFresh, true},
	".mp4":  {"video/mp4", segmentFresh, true},
	".jpg":  {"image/jpeg", segmentFresh, true},
	".vtt":  {"text/vtt; charset=utf-8", segmentFresh, true},
}

// Fetch reads an object of a ready video for the edge. The path is "/" and the object's key.
func (p *Playback) Fetch(ctx context.Context, at string) (*origin.Object, error) {
	key := strings.TrimPrefix(at, "/")
	k, known := kinds[path.Ext(key)]
	id, ok := videoOf(at)
	if !known || !ok {
		return nil, origin.ErrAbsent
	}
	video, err := p.videos.Get(ctx, string(id))
	if err == nil && video.Status == catalog.Processing {
		// It may have become ready since, and who is told so by a list comes at once.
		video, err = p.cfg.Catalog.Video(ctx, id)
	}
	switch {
	case errors.Is(err, catalog.ErrNoVideo):
		return nil, origin.ErrAbsent
	case err != nil:
		return nil, fmt.Errorf("%w: %w", origin.ErrUnavailable, err)
	case video.Status != catalog.Ready || !strings.HasPrefix(key, video.Prefix):
		return nil, origin.ErrAbsent
	}
	body, info, err := p.cfg.Objects.Get(ctx, key, nil)
	switch {
	case errors.Is(err, objectstore.ErrNoObject):
		return nil, origin.ErrAbsent
	case err != nil:
		return nil, fmt.Errorf("%w: %w", origin.ErrUnavailable, err)
	}
	defer body.Close()
	data, err := origin.ReadAll(body, info.Size)
	if err != nil {
		return nil, err
	}
	return &origin.Object{Body: data, ContentType: k.contentType, ETag: info.ETag, Fresh: k.fresh, Immutable: k.immutable}, nil
}

// videoOf returns the video that a path "/v/ID/…" belongs to; false if nothing of ours is published at such a path.
func videoOf(at string) (catalog.VideoID, bool) {
	if !origin.Valid(at) {
		return "", false
	}
	text, _, _ := strings.Cut(strings.TrimPrefix(at, "/v/"), "/")
	id, err := catalog.ParseVideoID(text)
	return id, err == nil
}
