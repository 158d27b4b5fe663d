package traffic

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"regexp"
	"strings"

	"plimsoll/platform/catalog"
	"plimsoll/platform/playback"
)

// set replaces what is known by a list of the newest videos.
func (l *library) set(list playback.List) {
	var ids []catalog.VideoID
	var plays []string
	for _, v := range list.Videos {
		ids = append(ids, v.ID)
		if v.Playback != nil {
			plays = append(plays, v.Playback.HLS)
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.ids, l.plays = ids, plays
}

// pick returns any video; empty if none is known.
func (l *library) pick() catalog.VideoID {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.ids) == 0 {
		return ""
	}
	return l.ids[rand.IntN(len(l.ids))]
}

// pickPlayable returns the address of any video that plays; empty if none is known.
func (l *library) pickPlayable() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.plays) == 0 {
		return ""
	}
	return l.plays[rand.IntN(len(l.plays))]
}

// viewer watches one video after the other, a request at a time. One goroutine has it at a time.
type viewer struct {
	next []string // addresses still to fetch of what is being watched
}

// watch fetches the next manifest or segment; false if there is nothing to watch.
func (t *Traffic) watch(ctx context.Context, v *viewer) bool {
	if len(v.next) == 0 {
		master := t.library.pickPlayable()
		if master == "" {
			return false
		}
		v.next = []string{master}
	}
	at := v.next[0]
	v.next = v.next[1:]
	playlist, err := t.fetch(ctx, at)
	switch {
	case err != nil:
		v.next = nil // a viewer gives up and watches something else
	case playlist != "":
		v.next = append(v.next, follow(at, playlist)...)
	}
	return true
}

// fetch reads an address from the edge and returns what it holds if that is a playlist.
func (t *Traffic) fetch(ctx context.Context, at string) (playlist string, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, at, nil)
	if err != nil {
		return "", err
	}
	resp, err := t.viewer.Do(req)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return "", fmt.Errorf("%s", resp.Status)
	}
	if !strings.HasSuffix(req.URL.Path, ".m3u8") {
		return "", nil
	}
	body, err := io.ReadAll(resp.Body)
	return string(body), err
}

var uriAttribute = regexp.MustCompile(`URI="([^"]+)"`)

// follow returns what a player asks for after a playlist (RFC 8216): of a master playlist one of its variants with the
// alternative renditions, of a media playlist the initialisation section and all segments.
func follow(at, playlist string) []string {
	base, err := url.Parse(at)
	if err != nil {
		return nil
	}
	var first, entries []string
	master := false
	for line := range strings.Lines(playlist) {
		line = strings.TrimSpace(line)
		switch {
		case strings.HasPrefix(line, "#EXT-X-STREAM-INF"):
			master = true
		case strings.HasPrefix(line, "#EXT-X-MEDIA:"), strings.HasPrefix(line, "#EXT-X-MAP:"):
			if m := uriAttribute.FindStringSubmatch(line); m != nil {
				first = append(first, m[1])
			}
		case line != "" && !strings.HasPrefix(line, "#"):
			entries = append(entries, line)
		}
	}
	if master && len(entries) > 1 {
		entries = []string{entries[rand.IntN(len(entries))]}
	}
	var out []string
	for _, reference := range append(first, entries...) {
		if u, err := base.Parse(reference); err == nil {
			out = append(out, u.String())
		}
	}
	return out
}
