package main

import (
	"strings"
	"testing"
	"time"

	"plimsoll/slo/gate"
)

// TestShadowFreezes: a freeze that stops nothing is told from one that does, wherever freezes are listed.
func TestShadowFreezes(t *testing.T) {
	t.Parallel()
	now := time.Now()
	since := now.Add(-time.Hour)
	states := []gate.State{
		{Service: "search", Environment: "production", Phase: gate.CodeRed, Since: since},
		{Service: "video-api", Environment: "production", Phase: gate.CodeRed, Since: since, Shadow: true},
		{Service: "web", Environment: "production", Phase: gate.Open, Shadow: true},
	}
	var list, status strings.Builder
	writeFreezes(&list, states, now)
	for service, releases := range map[string]string{"search": "frozen", "video-api": "go (shadow)", "web": "go  "} {
		for line := range strings.Lines(list.String()) {
			if strings.HasPrefix(line, service+" ") && (!strings.Contains(line, " "+releases) || strings.Contains(line, "shadow") != strings.Contains(releases, "shadow")) {
				t.Errorf("%q, want %q", line, releases)
			}
		}
	}
	if strings.Count(list.String(), "\n") != 4 {
		t.Errorf("the list is\n%s", list.String())
	}
	writeStatus(&status, []gate.FreezeStatus{{State: states[0], Policy: "search"}, {State: states[1], Policy: "video-api", Stopped: false}})
	search, video, _ := strings.Cut(status.String(), "video-api in production")
	if strings.Contains(search, "shadow") || !strings.Contains(video, "(shadow: it stops nothing)") {
		t.Errorf("the status is\n%s", status.String())
	}
}
