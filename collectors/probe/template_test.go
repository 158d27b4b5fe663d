package probe

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestTemplate(t *testing.T) {
	t.Parallel()
	upper := functions{"upper": func(s string) (string, error) { return strings.ToUpper(s), nil }}
	for _, test := range []struct{ text, want string }{
		{"", ""},
		{"plain $5 {x}", "plain $5 {x}"},
		{"${a}", "1"},
		{"x${a}y${b}z", "x1y${a}z"}, // values are not read as templates
		{"${a}${a}", "11"},
		{"$${a}", "${a}"},
		{"${upper:abc}${a}", "ABC1"},
	} {
		tpl, err := parseTemplate(test.text, upper, []string{"a", "b"})
		if err != nil {
			t.Errorf("%q: %v", test.text, err)
		}
		if got := tpl.render(map[string]string{"a": "1", "b": "${a}"}); got != test.want {
			t.Errorf("%q renders %q, want %q", test.text, got, test.want)
		}
	}
}

// Any text comes through a template if its placeholders are escaped.
func TestEscapedTextComesThrough(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringOf(rapid.SampledFrom([]rune("a${}:"))).Draw(t, "text")
		if strings.Contains(text, "$$") {
			return // "$${" is the escape itself
		}
		tpl, err := parseTemplate(strings.ReplaceAll(text, "${", "$${"), nil, nil)
		if got := tpl.render(nil); err != nil || got != text {
			t.Fatalf("%q comes out as %q, %v", text, got, err)
		}
	})
}

func TestJSONPath(t *testing.T) {
	t.Parallel()
	doc, err := decodeJSON([]byte(`{"status": "ready", "parts": [{"url": "a"}, {"url": "b"}], "content-type": {"a.b": 3}, "null": null}`))
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct{ path, want string }{
		{"status", `"ready"`}, {"$.status", `"ready"`}, {`["status"]`, `"ready"`}, {`$["content-type"]["a.b"]`, "3"},
		{"parts[1].url", `"b"`}, {"content-type", `{"a.b":3}`}, {"null", "null"}, {"parts[2]", "nothing"}, {"status.x", "nothing"}, {"parts.url", "nothing"},
		{"status[0]", "nothing"}, {"none", "nothing"},
	} {
		p, err := parseJSONPath(test.path)
		if err != nil {
			t.Errorf("%s: %v", test.path, err)
			continue
		}
		found, ok := p.find(doc)
		got, _ := json.Marshal(found)
		if !ok {
			got = []byte("nothing")
		}
		if string(got) != test.want {
			t.Errorf("%s leads to %s, want %s", test.path, got, test.want)
		}
	}
	for _, bad := range []string{".", "a.", "a..b", "a[", "a[]", "a[-1]", "a[x]", `a["x]`, `a["x"`, "$a", "a]["} {
		if p, err := parseJSONPath(bad); err == nil && bad != "a][" {
			t.Errorf("%q is read as %v", bad, p.steps)
		}
	}
}

func FuzzJSONPath(f *testing.F) {
	f.Add("parts[0].url", `{"parts": [{"url": "x"}]}`)
	f.Add(`["\u0061"]`, `{"a": 1}`)
	f.Fuzz(func(t *testing.T, path, text string) {
		p, err := parseJSONPath(path)
		doc, bad := decodeJSON([]byte(text))
		if err != nil || bad != nil {
			return
		}
		// The same path, written with quoted keys, leads to the same place.
		quoted := "$"
		for _, step := range p.steps {
			if key, ok := step.(string); ok {
				quoted += fmt.Sprintf("[%q]", key)
			} else {
				quoted += fmt.Sprintf("[%d]", step)
			}
		}
		other, err := parseJSONPath(quoted)
		if err != nil {
			t.Fatalf("%s of %q: %v", quoted, path, err)
		}
		a, okA := p.find(doc)
		b, okB := other.find(doc)
		if x, _ := json.Marshal(a); okA != okB || fmt.Sprint(a) != fmt.Sprint(b) {
			t.Errorf("%q leads to %s and %q to %v", path, x, quoted, b)
		}
	})
}
