package github

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
	"regexp"
	"strings"
	"time"
)

const (
	// callTimeout of one request.
	callTimeout = 10 * time.Second
	// maxAnswer bounds what is read of an answer, in bytes.
	maxAnswer = 64 << 10
	// restVersion of GitHub's REST API.
	restVersion = "2022-11-28"
)

// Errors of reviews.
var (
	// ErrSettled is returned where there is nothing to review any more.
	ErrSettled = errors.New("GitHub takes no review of this deployment any more")
	// ErrCallback is returned for an address that is not of the repository's runs.
	ErrCallback = errors.New("deployment_callback_url is not of a run of the repository on the configured API host")
)

// Later is the error of a request that GitHub wants to be made later.
type Later struct {
	After time.Duration
	Err   error
}

func (l *Later) Error() string { return l.Err.Error() }
func (l *Later) Unwrap() error { return l.Err }

// ClientConfig of a [Client].
type ClientConfig struct {
	URL        string // of the REST API; https://api.github.com by default, https://HOST/api/v3 of an Enterprise Server
	AppID      string // or the client ID of the App; required
	PrivateKey []byte // of the App, in PEM; required
	HTTP       *http.Client
	Now        func() time.Time
}

// Client reviews deployments as a GitHub App. It is safe for concurrent use.
type Client struct {
	base *url.URL
	http *http.Client
	app  *app
	now  func() time.Time
}

// NewClient makes a client. It calls nothing.
func NewClient(cfg ClientConfig) (*Client, error) {
	base, err := url.Parse(strings.TrimRight(cmp.Or(cfg.URL, "https://api.github.com"), "/"))
	if err != nil || base.Host == "" || base.Scheme != "https" && base.Scheme != "http" {
		return nil, fmt.Errorf("github: the address of the API must be a URL such as https://api.github.com, found %q", cfg.URL)
	}
	c := &Client{base: base, http: cfg.HTTP, now: cfg.Now}
	if c.http == nil {
		c.http = &http.Client{Timeout: callTimeout, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	}
	if c.now == nil {
		c.now = time.Now
	}
	if c.app, err = newApp(cfg.AppID, cfg.PrivateKey); err != nil {
		return nil, err
	}
	return c, nil
}

var runPath = regexp.MustCompile(`^/repos/([^/]+/[^/]+)/actions/runs/[0-9]+/deployment_protection_rule$`)

// owns checks that an address is where the deployments of a repository are reviewed.
func (c *Client) owns(callback, repository string) error {
	u, err := url.Parse(callback)
	if err != nil || u.Scheme != c.base.Scheme || u.Host != c.base.Host || u.User != nil || u.RawQuery != "" || u.RawPath != "" {
		return fmt.Errorf("%w (%s)", ErrCallback, c.base.Host)
	}
	below, ok := strings.CutPrefix(u.Path, c.base.Path)
	m := runPath.FindStringSubmatch(below)
	if !ok || m == nil || !strings.EqualFold(m[1], repository) {
		return fmt.Errorf("%w (%s)", ErrCallback, repository)
	}
	return nil
}

// review is the body of a review. Without a state it is a report.
type review struct {
	Environment string `json:"environment_name"`
	State       string `json:"state,omitempty"` // approved or rejected
	Comment     string `json:"comment"`
}

// review posts a review. A token that GitHub no longer takes is renewed once.
func (c *Client) review(ctx context.Context, a ReviewArgs, r review) error {
	if err := c.owns(a.Callback, a.Repository); err != nil {
		return err
	}
	body, err := json.Marshal(r)
	if err != nil {
		return fmt.Errorf("encode review: %w", err)
	}
	for attempt := 0; ; attempt++ {
		token, err := c.token(ctx, a.Installation)
		if err != nil {
			return fmt.Errorf("get access token of installation %d: %w", a.Installation, err)
		}
		resp, err := c.post(ctx, a.Callback, token, body)
		if err != nil {
			return fmt.Errorf("review deployment: %w", err)
		}
		if resp.status == http.StatusUnauthorized && attempt == 0 {
			c.app.forget(a.Installation, token)
			continue
		}
		if err := resp.err(c.now()); err != nil {
			return fmt.Errorf("review deployment: %w", err)
		}
		return nil
	}
}

// answer is what GitHub said.
type answer struct {
	status int
	header http.Header
	body   []byte
}

func (c *Client) post(ctx context.Context, to, token string, body []byte) (answer, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, to, bytes.NewReader(body))
	if err != nil {
		return answer{}, fmt.Errorf("make request: %w", err)
	}
	req.Header = http.Header{
		"Accept": {"application/vnd.github+json"}, "Authorization": {"Bearer " + token}, "Content-Type": {"application/json"},
		"User-Agent": {"plimsoll"}, "X-Github-Api-Version": {restVersion},
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return answer{}, err
	}
	defer resp.Body.Close()
	said, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return answer{}, fmt.Errorf("read answer: %w", err)
	}
	return answer{resp.StatusCode, resp.Header, said}, nil
}

// err says what an answer means; nil for a success.
func (a answer) err(now time.Time) error {
	if a.status < 300 {
		return nil
	}
	var said struct {
		Message string `json:"message"`
	}
	_ = json.Unmarshal(a.body, &said) // only for the message
	err := fmt.Errorf("GitHub answered %d: %.200s", a.status, said.Message)
	if after, limited := a.pause(said.Message, now); limited {
		return &Later{after, err}
	}
	if a.status == http.StatusUnprocessableEntity || a.status == http.StatusGone {
		return fmt.Errorf("%w: %w", ErrSettled, err)
	}
	return err
}
