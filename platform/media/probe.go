package media

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os/exec"
	"strconv"
	"strings"
	"time"

	"plimsoll/platform/queue"
)

// demuxers are the containers that are read. What refers to other files, such as playlists, is not among them.
const demuxers = "mov,mp4,matroska,webm,avi,mpegts,mpeg,flv,ogg,asf,mxf,nut,wtv,gxf"

const (
	probeLimit   = 5 * time.Minute
	maxDimension = 8192
	maxRate      = 60 // frames a second of the output
)

// source holds the facts of an uploaded file.
type source struct {
	demuxer  string // to force when it is read again
	width    int    // as shown: after rotation, with square pixels
	height   int
	rate     rate
	duration time.Duration
	audio    bool
	channels int
}

// rate is a frame rate as a fraction of frames a second.
type rate struct{ num, den int64 }

func (r rate) float() float64 { return float64(r.num) / float64(r.den) }

func (r rate) String() string { return fmt.Sprintf("%d/%d", r.num, r.den) }

// probed is what FFprobe says.
type probed struct {
	Streams []stream `json:"streams"`
	Format  struct {
		Name     string `json:"format_name"`
		Duration string `json:"duration"`
	} `json:"format"`
}

type stream struct {
	Kind        string `json:"codec_type"`
	Codec       string `json:"codec_name"`
	Width       int    `json:"width"`
	Height      int    `json:"height"`
	Aspect      string `json:"sample_aspect_ratio"` // of a pixel, such as "4:3"
	AverageRate string `json:"avg_frame_rate"`      // such as "30000/1001"
	Channels    int    `json:"channels"`
	Disposition struct {
		AttachedPicture int `json:"attached_pic"`
	} `json:"disposition"`
	SideData []struct {
		Rotation float64 `json:"rotation"` // degrees
	} `json:"side_data_list"`
}

// probe finds out what the file is. A file that is not a video is a permanent error with a plain reason.
func (w *Worker) probe(ctx context.Context, file string) (*source, error) {
	var out bytes.Buffer
	err := command{program: w.cfg.FFprobe, limit: probeLimit, stdout: &out, args: []string{
		"-v", "error", "-protocol_whitelist", "file", "-format_whitelist", demuxers,
		"-print_format", "json", "-show_format", "-show_streams", "file:" + file,
	}}.run(ctx)
	var failed *programError
	if errors.As(err, &failed) {
		return nil, unreadable(failed)
	}
	if err != nil {
		return nil, fmt.Errorf("probe the source: %w", err)
	}
	var p probed
	if err := json.Unmarshal(out.Bytes(), &p); err != nil {
		return nil, fmt.Errorf("read what ffprobe says: %w", err)
	}
	s, err := p.source()
	if err == nil && s.duration == 0 {
		s.duration, err = w.measure(ctx, file)
	}
	return s, err
}

// unreadable tells a file that FFmpeg cannot read from an FFmpeg that was killed.
func unreadable(e *programError) error {
	var exit *exec.ExitError
	if errors.As(e.cause, &exit) && exit.ExitCode() >= 0 {
		return queue.Permanent("the file is not a video, or is in a format that is not supported", e)
	}
	return e
}

// source chooses the streams and checks that a video can be made of them.
func (p *probed) source() (*source, error) {
	demuxer, _, _ := strings.Cut(p.Format.Name, ",")
	s := &source{demuxer: demuxer}
	video := false
	for _, st := range p.Streams {
		switch {
		case st.Kind == "video" && !video && st.Disposition.AttachedPicture == 0:
			video = true
			s.width, s.height = st.shown()
			s.rate = outputRate(st.AverageRate)
		case st.Kind == "audio" && !s.audio && st.Codec != "" && st.Channels > 0:
			s.audio, s.channels = true, st.Channels
		}
	}
	if !video {
		return nil, queue.Permanent("the file has no picture: it is not a video", nil)
	}
	if min(s.width, s.height) < 2 || max(s.width, s.height) > maxDimension {
		return nil, queue.Permanent(fmt.Sprintf("the picture measures %d × %d pixels; from 2 to %d on each side are supported", s.width, s.height, maxDimension), nil)
	}
	if seconds, err := strconv.ParseFloat(p.Format.Duration, 64); err == nil && seconds > 0 && seconds < math.MaxInt32 {
		s.duration = time.Duration(seconds * float64(time.Second))
	}
	return s, nil
}

// shown returns the size of the picture as it is shown: with square pixels, and turned.
func (st *stream) shown() (width, height int) {
	width, height = st.Width, st.Height
	var num, den int
	if _, err := fmt.Sscanf(st.Aspect, "%d:%d", &num, &den); err == nil && num > 0 && den > 0 {
		width = int(math.Round(float64(width) * float64(num) / float64(den)))
	}
	for _, data := range st.SideData {
		if quarters := int(math.Round(data.Rotation / 90)); quarters%2 != 0 {
			return height, width
		}
	}
	return width, height
}

// outputRate returns the frame rate of the output: the source's average, at most 60, and 30 if it is unknown.
func outputRate(average string) rate {
	var r rate
	if _, err := fmt.Sscanf(average, "%d/%d", &r.num, &r.den); err != nil || r.num <= 0 || r.den <= 0 || r.float() < 1 {
		return rate{30, 1}
	}
	if r.float() > maxRate {
		return rate{maxRate, 1}
	}
	return r
}

// measure finds the duration of a file whose container does not say it, such as a recording of a browser, by reading
// all of its packets.
func (w *Worker) measure(ctx context.Context, file string) (time.Duration, error) {
	var last lastTime
	err := command{program: w.cfg.FFprobe, limit: probeLimit, stdout: &last, args: []string{
		"-v", "error", "-protocol_whitelist", "file", "-format_whitelist", demuxers, "-select_streams", "v:0",
		"-show_entries", "packet=pts_time", "-print_format", "csv=print_section=0", "file:" + file,
	}}.run(ctx)
	if err != nil {
		return 0, fmt.Errorf("measure the duration of the source: %w", err)
	}
	if last.seconds <= 0 {
		return 0, queue.Permanent("the video has no duration", nil)
	}
	return time.Duration(last.seconds * float64(time.Second)), nil
}

// lastTime keeps the largest of the lines of seconds that are written to it.
type lastTime struct {
	seconds float64
	line    []byte
}

func (l *lastTime) Write(b []byte) (int, error) {
	for _, c := range b {
		if c != '\n' {
			l.line = append(l.line, c)
			continue
		}
		if seconds, err := strconv.ParseFloat(strings.Trim(string(l.line), ", \r"), 64); err == nil {
			l.seconds = max(l.seconds, seconds)
		}
		l.line = l.line[:0]
	}
	return len(b), nil
}
