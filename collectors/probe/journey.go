package probe

import (
	"context"
	"crypto/rand"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"time"
)

// result is how one run ended.
type result struct {
	took    time.Duration
	steps   []stepResult // those that were begun
	failure *failure     // nil if it succeeded
}

// failed returns the name of the step at which the run failed; empty if it succeeded.
func (r result) failed() string {
	if r.failure == nil {
		return ""
	}
	return r.steps[len(r.steps)-1].name
}

type stepResult struct {
	name    string
	took    time.Duration // with all repetitions
	failure *failure
}

// journey is one run: its cookies and connections end with it.
type journey struct {
	probe     *Probe
	client    *http.Client
	variables map[string]string
	secrets   []string
	last      *url.URL // where the last answer came from
}

// run makes one journey. When ctx ends before it does, the result means nothing.
func (p *Probe) run(ctx context.Context) result {
	ctx, cancel := context.WithTimeout(ctx, p.Timeout)
	defer cancel()
	transport := &http.Transport{
		Proxy: http.ProxyFromEnvironment, TLSClientConfig: p.tls.Clone(), ForceAttemptHTTP2: true,
		MaxResponseHeaderBytes: 1 << 20,
	}
	defer transport.CloseIdleConnections()
	jar, _ := cookiejar.New(nil) // fails never
	j := &journey{probe: p, secrets: p.secrets, variables: map[string]string{runID: strings.ToLower(rand.Text())}}
	for name, value := range p.variables {
		j.variables[name] = value
	}
	j.client = &http.Client{Transport: transport, Jar: jar, CheckRedirect: j.redirect}
	begin := time.Now()
	var r result
	for i := range p.steps {
		s := &p.steps[i]
		stepBegin := time.Now()
		f := j.step(ctx, s)
		if f != nil {
			f.says = j.redact(f.says)
		}
		r.steps = append(r.steps, stepResult{s.name, time.Since(stepBegin), f})
		if r.failure = f; f != nil {
			break
		}
	}
	r.took = time.Since(begin)
	return r
}

// step makes the request of a step, again and again if it has an until, and keeps what it captures.
func (j *journey) step(ctx context.Context, s *step) *failure {
	if s.until == nil {
		return j.attempt(ctx, s)
	}
	ctx, cancel := context.WithTimeout(ctx, s.until.within)
	defer cancel()
	again := time.NewTicker(s.until.every)
	defer again.Stop()
	var last *failure
	for {
		f := j.attempt(ctx, s)
		if f == nil {
			return nil
		}
		if ctx.Err() == nil || last == nil {
			last = f // a request that was cut off by the end tells less than the one before
		}
		select {
		case <-again.C:
		case <-ctx.Done():
		}
		if ctx.Err() != nil {
			return fail(last.reason, "not within %v: %s", s.until.within, last.says)
		}
	}
}

// attempt makes one request and checks its answer.
func (j *journey) attempt(ctx context.Context, s *step) *failure {
	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	a, f := j.ask(ctx, s)
	if f != nil {
		return f
	}
	j.last = a.url
	if f := s.expect.check(a, j.variables); f != nil {
		return f
	}
	captured := map[string]string{}
	for i := range s.captures {
		c := &s.captures[i]
		value, ok := c.from(a)
		if !ok {
			return fail(Capture, "there is no %s for the variable %s", c.source(), c.variable)
		}
		captured[c.variable] = value
	}
	for name, value := range captured {
		j.variables[name] = value
		j.secrets = append(j.secrets[:len(j.secrets):len(j.secrets)], value)
	}
	return nil
}

// shortSecret is the length below which a captured or configured value is no secret but a word that occurs by chance.
const shortSecret = 4

// redact takes secrets out of a message.
func (j *journey) redact(message string) string {
	for _, secret := range j.secrets {
		if len(secret) >= shortSecret {
			message = strings.ReplaceAll(message, secret, "***")
		}
	}
	return message
}
