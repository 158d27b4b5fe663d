package demo

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestPortTaken(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	binary := filepath.Join(dir, "fails")
	for says, want := range map[string]bool{"listen tcp 127.0.0.1:8093: bind: address already in use": true, "no FFmpeg": false} {
		if err := os.WriteFile(binary, []byte("#!/bin/sh\necho '"+says+"'\nexit 1\n"), 0o755); err != nil {
			t.Fatal(err)
		}
		d := &demo{cfg: Config{Platform: binary, Out: io.Discard}, dir: dir}
		err := d.startPlatform(context.Background())
		if err == nil || !strings.Contains(err.Error(), says) || strings.Contains(err.Error(), "--free-ports") != want {
			t.Errorf("%s: %v", says, err)
		}
	}
}
