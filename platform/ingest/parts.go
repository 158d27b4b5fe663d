package ingest

import (
	"context"
	"errors"
	"fmt"

	"plimsoll/platform/catalog"
	"plimsoll/platform/objectstore"
)

// arrived is what object storage holds of an upload.
type arrived struct {
	parts   []objectstore.Part // whole ones, by number
	missing []MissingPart
	bytes   int64 // in whole parts
}

func (a *arrived) incomplete(u *catalog.Upload) error {
	return &IncompleteError{Missing: a.missing, Received: a.bytes, Size: u.Size, Parts: u.Parts()}
}

// sortOut tells the parts that are whole from those that have to be sent (again). Parts beyond the promised size
// are not part of the file.
func sortOut(u *catalog.Upload, listed []objectstore.Part) arrived {
	byNumber := map[int]objectstore.Part{}
	for _, p := range listed {
		byNumber[p.Number] = p
	}
	var a arrived
	for number := 1; number <= u.Parts(); number++ {
		p, ok := byNumber[number]
		switch size := u.PartBytes(number); {
		case !ok:
			a.missing = append(a.missing, MissingPart{Number: number, Size: size, Have: -1})
		case p.Size != size:
			a.missing = append(a.missing, MissingPart{Number: number, Size: size, Have: p.Size})
		default:
			a.parts = append(a.parts, p)
			a.bytes += p.Size
		}
	}
	return a
}

// received looks at what has arrived. If object storage no longer has the multipart upload, and it did not become the
// object either, the parts are lost; then the upload gets a new one, and all parts are missing.
func (s *Service) received(ctx context.Context, u *catalog.Upload) (a arrived, assembled bool, err error) {
	algorithm, _ := storageChecksum(u.Checksum)
	listed, err := s.cfg.Objects.Parts(ctx, u.ObjectKey, u.MultipartID, algorithm)
	if err == nil {
		return sortOut(u, listed), false, nil
	}
	if !errors.Is(err, objectstore.ErrNoMultipart) {
		return arrived{}, false, err
	}
	_, err = s.cfg.Objects.Head(ctx, u.ObjectKey)
	if err == nil {
		return arrived{}, true, nil
	}
	if !errors.Is(err, objectstore.ErrNoObject) {
		return arrived{}, false, err
	}
	if err := s.restart(ctx, u); err != nil {
		return arrived{}, false, err
	}
	return sortOut(u, nil), false, nil
}

// restart has the upload begin anew, under another key: whoever still works on the old object harms nothing.
func (s *Service) restart(ctx context.Context, u *catalog.Upload) error {
	algorithm, _ := storageChecksum(u.Checksum)
	old, key := *u, objectKey(u.ID)
	multipart, err := s.cfg.Objects.CreateMultipart(ctx, key, u.ContentType, algorithm)
	if err != nil {
		return err
	}
	cleanup := context.WithoutCancel(ctx)
	if err := s.catalog.RestartUpload(ctx, u, key, multipart); err != nil {
		if errors.Is(err, catalog.ErrUploadClosed) {
			err = fmt.Errorf("%w: %w", ErrBusy, err)
		}
		return errors.Join(err, s.cfg.Objects.AbortMultipart(cleanup, key, multipart))
	}
	u.ObjectKey, u.MultipartID = key, multipart
	s.cfg.Logger.Warn("an upload begins anew", "upload", u.ID)
	if err := s.free(cleanup, &old); err != nil {
		s.cfg.Logger.Warn("what an upload held before it began anew is left", "upload", u.ID, "key", old.ObjectKey, "err", err)
	}
	return nil
}

// State tells how far an upload has come, with fresh URLs for its parts.
func (s *Service) State(ctx context.Context, id, token string) (UploadState, error) {
	u, err := s.authorize(ctx, id, token)
	if err != nil {
		return UploadState{}, err
	}
	state := UploadState{ID: u.ID, Status: u.Status, Size: u.Size, PartSize: u.PartSize, ExpiresAt: u.ExpiresAt,
		Received: []ReceivedPart{}, Missing: []PartURL{}}
	switch u.Status {
	case catalog.Uploading:
		err = s.describeParts(ctx, &u, &state)
	case catalog.Uploaded:
		var v catalog.Video
		v, err = s.catalog.VideoOfUpload(ctx, u.ID)
		state.VideoID = v.ID
	}
	return state, err
}

func (s *Service) describeParts(ctx context.Context, u *catalog.Upload, state *UploadState) error {
	a, assembled, err := s.received(ctx, u)
	if err != nil || assembled { // of an assembled file no part is missing; only completion is
		return err
	}
	storage, _ := storageChecksum(u.Checksum)
	for _, p := range a.parts {
		url, err := s.partURL(ctx, u, p.Number)
		if err != nil {
			return err
		}
		part := ReceivedPart{Number: p.Number, Size: p.Size, URL: url.URL}
		if p.Checksum != "" {
			part.Checksum = &ChecksumOfFile{Algorithm: catalog.CRC64NVME, Value: p.Checksum}
			if storage == objectstore.CRC32C {
				part.Checksum.Algorithm = catalog.CRC32C
			}
		}
		state.Received = append(state.Received, part)
	}
	for _, m := range a.missing {
		url, err := s.partURL(ctx, u, m.Number)
		if err != nil {
			return err
		}
		state.Missing = append(state.Missing, url)
	}
	return nil
}
