package config_test

import (
	"errors"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"plimsoll/internal/config"
)

func TestProblems(t *testing.T) {
	t.Parallel()
	const doc = "# jobs\nname: a\nsteps:\n- &first\n  url: x\n- *first\n"
	for _, tc := range []struct {
		name string
		at   config.Path
		want string
	}{
		{"member", config.Path{"name"}, "f.yaml:2: name: is bad"},
		{"below a list", config.Path{"steps", 0, "url"}, "f.yaml:5: steps[0].url: is bad"},
		{"through an alias", config.Path{"steps", 1}.In("url"), "f.yaml:5: steps[1].url: is bad"},
		{"a member that is missing", config.Path{"steps", 0, "method"}, "f.yaml:4: steps[0].method: is bad"},
		{"an item that is missing", config.Path{"steps", 7}, "f.yaml:3: steps[7]: is bad"},
		{"a member of the whole that is missing", config.Path{"every"}, "f.yaml:2: every: is bad"},
	} {
		p := config.NewProblems("f.yaml", []byte(doc))
		if p.Err() != nil {
			t.Errorf("%s: %v before any was found", tc.name, p.Err())
		}
		p.Add(tc.at, "is %s", "bad")
		if err := p.Err(); !errors.Is(err, config.ErrInvalid) || !strings.HasSuffix(err.Error(), ": "+tc.want) {
			t.Errorf("%s: %v, want %q", tc.name, err, tc.want)
		}
	}
}

// list decodes itself and refuses each item.
type list struct{}

func (list) UnmarshalYAML(n *yaml.Node) error {
	var all []error
	for _, item := range n.Content {
		all = append(all, config.At(item.Line, errors.New("no "+item.Value)))
	}
	return errors.Join(all...)
}

func TestLinesOfWhatDecodesItself(t *testing.T) {
	t.Parallel()
	var into struct {
		List list `yaml:"list"`
	}
	err := config.Decode("f.yaml", []byte("list:\n- a\n- b\n"), &into)
	if want := "f.yaml:2: no a\nf.yaml:3: no b"; !errors.Is(err, config.ErrInvalid) || !strings.HasSuffix(err.Error(), want) {
		t.Errorf("%v, want %q", err, want)
	}
}
