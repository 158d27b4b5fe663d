package catalog

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

const uploadColumns = `id, owner, token_hash, title, description, name, size, content_type, checksum_algorithm,
	checksum_value, object_key, multipart_id, part_size, status, created_at, expires_at`

func scanUpload(row pgx.CollectableRow) (Upload, error) {
	var u Upload
	err := row.Scan(&u.ID, &u.Owner, &u.TokenHash, &u.Title, &u.Description, &u.Name, &u.Size, &u.ContentType,
		&u.Checksum.Algorithm, &u.Checksum.Value, &u.ObjectKey, &u.MultipartID, &u.PartSize, &u.Status,
		&u.CreatedAt, &u.ExpiresAt)
	return u, err
}

// OpenUpload records an upload in the uploading state.
func (s *Store) OpenUpload(ctx context.Context, u *Upload) error {
	_, err := s.pool.Exec(ctx, `INSERT INTO catalog_uploads (`+uploadColumns+`)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, 'uploading', $14, $15)`,
		u.ID, u.Owner, u.TokenHash, u.Title, u.Description, u.Name, u.Size, u.ContentType, u.Checksum.Algorithm,
		u.Checksum.Value, u.ObjectKey, u.MultipartID, u.PartSize, u.CreatedAt, u.ExpiresAt)
	if err != nil {
		return fmt.Errorf("open upload %s: %w", u.ID, err)
	}
	return nil
}

// Upload returns one upload, or ErrNoUpload.
func (s *Store) Upload(ctx context.Context, id UploadID) (Upload, error) {
	rows, _ := s.pool.Query(ctx, `SELECT `+uploadColumns+` FROM catalog_uploads WHERE id = $1`, id)
	u, err := pgx.CollectExactlyOneRow(rows, scanUpload)
	if err != nil {
		return Upload{}, fmt.Errorf("read upload %s: %w", id, translate(err, ErrNoUpload))
	}
	return u, nil
}

// RestartUpload has an open upload begin anew, in an object and an S3 multipart upload that nothing has been sent to.
// It returns ErrUploadClosed if the upload is not open, or no longer in the multipart upload that u names.
func (s *Store) RestartUpload(ctx context.Context, u *Upload, objectKey, multipartID string) error {
	tag, err := s.pool.Exec(ctx, `UPDATE catalog_uploads SET object_key = $3, multipart_id = $4
		WHERE id = $1 AND multipart_id = $2 AND status = 'uploading'`, u.ID, u.MultipartID, objectKey, multipartID)
	if err != nil {
		return fmt.Errorf("restart upload %s: %w", u.ID, err)
	}
	if tag.RowsAffected() == 0 {
		return fmt.Errorf("restart upload %s: %w", u.ID, ErrUploadClosed)
	}
	return nil
}

// CloseUpload ends an open upload as Aborted or Expired. What it holds in object storage is freed by free, while no
// one else can change the upload; if that fails, the upload stays open. It returns ErrUploadClosed if the upload is
// not open.
func (s *Store) CloseUpload(ctx context.Context, id UploadID, as UploadStatus, now time.Time, free func(context.Context, *Upload) error) error {
	err := pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		rows, _ := tx.Query(ctx, `UPDATE catalog_uploads SET status = $2, finished_at = $3
			WHERE id = $1 AND status = 'uploading' RETURNING `+uploadColumns, id, as, now)
		u, err := pgx.CollectExactlyOneRow(rows, scanUpload)
		if err != nil {
			return translate(err, ErrUploadClosed)
		}
		return free(ctx, &u)
	})
	if err != nil {
		return fmt.Errorf("close upload %s: %w", id, err)
	}
	return nil
}

// ExpiredUploads returns at most limit open uploads whose time had run out at now, the oldest first.
func (s *Store) ExpiredUploads(ctx context.Context, now time.Time, limit int) ([]Upload, error) {
	rows, _ := s.pool.Query(ctx, `SELECT `+uploadColumns+` FROM catalog_uploads
		WHERE status = 'uploading' AND expires_at <= $1 ORDER BY expires_at LIMIT $2`, now, limit)
	uploads, err := pgx.CollectRows(rows, scanUpload)
	if err != nil {
		return nil, fmt.Errorf("list expired uploads: %w", err)
	}
	return uploads, nil
}

// SourceOf returns the upload that a video was made from, for its declared size and checksum.
func (s *Store) SourceOf(ctx context.Context, id VideoID) (Upload, error) {
	rows, _ := s.pool.Query(ctx, `SELECT `+uploadColumns+` FROM catalog_uploads
		WHERE id = (SELECT upload_id FROM catalog_videos WHERE id = $1)`, id)
	u, err := pgx.CollectExactlyOneRow(rows, scanUpload)
	if err != nil {
		return Upload{}, fmt.Errorf("read the upload of video %s: %w", id, translate(err, ErrNoUpload))
	}
	return u, nil
}
