package origin

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"time"

	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"

	"plimsoll/internal/httpapi"
)

// Handler serves a Fetch to clients in other processes.
func Handler(fetch Fetch, logger *slog.Logger) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			w.Header().Set("Allow", "GET, HEAD")
			http.Error(w, "only GET and HEAD", http.StatusMethodNotAllowed)
			return
		}
		o, err := fetch(r.Context(), r.URL.Path)
		if err != nil {
			Refuse(w, r, err, logger)
			return
		}
		h := w.Header()
		h.Set("Content-Type", o.ContentType)
		h.Set("Etag", strconv.Quote(o.ETag))
		h.Set("Cache-Control", CacheControl(o))
		h.Set("Content-Length", strconv.Itoa(len(o.Body)))
		if r.Method == http.MethodGet {
			_, _ = w.Write(o.Body) // a broken connection is the client's to notice
		}
	})
}

// Refuse answers a request for an object that could not be fetched.
func Refuse(w http.ResponseWriter, r *http.Request, err error, logger *slog.Logger) {
	if errors.Is(err, ErrAbsent) {
		httpapi.WriteProblem(w, httpapi.Problem(httpapi.NotFound, fmt.Sprintf("nothing is published at %s", r.URL.Path), nil))
		return
	}
	if r.Context().Err() == nil {
		logger.ErrorContext(r.Context(), "object could not be read", "path", r.URL.Path, "err", err)
	}
	httpapi.WriteProblem(w, httpapi.RetryLater(httpapi.Unavailable, "the video's storage cannot answer now; try again", time.Second))
}

const immutable = "immutable"

// CacheControl is the header by which an object's freshness travels.
func CacheControl(o *Object) string {
	s := "public, max-age=" + strconv.Itoa(int(o.Fresh.Seconds()))
	if o.Immutable {
		s += ", " + immutable
	}
	return s
}

// Client returns a Fetch that asks the origin at a base URL such as http://playback:8094.
func Client(base string) Fetch {
	base = strings.TrimRight(base, "/")
	client := &http.Client{Transport: otelhttp.NewTransport(http.DefaultTransport)}
	return func(ctx context.Context, path string) (*Object, error) {
		if !Valid(path) {
			return nil, ErrAbsent
		}
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, base+path, nil)
		if err != nil {
			return nil, fmt.Errorf("%w: make request: %w", ErrUnavailable, err)
		}
		resp, err := client.Do(req)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrUnavailable, err)
		}
		defer resp.Body.Close()
		switch resp.StatusCode {
		case http.StatusOK:
			return read(resp)
		case http.StatusNotFound:
			return nil, ErrAbsent
		default:
			return nil, fmt.Errorf("%w: it answered %s", ErrUnavailable, resp.Status)
		}
	}
}

func read(resp *http.Response) (*Object, error) {
	body, err := ReadAll(resp.Body, resp.ContentLength)
	if err != nil {
		return nil, err
	}
	o := &Object{Body: body, ContentType: resp.Header.Get("Content-Type"), ETag: strings.Trim(resp.Header.Get("Etag"), `"`)}
	for directive := range strings.SplitSeq(resp.Header.Get("Cache-Control"), ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(directive), "=")
		switch name {
		case immutable:
			o.Immutable = true
		case "max-age":
			seconds, _ := strconv.Atoi(value)
			o.Fresh = time.Duration(max(seconds, 0)) * time.Second
		}
	}
	return o, nil
}

// ReadAll reads the body of an object whose size is known, or unknown if negative. A body that is cut short or larger
// than MaxObject is ErrUnavailable.
func ReadAll(r io.Reader, size int64) ([]byte, error) {
	if size > MaxObject {
		return nil, fmt.Errorf("%w: the object has %d bytes, at most %d can be served", ErrUnavailable, size, MaxObject)
	}
	if size < 0 {
		body, err := io.ReadAll(io.LimitReader(r, MaxObject+1))
		if err == nil && len(body) > MaxObject {
			err = fmt.Errorf("more than %d bytes", MaxObject)
		}
		if err != nil {
			return nil, fmt.Errorf("%w: read object: %w", ErrUnavailable, err)
		}
		return body, nil
	}
	body := make([]byte, size)
	if n, err := io.ReadFull(r, body); err != nil {
		return nil, fmt.Errorf("%w: read object: %d of %d bytes: %w", ErrUnavailable, n, size, err)
	}
	return body, nil
}
