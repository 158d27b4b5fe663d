package media_test

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"image/jpeg"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"plimsoll/platform/catalog"
	"plimsoll/platform/media"
	"plimsoll/platform/objectstore"
)

var h264 = []string{"-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p"}

func TestVideoPlays(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.work(nil)
	id := f.accept(clip(t, "a.mp4", join(picture("1280x720", "2.4"), tone("2.4"), h264, []string{"-c:a", "aac"})...), nil)
	v := f.settled(id)
	if v.Status != catalog.Ready {
		t.Fatalf("video: %+v; task: %s", v, f.log(id))
	}
	if v.Prefix != fmt.Sprintf("v/%s/1/1/", id) || v.Width != 1280 || v.Height != 720 || (v.Duration-2400*time.Millisecond).Abs() > 100*time.Millisecond {
		t.Errorf("published: %+v", v)
	}
	var want []string
	for _, track := range []string{"360p", "720p", "audio"} {
		for _, name := range []string{"1.m4s", "2.m4s", "3.m4s", "index.m3u8", "init.mp4"} {
			want = append(want, track+"/"+name)
		}
	}
	want = append(want, "manifest.mpd", "master.m3u8", "thumbnail.jpg")
	if diff := cmp.Diff(want, f.keys(v.Prefix)); diff != "" {
		t.Errorf("published objects (-want +got):\n%s", diff)
	}
	url := f.serve() + v.Prefix
	for _, manifest := range []string{catalog.HLSManifest, catalog.DASHManifest} {
		for stream, size := range []string{"640x360", "1280x720"} {
			// Every frame decodes, at a steady rate from the first to the last.
			out := ffmpeg(t, "ffprobe", "-count_frames", "-select_streams", fmt.Sprintf("v:%d", stream),
				"-show_entries", "stream=width,height,nb_read_frames", "-of", "csv=p=0", url+manifest)
			if !strings.Contains(out, strings.Replace(size, "x", ",", 1)+",60") {
				t.Errorf("%s: picture of stream %d: %q, want %s with 60 frames", manifest, stream, out, size)
			}
		}
		ffmpeg(t, "ffmpeg", "-xerror", "-i", url+manifest, "-map", "0:v:0", "-map", "0:a:0", "-f", "null", "-")
	}
	thumbnail, _, err := f.objects.Get(t.Context(), v.Prefix+catalog.Thumbnail, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = thumbnail.Close() }()
	if c, err := jpeg.DecodeConfig(thumbnail); err != nil || c.Width != 640 || c.Height != 360 {
		t.Errorf("thumbnail: %+v, %v", c, err)
	}
	if left, err := filepath.Glob(filepath.Join(f.scratch, "worker-*", "task-*")); err != nil || len(left) > 0 {
		t.Errorf("left in the scratch directory: %v, %v", left, err)
	}
}

func TestSources(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.work(func(c *media.Config) { c.Queue.Slots = 2 })
	for name, tc := range map[string]struct {
		file   []byte
		sizes  string // of the renditions, in order
		tracks int
	}{
		"without audio":    {clip(t, "a.mp4", join(picture("640x360", "1"), h264)...), "640x360", 1},
		"portrait":         {clip(t, "a.mp4", join(picture("360x640", "1"), h264)...), "360x640", 1},
		"tiny, odd":        {clip(t, "a.mkv", join(picture("161x91", "1"), []string{"-c:v", "ffv1"})...), "160x90", 1},
		"very wide":        {clip(t, "a.mp4", join(picture("4096x16", "1"), h264)...), "4096x16", 1},
		"square pixels":    {clip(t, "a.mp4", join(picture("360x360", "1"), h264, []string{"-vf", "setsar=16/9"})...), "640x360", 1},
		"webm, no length":  {liveWebM(t), "320x180", 2},
		"picture and tone": {clip(t, "a.mov", join(picture("640x360", "1"), []string{"-itsoffset", "0.5"}, tone("0.5"), h264, []string{"-c:a", "aac"})...), "640x360", 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			id := f.accept(tc.file, nil)
			v := f.settled(id)
			if v.Status != catalog.Ready {
				t.Fatalf("video: %+v; task: %s", v, f.log(id))
			}
			out := ffmpeg(t, "ffprobe", "-show_entries", "stream=codec_type,width,height", "-of", "csv=p=0:s=x", f.serve()+v.Prefix+catalog.HLSManifest)
			var sizes []string
			lines := strings.Fields(out)
			for _, line := range lines {
				if size, ok := strings.CutPrefix(line, "videox"); ok {
					sizes = append(sizes, size)
				}
			}
			slices.Sort(lines)
			if got := strings.Join(slices.Compact(sizes), " "); got != tc.sizes || len(slices.Compact(lines)) != tc.tracks {
				t.Errorf("tracks: %q, want %s and %d in all", out, tc.sizes, tc.tracks)
			}
		})
	}
}

// liveWebM makes a file like a browser's recording: it does not say how long it lasts.
func liveWebM(t *testing.T) []byte {
	return clip(t, "a.webm", join(picture("320x180", "1"), tone("1"), []string{"-c:v", "libvpx", "-deadline", "realtime", "-c:a", "libopus", "-live", "1"})...)
}

func TestWhatIsNotAVideoFails(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.work(func(c *media.Config) { c.Queue.Slots = 2 })
	whole := clip(t, "a.mkv", join(picture("640x360", "4"), []string{"-c:v", "mjpeg", "-q:v", "3"})...)
	sum := sha256.Sum256([]byte("another file"))
	for name, tc := range map[string]struct {
		file   []byte
		edit   func(*catalog.Upload)
		reason string
	}{
		"text":          {[]byte(strings.Repeat("This is a text, whatever its name says.\n", 50)), nil, "not a video"},
		"playlist":      {[]byte("#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nfile:///etc/passwd\n#EXT-X-ENDLIST\n"), nil, "not a video"},
		"list of files": {[]byte("ffconcat version 1.0\nfile /etc/passwd\n"), nil, "not a video"},
		"sound only":    {clip(t, "a.m4a", tone("1")...), nil, "no picture"},
		"cut off":       {whole[:len(whole)/2], nil, "damaged"},
		"wrong checksum": {whole, func(u *catalog.Upload) {
			u.Checksum = catalog.Checksum{Algorithm: catalog.SHA256, Value: base64.StdEncoding.EncodeToString(sum[:])}
		}, "sha256 checksum"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			id := f.accept(tc.file, tc.edit)
			v := f.settled(id)
			if v.Status != catalog.Failed || !strings.Contains(v.Reason, tc.reason) {
				t.Errorf("video is %s: %q, want failed: …%s…; task: %s", v.Status, v.Reason, tc.reason, f.log(id))
			}
			if log := f.log(id); !strings.HasPrefix(log, "failed: ") || !strings.Contains(log, "attempt 1") {
				t.Errorf("task: %s", log)
			}
			if left := f.keys("v/" + string(id)); len(left) > 0 {
				t.Errorf("output of a failed video is left: %v", left)
			}
		})
	}
}

func TestSHA256IsVerified(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.work(nil)
	file := clip(t, "a.mp4", join(picture("320x180", "1"), h264)...)
	sum := sha256.Sum256(file)
	id := f.accept(file, func(u *catalog.Upload) {
		u.Checksum = catalog.Checksum{Algorithm: catalog.SHA256, Value: base64.StdEncoding.EncodeToString(sum[:])}
	})
	if v := f.settled(id); v.Status != catalog.Ready {
		t.Errorf("video: %+v; task: %s", v, f.log(id))
	}
}

// An outage of object storage spends no try: however long it lasts, the video waits for its end.
func TestOutagePostpones(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	away, err := objectstore.New(objectstore.Config{Endpoint: "http://127.0.0.1:1", AccessKey: "a", SecretKey: "b"})
	if err != nil {
		t.Fatal(err)
	}
	id := f.accept(clip(t, "a.mp4", join(picture("320x180", "1"), h264)...), nil)
	f.work(func(c *media.Config) { c.Objects = away })
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(20 * time.Millisecond) {
		var failures int
		var status, message string
		err := f.pool.QueryRow(t.Context(), `SELECT status, failures, error FROM catalog_tasks WHERE video_id = $1 AND attempt > 0`, id).
			Scan(&status, &failures, &message)
		if err == nil && status == "queued" {
			if failures != 0 || !strings.Contains(message, "unavailable") {
				t.Errorf("%d failures, %q", failures, message)
			}
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("the task is %s: %v", status, err)
		}
	}
}

// A worker that is killed in the middle of its work, with everything it runs, is succeeded by another; there is one
// publication, and nothing of the first attempt is left.
func TestKilledWorkerIsSucceeded(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	id := f.accept(clip(t, "a.mp4", join(picture("320x180", "8"), h264)...), nil)
	paced := filepath.Join(t.TempDir(), "ffmpeg") // FFmpeg that reads no faster than the video plays
	if err := os.WriteFile(paced, []byte("#!/bin/sh\nexec ffmpeg -re \"$@\"\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	worker := startWorkerProcess(t, workerProcess{Database: f.database, Objects: f.bucket, Scratch: f.scratch, FFmpeg: paced})
	poll(t, "FFmpeg to write", func() bool {
		at, err := filepath.Glob(filepath.Join(f.scratch, "worker-*", "task-*", "*p.mp4"))
		return err == nil && len(at) > 0
	})
	if err := worker.Process.Signal(syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	_ = worker.Wait()
	poll(t, "FFmpeg to die with its worker", func() bool { return len(running(t, f.scratch)) == 0 })

	f.work(nil)
	v := f.settled(id)
	if v.Status != catalog.Ready || v.Prefix != fmt.Sprintf("v/%s/1/2/", id) {
		t.Fatalf("video: %+v; task: %s", v, f.log(id))
	}
	if log := f.log(id); !strings.HasPrefix(log, "done: ") || !strings.Contains(log, "stopped renewing its lease") {
		t.Errorf("task: %s", log)
	}
	poll(t, "only the published attempt to be left", func() bool { return len(f.keys("v/"+string(id)+"/")) == len(f.keys(v.Prefix)) })
	if dirs, err := filepath.Glob(filepath.Join(f.scratch, "worker-*")); err != nil || len(dirs) != 1 {
		t.Errorf("scratch directories: %v, %v; want the living worker's", dirs, err)
	}
}

// An attempt that never ends, whatever holds it up, is given up, and spends a try.
func TestAttemptIsLimited(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	id := f.accept([]byte("whatever"), nil)
	asleep := filepath.Join(t.TempDir(), "ffprobe")
	if err := os.WriteFile(asleep, []byte("#!/bin/sh\nexec sleep 600\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	f.work(func(c *media.Config) { c.FFprobe, c.AttemptLimit = asleep, 100*time.Millisecond })
	if v := f.settled(id); v.Status != catalog.Failed {
		t.Errorf("video: %+v", v)
	}
	if log := f.log(id); !strings.HasPrefix(log, "dead: ") || !strings.Contains(log, "the attempt took longer than its limit of 100ms") {
		t.Errorf("task: %s", log)
	}
}

func startWorkerProcess(t *testing.T, p workerProcess) *exec.Cmd {
	t.Helper()
	described, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), workerEnv+"="+string(described))
	cmd.Stderr = t.Output()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill() })
	return cmd
}

func poll(t *testing.T, what string, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); !done(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain for %s", what)
		}
	}
}

// running returns the processes whose command line names the directory.
func running(t *testing.T, dir string) (pids []int) {
	t.Helper()
	lines, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range lines {
		if b, err := os.ReadFile(line); err == nil && strings.Contains(string(b), dir) {
			pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(line)))
			pids = append(pids, pid)
		}
	}
	return pids
}
