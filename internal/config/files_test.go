package config_test

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"plimsoll/internal/config"
)

func TestFilesOfFolder(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, data := range map[string]string{
		"b.yml": "x", "a.yaml": "x", "notes.md": "x", ".hidden.yaml": "x", "sub/c.yaml": "x", ".git/d.yaml": "x",
	} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(data), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := syscall.Mkfifo(filepath.Join(dir, "pipe.yaml"), 0o600); err != nil { // who reads it waits for somebody who writes
		t.Fatal(err)
	}
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(dir, link); err != nil {
		t.Fatal(err)
	}
	for _, root := range []string{dir, dir + "/", link} {
		files, err := config.Files(root)
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, f := range files {
			rel, _ := filepath.Rel(root, f.Name)
			names = append(names, rel)
		}
		if diff := cmp.Diff([]string{"a.yaml", "b.yml", "sub/c.yaml"}, names); diff != "" {
			t.Errorf("files of %s (-want +got):\n%s", root, diff)
		}
	}
}

func TestFilesThatAreNotThere(t *testing.T) {
	t.Parallel()
	if _, err := config.Files(t.TempDir()); !errors.Is(err, config.ErrNoFiles) {
		t.Errorf("an empty folder: %v, want %v", err, config.ErrNoFiles)
	}
	if _, err := config.Files(filepath.Join(t.TempDir(), "none.yaml")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a missing file: %v, want %v", err, os.ErrNotExist)
	}
}

// A file that is named is read whatever its name is.
func TestNamedFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), ".policy")
	if err := os.WriteFile(path, []byte("x"), 0o644); err != nil {
		t.Fatal(err)
	}
	files, err := config.Files(path)
	if diff := cmp.Diff([]config.File{{Name: path, Data: []byte("x")}}, files); err != nil || diff != "" {
		t.Errorf("%v\n%s", err, diff)
	}
}
