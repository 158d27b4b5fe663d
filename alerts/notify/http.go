package notify

import (
	"bytes"
	"context"
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
	// timeout of one request.
	timeout = 10 * time.Second
	// maxAfter bounds how long we wait because a receiver says so.
	maxAfter = 10 * time.Minute
)

// newClient returns a client that follows no redirects: what is sent is meant for the host that was configured.
func newClient() *http.Client {
	return &http.Client{
		Timeout:       timeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// endpoint checks an address that is to be posted to.
func endpoint(address string) (*url.URL, error) {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil, errors.New("it is not a URL, such as https://alerts.example.com/hook")
	}
	return u, nil
}

// post sends a JSON body and classifies the answer.
func post(ctx context.Context, client *http.Client, to *url.URL, header http.Header, body []byte) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, to.String(), bytes.NewReader(body))
	if err != nil {
		return refused("make request to %s", to.Host)
	}
	req.Header = header.Clone()
	if req.Header == nil {
		req.Header = http.Header{}
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := client.Do(req)
	if err != nil {
		return &Later{Err: fmt.Errorf("post to %s: %w", to.Host, withoutURL(err))}
	}
	defer resp.Body.Close()
	said, _ := io.ReadAll(io.LimitReader(resp.Body, 512)) // only for the message
	return classify(to.Host, resp, strings.TrimSpace(string(said)))
}

// withoutURL takes the address out of a client's error: it may hold a secret.
func withoutURL(err error) error {
	if ue := (*url.Error)(nil); errors.As(err, &ue) {
		return ue.Err
	}
	return err
}

func classify(host string, resp *http.Response, said string) error {
	err := fmt.Errorf("%s answered %s: %s", host, resp.Status, said)
	switch code := resp.StatusCode; {
	case code < 300:
		return nil
	case code == http.StatusTooManyRequests, code == http.StatusRequestTimeout, code >= 500:
		return &Later{After: retryAfter(resp.Header), Err: err}
	default:
		return refused("%w", err)
	}
}

// retryAfter reads how long a receiver wants to be left alone; 0 if it does not say so in seconds.
func retryAfter(h http.Header) time.Duration {
	seconds, err := strconv.Atoi(h.Get("Retry-After"))
	if err != nil || seconds < 0 {
		return 0
	}
	return min(time.Duration(seconds)*time.Second, maxAfter)
}
