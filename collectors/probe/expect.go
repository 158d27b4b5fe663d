package probe

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// check returns the first expectation that does not hold. What came instead is not said: it may be anything.
func (e *expectations) check(a *answer, variables map[string]string) *failure {
	if !slices.ContainsFunc(e.status, func(s status) bool { return s.from <= a.StatusCode && a.StatusCode <= s.to }) {
		return fail(StatusCode, "the status is %d, expected %s", a.StatusCode, statusText(e.status))
	}
	if e.within > 0 && a.took > e.within {
		return fail(Slow, "the answer took longer than %v", e.within)
	}
	if f := e.checkCertificate(a); f != nil {
		return f
	}
	for _, h := range e.headers {
		if !slices.ContainsFunc(a.Header.Values(h.name), h.pattern.MatchString) {
			return fail(Header, "no header %s matches %q", h.name, h.pattern)
		}
	}
	for _, t := range e.contains {
		if !bytes.Contains(a.body, []byte(t.render(variables))) {
			return fail(Body, "the body does not contain %q", t.text)
		}
	}
	for _, re := range e.matches {
		if !re.Match(a.body) {
			return fail(Body, "the body does not match %q", re)
		}
	}
	return e.checkJSON(a.body, variables)
}

// statusText writes 200 or 2xx, 404.
func statusText(all []status) string {
	var texts []string
	for _, s := range all {
		if s.from == s.to {
			texts = append(texts, strconv.Itoa(s.from))
		} else {
			texts = append(texts, fmt.Sprintf("%dxx", s.from/100))
		}
	}
	return strings.Join(texts, " or ")
}

// checkCertificate checks for how long the certificates of the server are still valid.
func (e *expectations) checkCertificate(a *answer) *failure {
	if e.certificate == 0 {
		return nil
	}
	if a.TLS == nil || len(a.TLS.PeerCertificates) == 0 {
		return fail(Certificate, "the connection has no certificate")
	}
	for _, c := range a.TLS.PeerCertificates {
		if left := time.Until(c.NotAfter); left < e.certificate {
			return fail(Certificate, "a certificate ends at %v, sooner than in %v", c.NotAfter.UTC().Format(time.RFC3339), e.certificate)
		}
	}
	return nil
}

func (e *expectations) checkJSON(body []byte, variables map[string]string) *failure {
	if len(e.json) == 0 {
		return nil
	}
	doc, err := decodeJSON(body)
	if err != nil {
		return fail(JSON, "the body is not JSON")
	}
	for i := range e.json {
		want := &e.json[i]
		found, ok := want.path.find(doc)
		if !ok {
			return fail(JSON, "the body has no %s", want.path.text)
		}
		if !want.holds(found, variables) {
			return fail(JSON, "%s is not %s", want.path.text, want.value.text)
		}
	}
	return nil
}

// holds compares a value of a document with the expected one. Numbers are the same if they round to the same float64.
func (e *jsonEquals) holds(found any, variables map[string]string) bool {
	want := e.value.render(variables)
	switch found := found.(type) {
	case nil:
		return e.kind == jsonNull
	case string:
		return e.kind == jsonString && found == want
	case bool:
		return e.kind == jsonBool && strings.EqualFold(strconv.FormatBool(found), want)
	case json.Number:
		a, errA := found.Float64()
		b, errB := strconv.ParseFloat(want, 64)
		return e.kind == jsonNumber && errA == nil && errB == nil && a == b
	default:
		return false
	}
}
