package probe

import (
	"crypto/tls"
	"crypto/x509"
	"maps"
	"net/http"
	"slices"
	"time"

	"go.yaml.in/yaml/v3"

	"plimsoll/internal/config"
)

// expect compiles what is expected of an answer. Without a status, any of the class 2xx is.
func (c *compiler) expect(at config.Path, w writtenExpect) expectations {
	e := expectations{status: []status{{200, 299}}}
	if len(w.Status) > 0 {
		e.status = nil
	}
	for _, text := range w.Status {
		s, err := parseStatus(text)
		if err != nil {
			c.problem(at.In("status"), "%v", err)
		}
		e.status = append(e.status, s)
	}
	for _, name := range slices.Sorted(maps.Keys(w.Headers)) {
		e.headers = append(e.headers, headerPattern{http.CanonicalHeaderKey(name), c.regex(at.In("headers", name), w.Headers[name])})
	}
	for _, text := range w.Contains {
		e.contains = append(e.contains, c.template(at.In("body_contains"), text))
	}
	for _, text := range w.Matches {
		e.matches = append(e.matches, c.regex(at.In("body_matches"), text))
	}
	for _, path := range slices.Sorted(maps.Keys(w.JSON)) {
		e.json = append(e.json, c.jsonEquals(at.In("json", path), path, w.JSON[path]))
	}
	const forever = 100 * 365 * 24 * time.Hour
	e.within = c.duration(at.In("within"), w.Within, 0, minTimeout, maxEvery)
	e.certificate = c.duration(at.In("certificate_valid_for"), w.Certificate, 0, 0, forever)
	return e
}

func (c *compiler) jsonEquals(at config.Path, path string, n yaml.Node) jsonEquals {
	e := jsonEquals{}
	var err error
	if e.path, err = parseJSONPath(path); err != nil {
		c.problem(at, "%v, found %q", err, path)
	}
	if n.Kind == yaml.AliasNode {
		n = *n.Alias
	}
	if n.Kind != yaml.ScalarNode {
		c.problem(at, "must be a text, a number, true, false or null")
		return e
	}
	switch n.ShortTag() {
	case "!!int", "!!float":
		e.kind = jsonNumber
	case "!!bool":
		e.kind = jsonBool
	case "!!null":
		e.kind = jsonNull
	}
	e.value = c.template(at, n.Value)
	c.inputs = append(c.inputs, path, e.kind, n.Value)
	return e
}

// tls compiles how secure connections are made.
func (c *compiler) tls(at config.Path, w writtenTLS) *tls.Config {
	cfg := &tls.Config{ServerName: w.ServerName, InsecureSkipVerify: w.InsecureSkipVerify}
	if w.CAFile != "" {
		data, err := c.read(w.CAFile)
		cfg.RootCAs = x509.NewCertPool()
		switch {
		case err != nil:
			c.problem(at.In("ca_file"), "%v", err)
		case !cfg.RootCAs.AppendCertsFromPEM(data):
			c.problem(at.In("ca_file"), "%s holds no certificate in PEM form", w.CAFile)
		}
	}
	if (w.CertFile == "") != (w.KeyFile == "") {
		c.problem(at, "must have both of cert_file and key_file, or none")
	} else if w.CertFile != "" {
		certificate, err := c.read(w.CertFile)
		if err != nil {
			c.problem(at.In("cert_file"), "%v", err)
		}
		key, err := c.read(w.KeyFile)
		if err != nil {
			c.problem(at.In("key_file"), "%v", err)
		}
		pair, err := tls.X509KeyPair(certificate, key)
		if err != nil && len(certificate) > 0 && len(key) > 0 {
			c.problem(at.In("cert_file"), "is no certificate that belongs to key_file")
		}
		cfg.Certificates = []tls.Certificate{pair}
	}
	return cfg
}
