package platform_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"plimsoll/platform/client"
	"plimsoll/platform/platformtest"
	"plimsoll/platform/playback"
)

// makeClip makes three seconds of test picture and tone.
func makeClip(t *testing.T, path string) {
	t.Helper()
	out, err := exec.Command("ffmpeg", "-nostdin", "-loglevel", "error", "-y", "-f", "lavfi", "-i", "testsrc2=size=640x360:rate=24",
		"-f", "lavfi", "-i", "sine=frequency=440:sample_rate=48000", "-t", "3", "-c:v", "libx264", "-preset", "ultrafast",
		"-pix_fmt", "yuv420p", "-c:a", "aac", path).CombinedOutput()
	if err != nil {
		t.Fatalf("make a clip with ffmpeg (make deps): %v: %s", err, out)
	}
}

// A file goes in through the public API and comes out of the edge as a video that plays, in every rendition.
func TestUploadToPlayback(t *testing.T) {
	t.Parallel()
	p := platformtest.Start(t, platformtest.Config(t))
	clip := filepath.Join(t.TempDir(), "clip.mp4")
	makeClip(t, clip)
	api, err := client.New(client.Config{URL: p.Gateway, Key: p.Key})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	done, err := api.Upload(ctx, client.Upload{Path: clip, Title: "A clip"})
	if err != nil {
		t.Fatal(err)
	}
	video, err := api.Wait(ctx, done.VideoID, 100*time.Millisecond)
	if err != nil {
		t.Fatal(err)
	}
	if video.Title != "A clip" || video.Duration < 2.9 || video.Duration > 3.2 || video.Width != 640 || video.Height != 360 {
		t.Errorf("%+v", video)
	}
	if !strings.HasPrefix(video.Playback.HLS, p.Edge+"/v/"+string(video.ID)+"/") {
		t.Errorf("it plays at %s, want the edge %s", video.Playback.HLS, p.Edge)
	}
	master := read(t, video.Playback.HLS, "application/vnd.apple.mpegurl")
	references := references(master)
	if len(references) == 0 {
		t.Fatalf("no renditions in\n%s", master)
	}
	for _, reference := range references {
		playWhole(t, resolve(t, video.Playback.HLS, reference))
	}
	read(t, video.Playback.DASH, "application/dash+xml")
	if picture := read(t, video.Playback.Thumbnail, "image/jpeg"); !strings.HasPrefix(picture, "\xff\xd8") {
		t.Error("the thumbnail is not a JPEG")
	}
	// FFmpeg plays it as any player would, over HTTP.
	if d := probe(t, video.Playback.HLS); d < 2.9 || d > 3.2 {
		t.Errorf("the HLS has %v s", d)
	}
	if list, err := api.Videos(ctx, "", 10); err != nil || len(list.Videos) != 1 || list.Videos[0].ID != video.ID || list.Next != "" {
		t.Errorf("%+v, %v", list, err)
	}
	notThere(t, p, video)
}

// notThere asks for what must not be served.
func notThere(t *testing.T, p *platformtest.Platform, video playback.Video) {
	t.Helper()
	u, _ := url.Parse(video.Playback.HLS)
	for _, path := range []string{
		strings.Replace(u.Path, "/1/", "/2/", 1), // a generation that is not published
		"/v/" + string(video.ID) + "/master.m3u8", strings.TrimSuffix(u.Path, "master.m3u8"), "/v/none/master.m3u8",
	} {
		if resp, err := http.Get(p.Edge + path); err != nil || resp.StatusCode != http.StatusNotFound {
			t.Errorf("%s: %v, %v; want 404", path, resp, err)
		}
	}
}

// playWhole reads a media playlist with all of its segments through the edge, and has ffprobe look at their
// concatenation.
func playWhole(t *testing.T, at string) {
	t.Helper()
	var whole bytes.Buffer
	for _, reference := range references(read(t, at, "application/vnd.apple.mpegurl")) {
		segment := resolve(t, at, reference)
		whole.WriteString(read(t, segment, ""))
		if resp, err := http.Head(segment); err != nil || resp.Header.Get("X-Cache") != "hit" {
			t.Errorf("%s is not in the cache after it was read: %v, %v", segment, resp, err)
		}
	}
	file := filepath.Join(t.TempDir(), "whole.mp4")
	if err := os.WriteFile(file, whole.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	if d := probe(t, file); d < 2.9 || d > 3.2 {
		t.Errorf("the segments of %s have %v s together", at, d)
	}
}

func read(t *testing.T, at, contentType string) string {
	t.Helper()
	resp, err := http.Get(at)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s, %v: %s", at, resp.Status, err, body)
	}
	if got := resp.Header.Get("Content-Type"); contentType != "" && got != contentType {
		t.Errorf("%s is a %s, want %s", at, got, contentType)
	}
	return string(body)
}

var uri = regexp.MustCompile(`URI="([^"]+)"`)

// references returns what a playlist refers to, in order.
func references(playlist string) (all []string) {
	for line := range strings.Lines(playlist) {
		line = strings.TrimSpace(line)
		if m := uri.FindStringSubmatch(line); m != nil {
			all = append(all, m[1])
		} else if line != "" && !strings.HasPrefix(line, "#") {
			all = append(all, line)
		}
	}
	return all
}

func resolve(t *testing.T, base, reference string) string {
	t.Helper()
	u, err := url.Parse(base)
	if err == nil {
		u, err = u.Parse(reference)
	}
	if err != nil {
		t.Fatal(err)
	}
	return u.String()
}

// probe returns the duration of a file or stream in seconds.
func probe(t *testing.T, what string) (seconds float64) {
	t.Helper()
	out, err := exec.Command("ffprobe", "-v", "error", "-show_entries", "format=duration", "-of", "default=nw=1:nk=1", what).CombinedOutput()
	if err != nil {
		t.Fatalf("probe %s: %v: %s", what, err, out)
	}
	if _, err := fmt.Sscan(string(out), &seconds); err != nil {
		t.Fatalf("probe %s: %s", what, out)
	}
	return seconds
}
