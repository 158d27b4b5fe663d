package media

import (
	"fmt"
	"math"
)

// rung is a step of the ladder: a size and what it may cost.
type rung struct {
	side    int // shorter side of the picture, in pixels
	bitrate int // peak of the video, in kbit/s
}

// ladder holds the sizes that are made of a source that has at least their size. The peaks are about those of
// Apple's HLS Authoring Specification, table "Video average bit rate" for H.264 at 30 frames a second.
var ladder = []rung{{360, 800}, {720, 3000}, {1080, 6000}}

// rendition is one size of a video.
type rendition struct {
	name    string // such as "720p"; also its directory
	width   int
	height  int
	bitrate int // kbit/s
}

// renditions returns the rungs that are no larger than the source, the smallest first. A source that is smaller than
// all rungs is made in its own size.
func renditions(s *source) []rendition {
	short := min(s.width, s.height)
	var out []rendition
	for _, r := range ladder {
		if r.side <= short {
			out = append(out, s.at(r))
		}
	}
	if len(out) == 0 {
		out = append(out, s.at(rung{side: short &^ 1, bitrate: ladder[0].bitrate}))
	}
	return out
}

// even scales a side of a picture to an even number of pixels, which 4:2:0 needs.
func even(pixels int, scale float64) int { return max(2, 2*int(math.Round(float64(pixels)*scale/2))) }

// at scales the source to a rung.
func (s *source) at(r rung) rendition {
	scale := float64(r.side) / float64(min(s.width, s.height))
	return rendition{name: fmt.Sprintf("%dp", r.side), width: even(s.width, scale), height: even(s.height, scale), bitrate: r.bitrate}
}
