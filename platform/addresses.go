package platform

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
)

// Addresses are the base URLs of what a process serves; empty for what it does not.
type Addresses struct {
	Gateway string `json:"gateway,omitempty"`
	Edge    string `json:"edge,omitempty"`
	Ops     string `json:"ops,omitempty"`
	Blob    string `json:"blob,omitempty"`
	Origin  string `json:"origin,omitempty"`
}

// WriteFile writes the addresses as JSON, all at once: a reader finds the whole file or none.
func (a Addresses) WriteFile(path string) error {
	b, err := json.MarshalIndent(a, "", "  ")
	if err != nil {
		return fmt.Errorf("encode addresses: %w", err)
	}
	return replaceFile(path, append(b, '\n'), 0o644)
}

func replaceFile(path string, data []byte, mode os.FileMode) error {
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-*")
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	defer os.Remove(f.Name()) // in vain once it is renamed
	_, err = f.Write(data)
	if e := f.Chmod(mode); err == nil {
		err = e
	}
	if e := f.Close(); err == nil {
		err = e
	}
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return nil
}
