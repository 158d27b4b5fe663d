package config_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"plimsoll/internal/config"
)

type settings struct {
	Listen string `yaml:"listen"`
	Scrape struct {
		Interval time.Duration `yaml:"interval"`
		Targets  []target      `yaml:"targets"`
	} `yaml:"scrape"`
}

type target struct {
	URL string `yaml:"url"`
}

func TestDecode(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ name, yaml, want string }{
		{"empty keeps the defaults", "", ""},
		{"known keys", "listen: :1\nscrape: {interval: 5s, targets: [{url: x}]}", ""},
		{"unknown key", "lisen: :1", `f.yaml:1: unknown key "lisen" (did you mean "listen"?); allowed here: listen, scrape`},
		{"unknown key in a list", "scrape:\n  targets:\n  - url: a\n  - uri: b", `f.yaml:4: unknown key "scrape.targets[1].uri" (did you mean "url"?)`},
		{"all at once", "a: 1\nb: 2", `f.yaml:2: unknown key "b"`},
		{"not a duration", "scrape:\n  interval: soon", `f.yaml:2: scrape.interval: must be a duration such as 30s, 5m or 24h, found "soon"`},
		{"a duration without a unit", "scrape: {interval: 5}", `scrape.interval: must be a duration such as 30s, 5m or 24h, found "5"`},
		{"text for a list", "scrape: {targets: x}", `f.yaml:1: scrape.targets: must be a list, found "x"`},
		{"list for text", "listen: [x]", `f.yaml:1: listen: must be text, found a list`},
		{"text for a mapping", "scrape: x", `f.yaml:1: scrape: must be a mapping with keys such as interval, targets, found "x"`},
		{"nothing for a mapping", "scrape:", ""},
		{"text for everything", "hello", `f.yaml:1: must be a mapping with keys such as listen, scrape, found "hello"`},
		{"two documents", "listen: a\n---\nlisten: b", "more than one document"},
		{"not YAML", "listen: [", "f.yaml: yaml"},
	} {
		s := settings{Listen: "default"}
		err := config.Decode("f.yaml", []byte(tc.yaml), &s)
		if tc.want == "" {
			if err != nil || s.Listen == "" {
				t.Errorf("%s: %v, %+v", tc.name, err, s)
			}
			continue
		}
		if !errors.Is(err, config.ErrInvalid) || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: %v, want %q", tc.name, err, tc.want)
		}
	}
}

func FuzzDecode(f *testing.F) {
	f.Add("listen: x")
	f.Add("a: &a {b: *a}")
	f.Add("scrape: {targets: [{url: 1}]}")
	f.Fuzz(func(t *testing.T, s string) {
		var into settings
		_ = config.Decode("f.yaml", []byte(s), &into)
	})
}
