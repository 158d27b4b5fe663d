package ingest

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"plimsoll/platform/catalog"
	"plimsoll/platform/objectstore"
)

// Complete proves the file of an upload and makes it a processing video with its task. It may be called any number of
// times, at the same time too; all successful calls return the same video.
func (s *Service) Complete(ctx context.Context, id, token string) (catalog.Video, error) {
	v, err := s.complete(ctx, id, token)
	s.cfg.Metrics.completed(err)
	return v, err
}

func (s *Service) complete(ctx context.Context, id, token string) (catalog.Video, error) {
	u, err := s.authorize(ctx, id, token)
	if err != nil {
		return catalog.Video{}, err
	}
	if u.Status != catalog.Uploading {
		return s.outcome(ctx, &u)
	}
	object, err := s.cfg.Objects.Head(ctx, u.ObjectKey)
	crashed := err == nil // an earlier completion came this far and no further
	if errors.Is(err, objectstore.ErrNoObject) {
		object, err = s.assemble(ctx, &u)
	}
	if err != nil {
		return catalog.Video{}, err
	}
	if err := s.prove(ctx, &u, object); err != nil {
		return catalog.Video{}, err
	}
	v, err := s.accept(ctx, &u)
	if err == nil && crashed {
		// That completion may have left parts behind. The video does not depend on their removal.
		if err := s.cfg.Objects.AbortMultipart(ctx, u.ObjectKey, u.MultipartID); err != nil {
			s.cfg.Logger.Warn("parts of a completed upload are left", "upload", u.ID, "err", err)
		}
	}
	return v, err
}

// outcome returns what became of an upload that is not open.
func (s *Service) outcome(ctx context.Context, u *catalog.Upload) (catalog.Video, error) {
	if u.Status != catalog.Uploaded {
		return catalog.Video{}, &ClosedError{Status: u.Status}
	}
	return s.catalog.VideoOfUpload(ctx, u.ID)
}

// assemble joins the parts into the object if they are all there and add up.
func (s *Service) assemble(ctx context.Context, u *catalog.Upload) (objectstore.Object, error) {
	a, assembled, err := s.received(ctx, u)
	if err != nil {
		return objectstore.Object{}, err
	}
	if assembled { // by a completion at the same time
		return s.cfg.Objects.Head(ctx, u.ObjectKey)
	}
	if len(a.missing) > 0 {
		return objectstore.Object{}, a.incomplete(u)
	}
	algorithm, declared := storageChecksum(u.Checksum)
	if sum := found(algorithm, a.parts); declared != "" && sum != "" && sum != declared {
		return objectstore.Object{}, &ChecksumError{Declared: u.Checksum, Found: sum}
	}
	err = s.cfg.Objects.CompleteMultipart(ctx, u.ObjectKey, u.MultipartID, a.parts, algorithm, declared)
	switch {
	case errors.Is(err, objectstore.ErrPart):
		return objectstore.Object{}, fmt.Errorf("%w: %w", ErrPartReplaced, err)
	case errors.Is(err, objectstore.ErrChecksum): // a part was replaced by one of the same size meanwhile
		return objectstore.Object{}, fmt.Errorf("%w: %w", ErrPartReplaced, err)
	case err != nil && !errors.Is(err, objectstore.ErrNoMultipart): // which a completion at the same time may have joined
		return objectstore.Object{}, err
	}
	return s.cfg.Objects.Head(ctx, u.ObjectKey)
}

// prove compares the object with what was promised. If it differs, its bytes are of no use and the upload begins anew.
func (s *Service) prove(ctx context.Context, u *catalog.Upload, o objectstore.Object) error {
	algorithm, declared := storageChecksum(u.Checksum)
	sum := o.Checksums.CRC64NVME
	if algorithm == objectstore.CRC32C {
		sum = o.Checksums.CRC32C
	}
	rightSum := declared == "" || sum == "" || sum == declared // without one to compare, the worker checks
	if o.Size == u.Size && rightSum {
		return nil
	}
	if err := s.restart(ctx, u); err != nil {
		return err
	}
	if o.Size != u.Size {
		none := sortOut(u, nil)
		return none.incomplete(u)
	}
	return &ChecksumError{Declared: u.Checksum, Found: sum, Restarted: true}
}

// accept makes the video and its task in one transaction, or returns the video that another completion made.
func (s *Service) accept(ctx context.Context, u *catalog.Upload) (v catalog.Video, err error) {
	err = pgx.BeginFunc(ctx, s.cfg.Pool, func(tx pgx.Tx) error {
		if v, err = catalog.Accept(ctx, tx, u, s.cfg.Now()); err != nil {
			return err
		}
		return s.cfg.Queue.Enqueue(ctx, tx, &v)
	})
	if !errors.Is(err, catalog.ErrUploadClosed) {
		return v, err
	}
	now, err := s.catalog.Upload(ctx, u.ID)
	if err != nil {
		return catalog.Video{}, err
	}
	switch now.Status {
	case catalog.Uploaded:
	case catalog.Uploading: // it began anew, in another object; whoever saw to that frees the one that was proved
		return catalog.Video{}, ErrBusy
	default:
		// It was aborted or expired while it was being completed; nobody else knows of the object.
		if err := s.cfg.Objects.Delete(ctx, u.ObjectKey); err != nil {
			return catalog.Video{}, err
		}
	}
	return s.outcome(ctx, &now)
}
