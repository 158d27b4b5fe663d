package apiclient

import (
	"context"
	"fmt"
	"io"
	"net/http"
)

// Stream sends body as it is, of a content type (nil for no body), and copies the answer to out. It is for files, so only ctx bounds how long it
// takes. After an error out may have a part. Refusals are as of [Client.Do].
func (c *Client) Stream(ctx context.Context, method, path, contentType string, body io.Reader, out io.Writer) error {
	req, err := c.request(ctx, method, path, nil)
	if err != nil {
		return err
	}
	if body != nil {
		req.Body, req.ContentLength = io.NopCloser(body), -1
		req.Header.Set("Content-Type", contentType)
	}
	unhurried := &http.Client{Transport: c.http.Transport, CheckRedirect: c.http.CheckRedirect, Jar: c.http.Jar}
	resp, err := unhurried.Do(req)
	if err != nil {
		return c.unreachable(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode >= http.StatusBadRequest {
		data, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
		if err != nil {
			return c.unreachable(fmt.Errorf("read answer: %w", err))
		}
		return problem(resp, data)
	}
	if _, err := io.Copy(out, resp.Body); err != nil {
		return fmt.Errorf("read answer: %w", err)
	}
	return nil
}
