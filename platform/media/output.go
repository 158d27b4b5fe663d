package media

import (
	"errors"
	"fmt"
	"os"
	"time"

	"plimsoll/platform/media/fmp4"
	"plimsoll/platform/queue"
)

// track is a rendition or the audio as FFmpeg made it, with the facts of its file.
type track struct {
	name string // also its directory under the published prefix
	path string // of the file that holds its segments
	*fmp4.File
}

// seconds converts the track's time to seconds.
func (t *track) seconds(units uint64) float64 { return float64(units) / float64(t.Timescale) }

// output is all that FFmpeg made of a source.
type output struct {
	video []track // the smallest first
	audio *track  // nil if the source has none
	rate  rate
}

// readOutput reads the facts of the files that FFmpeg wrote.
func readOutput(dir string, s *source, list []rendition) (*output, error) {
	o := &output{rate: s.rate}
	for _, r := range list {
		t, err := readTrack(dir, r.name)
		if err != nil {
			return nil, err
		}
		o.video = append(o.video, t)
	}
	if s.audio {
		t, err := readTrack(dir, audioName)
		if err != nil {
			return nil, err
		}
		if len(t.Fragments) > 0 { // a stream may be announced and hold nothing
			o.audio = &t
		}
	}
	return o, nil
}

func readTrack(dir, name string) (t track, err error) {
	path := outputFile(dir, name)
	f, err := os.Open(path)
	if err != nil {
		return t, fmt.Errorf("open FFmpeg's output: %w", err)
	}
	defer func() { _ = f.Close() }()
	info, err := f.Stat()
	if err != nil {
		return t, fmt.Errorf("open FFmpeg's output: %w", err)
	}
	facts, err := fmp4.Read(f, info.Size())
	if err != nil {
		return t, fmt.Errorf("read FFmpeg's output %s: %w", name, err)
	}
	return track{name: name, path: path, File: facts}, nil
}

// duration returns how long the longest track lasts.
func (o *output) duration() time.Duration {
	longest := 0.0
	for _, t := range o.tracks() {
		longest = max(longest, t.seconds(t.Duration()))
	}
	return time.Duration(longest * float64(time.Second)).Round(time.Millisecond)
}

func (o *output) tracks() []track {
	if o.audio == nil {
		return o.video
	}
	return append(o.video[:len(o.video):len(o.video)], *o.audio)
}

// Differences of a second, or of a fiftieth of a long video, are within what containers say imprecisely.
const (
	durationSlack    = time.Second
	durationFraction = 50
)

// check refuses output that must not be published: that players could not switch in, or that is not the whole source.
func (o *output) check(s *source) error {
	first := o.video[0]
	if len(first.Fragments) == 0 {
		return queue.Permanent("the video has no picture that could be decoded", nil)
	}
	for _, t := range o.video {
		if err := t.checkSwitching(&first); err != nil {
			return err
		}
	}
	made := o.duration()
	if off := (made - s.duration).Abs(); off > max(durationSlack, s.duration/durationFraction) {
		return queue.Permanent(fmt.Sprintf("the video is damaged: it is said to last %s, but %s of it could be decoded",
			s.duration.Round(time.Millisecond), made), nil)
	}
	return nil
}

// checkSwitching refuses a rendition whose segments do not begin where those of the other do, each with a keyframe.
func (t *track) checkSwitching(other *track) error {
	if len(t.Fragments) != len(other.Fragments) || t.Timescale != other.Timescale {
		return fmt.Errorf("renditions differ: %s has %d segments, %s has %d", t.name, len(t.Fragments), other.name, len(other.Fragments))
	}
	for i, f := range t.Fragments {
		if !f.Keyframe {
			return fmt.Errorf("segment %d of %s does not begin with a keyframe", i+1, t.name)
		}
		if f.Time != other.Fragments[i].Time {
			return errors.New("the segments of the renditions do not begin at the same instants")
		}
	}
	return nil
}

// bitrates returns the peak and the average of the track's segments, in bits a second.
func (t *track) bitrates() (peak, average int) {
	var bytes int64
	for _, f := range t.Fragments {
		peak = max(peak, int(float64(f.Size*8)/t.seconds(f.Duration)))
		bytes += f.Size
	}
	return peak, int(float64(bytes*8) / t.seconds(t.Duration()))
}
