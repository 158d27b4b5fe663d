package web

import "testing"

// The headline never says more than is known.
func TestSourceHeadline(t *testing.T) {
	t.Parallel()
	of := func(health ...SourceHealth) (s Sources) {
		for _, h := range health {
			s.List = append(s.List, Source{Health: h})
		}
		return s
	}
	for _, tc := range []struct {
		name string
		of   Sources
		want string
	}{
		{"none", of(), "No source is configured; samples may still be pushed"},
		{"elsewhere", Sources{Elsewhere: "by the leader"}, "Sources are read elsewhere"},
		{"all up", of(SourceUp, SourceUp), "All sources are heard"},
		{"one is new", of(SourceUp, SourceUnknown), "1 of 2 sources not asked yet"},
		{"one is down", of(SourceDown, SourceUnknown), "1 of 2 sources is down"},
		{"all down", of(SourceDown, SourceDown), "2 of 2 sources are down"},
	} {
		if got := sourceHeadline(tc.of); got != tc.want {
			t.Errorf("%s: %q, want %q", tc.name, got, tc.want)
		}
	}
}
