package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"plimsoll/internal/config"
	"plimsoll/platform/client"
	"plimsoll/platform/playback"
)

type uploadCmd struct {
	serverFlags
	File        string `arg:"" help:"Video file."`
	Title       string `help:"What viewers see; the file's name by default."`
	Description string `help:"Text beside the video."`
	Wait        bool   `help:"Wait until the video is ready, and print where it plays."`
	Output      string `short:"o" enum:"text,json" default:"text" help:"Form of the answer: ${enum}."`
}

// Run uploads the file.
func (u *uploadCmd) Run(c *cli) error {
	key, err := u.key()
	if err != nil {
		return err
	}
	dir, err := config.DataDir("platform")
	if err != nil {
		return err
	}
	api, err := client.New(client.Config{URL: u.URL, Key: key, ResumeDir: filepath.Join(dir, "unfinished-uploads")})
	if err != nil {
		return err
	}
	bar := &progressBar{w: c.err, shown: terminal(c.err), name: filepath.Base(u.File)}
	done, err := api.Upload(c.ctx, client.Upload{Path: u.File, Title: u.Title, Description: u.Description, Progress: bar.show,
		Resumed: func(n int64) { bar.say("going on where the last upload stopped: %s are there already", bytesText(n)) }})
	bar.end()
	switch {
	case errors.Is(err, context.Canceled):
		return errors.New("interrupted; run the same command again to go on where it stopped")
	case err != nil:
		return err
	}
	if !u.Wait {
		if u.Output == "json" {
			return c.printJSON(done)
		}
		_, err := fmt.Fprintf(c.out, "uploaded as video %s, which is %s\nfollow it at %s/v1/videos/%s\n", done.VideoID, done.Status, u.URL, done.VideoID)
		return err
	}
	bar.say("waiting for video %s to become ready", done.VideoID)
	video, err := api.Wait(c.ctx, done.VideoID, time.Second)
	switch {
	case errors.Is(err, context.Canceled):
		return fmt.Errorf("interrupted; the video is being made all the same: %s/v1/videos/%s", u.URL, done.VideoID)
	case err != nil:
		return err
	case u.Output == "json":
		return c.printJSON(video)
	}
	return printVideo(c.out, video)
}

func printVideo(w io.Writer, v playback.Video) error {
	_, err := fmt.Fprintf(w, "video %s is ready: %s, %dx%d, %.1f s\nHLS        %s\nDASH       %s\nthumbnail  %s\nplay it with: ffplay %s   (or mpv, VLC, Safari)\n",
		v.ID, v.Title, v.Width, v.Height, v.Duration, v.Playback.HLS, v.Playback.DASH, v.Playback.Thumbnail, v.Playback.HLS)
	return err
}

// progressBar draws on a terminal and is silent elsewhere.
type progressBar struct {
	w     io.Writer
	shown bool
	name  string

	mu   sync.Mutex
	last time.Time
	line bool // the cursor is on a line of ours
}

const barWidth = 30

// redraw is the shortest time between two drawings.
const redraw = 100 * time.Millisecond

func (b *progressBar) show(p client.Progress) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.shown || p.Done < p.Total && time.Since(b.last) < redraw {
		return
	}
	b.last, b.line = time.Now(), true
	full := int(p.Done * barWidth / max(p.Total, 1))
	full = min(max(full, 0), barWidth)
	fmt.Fprintf(b.w, "\r%-8s %s [%s%s] %3d%% of %s\x1b[K", p.Phase, b.name, strings.Repeat("=", full), strings.Repeat(" ", barWidth-full),
		p.Done*100/max(p.Total, 1), bytesText(p.Total))
}

// say writes a line of its own.
func (b *progressBar) say(format string, args ...any) {
	b.end()
	fmt.Fprintf(b.w, format+"\n", args...)
}

// end leaves the bar's line.
func (b *progressBar) end() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.line {
		fmt.Fprintln(b.w)
		b.line = false
	}
}

// bytesText writes a size in words: 1.5 MiB.
func bytesText(n int64) string {
	v, units := float64(n), []string{"B", "KiB", "MiB", "GiB", "TiB"}
	for len(units) > 1 && v >= 1024 {
		v, units = v/1024, units[1:]
	}
	if units[0] == "B" {
		return fmt.Sprintf("%d B", n)
	}
	return fmt.Sprintf("%.1f %s", v, units[0])
}
