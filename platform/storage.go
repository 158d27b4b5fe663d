package platform

import (
	"context"
	"fmt"
	"log/slog"
	"path/filepath"

	"plimsoll/internal/identity"
	"plimsoll/platform/objectstore"
	"plimsoll/platform/objectstore/blob"
)

// storage is the object storage of a process: its own child process, another one's, or any S3.
type storage struct {
	process *blob.Process      // nil when somebody else provides it
	store   *objectstore.Store // nil when no role needs it
}

// ownAccessKey is the account of the storage that we provide; its secret is a random one in the data directory.
const ownAccessKey = "platform"

func openStorage(ctx context.Context, cfg Config, logger *slog.Logger) (*storage, error) {
	s := &storage{}
	at := objectstore.Config{
		Endpoint: cfg.ObjectStore.Endpoint, PublicEndpoint: cfg.ObjectStore.PublicEndpoint, Region: cfg.ObjectStore.Region,
		Bucket: cfg.ObjectStore.Bucket, AccessKey: cfg.ObjectStore.AccessKey, SecretKey: cfg.ObjectStore.SecretKey,
	}
	if cfg.ownBlob() {
		secret, err := identity.TokenFile(filepath.Join(cfg.Data, "blob-secret"))
		if err != nil {
			return nil, fmt.Errorf("set up object storage: %w", err)
		}
		s.process, err = blob.Start(ctx, blob.ProcessConfig{
			Server:  blob.Config{Dir: filepath.Join(cfg.Data, "objects"), Addr: cfg.Listen.Blob, AccessKey: ownAccessKey, SecretKey: secret},
			Path:    cfg.Executable,
			Args:    []string{"blob"},
			PIDFile: filepath.Join(cfg.Data, "blob.pid"),
			Logger:  logger,
		})
		if err != nil {
			return nil, fmt.Errorf("start object storage (listen.blob): %w", err)
		}
		at.Endpoint, at.AccessKey, at.SecretKey = s.process.Endpoint(), ownAccessKey, secret
	}
	if !cfg.needsObjects() {
		return s, nil
	}
	var err error
	if s.store, err = objectstore.New(at); err == nil {
		err = s.store.EnsureBucket(ctx)
	}
	if err != nil {
		s.close()
		return nil, err
	}
	return s, nil
}

func (s *storage) close() {
	if s.process != nil {
		_ = s.process.Stop() // a child that had to be killed is gone too
	}
}
