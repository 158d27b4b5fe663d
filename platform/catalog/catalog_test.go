package catalog_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"plimsoll/internal/pg/pgtest"
	"plimsoll/platform/catalog"
	"plimsoll/platform/catalog/catalogtest"
)

func TestUploadRoundTrip(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t, catalog.Migrations)
	s, ctx := catalog.New(pool), t.Context()
	want := catalogtest.Upload(t, pool, nil)
	got, err := s.Upload(ctx, want.ID)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("upload (-want +got):\n%s", diff)
	}
	if got.Parts() != 3 || got.PartBytes(1) != 5<<20 || got.PartBytes(3) != 2<<20 {
		t.Errorf("parts: %d of %d and %d bytes", got.Parts(), got.PartBytes(1), got.PartBytes(3))
	}
	if err := s.RestartUpload(ctx, &want, want.ObjectKey+"/2", "another"); err != nil {
		t.Fatal(err)
	}
	if err := s.RestartUpload(ctx, &want, want.ObjectKey+"/3", "third"); !errors.Is(err, catalog.ErrUploadClosed) {
		t.Errorf("restart by one who knows an old multipart upload: %v", err)
	}
	outage := errors.New("outage")
	err = s.CloseUpload(ctx, want.ID, catalog.Aborted, time.Now(), func(context.Context, *catalog.Upload) error { return outage })
	if got, readErr := s.Upload(ctx, want.ID); !errors.Is(err, outage) || readErr != nil || got.Status != catalog.Uploading {
		t.Errorf("close when storage cannot be freed: %v, then %s", err, got.Status)
	}
	freed := ""
	free := func(_ context.Context, u *catalog.Upload) error { freed += u.MultipartID; return nil }
	if err := s.CloseUpload(ctx, want.ID, catalog.Aborted, time.Now(), free); err != nil {
		t.Fatal(err)
	}
	if err := s.CloseUpload(ctx, want.ID, catalog.Expired, time.Now(), free); !errors.Is(err, catalog.ErrUploadClosed) {
		t.Errorf("close again: %v", err)
	}
	if freed != "another" {
		t.Errorf("freed %q, want the present multipart upload once", freed)
	}
	if _, err := s.Upload(ctx, catalog.UploadID("00000000-0000-7000-8000-000000000000")); !errors.Is(err, catalog.ErrNoUpload) {
		t.Errorf("unknown upload: %v", err)
	}
}

func TestExpiredUploads(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t, catalog.Migrations)
	old := catalogtest.Upload(t, pool, func(u *catalog.Upload) { u.ExpiresAt = time.Now().Add(-time.Second) })
	catalogtest.Upload(t, pool, nil)
	got, err := catalog.New(pool).ExpiredUploads(t.Context(), time.Now(), 10)
	if err != nil || len(got) != 1 || got[0].ID != old.ID {
		t.Errorf("expired: %v, %v", got, err)
	}
}

func TestVideoLifecycle(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t, catalog.Migrations)
	s, ctx := catalog.New(pool), t.Context()
	v := catalogtest.Video(t, pool, nil)
	if v.Status != catalog.Processing || v.Generation != 1 || v.SourceSize != 12<<20 {
		t.Errorf("accepted: %+v", v)
	}
	p := catalog.Publication{Prefix: "v/x/1/1/", Duration: 1500 * time.Millisecond, Width: 640, Height: 360}
	now := time.Now().UTC().Truncate(time.Microsecond)
	publish := func(generation int) error {
		return pgx.BeginFunc(ctx, pool, func(tx pgx.Tx) error { return catalog.Publish(ctx, tx, v.ID, generation, p, now) })
	}
	if err := publish(2); !errors.Is(err, catalog.ErrVideoSettled) {
		t.Errorf("publish another generation: %v", err)
	}
	if err := publish(1); err != nil {
		t.Fatal(err)
	}
	if err := publish(1); !errors.Is(err, catalog.ErrVideoSettled) {
		t.Errorf("publish twice: %v", err)
	}
	err := pgx.BeginFunc(ctx, pool, func(tx pgx.Tx) error { return catalog.Fail(ctx, tx, v.ID, 1, "late") })
	if !errors.Is(err, catalog.ErrVideoSettled) {
		t.Errorf("fail a ready video: %v", err)
	}
	got, err := s.Video(ctx, v.ID)
	if err != nil {
		t.Fatal(err)
	}
	want := v
	want.Status, want.Prefix, want.Duration, want.Width, want.Height, want.ReadyAt = catalog.Ready, p.Prefix, p.Duration, 640, 360, now
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("ready video (-want +got):\n%s", diff)
	}
	if of, err := s.VideoOfUpload(ctx, v.UploadID); err != nil || of.ID != v.ID {
		t.Errorf("video of its upload: %+v, %v", of, err)
	}
	if u, err := s.SourceOf(ctx, v.ID); err != nil || u.ID != v.UploadID || u.Status != catalog.Uploaded {
		t.Errorf("source: %+v, %v", u, err)
	}
}

func TestParallelAcceptsMakeOneVideo(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t, catalog.Migrations)
	u := catalogtest.Upload(t, pool, nil)
	var made atomic.Int32
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			err := pgx.BeginFunc(t.Context(), pool, func(tx pgx.Tx) error {
				_, err := catalog.Accept(t.Context(), tx, &u, time.Now())
				return err
			})
			switch {
			case err == nil:
				made.Add(1)
			case !errors.Is(err, catalog.ErrUploadClosed):
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if made.Load() != 1 {
		t.Errorf("%d videos of one upload", made.Load())
	}
}

// Whoever proved an object before its upload began anew in another one cannot make a video of it: the object is freed.
func TestAcceptOfAnOldObject(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t, catalog.Migrations)
	u := catalogtest.Upload(t, pool, nil)
	if err := catalog.New(pool).RestartUpload(t.Context(), &u, u.ObjectKey+"/2", "another"); err != nil {
		t.Fatal(err)
	}
	err := pgx.BeginFunc(t.Context(), pool, func(tx pgx.Tx) error {
		_, err := catalog.Accept(t.Context(), tx, &u, time.Now())
		return err
	})
	if !errors.Is(err, catalog.ErrUploadClosed) {
		t.Errorf("accept: %v", err)
	}
	if now, err := catalog.New(pool).Upload(t.Context(), u.ID); err != nil || now.Status != catalog.Uploading {
		t.Errorf("the upload is %s, %v; want it open", now.Status, err)
	}
}

func TestVideosAreListedByKeyset(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t, catalog.Migrations)
	s, ctx := catalog.New(pool), t.Context()
	var want []catalog.VideoID // newest first
	for range 5 {
		want = append([]catalog.VideoID{catalogtest.Video(t, pool, nil).ID}, want...)
	}
	var got []catalog.VideoID
	for after := catalog.VideoID(""); ; after = got[len(got)-1] {
		page, err := s.Videos(ctx, after, 2)
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range page {
			got = append(got, v.ID)
		}
		if len(page) < 2 {
			break
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("pages (-want +got):\n%s", diff)
	}
	if _, err := s.Video(ctx, "00000000-0000-7000-8000-000000000000"); !errors.Is(err, catalog.ErrNoVideo) {
		t.Errorf("unknown video: %v", err)
	}
}

// The schema refuses what no code should write.
func TestConstraints(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t, catalog.Migrations)
	v := catalogtest.Video(t, pool, nil)
	for name, tc := range map[string]struct{ sql, constraint string }{
		"ready without output":    {`UPDATE catalog_videos SET status = 'ready' WHERE id = $1`, "catalog_videos_ready_is_published"},
		"failed without reason":   {`UPDATE catalog_videos SET status = 'failed' WHERE id = $1`, "catalog_videos_failed_has_reason"},
		"running without a lease": {`INSERT INTO catalog_tasks (video_id, generation, max_failures, status) VALUES ($1, 1, 1, 'running')`, "catalog_tasks_running_is_leased"},
		"open and finished":       {`UPDATE catalog_uploads SET finished_at = NULL WHERE id = (SELECT upload_id FROM catalog_videos WHERE id = $1)`, "catalog_uploads_finished"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			refused(t, pool, tc.sql, string(v.ID), tc.constraint)
		})
	}
}

func refused(t *testing.T, pool *pgxpool.Pool, sql, id, constraint string) {
	t.Helper()
	_, err := pool.Exec(t.Context(), sql, id)
	var violation *pgconn.PgError
	if !errors.As(err, &violation) || violation.ConstraintName != constraint {
		t.Errorf("got %v, want a violation of %s", err, constraint)
	}
}

func TestIDs(t *testing.T) {
	t.Parallel()
	id, err := catalog.NewVideoID()
	if err != nil {
		t.Fatal(err)
	}
	if got, err := catalog.ParseVideoID(string(id)); err != nil || got != id {
		t.Errorf("parse %s: %s, %v", id, got, err)
	}
	for _, bad := range []string{"", "x", "../etc/passwd", "01990D6E-7C3A-7B9E-8F7E-5D9C1A2B3C4D", "{01990d6e-7c3a-7b9e-8f7e-5d9c1a2b3c4d}"} {
		if _, err := catalog.ParseVideoID(bad); err == nil {
			t.Errorf("%q was taken for a video id", bad)
		}
		if _, err := catalog.ParseUploadID(bad); err == nil {
			t.Errorf("%q was taken for an upload id", bad)
		}
	}
}
