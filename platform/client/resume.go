package client

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"plimsoll/platform/catalog"
	"plimsoll/platform/ingest"
)

// unfinished is what is remembered of an upload until it is complete.
type unfinished struct {
	ID       catalog.UploadID      `json:"id"`
	Token    string                `json:"token"`
	Checksum ingest.ChecksumOfFile `json:"checksum"`
}

// memory is the file that remembers the upload of one file to one platform. With an empty path it forgets.
type memory struct{ path string }

func (c *Client) memory(file string) memory {
	if c.cfg.ResumeDir == "" {
		return memory{}
	}
	sum := sha256.Sum256([]byte(c.cfg.URL + "\n" + file))
	return memory{filepath.Join(c.cfg.ResumeDir, hex.EncodeToString(sum[:12])+".json")}
}

// load returns what is remembered; false if there is nothing, or nothing of use.
func (m memory) load() (u unfinished, ok bool) {
	if m.path == "" {
		return u, false
	}
	b, err := os.ReadFile(m.path)
	return u, err == nil && json.Unmarshal(b, &u) == nil && u.ID != ""
}

// save remembers an upload. The token in it opens the upload, so only the owner can read the file.
func (m memory) save(u unfinished) error {
	if m.path == "" {
		return nil
	}
	b, err := json.Marshal(u)
	if err == nil {
		err = os.MkdirAll(filepath.Dir(m.path), 0o700)
	}
	if err == nil {
		err = os.WriteFile(m.path, b, 0o600)
	}
	if err != nil {
		return fmt.Errorf("remember upload: %w", err)
	}
	return nil
}

func (m memory) forget() {
	if m.path != "" {
		_ = os.Remove(m.path) // what stays behind is found to be complete, or gone, the next time
	}
}
