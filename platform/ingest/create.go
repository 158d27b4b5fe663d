package ingest

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"unicode"

	"plimsoll/platform/catalog"
)

// Create opens an upload for the named owner and returns the URLs of all of its parts.
func (s *Service) Create(ctx context.Context, by string, in CreateUploadRequest) (NewUpload, error) {
	if by == "" {
		return NewUpload{}, ErrAnonymous
	}
	if err := s.check(in); err != nil {
		return NewUpload{}, err
	}
	id, err := catalog.NewUploadID()
	if err != nil {
		return NewUpload{}, err
	}
	token, now := rand.Text(), s.cfg.Now()
	u := catalog.Upload{
		ID: id, Owner: by, TokenHash: hashToken(token),
		Title: cmp.Or(strings.TrimSpace(in.Body.Title), in.Body.Name), Description: in.Body.Description, Name: in.Body.Name,
		Size: in.Body.Size, ContentType: in.Body.ContentType, Checksum: catalog.Checksum(in.Body.Checksum),
		ObjectKey: objectKey(id), PartSize: partSize(in.Body.Size, s.cfg.PartSize),
		CreatedAt: now, ExpiresAt: now.Add(s.cfg.UploadTTL),
	}
	algorithm, _ := storageChecksum(u.Checksum)
	if u.MultipartID, err = s.cfg.Objects.CreateMultipart(ctx, u.ObjectKey, u.ContentType, algorithm); err != nil {
		return NewUpload{}, err
	}
	if err := s.catalog.OpenUpload(ctx, &u); err != nil {
		abort := s.cfg.Objects.AbortMultipart(context.WithoutCancel(ctx), u.ObjectKey, u.MultipartID)
		return NewUpload{}, errors.Join(err, abort)
	}
	parts := make([]PartURL, u.Parts())
	for i := range parts {
		if parts[i], err = s.partURL(ctx, &u, i+1); err != nil {
			return NewUpload{}, err
		}
	}
	s.cfg.Metrics.created.Inc()
	return NewUpload{ID: id, Token: token, PartSize: u.PartSize, Parts: parts, ExpiresAt: u.ExpiresAt}, nil
}

func (s *Service) check(in CreateUploadRequest) error {
	switch size := in.Body.Size; {
	case size <= 0:
		return &InvalidError{Field: "body.size", Value: size, Message: fmt.Sprintf("size %d: a file has at least 1 byte", size)}
	case size > s.cfg.MaxSize:
		return &InvalidError{Field: "body.size", Value: size, TooLarge: true,
			Message: fmt.Sprintf("size %d: files of up to %d bytes are accepted", size, s.cfg.MaxSize)}
	}
	for field, text := range map[string]string{"name": in.Body.Name, "title": in.Body.Title, "description": in.Body.Description} {
		if strings.ContainsFunc(text, func(r rune) bool { return unicode.IsControl(r) && r != '\n' && r != '\t' }) {
			return &InvalidError{Field: "body." + field, Value: text, Message: field + " contains control characters"}
		}
	}
	if strings.TrimSpace(in.Body.Name) == "" {
		return &InvalidError{Field: "body.name", Value: in.Body.Name, Message: "name is empty: expected the name of the file"}
	}
	if err := checkContentType(in.Body.ContentType); err != nil {
		return err
	}
	return checkChecksum(in.Body.Checksum)
}

// objectKey returns a key that was never used, for the file of an upload.
func objectKey(id catalog.UploadID) string { return fmt.Sprintf("uploads/%s/%s", id, rand.Text()[:8]) }

// partSize is the configured one, or what keeps a large file within the number of parts, in whole MiB.
func partSize(size, configured int64) int64 {
	const mebibyte = 1 << 20
	needed := (size + maxParts - 1) / maxParts
	return max(configured, (needed+mebibyte-1)/mebibyte*mebibyte)
}

func (s *Service) partURL(ctx context.Context, u *catalog.Upload, number int) (PartURL, error) {
	url, err := s.cfg.Objects.PresignPart(ctx, u.ObjectKey, u.MultipartID, number, u.PartBytes(number), s.cfg.URLTTL)
	if err != nil {
		return PartURL{}, err
	}
	return PartURL{Number: number, Size: u.PartBytes(number), URL: url}, nil
}
