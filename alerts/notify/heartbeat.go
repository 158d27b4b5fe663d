package notify

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
)

// Heartbeat tells a dead man's switch that alerts are being evaluated. When it stops, the other side raises the alarm that we cannot.
type Heartbeat struct {
	to     *url.URL
	client *http.Client
}

// NewHeartbeat makes one that posts to a URL.
func NewHeartbeat(address string) (*Heartbeat, error) {
	to, err := endpoint(address)
	if err != nil {
		return nil, fmt.Errorf("heartbeat: url: %w", err)
	}
	return &Heartbeat{to: to, client: newClient()}, nil
}

// Beat posts once. A beat that is lost is not made up for: the next one says as much.
func (h *Heartbeat) Beat(ctx context.Context) error {
	return post(ctx, h.client, h.to, nil, []byte(`{"evaluated":true}`))
}
