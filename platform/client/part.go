package client

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"sync/atomic"
	"time"

	"plimsoll/internal/apiclient"
	"plimsoll/platform/catalog"
	"plimsoll/platform/ingest"
)

// transfer is an open upload with the parts that are missing.
type transfer struct {
	id       catalog.UploadID
	partSize int64
	parts    []ingest.PartURL
	api      *apiclient.Client
	storage  *http.Client
}

func (c *Client) transfer(id catalog.UploadID, token string) *transfer {
	return &transfer{id: id, api: c.uploadAPI(token), storage: c.cfg.Storage}
}

// bytes of the missing parts.
func (t *transfer) bytes() (n int64) {
	for _, p := range t.parts {
		n += p.Size
	}
	return n
}

const (
	partTries  = 5
	firstPause = 200 * time.Millisecond // doubled after each try
)

// sendPart sends one part, again if the line or the storage fails, with a fresh URL if the old one is refused.
// Sent is told the bytes that went out, and takes them back before another try.
func (t *transfer) sendPart(ctx context.Context, f *file, part ingest.PartURL, sent func(int64)) error {
	var err error
	for try, pause := 1, firstPause; ; try, pause = try+1, 2*pause {
		body := &counted{part: io.NewSectionReader(f, int64(part.Number-1)*t.partSize, part.Size), left: part.Size, sent: sent}
		var again bool
		if again, err = t.put(ctx, part, body); err == nil {
			return nil
		}
		sent(-body.n.Load())
		if !again || try == partTries || ctx.Err() != nil {
			return err
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return ctx.Err()
		}
		if errors.Is(err, errRefused) {
			if part.URL, err = t.freshURL(ctx, part); err != nil {
				return err
			}
		}
	}
}

// errRefused is returned for a URL that storage does not accept, such as one that has expired.
var errRefused = errors.New("object storage refused the part")

// put makes one try. Again tells whether another can help.
func (t *transfer) put(ctx context.Context, part ingest.PartURL, body *counted) (again bool, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPut, part.URL, body)
	if err != nil {
		return false, fmt.Errorf("make request: %w", err)
	}
	req.ContentLength = part.Size
	resp, err := t.storage.Do(req)
	if body.short.Load() {
		return false, errChanged
	}
	if err != nil {
		return true, fmt.Errorf("object storage cannot be reached: %w", withoutURL(err))
	}
	defer resp.Body.Close()
	said, _ := io.ReadAll(io.LimitReader(resp.Body, 4<<10))
	switch {
	case resp.StatusCode < 300:
		return false, nil
	case resp.StatusCode == http.StatusForbidden:
		return true, fmt.Errorf("%w: %s: %.300s", errRefused, resp.Status, said)
	default:
		return resp.StatusCode >= 500, fmt.Errorf("object storage answered %s: %.300s", resp.Status, said)
	}
}

// freshURL asks for a new URL of a part.
func (t *transfer) freshURL(ctx context.Context, part ingest.PartURL) (string, error) {
	state, err := t.state(ctx)
	if err != nil {
		return "", err
	}
	for _, p := range state.Missing {
		if p.Number == part.Number {
			return p.URL, nil
		}
	}
	for _, p := range state.Received {
		if p.Number == part.Number {
			return p.URL, nil
		}
	}
	return "", fmt.Errorf("the upload is %s and takes no more parts", state.Status)
}

// withoutURL takes the signed URL, which opens the upload, out of an error that may be shown.
func withoutURL(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err
	}
	return err
}

// counted reads a part and tells how much was read. The HTTP client may still read while its caller has the answer.
type counted struct {
	part  *io.SectionReader
	left  int64 // of the part
	n     atomic.Int64
	short atomic.Bool // the file ended before the part did
	sent  func(int64)
}

func (c *counted) Read(b []byte) (int, error) {
	n, err := c.part.Read(b)
	c.left -= int64(n)
	c.n.Add(int64(n))
	c.sent(int64(n))
	if errors.Is(err, io.EOF) && c.left > 0 {
		c.short.Store(true)
		return n, errChanged
	}
	return n, err
}
