package traffic

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"plimsoll/platform/catalog"
	"plimsoll/platform/client"
)

// upload sends the clips of the start and then one at the interval, until stop is done. Requests run under work, so that
// none is broken off by the stop.
func (t *Traffic) upload(stop, work context.Context) error {
	if t.cfg.Clips == 0 && t.cfg.UploadEvery == 0 {
		return nil
	}
	dir, err := os.MkdirTemp("", "platform-clips")
	if err != nil {
		return fmt.Errorf("make a folder for clips: %w", err)
	}
	defer os.RemoveAll(dir)
	number := 0
	one := func() error {
		number++
		clip := filepath.Join(dir, fmt.Sprintf("clip-%d.mp4", number))
		defer os.Remove(clip)
		if err := makeClip(stop, clip, number); err != nil {
			if stop.Err() != nil {
				return nil
			}
			return err
		}
		t.uploadOne(stop, work, clip, fmt.Sprintf("Clip %d", number))
		return nil
	}
	for number < t.cfg.Clips && stop.Err() == nil {
		if err := one(); err != nil {
			return err
		}
	}
	if t.cfg.UploadEvery == 0 {
		return nil
	}
	next := time.NewTicker(t.cfg.UploadEvery)
	defer next.Stop()
	for {
		select {
		case <-stop.Done():
			return nil
		case <-next.C:
			if err := one(); err != nil {
				return err
			}
		}
	}
}

// pollEvery is the time between two questions whether a video is ready.
const pollEvery = time.Second

// uploadOne uploads a clip and waits until it is ready. A failure is counted, and no reason to stop.
func (t *Traffic) uploadOne(stop, work context.Context, clip, title string) {
	t.uploads.Add(1)
	done, err := t.client.Upload(work, client.Upload{Path: clip, Title: title})
	if err != nil {
		t.failed.Add(1)
		t.cfg.Logger.Warn("clip was not uploaded", "title", title, "err", err)
		return
	}
	for stop.Err() == nil {
		video, err := t.client.Video(work, done.VideoID)
		switch {
		case err == nil && video.Status == catalog.Ready:
			t.ready.Add(1)
			return
		case err == nil && video.Status == catalog.Failed:
			t.failed.Add(1)
			t.cfg.Logger.Warn("clip did not become a video", "title", title, "reason", video.Reason)
			return
		}
		select { // an error passes, or the availability of the platform is what it is
		case <-stop.Done():
		case <-time.After(pollEvery):
		}
	}
}

// makeClip makes a few seconds of a moving test picture with a tone, another one for each number.
func makeClip(ctx context.Context, path string, number int) error {
	cmd := exec.CommandContext(ctx, "ffmpeg", "-nostdin", "-loglevel", "error", "-y",
		"-f", "lavfi", "-i", "testsrc2=size=640x360:rate=24",
		"-f", "lavfi", "-i", fmt.Sprintf("sine=frequency=%d:sample_rate=48000", 220+20*(number%40)),
		"-t", fmt.Sprint(2+number%3), "-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p",
		"-metadata", fmt.Sprintf("comment=%d", number), "-c:a", "aac", "-shortest", path)
	var said bytes.Buffer
	cmd.Stderr = &said
	err := cmd.Run()
	if errors.Is(err, exec.ErrNotFound) {
		return errors.New("making clips needs ffmpeg on the PATH (make deps installs it)")
	}
	if err != nil {
		return fmt.Errorf("make a clip with ffmpeg: %w: %s", err, bytes.TrimSpace(said.Bytes()))
	}
	return nil
}
