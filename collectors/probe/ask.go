package probe

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"maps"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"golang.org/x/net/http/httpguts"
)

// answer is what came back, read to its end.
type answer struct {
	*http.Response
	url  *url.URL
	body []byte
	took time.Duration // from sending the request to the end of the body
}

// errRedirects ends a chain of redirects.
var errRedirects = errors.New("too many redirects")

// redirect decides whether to follow a redirect. Another host is not told what is secret: the client itself only keeps back a few headers.
func (j *journey) redirect(r *http.Request, via []*http.Request) error {
	switch {
	case !j.probe.redirects:
		return http.ErrUseLastResponse
	case len(via) > maxRedirects:
		return errRedirects
	case r.URL.Host == via[0].URL.Host:
		return nil
	}
	r.Header.Del("Referer") // may hold a secret in another spelling
	maps.DeleteFunc(r.Header, func(_ string, values []string) bool {
		return slices.ContainsFunc(values, func(v string) bool { return j.redact(v) != v })
	})
	return nil
}

// userAgent tells a service who is asking.
const userAgent = "plimsoll-probe"

// ask sends the request of a step and reads the answer.
func (j *journey) ask(ctx context.Context, s *step) (*answer, *failure) {
	r, f := j.request(ctx, s)
	if f != nil {
		return nil, f
	}
	begin := time.Now()
	resp, err := j.client.Do(r)
	if err != nil {
		return nil, classify(ctx, err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, s.maxBody+1))
	switch {
	case err != nil:
		return nil, classify(ctx, err)
	case int64(len(body)) > s.maxBody:
		return nil, fail(TooLarge, "the body has more than %d bytes", s.maxBody)
	}
	return &answer{resp, resp.Request.URL, body, time.Since(begin)}, nil
}

// request puts the variables into the request of a step.
func (j *journey) request(ctx context.Context, s *step) (*http.Request, *failure) {
	u, err := url.Parse(s.request.url.render(j.variables))
	if err == nil && j.last != nil {
		u = j.last.ResolveReference(u)
	}
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil, fail(BadRequest, "with the values of its variables the URL is not an address")
	}
	body := s.request.file
	if body == nil {
		body = []byte(s.request.body.render(j.variables))
	}
	r, err := http.NewRequestWithContext(ctx, s.request.method, u.String(), bytes.NewReader(body))
	if err != nil {
		return nil, fail(BadRequest, "with the values of its variables the URL cannot be requested")
	}
	r.Header.Set("User-Agent", userAgent)
	for _, h := range s.request.headers {
		value := h.value.render(j.variables)
		if !httpguts.ValidHeaderFieldValue(value) {
			return nil, fail(BadRequest, "with the values of its variables the header %s has signs that a header cannot have", h.name)
		}
		if strings.EqualFold(h.name, "Host") {
			r.Host = value
			continue
		}
		r.Header.Set(h.name, value)
	}
	return r, nil
}

// classify says why there is no answer. Messages of the HTTP client may quote addresses and answers; only those go on that do not.
func classify(ctx context.Context, err error) *failure {
	var (
		name        *net.DNSError
		op          *net.OpError
		record      tls.RecordHeaderError
		alert       tls.AlertError
		certificate *tls.CertificateVerificationError
		authority   x509.UnknownAuthorityError
	)
	switch {
	case errors.Is(err, errRedirects):
		return fail(Redirect, "there are more than %d redirects", maxRedirects)
	case errors.As(err, &name) && !name.IsTimeout:
		return fail(DNS, "resolve the name of the host: %v", name)
	case errors.Is(err, context.DeadlineExceeded) || ctx.Err() != nil:
		return fail(Timeout, "no answer in time")
	case errors.As(err, &certificate):
		return fail(TLS, "the certificate is not valid: %v", certificate.Err)
	case errors.As(err, &authority):
		return fail(TLS, "the certificate is not valid: %v", authority)
	case errors.As(err, &record), strings.Contains(err.Error(), "server gave HTTP response to HTTPS client"):
		return fail(TLS, "the server does not speak TLS")
	case errors.As(err, &alert):
		return fail(TLS, "the server refused: %v", alert)
	case errors.As(err, &op) && op.Op == "dial":
		return fail(Connect, "connect: %v", op.Err)
	case errors.As(err, &op) && (op.Op == "remote error" || op.Op == "local error"):
		return fail(TLS, "%s: %v", op.Op, op.Err)
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		return fail(Protocol, "the answer broke off")
	case errors.As(err, &op):
		return fail(Protocol, "%s: %v", op.Op, op.Err)
	default:
		return fail(Protocol, "the answer is not one that HTTP allows")
	}
}
