package media

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"strings"

	"golang.org/x/sync/errgroup"

	"plimsoll/platform/catalog"
	"plimsoll/platform/media/fmp4"
)

// Media types of what is published.
const (
	typeHLS   = "application/vnd.apple.mpegurl"
	typeDASH  = "application/dash+xml"
	typeVideo = "video/mp4"
	typeAudio = "audio/mp4"
	typeJPEG  = "image/jpeg"
)

// parallelPuts is how many objects are written at a time; each waits for the disk of the object store.
const parallelPuts = 8

// store writes everything below the prefix.
func (w *Worker) store(ctx context.Context, prefix string, o *output, thumbnail string) error {
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(parallelPuts)
	put := func(name, mediaType string, r io.Reader, size int64) {
		g.Go(func() error {
			w.cfg.Metrics.outputBytes.Add(float64(size))
			return w.cfg.Objects.Put(ctx, prefix+name, r, size, mediaType)
		})
	}
	text := func(name, mediaType, s string) { put(name, mediaType, strings.NewReader(s), int64(len(s))) }

	manifest, err := dashManifest(o)
	if err != nil {
		return err
	}
	var files []*os.File
	defer func() { // after the last Wait
		for _, f := range files {
			_ = f.Close()
		}
	}()
	for _, t := range o.tracks() {
		f, err := os.Open(t.path)
		if err != nil {
			return errors.Join(fmt.Errorf("open a rendition: %w", err), g.Wait())
		}
		files = append(files, f)
		mediaType := typeVideo
		if t.name == audioName {
			mediaType = typeAudio
		}
		span := func(name string, s fmp4.Span) {
			put(path.Join(t.name, name), mediaType, io.NewSectionReader(f, s.Offset, s.Size), s.Size)
		}
		span(initName, t.Init)
		for i, fragment := range t.Fragments {
			span(segmentName(i), fragment.Span)
		}
		text(path.Join(t.name, playlistName), typeHLS, mediaPlaylist(&t))
	}
	picture, err := os.ReadFile(thumbnail)
	if err != nil {
		return errors.Join(fmt.Errorf("open the thumbnail: %w", err), g.Wait())
	}
	text(catalog.Thumbnail, typeJPEG, string(picture))
	text(catalog.HLSManifest, typeHLS, masterPlaylist(o))
	text(catalog.DASHManifest, typeDASH, manifest)
	return g.Wait()
}
