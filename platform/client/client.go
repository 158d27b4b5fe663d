// Package client talks to the video platform as its users do: it uploads files, in parts, straight to object storage,
// goes on where an interrupted upload stopped, and follows videos until they are ready.
//
// It owns the small files that remember unfinished uploads. It knows nothing of the platform but its public API.
package client

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"plimsoll/internal/apiclient"
	"plimsoll/internal/httpapi"
	"plimsoll/platform/catalog"
	"plimsoll/platform/playback"
)

// Config of a client.
type Config struct {
	// URL of the platform's gateway, such as http://127.0.0.1:8090. Required.
	URL string
	// Key is the API key; without it videos can be read only.
	Key string
	// API and Storage are the HTTP clients for the gateway and for object storage; with sensible timeouts if nil.
	API, Storage *http.Client
	// ResumeDir is where unfinished uploads are remembered; empty for nowhere.
	ResumeDir string
}

const (
	apiTimeout = 30 * time.Second
	// partTimeout is for one part on a slow line: 16 MiB at 30 kB/s take nine minutes.
	partTimeout = 10 * time.Minute
)

// Client of one platform. It is safe for concurrent use.
type Client struct {
	cfg Config
	api *apiclient.Client
}

// New makes a client; it sends nothing.
func New(cfg Config) (*Client, error) {
	u, err := url.Parse(cfg.URL)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil, fmt.Errorf("%q is not the address of a platform: expected something like http://127.0.0.1:8090", cfg.URL)
	}
	cfg.API = cmp.Or(cfg.API, &http.Client{Timeout: apiTimeout})
	cfg.Storage = cmp.Or(cfg.Storage, &http.Client{Timeout: partTimeout})
	return &Client{cfg: cfg, api: apiclient.New(cfg.URL, cfg.Key).Using(cfg.API)}, nil
}

// uploadAPI sends an upload's token with every call.
func (c *Client) uploadAPI(token string) *apiclient.Client {
	h := *c.cfg.API
	h.Transport = withToken{token, cmp.Or[http.RoundTripper](h.Transport, http.DefaultTransport)}
	return c.api.Using(&h)
}

type withToken struct {
	token string
	next  http.RoundTripper
}

func (t withToken) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set("Upload-Token", t.token)
	return t.next.RoundTrip(r)
}

// Video reads one video.
func (c *Client) Video(ctx context.Context, id catalog.VideoID) (playback.Video, error) {
	var v playback.Video
	err := c.api.Do(ctx, http.MethodGet, "/v1/videos/"+url.PathEscape(string(id)), nil, &v)
	return v, err
}

// Videos reads one page of videos, newest first.
func (c *Client) Videos(ctx context.Context, after string, limit int) (playback.List, error) {
	query := url.Values{"limit": {strconv.Itoa(limit)}}
	if after != "" {
		query.Set("after", after)
	}
	var l playback.List
	err := c.api.Do(ctx, http.MethodGet, "/v1/videos?"+query.Encode(), nil, &l)
	return l, err
}

// ErrFailed is returned for a video that cannot be made from its file.
var ErrFailed = errors.New("the video could not be made")

// waitTries is how many answers in a row may fail while a video is waited for.
const waitTries = 10

// passing tells whether the same request may succeed later.
func passing(err error) bool {
	var p *httpapi.ProblemError
	if errors.As(err, &p) {
		return p.Status >= http.StatusInternalServerError || p.Status == http.StatusTooManyRequests
	}
	return errors.Is(err, apiclient.ErrUnreachable)
}

// Wait asks for a video at an interval until it is ready, through short outages of the platform. It returns ErrFailed,
// with the reason, if it never will be.
func (c *Client) Wait(ctx context.Context, id catalog.VideoID, interval time.Duration) (playback.Video, error) {
	next := time.NewTicker(interval)
	defer next.Stop()
	for failures := 0; ; {
		v, err := c.Video(ctx, id)
		if failures++; err == nil {
			failures = 0
		}
		switch {
		case err != nil && (failures == waitTries || !passing(err)):
			return playback.Video{}, err
		case err != nil:
		case v.Status == catalog.Ready:
			return v, nil
		case v.Status == catalog.Failed:
			return v, fmt.Errorf("%w: %s", ErrFailed, v.Reason)
		}
		select {
		case <-next.C:
		case <-ctx.Done():
			return v, ctx.Err()
		}
	}
}
