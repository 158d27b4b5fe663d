package controlplane

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
)

// openAPI is the part of the document that says what requests are made of.
type openAPI struct {
	Paths      map[string]map[string]operation `json:"paths"`
	Components struct {
		Schemas map[string]schema `json:"schemas"`
	} `json:"components"`
}

type operation struct {
	Parameters  []parameter `json:"parameters"`
	RequestBody struct {
		Content map[string]struct {
			Schema schema `json:"schema"`
		} `json:"content"`
	} `json:"requestBody"`
}

type parameter struct {
	Name, In string
	Required bool
	Schema   schema
}

type schema struct {
	Ref         string            `json:"$ref"`
	Type        json.RawMessage   `json:"type"` // a name, or a list of names
	Format      string            `json:"format"`
	Description string            `json:"description"`
	Enum        []any             `json:"enum"`
	Examples    []any             `json:"examples"`
	Minimum     float64           `json:"minimum"`
	Required    []string          `json:"required"`
	Properties  map[string]schema `json:"properties"`
	Items       *schema           `json:"items"`
}

func readOpenAPI(t *testing.T, h *house, who string) (doc openAPI) {
	t.Helper()
	r := h.ask(t, who, http.MethodGet, "/openapi.json", "", nil)
	if err := json.Unmarshal([]byte(r.body), &doc); err != nil {
		t.Fatal(err)
	}
	return doc
}

func (d openAPI) operation(method, pattern string) operation {
	return d.Paths[pattern][strings.ToLower(method)]
}

// query asks about the private incident with every parameter that can.
func (o operation) query() string {
	q := url.Values{}
	for _, p := range o.Parameters {
		if p.In != "query" {
			continue
		}
		switch value := p.Schema.seek(p.Name); {
		case value != "":
			q.Set(p.Name, value)
		case p.Required:
			q.Set(p.Name, strings.Trim(string(must(json.Marshal(p.Schema.example(openAPI{}, p.Name)))), `"`))
		}
	}
	return q.Encode()
}

// seek is what an outsider who looks for the incident would give a parameter; empty to leave it out.
func (s schema) seek(name string) string {
	switch {
	case slices.Contains(s.Enum, any("all")):
		return "all"
	case s.isRef(name) || strings.Contains(string(s.Type), "array") && s.Items != nil && name == "refs":
		return refHere
	case name == "q" || name == "text" || name == "query" || name == "words":
		return lure
	case name == "service":
		return lure + "-svc"
	case name == "from" || name == "since":
		return "2020-01-01T00:00:00Z"
	case name == "to" && s.Format == "date-time":
		return "2099-01-01T00:00:00Z"
	}
	return ""
}

// isRef reports whether a string names an incident.
func (s schema) isRef(name string) bool {
	for _, e := range s.Examples {
		if text, ok := e.(string); ok && strings.HasPrefix(text, "INC-") {
			return true
		}
	}
	return strings.Contains(s.Description, "INC-") || name == "incident" && strings.Contains(string(s.Type), "string")
}

// body is a request body that a schema takes, with what it must say and whatever names an incident.
func (o operation) body(d openAPI) (contentType, body string) {
	for ct, c := range o.RequestBody.Content {
		if !strings.HasSuffix(ct, "json") {
			return ct, lure
		}
		return ct, string(must(json.Marshal(c.Schema.example(d, ""))))
	}
	if len(o.Parameters) > 0 {
		return "application/json", ""
	}
	return "", ""
}

func (s schema) example(d openAPI, name string) any {
	if s.Ref != "" {
		s = d.Components.Schemas[strings.TrimPrefix(s.Ref, "#/components/schemas/")]
	}
	kind := string(s.Type)
	switch {
	case len(s.Enum) > 0:
		return s.Enum[0]
	case strings.Contains(kind, "object"):
		object := map[string]any{}
		for prop, one := range s.Properties {
			if slices.Contains(s.Required, prop) || one.isRef(prop) {
				object[prop] = one.example(d, prop)
			}
		}
		return object
	case strings.Contains(kind, "array"):
		if s.isRef(name) {
			return []any{refHere, itemHere}
		}
		return []any{s.Items.example(d, name)}
	case strings.Contains(kind, "string"):
		return s.text(name)
	case strings.Contains(kind, "integer"), strings.Contains(kind, "number"):
		return max(1, int(s.Minimum))
	default:
		return true
	}
}

func (s schema) text(name string) string {
	switch {
	case s.isRef(name):
		return refHere
	case s.Format == "date-time":
		return "2026-01-01T00:00:00Z"
	case len(s.Examples) > 0:
		text, _ := s.Examples[0].(string)
		return text
	case name == "service" || name == "services":
		return lure + "-svc"
	case name == "objectives":
		return "video-api/availability"
	}
	return lure
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}
