package media

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"syscall"
	"time"

	"plimsoll/platform/catalog"
	"plimsoll/platform/objectstore"
	"plimsoll/platform/queue"
)

// generationPrefix is where all attempts at a generation of a video write.
func generationPrefix(t *queue.Task) string { return fmt.Sprintf("v/%s/%d/", t.VideoID, t.Generation) }

// attemptPrefix is where this attempt alone writes.
func attemptPrefix(t *queue.Task) string { return fmt.Sprintf("%s%d/", generationPrefix(t), t.Attempt) }

// Shares of the work in a task's progress.
const (
	fetched    = 0.05
	transcoded = 0.9
)

var errAttemptLimit = errors.New("the attempt took longer than its limit")

// Handle makes everything that is published of a video.
func (w *Worker) Handle(ctx context.Context, t *queue.Task) (catalog.Publication, error) {
	dir, remove, err := w.scratch.task(fmt.Sprintf("task-%d-%d", t.ID, t.Attempt))
	if err != nil {
		return catalog.Publication{}, classify(err)
	}
	defer func() {
		if err := remove(); err != nil {
			w.cfg.Logger.Warn("files of an attempt are left", "task", t.ID, "err", err)
		}
	}()
	ctx, cancel := context.WithTimeoutCause(ctx, w.cfg.AttemptLimit, fmt.Errorf("%w of %s", errAttemptLimit, w.cfg.AttemptLimit))
	defer cancel()
	p, err := w.make(ctx, t, dir)
	if limit := context.Cause(ctx); err != nil && errors.Is(limit, errAttemptLimit) {
		return p, limit // it spends a try, whatever was waited for
	}
	return p, classify(err)
}

func (w *Worker) make(ctx context.Context, t *queue.Task, dir string) (catalog.Publication, error) {
	v, err := w.catalog.Video(ctx, t.VideoID)
	if err != nil {
		return catalog.Publication{}, err
	}
	file, err := w.fetch(ctx, dir, &v)
	if err != nil {
		return catalog.Publication{}, err
	}
	t.Progress(fetched)
	s, err := w.probe(ctx, file)
	if err != nil {
		return catalog.Publication{}, err
	}
	list := renditions(s)
	t.Logf("source: %s, %d × %d, %s frames a second, %s, audio %t", s.demuxer, s.width, s.height, s.rate, s.duration, s.audio)
	thumbnail, err := w.thumbnail(ctx, dir, file, s)
	if err != nil {
		return catalog.Publication{}, err
	}
	began := time.Now()
	err = w.transcode(ctx, dir, file, s, list, func(fraction float64) { t.Progress(fetched + fraction*(transcoded-fetched)) })
	if err != nil {
		return catalog.Publication{}, err
	}
	took := time.Since(began)
	o, err := readOutput(dir, s, list)
	if err != nil {
		return catalog.Publication{}, err
	}
	if err := o.check(s); err != nil {
		return catalog.Publication{}, err
	}
	w.cfg.Metrics.transcode.Observe(took.Seconds())
	w.cfg.Metrics.mediaTime.Add(s.duration.Seconds())
	t.Logf("transcoded in %s", took.Round(time.Millisecond))
	t.Progress(transcoded)
	if err := w.store(ctx, attemptPrefix(t), o, thumbnail); err != nil {
		return catalog.Publication{}, err
	}
	largest := o.video[len(o.video)-1]
	return catalog.Publication{Prefix: attemptPrefix(t), Duration: o.duration(), Width: largest.Width, Height: largest.Height}, nil
}

// classify tells outages of what the work stands on from failures of the work.
func classify(err error) error {
	if errors.Is(err, objectstore.ErrUnavailable) || errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
		return queue.Postpone(err)
	}
	return err
}

// Settled removes output that will never be published. What a zombie writes after its successor has tidied up stays.
func (w *Worker) Settled(ctx context.Context, t *queue.Task, o queue.Outcome) {
	var err error
	switch o {
	case queue.Done:
		err = w.deleteUnder(ctx, generationPrefix(t), attemptPrefix(t))
	case queue.Failed, queue.Dead:
		err = w.deleteUnder(ctx, generationPrefix(t), "")
	case queue.Retry, queue.Postponed, queue.Released:
		err = w.deleteUnder(ctx, attemptPrefix(t), "")
	case queue.Lost:
		// The lease may be lost because the publication was committed and its acknowledgement was not heard. The
		// output stays unless another attempt's is public.
		var v catalog.Video
		if v, err = w.catalog.Video(ctx, t.VideoID); err == nil && v.Status == catalog.Ready && v.Prefix != attemptPrefix(t) {
			err = w.deleteUnder(ctx, attemptPrefix(t), "")
		}
	}
	if err != nil {
		w.cfg.Logger.Warn("output that is not public is left", "task", t.ID, "video", t.VideoID, "err", err)
	}
}

// deleteUnder deletes the objects under a prefix, but for those under kept, if it is not empty.
func (w *Worker) deleteUnder(ctx context.Context, prefix, kept string) error {
	objects, err := w.cfg.Objects.List(ctx, prefix)
	if err != nil {
		return err
	}
	for _, o := range objects {
		if kept != "" && strings.HasPrefix(o.Key, kept) {
			continue
		}
		if err := w.cfg.Objects.Delete(ctx, o.Key); err != nil {
			return err
		}
	}
	return nil
}
