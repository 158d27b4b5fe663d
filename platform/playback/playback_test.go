package playback_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"plimsoll/internal/httpapi"
	"plimsoll/internal/pg/pgtest"
	"plimsoll/platform/catalog"
	"plimsoll/platform/catalog/catalogtest"
	"plimsoll/platform/objectstore"
	"plimsoll/platform/objectstore/blobtest"
	"plimsoll/platform/origin"
	"plimsoll/platform/playback"
)

type fixture struct {
	*playback.Playback
	pool  *pgxpool.Pool
	store *objectstore.Store
}

func newPlayback(t *testing.T) fixture {
	t.Helper()
	store, err := objectstore.New(blobtest.Start(t))
	if err != nil {
		t.Fatal(err)
	}
	f := fixture{pool: pgtest.New(t, catalog.Migrations), store: store}
	f.Playback, err = playback.New(playback.Config{Catalog: catalog.New(f.pool), Objects: store, EdgeURL: "http://edge/"})
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// publish makes a ready video with a manifest and a segment, and the same of an attempt that lost.
func (f fixture) publish(t *testing.T) catalog.Video {
	t.Helper()
	v := catalogtest.Video(t, f.pool, nil)
	f.publishAs(t, v)
	return v
}

func (f fixture) publishAs(t *testing.T, v catalog.Video) {
	t.Helper()
	for _, attempt := range []string{"1", "2"} {
		for name, body := range map[string]string{"master.m3u8": "#EXTM3U", "video_1.m4s": "segment", "notes.txt": "secret"} {
			key := fmt.Sprintf("v/%s/1/%s/%s", v.ID, attempt, name)
			if err := f.store.Put(t.Context(), key, strings.NewReader(body), int64(len(body)), "application/octet-stream"); err != nil {
				t.Fatal(err)
			}
		}
	}
	err := pgx.BeginFunc(t.Context(), f.pool, func(tx pgx.Tx) error {
		return catalog.Publish(t.Context(), tx, v.ID, 1, catalog.Publication{Prefix: fmt.Sprintf("v/%s/1/2/", v.ID), Duration: 2500 * time.Millisecond, Width: 640, Height: 360}, time.Now())
	})
	if err != nil {
		t.Fatal(err)
	}
}

// Who learns from a list that a video is ready can play it at once, though its record was cached while it was made.
func TestFetchAsSoonAsReady(t *testing.T) {
	t.Parallel()
	f := newPlayback(t)
	v := catalogtest.Video(t, f.pool, nil)
	path := fmt.Sprintf("/v/%s/1/2/master.m3u8", v.ID)
	if _, err := f.Fetch(t.Context(), path); !errors.Is(err, origin.ErrAbsent) {
		t.Errorf("while it is made: %v, want absent", err)
	}
	f.publishAs(t, v)
	if _, err := f.Fetch(t.Context(), path); err != nil {
		t.Errorf("once it is ready: %v", err)
	}
}

func TestFetch(t *testing.T) {
	t.Parallel()
	f := newPlayback(t)
	v := f.publish(t)
	processing := catalogtest.Video(t, f.pool, nil)
	prefix := "/v/" + string(v.ID)
	inProcess := f.Fetch
	server := httptest.NewServer(origin.Handler(f.Fetch, slog.New(slog.DiscardHandler)))
	t.Cleanup(server.Close)
	for _, road := range []struct {
		name  string
		fetch origin.Fetch
	}{{"in process", inProcess}, {"over HTTP", origin.Client(server.URL)}} {
		for _, tc := range []struct {
			name, path, body, contentType string
			fresh                         time.Duration
			immutable                     bool
		}{
			{"manifest", prefix + "/1/2/master.m3u8", "#EXTM3U", "application/vnd.apple.mpegurl", 10 * time.Second, false},
			{"segment", prefix + "/1/2/video_1.m4s", "segment", "video/iso.segment", 365 * 24 * time.Hour, true},
			{"attempt that lost", prefix + "/1/1/video_1.m4s", "", "", 0, false},
			{"sort of file that is not served", prefix + "/1/2/notes.txt", "", "", 0, false},
			{"no such segment", prefix + "/1/2/video_9.m4s", "", "", 0, false},
			{"out of the prefix", prefix + "/1/2/../1/video_1.m4s", "", "", 0, false},
			{"video that is processing", "/v/" + string(processing.ID) + "/1/1/video_1.m4s", "", "", 0, false},
			{"no such video", "/v/01990d6e-7c3a-7b9e-8f7e-5d9c1a2b3c4d/1/1/video_1.m4s", "", "", 0, false},
			{"bytes that are no text", prefix + "/1/2/\xff.m4s", "", "", 0, false},
			{"a zero byte", prefix + "/1/2/\x00.m4s", "", "", 0, false},
			{"a name too long for any disk", prefix + "/1/2/" + strings.Repeat("a", 300) + ".m4s", "", "", 0, false},
			{"an escape that is none", prefix + "/1/2/%zz.m4s", "", "", 0, false},
			{"another bucket path", "/uploads/x.mp4", "", "", 0, false},
		} {
			t.Run(road.name+"/"+tc.name, func(t *testing.T) {
				o, err := road.fetch(t.Context(), tc.path)
				if tc.body == "" {
					if !errors.Is(err, origin.ErrAbsent) {
						t.Errorf("%v, want absent", err)
					}
					return
				}
				if err != nil {
					t.Fatal(err)
				}
				if string(o.Body) != tc.body || o.ContentType != tc.contentType || o.Fresh != tc.fresh || o.Immutable != tc.immutable || o.ETag == "" {
					t.Errorf("%q, %+v", o.Body, o)
				}
			})
		}
	}
}

type outage struct{}

func (outage) Get(context.Context, string, *objectstore.Range) (io.ReadCloser, objectstore.Object, error) {
	return nil, objectstore.Object{}, objectstore.ErrUnavailable
}

func TestFetchDuringAnOutage(t *testing.T) {
	t.Parallel()
	f := newPlayback(t)
	v := f.publish(t)
	p, err := playback.New(playback.Config{Catalog: catalog.New(f.pool), Objects: outage{}, EdgeURL: "http://edge"})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(origin.Handler(p.Fetch, slog.New(slog.DiscardHandler)))
	defer server.Close()
	path := "/v/" + string(v.ID) + "/1/2/master.m3u8"
	for _, fetch := range []origin.Fetch{p.Fetch, origin.Client(server.URL), origin.Client("http://127.0.0.1:1")} {
		if _, err := fetch(t.Context(), path); !errors.Is(err, origin.ErrUnavailable) {
			t.Errorf("%v, want unavailable", err)
		}
	}
}

func TestVideo(t *testing.T) {
	t.Parallel()
	f := newPlayback(t)
	v := f.publish(t)
	out, err := f.Video(t.Context(), &playback.VideoRequest{ID: string(v.ID)})
	if err != nil {
		t.Fatal(err)
	}
	if b := out.Body; b.Status != catalog.Ready || b.Duration != 2.5 || b.Playback.HLS != fmt.Sprintf("http://edge/v/%s/1/2/master.m3u8", v.ID) {
		t.Errorf("%+v", b)
	}
	processing := catalogtest.Video(t, f.pool, nil)
	out, err = f.Video(t.Context(), &playback.VideoRequest{ID: string(processing.ID)})
	if err != nil || out.Body.Status != catalog.Processing || out.Body.Playback != nil {
		t.Errorf("%+v, %v", out, err)
	}
	var p *httpapi.ProblemError
	for _, id := range []string{"01990d6e-7c3a-7b9e-8f7e-5d9c1a2b3c4d", "nope"} {
		if _, err := f.Video(t.Context(), &playback.VideoRequest{ID: id}); !errors.As(err, &p) || p.Code != httpapi.NotFound {
			t.Errorf("%s: %v, want not found", id, err)
		}
	}
}

func TestVideosInPages(t *testing.T) {
	t.Parallel()
	f := newPlayback(t)
	var made, listed []catalog.VideoID
	for range 5 {
		made = append(made, catalogtest.Video(t, f.pool, nil).ID)
	}
	slices.Reverse(made)
	after := ""
	for page := 0; page == 0 || after != ""; page++ {
		out, err := f.Videos(t.Context(), &playback.ListRequest{After: after, Limit: 2})
		if err != nil || len(out.Body.Videos) > 2 || page > 2 {
			t.Fatalf("page %d: %+v, %v", page, out, err)
		}
		for _, v := range out.Body.Videos {
			listed = append(listed, v.ID)
		}
		after = out.Body.Next
	}
	if !slices.Equal(listed, made) {
		t.Errorf("listed %v, want %v", listed, made)
	}
	var p *httpapi.ProblemError
	if _, err := f.Videos(t.Context(), &playback.ListRequest{After: "x", Limit: 2}); !errors.As(err, &p) || p.Code != httpapi.Invalid {
		t.Errorf("a cursor that is none: %v", err)
	}
}
