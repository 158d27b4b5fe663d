package gate

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"plimsoll/internal/nearest"
	"plimsoll/slo"
)

// path leads to a field of a document: names of keys and indexes of lists.
type path []any

func (p path) in(steps ...any) path { return append(p[:len(p):len(p)], steps...) }

func (p path) String() string {
	var b strings.Builder
	for _, step := range p {
		switch step := step.(type) {
		case int:
			fmt.Fprintf(&b, "[%d]", step)
		default:
			if b.Len() > 0 {
				b.WriteByte('.')
			}
			fmt.Fprint(&b, step)
		}
	}
	return b.String()
}

// problem notes what is wrong with the field at a path.
func (r *policyReader) problem(at path, format string, args ...any) {
	r.problems = append(r.problems, fmt.Errorf("%s:%d: %s: %s", r.file, r.line(at), at, fmt.Sprintf(format, args...)))
}

// line returns the line of a field, or of the nearest part of the document that has it or would have it.
func (r *policyReader) line(at path) int {
	n := &r.doc
	line := 1
	for n != nil && n.Kind == yaml.DocumentNode && len(n.Content) > 0 {
		n = n.Content[0]
	}
	for _, step := range at {
		if n.Kind == yaml.AliasNode {
			n = n.Alias
		}
		var next *yaml.Node
		switch step := step.(type) {
		case int:
			if n.Kind == yaml.SequenceNode && step < len(n.Content) {
				next = n.Content[step]
				line = next.Line
			}
		case string:
			for i := 0; i+1 < len(n.Content) && n.Kind == yaml.MappingNode; i += 2 {
				if n.Content[i].Value == step {
					line, next = n.Content[i].Line, n.Content[i+1]
				}
			}
		}
		if next == nil {
			break
		}
		n = next
	}
	return line
}

// oneOf reads a word; the first that is allowed is the default.
func oneOf[T ~string](r *policyReader, at path, found string, allowed ...T) T {
	if found == "" {
		return allowed[0]
	}
	words := make([]string, len(allowed))
	for i, a := range allowed {
		if words[i] = string(a); words[i] == found {
			return a
		}
	}
	r.problem(at, "must be one of %s, found %q%s", strings.Join(words, ", "), found, nearest.Hint(found, words))
	return allowed[0]
}

// share reads a percentage such as "10%".
func (r *policyReader) share(at path, found string, byDefault slo.Ratio) slo.Ratio {
	if found == "" {
		return byDefault
	}
	number, ok := strings.CutSuffix(strings.TrimSpace(found), "%")
	if !ok {
		r.problem(at, `must be a percentage such as "10%%", found %q`, found)
		return byDefault
	}
	v, err := slo.ParsePercent(strings.TrimSpace(number))
	if err != nil {
		r.problem(at, "%v", err)
	}
	return v
}

// maxDuration bounds the durations of a policy.
const maxDuration = 366 * 24 * time.Hour

// duration reads "90s", "5m", "24h" or "30d".
func (r *policyReader) duration(at path, found string, byDefault, atLeast time.Duration) time.Duration {
	if found == "" {
		return byDefault
	}
	d, err := parseDuration(found)
	switch {
	case err != nil:
		r.problem(at, `must be a duration such as "5m", "24h" or "30d", found %q`, found)
	case d < atLeast || d > maxDuration:
		r.problem(at, "must be between %s and %s, found %q", atLeast, slo.ShortDuration(maxDuration), found)
	}
	return d
}

func parseDuration(s string) (time.Duration, error) {
	if days, ok := strings.CutSuffix(s, "d"); ok {
		n, err := strconv.ParseUint(days, 10, 16)
		return time.Duration(n) * 24 * time.Hour, err
	}
	return time.ParseDuration(s)
}
