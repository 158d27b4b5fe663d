package client

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"path/filepath"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"plimsoll/internal/httpapi"
	"plimsoll/platform/catalog"
	"plimsoll/platform/ingest"
)

// Upload describes a file to upload.
type Upload struct {
	Path        string
	Title       string // the file's name if empty
	Description string
	Parallel    int            // parts under way at a time; 4 if zero
	Progress    func(Progress) // called often, from several goroutines; may be nil
	Resumed     func(int64)    // called with the bytes that need not be sent again; may be nil
}

// Phase is what an upload is doing.
type Phase string

const (
	Reading  Phase = "reading"  // the checksum is computed
	Sending  Phase = "sending"  // parts go to object storage
	Checking Phase = "checking" // the platform proves what arrived
)

// Progress of an upload.
type Progress struct {
	Phase Phase
	Done  int64 // bytes
	Total int64
}

// Upload sends a file and returns the video that it became. After an interruption, a further call with the same file
// sends only what is missing.
func (c *Client) Upload(ctx context.Context, u Upload) (ingest.CompletedUpload, error) {
	none := ingest.CompletedUpload{}
	if u.Progress == nil {
		u.Progress = func(Progress) {}
	}
	f, err := open(u.Path)
	if err != nil {
		return none, err
	}
	defer f.Close()
	sum, err := f.sum(ctx, func(n int64) { u.Progress(Progress{Reading, n, f.size}) })
	if err != nil {
		return none, err
	}
	mem := c.memory(f.path)
	up, err := c.begin(ctx, mem, f, sum, u)
	if err != nil {
		return none, err
	}
	if err := up.send(ctx, f, u); err != nil {
		return none, err
	}
	u.Progress(Progress{Checking, f.size, f.size})
	done, err := up.complete(ctx)
	if err != nil {
		return none, err
	}
	mem.forget()
	return done, nil
}

// begin goes on with an upload that was interrupted, or opens one.
func (c *Client) begin(ctx context.Context, mem memory, f *file, sum ingest.ChecksumOfFile, u Upload) (*transfer, error) {
	if known, ok := mem.load(); ok && known.Checksum == sum {
		t := c.transfer(known.ID, known.Token)
		state, err := t.state(ctx)
		var p *httpapi.ProblemError
		switch {
		case err == nil && (state.Status == catalog.Uploading || state.Status == catalog.Uploaded):
			t.parts = state.Missing
			if state.Status == catalog.Uploaded {
				t.parts = nil
			}
			if u.Resumed != nil {
				u.Resumed(f.size - t.bytes())
			}
			return t, nil
		case err != nil && (!errors.As(err, &p) || passing(err)): // the server cannot say; another upload would not help
			return nil, err
		}
		mem.forget() // it expired, was aborted, or belongs to data that is gone
	}
	var request ingest.CreateUploadRequest
	request.Body.Title, request.Body.Description = u.Title, u.Description
	request.Body.Name, request.Body.Size, request.Body.ContentType = filepath.Base(f.path), f.size, f.contentType
	request.Body.Checksum = sum
	var created ingest.NewUpload
	if err := c.api.Do(ctx, http.MethodPost, "/v1/uploads", request.Body, &created); err != nil {
		return nil, err
	}
	t := c.transfer(created.ID, created.Token)
	t.parts, t.partSize = created.Parts, created.PartSize
	return t, mem.save(unfinished{ID: created.ID, Token: created.Token, Checksum: sum})
}

func (t *transfer) path() string { return "/v1/uploads/" + url.PathEscape(string(t.id)) }

// state asks how far the upload has come.
func (t *transfer) state(ctx context.Context) (ingest.UploadState, error) {
	var s ingest.UploadState
	err := t.api.Do(ctx, http.MethodGet, t.path(), nil, &s)
	t.partSize = s.PartSize
	return s, err
}

const (
	completeTries = 6
	completePause = 500 * time.Millisecond // doubled after each try
)

// complete has the platform make a video of the upload, which may be asked any number of times. Joining the parts of a
// large file can take longer than one request may last; then a later one finds it done.
func (t *transfer) complete(ctx context.Context) (done ingest.CompletedUpload, err error) {
	for try, pause := 1, completePause; ; try, pause = try+1, 2*pause {
		err = t.api.Do(ctx, http.MethodPost, t.path()+"/complete", nil, &done)
		if err == nil || try == completeTries || !passing(err) {
			return done, err
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return done, ctx.Err()
		}
	}
}

// send sends the missing parts, some at a time.
func (t *transfer) send(ctx context.Context, f *file, u Upload) error {
	var sent atomic.Int64
	sent.Store(f.size - t.bytes())
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(cmp.Or(u.Parallel, 4))
	for _, part := range t.parts {
		group.Go(func() error {
			err := t.sendPart(ctx, f, part, func(n int64) { u.Progress(Progress{Sending, sent.Add(n), f.size}) })
			if err != nil {
				return fmt.Errorf("send part %d of %s: %w", part.Number, filepath.Base(f.path), err)
			}
			return nil
		})
	}
	return group.Wait()
}
