package media

import (
	"fmt"
	"math"
	"strings"
)

// Names under a track's directory.
const (
	initName     = "init.mp4"
	playlistName = "index.m3u8"
)

func segmentName(index int) string { return fmt.Sprintf("%d.m4s", index+1) }

// mediaPlaylist writes the HLS media playlist of one track (RFC 8216).
func mediaPlaylist(t *track) string {
	var b, segments strings.Builder
	longest := 0.0
	for i, f := range t.Fragments {
		length := t.seconds(f.Duration)
		longest = max(longest, length)
		fmt.Fprintf(&segments, "#EXTINF:%.6f,\n%s\n", length, segmentName(i))
	}
	fmt.Fprintf(&b, "#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-TARGETDURATION:%d\n#EXT-X-MEDIA-SEQUENCE:1\n#EXT-X-PLAYLIST-TYPE:VOD\n", int(math.Ceil(longest)))
	fmt.Fprintf(&b, "#EXT-X-INDEPENDENT-SEGMENTS\n#EXT-X-MAP:URI=%q\n%s#EXT-X-ENDLIST\n", initName, segments.String())
	return b.String()
}

// masterPlaylist writes the HLS playlist that lists the renditions, the smallest first, where players begin.
func masterPlaylist(o *output) string {
	var b strings.Builder
	b.WriteString("#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-INDEPENDENT-SEGMENTS\n")
	audioPeak, audioAverage, codecs, group := 0, 0, "", ""
	if o.audio != nil {
		audioPeak, audioAverage = o.audio.bitrates()
		codecs, group = ","+o.audio.Codec, `,AUDIO="audio"`
		fmt.Fprintf(&b, "#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"audio\",NAME=\"main\",DEFAULT=YES,AUTOSELECT=YES,URI=\"%s/%s\"\n", audioName, playlistName)
	}
	for _, t := range o.video {
		peak, average := t.bitrates()
		fmt.Fprintf(&b, "#EXT-X-STREAM-INF:BANDWIDTH=%d,AVERAGE-BANDWIDTH=%d,CODECS=\"%s%s\",RESOLUTION=%dx%d,FRAME-RATE=%.3f%s\n%s/%s\n",
			peak+audioPeak, average+audioAverage, t.Codec, codecs, t.Width, t.Height, o.rate.float(), group, t.name, playlistName)
	}
	return b.String()
}
