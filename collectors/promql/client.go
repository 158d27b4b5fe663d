package promql

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	promapi "github.com/prometheus/client_golang/api"
	v1 "github.com/prometheus/client_golang/api/prometheus/v1"
	"github.com/prometheus/common/model"
)

var (
	// errTooMuch is in the error of an answer that is too large or took too long: a shorter stretch may do.
	errTooMuch = errors.New("the answer is too large or takes too long")
	// ErrRefused is in the error of a server that will not answer a request however often it comes: it is wrong, or not allowed.
	ErrRefused = errors.New("the server refuses the request")
	// errIncomplete is in the error of an answer that the server says is not whole.
	errIncomplete = errors.New("the server says that its answer is incomplete")
)

// throttled is the error of a server that wants to be left alone for a while.
type throttled struct {
	status string
	after  time.Duration // 0 if it does not say for how long
}

func (e *throttled) Error() string { return "the server answered " + e.status }

// client asks one server.
type client struct {
	server Server
	api    v1.API
}

func newClient(s Server) (*client, error) {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	c, err := promapi.NewClient(promapi.Config{Address: s.URL, RoundTripper: &roundTripper{server: s, next: transport}})
	if err != nil {
		return nil, fmt.Errorf("make a client of %s: %w", s.Name, err)
	}
	return &client{server: s, api: v1.NewAPI(c)}, nil
}

// raw returns the samples of a selector in (from, to], as they were stored. Some servers include from.
func (c *client) raw(ctx context.Context, selector string, from, to time.Time) (model.Matrix, error) {
	query := fmt.Sprintf("%s[%dms]", selector, to.Sub(from).Milliseconds())
	return c.matrix(ctx, query, func(ctx context.Context) (model.Value, v1.Warnings, error) {
		v, warnings, _, err := c.api.Query(ctx, query, to, v1.WithTimeout(c.server.Timeout))
		return v, warnings, err
	})
}

// evaluate returns the values of a query at each step from start to end.
func (c *client) evaluate(ctx context.Context, query string, start, end time.Time, step time.Duration) (model.Matrix, error) {
	return c.matrix(ctx, query, func(ctx context.Context) (model.Value, v1.Warnings, error) {
		v, warnings, _, err := c.api.QueryRange(ctx, query, v1.Range{Start: start, End: end, Step: step}, v1.WithTimeout(c.server.Timeout))
		return v, warnings, err
	})
}

func (c *client) matrix(ctx context.Context, query string, ask func(context.Context) (model.Value, v1.Warnings, error)) (model.Matrix, error) {
	ctx, cancel := context.WithTimeout(ctx, c.server.Timeout)
	defer cancel()
	value, warnings, err := ask(ctx)
	if err == nil {
		err = incomplete(warnings)
	}
	if err != nil {
		return nil, fmt.Errorf("ask for %s: %w", query, classify(err))
	}
	switch value := value.(type) {
	case model.Matrix:
		return value, nil
	case nil:
		return nil, fmt.Errorf("ask for %s: the answer has no result", query)
	default:
		return nil, fmt.Errorf("ask for %s: the answer is a %s, not a matrix", query, value.Type())
	}
}

// semantic begins the warnings of a server about what a query means; all others are about data that is missing.
const semantic = "PromQL "

func incomplete(warnings v1.Warnings) error {
	for _, w := range warnings {
		if !strings.HasPrefix(w, semantic) {
			return fmt.Errorf("%w: %s", errIncomplete, w)
		}
	}
	return nil
}

// tooMuch are how Prometheus and those like it say that a query is over one of their limits.
var tooMuch = []string{"too many samples", "exceed", "limit", "timed out", "timeout"}

// classify marks the errors that a shorter stretch may not have.
func classify(err error) error {
	var problem *v1.Error
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return fmt.Errorf("%w: %w", errTooMuch, err)
	case !errors.As(err, &problem):
		return err
	case problem.Type == v1.ErrBadData, problem.Type == v1.ErrClient:
		return fmt.Errorf("%w: %w", ErrRefused, err)
	case problem.Type == v1.ErrTimeout:
		return fmt.Errorf("%w: %w", errTooMuch, err)
	case problem.Type != v1.ErrExec && problem.Type != v1.ErrServer:
		return err
	}
	for _, words := range tooMuch {
		if strings.Contains(problem.Msg, words) {
			return fmt.Errorf("%w: %w", errTooMuch, err)
		}
	}
	return err
}

// maxBody bounds what is read of an answer, in bytes.
const maxBody = 256 << 20

// roundTripper authorises requests to its server, and to no other that this one may redirect to, and bounds answers.
type roundTripper struct {
	server Server
	next   http.RoundTripper
}

// RoundTrip implements [http.RoundTripper].
func (t *roundTripper) RoundTrip(r *http.Request) (*http.Response, error) {
	if home, err := url.Parse(t.server.URL); err == nil && r.URL.Scheme == home.Scheme && r.URL.Host == home.Host {
		r = r.Clone(r.Context())
		if err := t.server.authorise(r); err != nil {
			return nil, err
		}
	}
	resp, err := t.next.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	if resp.StatusCode == http.StatusTooManyRequests || resp.StatusCode == http.StatusServiceUnavailable {
		defer resp.Body.Close()
		_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, 64<<10))
		return nil, &throttled{status: resp.Status, after: retryAfter(resp.Header.Get("Retry-After"))}
	}
	resp.Body = &boundedBody{Closer: resp.Body, r: io.LimitedReader{R: resp.Body, N: maxBody}}
	return resp, nil
}

// retryAfter reads the header in seconds; 0 if it holds anything else.
func retryAfter(header string) time.Duration {
	seconds, err := strconv.ParseUint(header, 10, 16)
	if err != nil {
		return 0
	}
	return time.Duration(seconds) * time.Second
}

// boundedBody ends with errTooMuch where an [io.LimitedReader] would pretend that the body was over.
type boundedBody struct {
	io.Closer
	r io.LimitedReader
}

// Read implements [io.Reader].
func (b *boundedBody) Read(p []byte) (int, error) {
	if b.r.N <= 0 {
		return 0, fmt.Errorf("%w: it is longer than %d MiB", errTooMuch, maxBody>>20)
	}
	return b.r.Read(p)
}
