package ingest

import (
	"cmp"
	"errors"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"plimsoll/platform/catalog"
	"plimsoll/platform/objectstore"
	"plimsoll/platform/queue"
)

// Config of a Service.
type Config struct {
	Pool    *pgxpool.Pool      // migrated by catalog and queue; required
	Objects *objectstore.Store // required
	Queue   *queue.Client      // required
	Metrics *Metrics           // required

	MaxSize   int64         // bytes of the largest file; 10 GiB if 0
	PartSize  int64         // bytes of a part of a small file, at least 5 MiB; 8 MiB if 0
	UploadTTL time.Duration // how long an upload may take; 24 h if 0
	URLTTL    time.Duration // how long a part's URL is good; 1 h if 0

	Logger *slog.Logger
	Now    func() time.Time
}

// MinPartSize is the least that S3 takes as a part, but for the last one, in bytes.
const MinPartSize = 5 << 20

const (
	defaultMaxSize   = 10 << 30
	defaultPartSize  = 8 << 20
	maxParts         = 1000 // keeps the answer with all URLs under a megabyte; S3 would take 10,000
	defaultUploadTTL = 24 * time.Hour
	defaultURLTTL    = time.Hour
)

// Service is what stands below the upload operations. It is safe for concurrent use.
type Service struct {
	cfg     Config
	catalog *catalog.Store
}

// New returns a service that starts nothing.
func New(c Config) (*Service, error) {
	if c.Pool == nil || c.Objects == nil || c.Queue == nil || c.Metrics == nil {
		return nil, errors.New("set up ingest: database, object store, queue and metrics are required")
	}
	c.MaxSize = cmp.Or(c.MaxSize, defaultMaxSize)
	c.PartSize = cmp.Or(c.PartSize, defaultPartSize)
	c.UploadTTL = cmp.Or(c.UploadTTL, defaultUploadTTL)
	c.URLTTL = cmp.Or(c.URLTTL, defaultURLTTL)
	c.Logger = cmp.Or(c.Logger, slog.Default())
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.PartSize < MinPartSize {
		return nil, errors.New("set up ingest: parts must have at least 5 MiB, which is S3's limit")
	}
	return &Service{cfg: c, catalog: catalog.New(c.Pool)}, nil
}
