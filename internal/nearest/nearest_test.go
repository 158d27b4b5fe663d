package nearest_test

import (
	"testing"

	"plimsoll/internal/nearest"
)

func TestOf(t *testing.T) {
	t.Parallel()
	words := []string{"target", "targetPercent", "timeWindow", "service"}
	for _, tc := range []struct{ word, want string }{
		{"tagret", "target"},
		{"Target", "target"},
		{"timewindow", "timeWindow"},
		{"servise", "service"},
		{"budget", ""},
		{"", ""},
	} {
		got, ok := nearest.Of(tc.word, words)
		if got != tc.want || ok != (tc.want != "") {
			t.Errorf("Of(%q) = %q, %v; want %q", tc.word, got, ok, tc.want)
		}
	}
}
