package ingest

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"

	"plimsoll/platform/catalog"
)

func hashToken(token string) []byte {
	sum := sha256.Sum256([]byte(token))
	return sum[:]
}

// authorize returns the upload that the token opens.
func (s *Service) authorize(ctx context.Context, id, token string) (catalog.Upload, error) {
	if token == "" {
		return catalog.Upload{}, ErrNoToken
	}
	parsed, err := catalog.ParseUploadID(id)
	if err != nil {
		return catalog.Upload{}, catalog.ErrNoUpload
	}
	u, err := s.catalog.Upload(ctx, parsed)
	if err != nil {
		return catalog.Upload{}, err
	}
	if subtle.ConstantTimeCompare(hashToken(token), u.TokenHash) != 1 {
		return catalog.Upload{}, ErrWrongToken
	}
	return u, nil
}
