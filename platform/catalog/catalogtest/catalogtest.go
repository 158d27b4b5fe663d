// Package catalogtest puts records into a catalog for tests. It is for tests only.
package catalogtest

import (
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"plimsoll/platform/catalog"
)

// Upload opens an upload of 12 MiB in parts of 5 MiB that expires in an hour; edit may change it before it is recorded.
func Upload(t testing.TB, pool *pgxpool.Pool, edit func(*catalog.Upload)) catalog.Upload {
	t.Helper()
	id, err := catalog.NewUploadID()
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now().UTC().Truncate(time.Microsecond)
	u := catalog.Upload{
		ID: id, Owner: "ada", TokenHash: []byte("hash"), Title: "A clip", Description: "Of a test", Name: "clip.mp4",
		Size: 12 << 20, ContentType: "video/mp4", Checksum: catalog.Checksum{Algorithm: catalog.CRC64NVME, Value: "AAAAAAAAAAA="},
		ObjectKey: "uploads/" + string(id), MultipartID: "multipart", PartSize: 5 << 20, Status: catalog.Uploading,
		CreatedAt: now, ExpiresAt: now.Add(time.Hour),
	}
	if edit != nil {
		edit(&u)
	}
	if err := catalog.New(pool).OpenUpload(t.Context(), &u); err != nil {
		t.Fatal(err)
	}
	return u
}

// Video records a processing video, and runs enqueue, if it is not nil, in the same transaction.
func Video(t testing.TB, pool *pgxpool.Pool, enqueue func(pgx.Tx, *catalog.Video) error) catalog.Video {
	t.Helper()
	u := Upload(t, pool, nil)
	var v catalog.Video
	err := pgx.BeginFunc(t.Context(), pool, func(tx pgx.Tx) (err error) {
		if v, err = catalog.Accept(t.Context(), tx, &u, time.Now()); err != nil || enqueue == nil {
			return err
		}
		return enqueue(tx, &v)
	})
	if err != nil {
		t.Fatal(err)
	}
	return v
}
