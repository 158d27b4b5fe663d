package playback

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"strings"
	"time"

	"plimsoll/platform/cache"
	"plimsoll/platform/catalog"
	"plimsoll/platform/objectstore"
)

type records interface {
	Video(ctx context.Context, id catalog.VideoID) (catalog.Video, error)
	Videos(ctx context.Context, after catalog.VideoID, limit int) ([]catalog.Video, error)
}

type objects interface {
	Get(ctx context.Context, key string, span *objectstore.Range) (io.ReadCloser, objectstore.Object, error)
}

// Config of playback.
type Config struct {
	Catalog records
	Objects objects
	// EdgeURL is the base URL at which viewers reach the edge, such as http://127.0.0.1:8091. Required.
	EdgeURL string
	// Metrics of the cache; may be nil.
	Metrics *cache.Metrics
	Logger  *slog.Logger
	Now     func() time.Time
}

// How long a cached record is believed, by what can still happen to it.
const (
	processingTTL = time.Second // about to change, and somebody is waiting for it
	settledTTL    = 30 * time.Second
	absentTTL     = time.Second
)

// Playback reads videos. It is safe for concurrent use.
type Playback struct {
	cfg    Config
	videos *cache.Cache[catalog.Video]
}

// New makes a Playback.
func New(cfg Config) (*Playback, error) {
	if cfg.Catalog == nil || cfg.Objects == nil || cfg.EdgeURL == "" {
		return nil, errors.New("playback needs a catalog, an object store and the address of the edge")
	}
	cfg.EdgeURL = strings.TrimRight(cfg.EdgeURL, "/")
	videos, err := cache.New(cache.Config[catalog.Video]{
		Name: "videos", Absent: catalog.ErrNoVideo, NegativeTTL: absentTTL, Metrics: cfg.Metrics, Now: cfg.Now,
		TTL: func(v catalog.Video) time.Duration {
			if v.Status == catalog.Processing {
				return processingTTL
			}
			return settledTTL
		},
		Load: func(ctx context.Context, id string) (catalog.Video, error) {
			return cfg.Catalog.Video(ctx, catalog.VideoID(id))
		},
	})
	if err != nil {
		return nil, err
	}
	return &Playback{cfg: cfg, videos: videos}, nil
}
