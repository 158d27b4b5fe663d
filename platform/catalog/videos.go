package catalog

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

const videoColumns = `id, upload_id, owner, title, description, source_key, source_size, generation, status, reason,
	coalesce(prefix, ''), coalesce(duration_ms, 0), coalesce(width, 0), coalesce(height, 0), created_at, ready_at`

func scanVideo(row pgx.CollectableRow) (Video, error) {
	var v Video
	var milliseconds int64
	var readyAt *time.Time
	err := row.Scan(&v.ID, &v.UploadID, &v.Owner, &v.Title, &v.Description, &v.SourceKey, &v.SourceSize, &v.Generation,
		&v.Status, &v.Reason, &v.Prefix, &milliseconds, &v.Width, &v.Height, &v.CreatedAt, &readyAt)
	v.Duration = time.Duration(milliseconds) * time.Millisecond
	if readyAt != nil {
		v.ReadyAt = *readyAt
	}
	return v, err
}

// Video returns one video, or ErrNoVideo.
func (s *Store) Video(ctx context.Context, id VideoID) (Video, error) {
	rows, _ := s.pool.Query(ctx, `SELECT `+videoColumns+` FROM catalog_videos WHERE id = $1`, id)
	v, err := pgx.CollectExactlyOneRow(rows, scanVideo)
	if err != nil {
		return Video{}, fmt.Errorf("read video %s: %w", id, translate(err, ErrNoVideo))
	}
	return v, nil
}

// Videos lists videos of every status, newest first: at most limit of them, beginning after the given ID, or at
// the newest if after is empty.
func (s *Store) Videos(ctx context.Context, after VideoID, limit int) ([]Video, error) {
	rows, _ := s.pool.Query(ctx, `SELECT `+videoColumns+` FROM catalog_videos
		WHERE $1 = '' OR id < nullif($1, '')::uuid ORDER BY id DESC LIMIT $2`, string(after), limit)
	videos, err := pgx.CollectRows(rows, scanVideo)
	if err != nil {
		return nil, fmt.Errorf("list videos: %w", err)
	}
	return videos, nil
}

// VideoOfUpload returns the video that an upload became, or ErrNoVideo.
func (s *Store) VideoOfUpload(ctx context.Context, id UploadID) (Video, error) {
	rows, _ := s.pool.Query(ctx, `SELECT `+videoColumns+` FROM catalog_videos WHERE upload_id = $1`, id)
	v, err := pgx.CollectExactlyOneRow(rows, scanVideo)
	if err != nil {
		return Video{}, fmt.Errorf("read the video of upload %s: %w", id, translate(err, ErrNoVideo))
	}
	return v, nil
}

// Accept closes an upload whose bytes have been proved and creates its processing video, inside the caller's
// transaction. It returns ErrUploadClosed if the upload is not open any more, because another completion of it may
// have been faster, or has begun anew in another object since u was read.
func Accept(ctx context.Context, tx pgx.Tx, u *Upload, now time.Time) (Video, error) {
	tag, err := tx.Exec(ctx, `UPDATE catalog_uploads SET status = 'uploaded', finished_at = $2
		WHERE id = $1 AND status = 'uploading' AND object_key = $3`, u.ID, now, u.ObjectKey)
	if err != nil {
		return Video{}, fmt.Errorf("close upload %s: %w", u.ID, err)
	}
	if tag.RowsAffected() == 0 {
		return Video{}, fmt.Errorf("close upload %s: %w", u.ID, ErrUploadClosed)
	}
	id, err := NewVideoID()
	if err != nil {
		return Video{}, err
	}
	rows, _ := tx.Query(ctx, `INSERT INTO catalog_videos
		(id, upload_id, owner, title, description, source_key, source_size, status, created_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, 'processing', $8) RETURNING `+videoColumns,
		id, u.ID, u.Owner, u.Title, u.Description, u.ObjectKey, u.Size, now)
	v, err := pgx.CollectExactlyOneRow(rows, scanVideo)
	if err != nil {
		return Video{}, fmt.Errorf("create the video of upload %s: %w", u.ID, err)
	}
	return v, nil
}

// Publish makes a processing video ready, inside the transaction that settles its task. It returns
// ErrVideoSettled if the video is not processing that generation.
func Publish(ctx context.Context, tx pgx.Tx, id VideoID, generation int, p Publication, now time.Time) error {
	tag, err := tx.Exec(ctx, `UPDATE catalog_videos
		SET status = 'ready', prefix = $3, duration_ms = $4, width = $5, height = $6, ready_at = $7
		WHERE id = $1 AND generation = $2 AND status = 'processing'`,
		id, generation, p.Prefix, p.Duration.Milliseconds(), p.Width, p.Height, now)
	if err != nil {
		return fmt.Errorf("publish video %s: %w", id, err)
	}
	if tag.RowsAffected() == 0 {
		return fmt.Errorf("publish video %s generation %d: %w", id, generation, ErrVideoSettled)
	}
	return nil
}

// Fail settles a processing video as failed, with a reason in words for its uploader, inside the transaction
// that settles its task. It returns ErrVideoSettled if the video is not processing that generation.
func Fail(ctx context.Context, tx pgx.Tx, id VideoID, generation int, reason string) error {
	tag, err := tx.Exec(ctx, `UPDATE catalog_videos SET status = 'failed', reason = $3
		WHERE id = $1 AND generation = $2 AND status = 'processing'`, id, generation, reason)
	if err != nil {
		return fmt.Errorf("fail video %s: %w", id, err)
	}
	if tag.RowsAffected() == 0 {
		return fmt.Errorf("fail video %s generation %d: %w", id, generation, ErrVideoSettled)
	}
	return nil
}
