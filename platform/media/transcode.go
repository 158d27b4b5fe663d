package media

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"plimsoll/platform/queue"
)

const (
	audioName    = "audio"
	audioRate    = 48_000 // samples a second
	audioBitrate = 128    // kbit/s
	// thumbnailAt is where in the video the thumbnail is taken, as a fraction; the beginning often is black.
	thumbnailAt     = 0.1
	thumbnailWidth  = 1280 // at most; pictures that are less wide get the height
	thumbnailHeight = 360
	thumbnailLimit  = 2 * time.Minute
)

// outputFile is where FFmpeg writes a rendition, or the audio, in the attempt's directory.
func outputFile(dir, name string) string { return filepath.Join(dir, name+".mp4") }

// transcode makes all renditions and the audio in one run of FFmpeg, which decodes the source once.
func (w *Worker) transcode(ctx context.Context, dir, file string, s *source, list []rendition, done func(fraction float64)) error {
	err := command{
		program: w.cfg.FFmpeg, limit: w.cfg.TimeLimit,
		stdout: &progress{total: s.duration, each: done},
		args:   transcodeArgs(dir, file, s, list, w.cfg.Segment),
	}.run(ctx)
	var failed *programError
	if errors.As(err, &failed) {
		return damaged(failed)
	}
	if err != nil {
		return fmt.Errorf("transcode: %w", err)
	}
	return nil
}

// damagedSigns are what FFmpeg says of data that it cannot decode, which no retry will change.
var damagedSigns = []string{"Invalid data found when processing input", "Error while decoding stream", "Decoder not found", "Decoding error"}

func damaged(e *programError) error {
	var exit *exec.ExitError
	if errors.As(e.cause, &exit) && exit.ExitCode() >= 0 {
		for _, sign := range damagedSigns {
			if strings.Contains(e.said, sign) {
				return queue.Permanent("the video is damaged, or is in a format that is not supported: it could not be decoded to its end", e)
			}
		}
	}
	if strings.Contains(e.said, "No space left on device") {
		return queue.Postpone(e)
	}
	return e
}

// transcodeArgs are FFmpeg's arguments. Frames come at a constant rate from time 0 and keyframes at every so many of
// them, so the segments of all renditions begin at the same instants.
func transcodeArgs(dir, file string, s *source, list []rendition, segment time.Duration) []string {
	args := []string{
		"-v", "error", "-nostdin", "-xerror", "-y", "-progress", "pipe:1", "-stats_period", "1",
		"-protocol_whitelist", "file", "-format_whitelist", demuxers, "-f", s.demuxer, "-i", "file:" + file,
		"-filter_complex", filters(s, list),
	}
	frames := strconv.Itoa(max(1, int(math.Round(s.rate.float()*segment.Seconds()))))
	for i, r := range list {
		rate := func(times int) string { return fmt.Sprintf("%dk", r.bitrate*times) }
		args = append(args, "-map", fmt.Sprintf("[v%d]", i),
			"-c:v", "libx264", "-preset", "veryfast", "-profile:v", "high", "-pix_fmt", "yuv420p",
			"-crf", "23", "-maxrate", rate(1), "-bufsize", rate(2),
			"-g", frames, "-keyint_min", frames, "-sc_threshold", "0", "-x264-params", "open-gop=0")
		args = append(args, fragmented("frag_keyframe", outputFile(dir, r.name))...)
	}
	if s.audio {
		args = append(args, "-map", "[a]", "-c:a", "aac", "-b:a", fmt.Sprintf("%dk", audioBitrate), "-ac", strconv.Itoa(min(s.channels, 2)),
			"-frag_duration", strconv.FormatInt(segment.Microseconds(), 10))
		args = append(args, fragmented("empty_moov", outputFile(dir, audioName))...)
	}
	return args
}

// fragmented says to write a CMAF file without what was said about the source.
func fragmented(flag, file string) []string {
	return []string{"-map_metadata", "-1", "-map_chapters", "-1", "-movflags", "+cmaf+delay_moov+" + flag, "-f", "mp4", "file:" + file}
}

func filters(s *source, list []rendition) string {
	var b strings.Builder
	fmt.Fprintf(&b, "[0:v:0]fps=fps=%s:start_time=0,split=%d", s.rate, len(list))
	for i := range list {
		fmt.Fprintf(&b, "[s%d]", i)
	}
	for i, r := range list {
		fmt.Fprintf(&b, ";[s%d]scale=%d:%d,setsar=1[v%d]", i, r.width, r.height, i)
	}
	if s.audio { // which begins with silence if it begins after the picture
		fmt.Fprintf(&b, ";[0:a:0]aresample=%d:async=1:first_pts=0[a]", audioRate)
	}
	return b.String()
}

// thumbnail writes a JPEG of one frame.
func (w *Worker) thumbnail(ctx context.Context, dir, file string, s *source) (string, error) {
	out := filepath.Join(dir, "thumbnail.jpg")
	scale := min(thumbnailHeight/float64(s.height), thumbnailWidth/float64(s.width))
	for _, at := range []float64{thumbnailAt, 0} { // the last keyframe may be before the first try
		args := []string{
			"-v", "error", "-nostdin", "-y", "-protocol_whitelist", "file", "-format_whitelist", demuxers, "-f", s.demuxer,
			"-ss", strconv.FormatFloat(s.duration.Seconds()*at, 'f', 3, 64), "-i", "file:" + file,
			"-map", "0:v:0", "-frames:v", "1", "-map_metadata", "-1",
			"-vf", fmt.Sprintf("scale=%d:%d,setsar=1", even(s.width, scale), even(s.height, scale)),
			"-q:v", "4", "-f", "image2", "-update", "1", "file:" + out,
		}
		err := command{program: w.cfg.FFmpeg, limit: thumbnailLimit, args: args}.run(ctx)
		var failed *programError
		if errors.As(err, &failed) {
			return "", damaged(failed)
		}
		if err != nil {
			return "", fmt.Errorf("make the thumbnail: %w", err)
		}
		if info, err := os.Stat(out); err == nil && info.Size() > 0 {
			return out, nil
		}
	}
	return "", queue.Permanent("the video has no picture that could be decoded", nil)
}
