package playback

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"plimsoll/internal/httpapi"
	"plimsoll/platform/catalog"
)

// Video is a video as the public API shows it.
type Video struct {
	ID          catalog.VideoID `json:"id"`
	Title       string          `json:"title"`
	Description string          `json:"description,omitempty"`
	Status      catalog.Status  `json:"status" enum:"processing,ready,failed"`
	Reason      string          `json:"reason,omitempty" doc:"Why it failed"`
	Duration    float64         `json:"durationSeconds,omitempty" doc:"Once ready"`
	Width       int             `json:"width,omitempty" doc:"Of the largest rendition, in pixels; once ready"`
	Height      int             `json:"height,omitempty"`
	CreatedAt   time.Time       `json:"createdAt"`
	ReadyAt     *time.Time      `json:"readyAt,omitempty"`
	Playback    *URLs           `json:"playback,omitempty" doc:"Once ready"`
}

// URLs are where a ready video plays.
type URLs struct {
	HLS       string `json:"hls" doc:"HLS master playlist"`
	DASH      string `json:"dash" doc:"MPEG-DASH manifest"`
	Thumbnail string `json:"thumbnail" doc:"JPEG"`
}

// VideoRequest is the input of GET /v1/videos/{id}.
type VideoRequest struct {
	ID string `path:"id"`
}

// VideoResponse is the output of GET /v1/videos/{id}.
type VideoResponse struct {
	Body Video
}

// ListRequest is the input of GET /v1/videos.
type ListRequest struct {
	After string `query:"after" doc:"The next of the page before; empty for the first page"`
	Limit int    `query:"limit" minimum:"1" maximum:"100" default:"20"`
}

// ListResponse is the output of GET /v1/videos.
type ListResponse struct {
	Body List
}

// List is one page of videos, newest first.
type List struct {
	Videos []Video `json:"videos"`
	Next   string  `json:"next,omitempty" doc:"Pass it as after to get the next page; left out on the last"`
}

// Register adds the read operations to the public API.
func (p *Playback) Register(api huma.API) {
	huma.Register(api, huma.Operation{
		OperationID: "get-video", Method: http.MethodGet, Path: "/v1/videos/{id}",
		Summary: "Read one video", Tags: []string{"Videos"},
		Errors: []int{http.StatusNotFound, http.StatusTooManyRequests},
	}, p.Video)
	huma.Register(api, huma.Operation{
		OperationID: "list-videos", Method: http.MethodGet, Path: "/v1/videos",
		Summary: "List videos, newest first", Tags: []string{"Videos"},
		Errors: []int{http.StatusUnprocessableEntity, http.StatusTooManyRequests},
	}, p.Videos)
}

// Video returns one video. What it says may be a second old while the video is processing, 30 s afterwards.
func (p *Playback) Video(ctx context.Context, in *VideoRequest) (*VideoResponse, error) {
	id, err := catalog.ParseVideoID(in.ID)
	if err != nil {
		return nil, httpapi.Problem(httpapi.NotFound, err.Error(), nil)
	}
	v, err := p.videos.Get(ctx, string(id))
	switch {
	case errors.Is(err, catalog.ErrNoVideo):
		return nil, httpapi.Problem(httpapi.NotFound, fmt.Sprintf("there is no video %s", id), nil)
	case err != nil:
		return nil, fmt.Errorf("answer video %s: %w", id, err)
	}
	return &VideoResponse{Body: p.public(v)}, nil
}

// Videos returns one page of videos, straight from the catalog.
func (p *Playback) Videos(ctx context.Context, in *ListRequest) (*ListResponse, error) {
	after := catalog.VideoID("")
	if in.After != "" {
		id, err := catalog.ParseVideoID(in.After)
		if err != nil {
			return nil, httpapi.Problem(httpapi.Invalid, "after: "+err.Error(), nil)
		}
		after = id
	}
	found, err := p.cfg.Catalog.Videos(ctx, after, in.Limit+1) // one more tells whether there is a next page
	if err != nil {
		return nil, fmt.Errorf("answer list of videos: %w", err)
	}
	page := List{Videos: []Video{}}
	if len(found) > in.Limit {
		found = found[:in.Limit]
		page.Next = string(found[in.Limit-1].ID)
	}
	for _, v := range found {
		page.Videos = append(page.Videos, p.public(v))
	}
	return &ListResponse{Body: page}, nil
}

func (p *Playback) public(v catalog.Video) Video {
	out := Video{ID: v.ID, Title: v.Title, Description: v.Description, Status: v.Status, Reason: v.Reason,
		Width: v.Width, Height: v.Height, CreatedAt: v.CreatedAt, Duration: v.Duration.Seconds()}
	if v.Status == catalog.Ready {
		base := p.cfg.EdgeURL + "/" + v.Prefix
		out.ReadyAt = &v.ReadyAt
		out.Playback = &URLs{HLS: base + catalog.HLSManifest, DASH: base + catalog.DASHManifest, Thumbnail: base + catalog.Thumbnail}
	}
	return out
}
