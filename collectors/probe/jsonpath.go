package probe

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// jsonPath leads to a value of a JSON document: keys and indexes. It is written as in parts[0].url or $.status; a key with
// other signs is quoted, as in ["content-type"].
type jsonPath struct {
	text  string
	steps []any // string or int
}

var errPath = errors.New(`must be a path such as status, parts[0].url or ["content-type"]`)

func parseJSONPath(text string) (jsonPath, error) {
	p := jsonPath{text: text}
	rest := strings.TrimPrefix(text, "$")
	if rest == text && rest != "" && rest[0] != '[' {
		rest = "." + rest
	}
	for rest != "" {
		var err error
		switch rest[0] {
		case '.':
			end := strings.IndexAny(rest[1:], ".[")
			if end < 0 {
				end = len(rest) - 1
			}
			if end == 0 {
				return p, errPath
			}
			p.steps = append(p.steps, rest[1:end+1])
			rest = rest[end+1:]
		case '[':
			if rest, err = p.bracket(rest[1:]); err != nil {
				return p, err
			}
		default:
			return p, errPath
		}
	}
	return p, nil
}

// bracket reads an index or a quoted key up to the closing bracket and returns what follows.
func (p *jsonPath) bracket(rest string) (string, error) {
	if strings.HasPrefix(rest, `"`) {
		quoted, err := strconv.QuotedPrefix(rest)
		if err != nil || !strings.HasPrefix(rest[len(quoted):], "]") {
			return "", errPath
		}
		key, err := strconv.Unquote(quoted)
		p.steps = append(p.steps, key)
		return rest[len(quoted)+1:], err
	}
	index, after, ok := strings.Cut(rest, "]")
	n, err := strconv.Atoi(index)
	if !ok || err != nil || n < 0 {
		return "", errPath
	}
	p.steps = append(p.steps, n)
	return after, nil
}

// decodeJSON reads one document; numbers stay as they are written.
func decodeJSON(body []byte) (any, error) {
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.UseNumber()
	var doc any
	if err := dec.Decode(&doc); err != nil {
		return nil, err
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("more than one document")
	}
	return doc, nil
}

// find follows the path.
func (p jsonPath) find(doc any) (any, bool) {
	for _, step := range p.steps {
		switch step := step.(type) {
		case string:
			object, _ := doc.(map[string]any)
			value, ok := object[step]
			if !ok {
				return nil, false
			}
			doc = value
		case int:
			list, _ := doc.([]any)
			if step >= len(list) {
				return nil, false
			}
			doc = list[step]
		}
	}
	return doc, true
}

// textOf returns a scalar as text; false for objects, lists and null.
func textOf(v any) (string, bool) {
	switch v := v.(type) {
	case string:
		return v, true
	case json.Number:
		return v.String(), true
	case bool:
		return fmt.Sprint(v), true
	default:
		return "", false
	}
}
