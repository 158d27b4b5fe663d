package probe

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"golang.org/x/net/http/httpguts"

	"plimsoll/internal/config"
	"plimsoll/internal/nearest"
)

// compiler turns one probe, as it is written, into one that can run, and notes what is wrong with it.
type compiler struct {
	problems *config.Problems
	dir      string // that names of files are relative to
	env      func(string) (string, bool)

	defined []string // variables that may be used here
	secrets []string
	inputs  []any // everything beyond the text that the probe depends on
}

func (c *compiler) problem(at config.Path, format string, args ...any) {
	c.problems.Add(at, format, args...)
}

// nameFormat is that of names that become values of labels and parts of keys.
var nameFormat = regexp.MustCompile(`^[a-z0-9]([a-z0-9._-]{0,61}[a-z0-9])?$`)

func (c *compiler) name(at config.Path, name string) {
	if !nameFormat.MatchString(name) {
		c.problem(at, "must be 1 to 63 of a–z, 0–9, ., _ and -, such as %q, found %q", "video-api", name)
	}
}

// variableFormat is that of variables, so that none looks like a function.
var variableFormat = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

func (c *compiler) probe(at config.Path, w writtenProbe) Probe {
	p := Probe{Name: w.Name, Service: w.Service, variables: map[string]string{}}
	c.name(at.In("name"), w.Name)
	c.name(at.In("service"), w.Service)
	p.Every = c.duration(at.In("every"), w.Every, DefaultEvery, minEvery, maxEvery)
	p.Timeout = c.duration(at.In("timeout"), w.Timeout, min(DefaultTimeout, p.Every), minTimeout, p.Every)
	for _, name := range slices.Sorted(maps.Keys(w.Variables)) {
		at := at.In("variables", name)
		if !variableFormat.MatchString(name) {
			c.problem(at, "the name of a variable must be letters, digits and _, found %q", name)
		}
		p.variables[name] = c.template(at, w.Variables[name]).render(nil)
	}
	c.defined = append(slices.Sorted(maps.Keys(p.variables)), runID)
	p.tls = c.tls(at.In("tls"), w.TLS)
	switch words := []string{"follow", "none"}; w.Redirects {
	case "", "follow":
		p.redirects = true
	case "none":
	default:
		c.problem(at.In("redirects"), "must be follow or none, found %q%s", w.Redirects, nearest.Hint(w.Redirects, words))
	}
	if len(w.Steps) == 0 {
		c.problem(at.In("steps"), `must list at least one step, such as "- {name: home, request: {url: https://example.com/}}"`)
	}
	names := map[string]bool{}
	for i, s := range w.Steps {
		at := at.In("steps", i)
		if names[s.Name] {
			c.problem(at.In("name"), "%q is the name of an earlier step", s.Name)
		}
		names[s.Name] = true
		p.steps = append(p.steps, c.step(at, s, p.Timeout, i == 0))
	}
	p.secrets = c.secrets
	text, _ := json.Marshal([]any{w, c.inputs})
	p.print = sha256.Sum256(text)
	return p
}

func (c *compiler) step(at config.Path, w writtenStep, timeout time.Duration, first bool) step {
	s := step{name: w.Name, maxBody: DefaultMaxBody}
	c.name(at.In("name"), w.Name)
	s.timeout = c.duration(at.In("timeout"), w.Timeout, min(DefaultStepTimeout, timeout), minTimeout, timeout)
	if w.MaxBody != nil {
		if s.maxBody = *w.MaxBody; s.maxBody < 0 || s.maxBody > maxMaxBody {
			c.problem(at.In("max_body_bytes"), "must be between 0 and %d, found %d", maxMaxBody, s.maxBody)
		}
	}
	s.request = c.request(at.In("request"), w.Request, first)
	s.expect = c.expect(at.In("expect"), w.Expect)
	if w.Until != nil {
		at := at.In("until")
		if w.Until.Within == nil {
			c.problem(at.In("within"), "must say for how long the request is repeated, such as 2m")
		}
		s.until = &until{
			within: c.duration(at.In("within"), w.Until.Within, timeout, minTimeout, timeout),
			every:  c.duration(at.In("every"), w.Until.Every, time.Second, minPoll, maxPoll),
		}
	}
	for _, name := range slices.Sorted(maps.Keys(w.Capture)) {
		s.captures = append(s.captures, c.capture(at.In("capture", name), name, w.Capture[name]))
	}
	for _, captured := range s.captures {
		if !slices.Contains(c.defined, captured.variable) {
			c.defined = append(c.defined, captured.variable)
		}
	}
	return s
}

func (c *compiler) request(at config.Path, w writtenRequest, first bool) request {
	r := request{method: http.MethodGet, url: c.template(at.In("url"), w.URL), body: c.template(at.In("body"), w.Body)}
	if w.Method != "" {
		r.method = w.Method
	}
	if methods := []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}; !slices.Contains(methods, r.method) {
		c.problem(at.In("method"), "must be one of %s, found %q%s", strings.Join(methods, ", "), w.Method, nearest.Hint(w.Method, methods))
	}
	u, err := url.Parse(w.URL)
	switch literal := !strings.Contains(w.URL, "${"); {
	case w.URL == "":
		c.problem(at.In("url"), "must be an address such as https://example.com/")
	case literal && err != nil, literal && u.Scheme != "" && (u.Host == "" || u.Scheme != "http" && u.Scheme != "https"), literal && first && u.Host == "":
		c.problem(at.In("url"), "must be an address such as https://example.com/, or after the first step one relative to the last, found %q", w.URL)
	}
	for _, name := range slices.Sorted(maps.Keys(w.Headers)) {
		if !httpguts.ValidHeaderFieldName(name) {
			c.problem(at.In("headers", name), "%q is not the name of a header", name)
		}
		r.headers = append(r.headers, header{name, c.template(at.In("headers", name), w.Headers[name])})
	}
	if w.BodyFile != "" {
		if w.Body != "" {
			c.problem(at.In("body_file"), "must not stand beside body")
		}
		if r.file, err = c.read(w.BodyFile); err != nil {
			c.problem(at.In("body_file"), "%v", err)
		}
	}
	return r
}

func (c *compiler) capture(at config.Path, name string, w writtenCapture) capture {
	out := capture{variable: name, header: w.Header, cookie: w.Cookie}
	if !variableFormat.MatchString(name) {
		c.problem(at, "the name of a variable must be letters, digits and _, found %q", name)
	}
	sources := 0
	for _, s := range []string{w.JSON, w.Header, w.Cookie, w.Regex} {
		if s != "" {
			sources++
		}
	}
	if sources != 1 {
		c.problem(at, "must have one of json, header, cookie, regex, found %d", sources)
	}
	if w.JSON != "" {
		path, err := parseJSONPath(w.JSON)
		if err != nil {
			c.problem(at.In("json"), "%v, found %q", err, w.JSON)
		}
		out.json = &path
	}
	if w.Regex != "" {
		out.regex = c.regex(at.In("regex"), w.Regex)
	}
	return out
}

// template reads a text with variables and functions.
func (c *compiler) template(at config.Path, text string) template {
	t, err := parseTemplate(text, functions{"env": c.secret, "size": c.size, "sha256": c.checksum}, c.defined)
	if err != nil {
		c.problem(at, "%v", err)
	}
	return t
}

// secret is the function env.
func (c *compiler) secret(name string) (string, error) {
	value, ok := c.env(name)
	if !ok || value == "" {
		return "", fmt.Errorf("the environment variable %s is not set", name)
	}
	c.secrets = append(c.secrets, value)
	c.inputs = append(c.inputs, sha256.Sum256([]byte(value)))
	return value, nil
}

// size is the function size: the length of a file in bytes.
func (c *compiler) size(name string) (string, error) {
	data, err := c.read(name)
	return fmt.Sprint(len(data)), err
}

// checksum is the function sha256: the checksum of a file in base64.
func (c *compiler) checksum(name string) (string, error) {
	data, err := c.read(name)
	sum := sha256.Sum256(data)
	return base64.StdEncoding.EncodeToString(sum[:]), err
}

// read reads a file that stands beside the definition.
func (c *compiler) read(name string) ([]byte, error) {
	path := name
	if !filepath.IsAbs(path) {
		path = filepath.Join(c.dir, name)
	}
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return nil, fmt.Errorf("there is no file %s", path)
	case err == nil && (!info.Mode().IsRegular() || info.Size() > maxBodyFile):
		return nil, fmt.Errorf("%s is not a file of at most %d bytes", path, maxBodyFile)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read a file: %w", err)
	}
	c.inputs = append(c.inputs, sha256.Sum256(data))
	return data, nil
}

func (c *compiler) regex(at config.Path, text string) *regexp.Regexp {
	re, err := regexp.Compile(text)
	if err != nil {
		c.problem(at, "must be a regular expression (RE2): %v", err)
	}
	return re
}

// duration reads a setting between two bounds.
func (c *compiler) duration(at config.Path, found *time.Duration, byDefault, least, most time.Duration) time.Duration {
	if found == nil {
		return byDefault
	}
	if *found < least || *found > most {
		c.problem(at, "must be between %v and %v, found %v", least, most, *found)
		return byDefault
	}
	return *found
}
