package doctree_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"

	"plimsoll/internal/config"
	"plimsoll/slo/openslo/internal/doctree"
)

func documents(data string) ([]doctree.Node, string) {
	var r doctree.Report
	docs := doctree.Documents(&r, config.File{Name: "f.yaml", Data: []byte(data)})
	return docs, r.Problems().Error()
}

func TestTextThatIsNoDocument(t *testing.T) {
	t.Parallel()
	laughs := "a: &a [x, x, x, x, x, x, x, x, x, x]\n"
	for c := 'b'; c < 'k'; c++ {
		laughs += fmt.Sprintf("%c: &%c [%s]\n", c, c, strings.TrimSuffix(strings.Repeat(fmt.Sprintf("*%c, ", c-1), 10), ", "))
	}
	for _, tc := range []struct{ name, data, want string }{
		{"Latin-1", "a: 1\nb: Gr\xf6\xdfe\n", "f.yaml:2:1: not YAML: a byte is no text in UTF-8; save the file in that encoding"},
		{"a control character", "a: 1\nb: \"\x00\"\n", "f.yaml:2:1: not YAML: control characters are not allowed"},
		{"a tab", "a:\n\tb: 1\n", "f.yaml:2:1: not YAML: found character that cannot start any token; the line is indented by a tab, where only spaces are allowed"},
		{"an open bracket", "a: 1\nb: {c: 1\n", "f.yaml:2:1: not YAML: did not find expected ',' or '}'"},
		{"an open bracket at the end", "a: 1\nb: [\n", "f.yaml:2:1: not YAML: did not find expected node content"},
		{"too deep", "a: " + strings.Repeat("[", 20_000), "f.yaml:1:1: not YAML: exceeded max depth of 10000"},
		{"an alias of what it is in", "a: &x [1, {b: *x}]\n", "f.yaml:1:15: the alias *x stands inside of what it names"},
		{"a billion laughs", laughs, "f.yaml:6:44: aliases make more than 1000000 values of the document, or values that are more than 10000 deep"},
		{"a merge of a text", "a: {<<: b}\n", "f.yaml:1:9: << takes a mapping, or a list of mappings"},
		{"a merge of itself", "a: &x {<<: *x}\n", "f.yaml:1:12: the alias *x stands inside of what it names"},
		{"two merges", "x: &x {b: 1}\na: {<<: *x, <<: *x}\n", "f.yaml:2:13: the key << stands twice"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			docs, problems := documents(tc.data)
			if len(docs) > 0 {
				t.Errorf("read as %d documents", len(docs))
			}
			if diff := cmp.Diff(tc.want, problems); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// A key of a mapping's own holds before one that is merged in, and of several mappings the first. The place is where a value is written.
func TestMergeKeys(t *testing.T) {
	t.Parallel()
	docs, problems := documents("- base: &a {one: 1, two: 1}\n  more: &b {<<: *a, two: 2}\n- use: {two: 3, <<: [*b, *a]}\n")
	if problems != "" || len(docs) != 2 {
		t.Fatalf("%d documents: %s", len(docs), problems)
	}
	use, _ := docs[1].Key("use")
	one, _ := use.Key("one")
	two, _ := use.Key("two")
	if one.Value != "1" || one.Line != 1 || two.Value != "3" || two.Line != 3 {
		t.Errorf("got one: %s from line %d, two: %s from line %d", one.Value, one.Line, two.Value, two.Line)
	}
	if fields := len(use.Content) / 2; fields != 2 {
		t.Errorf("%d fields: %+v", fields, use)
	}
}

// Text in UTF-16 and with carriage returns is read as it is in UTF-8.
func TestEncodings(t *testing.T) {
	t.Parallel()
	for name, data := range map[string]string{
		"UTF-8": "a: ö\n", "with a mark": "\xef\xbb\xbfa: ö\n", "carriage returns": "a: ö\r\n",
		"UTF-16LE": "\xff\xfea\x00:\x00 \x00\xf6\x00\n\x00", "UTF-16BE": "\xfe\xff\x00a\x00:\x00 \x00\xf6\x00\n",
	} {
		docs, problems := documents(data)
		if problems != "" || len(docs) != 1 {
			t.Errorf("%s: %d documents: %s", name, len(docs), problems)
			continue
		}
		if a, _ := docs[0].Key("a"); a.Value != "ö" {
			t.Errorf("%s: read as %q", name, a.Value)
		}
	}
}

// Whatever the text is, reading it comes to an end, and its values are those that the YAML library makes of it.
func FuzzDocuments(f *testing.F) {
	f.Add([]byte("a: &a {b: 1}\nc: {<<: *a, d: *a}\n---\n- <<: [{e: 2}, {e: 3}]\n"))
	f.Add([]byte("a: &a [*a]\n"))
	f.Add([]byte("\xff\xfea\x00"))
	f.Fuzz(func(t *testing.T, data []byte) {
		docs, problems := documents(string(data))
		if problems != "" {
			return
		}
		var want []any
		dec := yaml.NewDecoder(bytes.NewReader(data))
		for {
			var v any
			if err := dec.Decode(&v); err != nil {
				break
			}
			switch items, ok := v.([]any); {
			case ok:
				want = append(want, items...)
			case v != nil:
				want = append(want, v)
			}
		}
		for i, d := range docs {
			var v any
			if err := d.Decode(&v); err != nil || len(want) != len(docs) {
				return // it holds what only the tree can say, such as a key twice
			}
			if got, want := fmt.Sprint(v), fmt.Sprint(want[i]); got != want {
				t.Fatalf("read as %s, want %s", got, want)
			}
		}
	})
}
