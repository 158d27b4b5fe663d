package media

import (
	"encoding/xml"
	"fmt"
	"strconv"

	"plimsoll/platform/media/fmp4"
)

// The elements of a media presentation description (ISO/IEC 23009-1) that are needed for a static one.
type (
	mpd struct {
		XMLName  xml.Name  `xml:"urn:mpeg:dash:schema:mpd:2011 MPD"`
		Profiles string    `xml:"profiles,attr"`
		Type     string    `xml:"type,attr"`
		Duration string    `xml:"mediaPresentationDuration,attr"`
		Buffer   string    `xml:"minBufferTime,attr"`
		Period   mpdPeriod `xml:"Period"`
	}
	mpdPeriod struct {
		ID   string   `xml:"id,attr"`
		Sets []mpdSet `xml:"AdaptationSet"`
	}
	mpdSet struct {
		ID              int                 `xml:"id,attr"`
		ContentType     string              `xml:"contentType,attr"`
		MimeType        string              `xml:"mimeType,attr"`
		Alignment       bool                `xml:"segmentAlignment,attr"`
		StartWithSAP    int                 `xml:"startWithSAP,attr"`
		Template        mpdTemplate         `xml:"SegmentTemplate"`
		Representations []mpdRepresentation `xml:"Representation"`
	}
	mpdTemplate struct {
		Timescale uint32         `xml:"timescale,attr"`
		Init      string         `xml:"initialization,attr"`
		Media     string         `xml:"media,attr"`
		Start     int            `xml:"startNumber,attr"`
		Timeline  []mpdTimeEntry `xml:"SegmentTimeline>S"`
	}
	mpdTimeEntry struct {
		Time     *uint64 `xml:"t,attr,omitempty"`
		Duration uint64  `xml:"d,attr"`
		Repeat   int     `xml:"r,attr,omitempty"`
	}
	mpdRepresentation struct {
		ID        string `xml:"id,attr"`
		Codecs    string `xml:"codecs,attr"`
		Bandwidth int    `xml:"bandwidth,attr"`
		Width     int    `xml:"width,attr,omitempty"`
		Height    int    `xml:"height,attr,omitempty"`
		FrameRate string `xml:"frameRate,attr,omitempty"`
		AudioRate string `xml:"audioSamplingRate,attr,omitempty"`
	}
)

// dashManifest writes the DASH manifest over the same segments as the HLS playlists. All renditions share one
// timeline, because their segments begin at the same instants.
func dashManifest(o *output) (string, error) {
	video := adaptationSet(1, "video", &o.video[0])
	for i := range o.video {
		t := &o.video[i]
		peak, _ := t.bitrates()
		video.Representations = append(video.Representations, mpdRepresentation{
			ID: t.name, Codecs: t.Codec, Bandwidth: peak, Width: t.Width, Height: t.Height, FrameRate: o.rate.String(),
		})
	}
	sets := []mpdSet{video}
	if o.audio != nil {
		audio := adaptationSet(2, "audio", o.audio)
		peak, _ := o.audio.bitrates()
		audio.Representations = []mpdRepresentation{{
			ID: o.audio.name, Codecs: o.audio.Codec, Bandwidth: peak, AudioRate: strconv.Itoa(audioRate),
		}}
		sets = append(sets, audio)
	}
	b, err := xml.MarshalIndent(mpd{
		Profiles: "urn:mpeg:dash:profile:isoff-live:2011", Type: "static",
		Duration: fmt.Sprintf("PT%.3fS", o.duration().Seconds()), Buffer: "PT2S",
		Period: mpdPeriod{ID: "1", Sets: sets},
	}, "", "  ")
	if err != nil {
		return "", fmt.Errorf("write the DASH manifest: %w", err)
	}
	return xml.Header + string(b) + "\n", nil
}

func adaptationSet(id int, kind string, t *track) mpdSet {
	return mpdSet{
		ID: id, ContentType: kind, MimeType: kind + "/mp4", Alignment: true, StartWithSAP: 1,
		Template: mpdTemplate{
			Timescale: t.Timescale, Init: "$RepresentationID$/" + initName, Media: "$RepresentationID$/$Number$.m4s", Start: 1,
			Timeline: timeline(t.Fragments),
		},
	}
}

// timeline lists the segments' durations; equal ones that follow each other are counted.
func timeline(fragments []fmp4.Fragment) []mpdTimeEntry {
	var entries []mpdTimeEntry
	for i, f := range fragments {
		if last := len(entries) - 1; last >= 0 && entries[last].Duration == f.Duration && f.Time == fragments[i-1].Time+f.Duration {
			entries[last].Repeat++
			continue
		}
		entries = append(entries, mpdTimeEntry{Time: &fragments[i].Time, Duration: f.Duration})
	}
	return entries
}
