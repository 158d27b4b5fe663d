package ingest

import (
	"context"
	"errors"

	"plimsoll/platform/catalog"
)

// Abort gives an upload up and frees what it holds. Aborting an aborted or expired upload is no error.
func (s *Service) Abort(ctx context.Context, id, token string) error {
	u, err := s.authorize(ctx, id, token)
	if err != nil {
		return err
	}
	err = s.catalog.CloseUpload(ctx, u.ID, catalog.Aborted, s.cfg.Now(), s.free)
	if !errors.Is(err, catalog.ErrUploadClosed) {
		return err
	}
	now, err := s.catalog.Upload(ctx, u.ID)
	if err != nil {
		return err
	}
	if now.Status == catalog.Uploaded {
		return ErrUploaded
	}
	return nil
}

// expiryBatch bounds how much one listing of expired uploads holds in memory.
const expiryBatch = 100

// Expire closes the uploads whose time has run out and frees what they hold. One that cannot be freed is left for the
// next time.
func (s *Service) Expire(ctx context.Context) error {
	for {
		expired, err := s.catalog.ExpiredUploads(ctx, s.cfg.Now(), expiryBatch)
		if err != nil {
			return err
		}
		for _, u := range expired {
			err := s.catalog.CloseUpload(ctx, u.ID, catalog.Expired, s.cfg.Now(), s.free)
			if errors.Is(err, catalog.ErrUploadClosed) {
				continue
			}
			if err != nil {
				return err
			}
			s.cfg.Metrics.expired.Inc()
			s.cfg.Logger.Info("an abandoned upload expired", "upload", u.ID, "owner", u.Owner)
		}
		if len(expired) < expiryBatch {
			return nil
		}
	}
}

// free drops the parts of an upload, and the object if they had been joined.
func (s *Service) free(ctx context.Context, u *catalog.Upload) error {
	if err := s.cfg.Objects.AbortMultipart(ctx, u.ObjectKey, u.MultipartID); err != nil {
		return err
	}
	return s.cfg.Objects.Delete(ctx, u.ObjectKey)
}
