package catalog

import (
	"errors"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

var (
	// ErrNoUpload is returned for an upload that was never opened here.
	ErrNoUpload = errors.New("there is no such upload")
	// ErrNoVideo is returned for a video that does not exist.
	ErrNoVideo = errors.New("there is no such video")
	// ErrUploadClosed is returned when an upload left the uploading state before the change was made.
	ErrUploadClosed = errors.New("the upload is no longer open")
	// ErrVideoSettled is returned when a video left the processing state, or the generation, that a change was meant for.
	ErrVideoSettled = errors.New("the video is no longer processing this generation")
)

// Store reads and changes the catalog. It is safe for concurrent use.
type Store struct {
	pool *pgxpool.Pool
}

// New returns a store over a migrated database.
func New(pool *pgxpool.Pool) *Store { return &Store{pool: pool} }

// translate gives the absence of a row its name.
func translate(err, absent error) error {
	if errors.Is(err, pgx.ErrNoRows) {
		return absent
	}
	return err
}
