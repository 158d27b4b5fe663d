package gitlab

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

const (
	// callTimeout of one request.
	callTimeout = 10 * time.Second
	// maxAnswer bounds what is read of an answer, in bytes.
	maxAnswer = 1 << 20
	perPage   = 100
	// maxPages bounds how many pages of freeze periods a project may have.
	maxPages = 20
	// maxPause bounds how long GitLab is left alone because it says so.
	maxPause = 10 * time.Minute
)

// Later is the error of a request that GitLab wants to be made later.
type Later struct {
	After time.Duration
	Err   error
}

func (l *Later) Error() string { return l.Err.Error() }
func (l *Later) Unwrap() error { return l.Err }

// ClientConfig of a [Client].
type ClientConfig struct {
	URL   string // of the instance; https://gitlab.com by default
	Token string // with the scope api, of a Maintainer of the projects; required
	HTTP  *http.Client
}

// Client reads and changes freeze periods. It is safe for concurrent use.
type Client struct {
	base  *url.URL
	token string
	http  *http.Client
}

// NewClient makes a client. It calls nothing.
func NewClient(cfg ClientConfig) (*Client, error) {
	base, err := url.Parse(strings.TrimRight(cmp.Or(cfg.URL, "https://gitlab.com"), "/"))
	if err != nil || base.Host == "" || base.Scheme != "https" && base.Scheme != "http" {
		return nil, fmt.Errorf("gitlab: the address must be a URL such as https://gitlab.com, found %q", cfg.URL)
	}
	if cfg.Token == "" {
		return nil, errors.New("gitlab: a token with the scope api is required")
	}
	c := &Client{base: base, token: cfg.Token, http: cfg.HTTP}
	if c.http == nil {
		c.http = &http.Client{Timeout: callTimeout, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	}
	return c, nil
}

// List returns all freeze periods of a project.
func (c *Client) List(ctx context.Context, project string) ([]Listed, error) {
	var all []Listed
	for page := 1; page <= maxPages; page++ {
		var some []Listed
		query := url.Values{"per_page": {strconv.Itoa(perPage)}, "page": {strconv.Itoa(page)}}
		header, err := c.call(ctx, http.MethodGet, project, "?"+query.Encode(), nil, &some)
		if err != nil {
			return nil, fmt.Errorf("list freeze periods of %s: %w", project, err)
		}
		all = append(all, some...)
		if header.Get("X-Next-Page") == "" {
			return all, nil
		}
	}
	return nil, fmt.Errorf("list freeze periods of %s: there are more than %d", project, maxPages*perPage)
}

// Create adds a freeze period to a project.
func (c *Client) Create(ctx context.Context, project string, p Period) error {
	if _, err := c.call(ctx, http.MethodPost, project, "", p, nil); err != nil {
		return fmt.Errorf("create freeze period of %s: %w", project, err)
	}
	return nil
}

// Delete removes a freeze period from a project. One that is gone already is no error.
func (c *Client) Delete(ctx context.Context, project string, id int64) error {
	_, err := c.call(ctx, http.MethodDelete, project, "/"+strconv.FormatInt(id, 10), nil, nil)
	if refusal := (*refusalError)(nil); errors.As(err, &refusal) && refusal.status == http.StatusNotFound {
		return nil
	}
	if err != nil {
		return fmt.Errorf("delete freeze period %d of %s: %w", id, project, err)
	}
	return nil
}

func (c *Client) call(ctx context.Context, method, project, below string, in, out any) (http.Header, error) {
	var body io.Reader
	if in != nil {
		b, err := json.Marshal(in)
		if err != nil {
			return nil, fmt.Errorf("encode request: %w", err)
		}
		body = bytes.NewReader(b)
	}
	address := c.base.String() + "/api/v4/projects/" + url.PathEscape(project) + "/freeze_periods" + below
	req, err := http.NewRequestWithContext(ctx, method, address, body)
	if err != nil {
		return nil, fmt.Errorf("make request: %w", err)
	}
	req.Header = http.Header{"Private-Token": {c.token}, "Content-Type": {"application/json"}, "User-Agent": {"plimsoll"}}
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	said, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	switch {
	case err != nil:
		return nil, fmt.Errorf("read answer: %w", err)
	case resp.StatusCode >= 300:
		return nil, refused(resp, said)
	case out == nil:
		return resp.Header, nil
	}
	if err := json.Unmarshal(said, out); err != nil {
		return nil, fmt.Errorf("decode answer: %w", err)
	}
	return resp.Header, nil
}

// refusalError is an answer that is no success.
type refusalError struct {
	status int
	said   string
}

func (r *refusalError) Error() string { return fmt.Sprintf("GitLab answered %d: %s", r.status, r.said) }

func refused(resp *http.Response, said []byte) error {
	err := &refusalError{resp.StatusCode, fmt.Sprintf("%.200s", bytes.TrimSpace(said))}
	if resp.StatusCode != http.StatusTooManyRequests {
		return err
	}
	seconds, _ := strconv.Atoi(resp.Header.Get("Retry-After")) // without one, the least
	return &Later{min(max(time.Duration(seconds)*time.Second, time.Second), maxPause), err}
}
