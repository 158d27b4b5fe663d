package web

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"fmt"
	"io/fs"
	"net/http"
	"path"
	"strings"
	"time"
)

//go:embed static
var staticFiles embed.FS

// asset is a file that never changes while the program runs.
type asset struct {
	body, etag, hash string
}

// assets are the static files by name.
type assets map[string]asset

func loadAssets() (assets, error) {
	files := assets{}
	entries, err := fs.ReadDir(staticFiles, "static")
	if err != nil {
		return nil, fmt.Errorf("list static files: %w", err)
	}
	for _, e := range entries {
		b, err := staticFiles.ReadFile(path.Join("static", e.Name()))
		if err != nil {
			return nil, fmt.Errorf("read static file: %w", err)
		}
		sum := sha256.Sum256(b)
		hash := base64.RawURLEncoding.EncodeToString(sum[:9])
		files[e.Name()] = asset{body: string(b), etag: `"` + hash + `"`, hash: hash}
	}
	return files, nil
}

// url returns an address of the file that changes with its content, so that it may be kept for ever.
func (a assets) url(name string) (string, error) {
	f, ok := a[name]
	if !ok {
		return "", fmt.Errorf("there is no static file %q", name)
	}
	return "/static/" + name + "?" + f.hash, nil
}

func (a assets) serve(w http.ResponseWriter, r *http.Request) {
	a.write(w, r, strings.TrimPrefix(r.URL.Path, "/static/"))
}

func (a assets) favicon(w http.ResponseWriter, r *http.Request) { a.write(w, r, "mark.svg") }

func (a assets) write(w http.ResponseWriter, r *http.Request, name string) {
	f, ok := a[name]
	if !ok {
		http.NotFound(w, r)
		return
	}
	if r.URL.RawQuery == f.hash {
		w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	} else {
		w.Header().Set("Cache-Control", "no-cache")
	}
	w.Header().Set("ETag", f.etag)
	w.Header().Set("X-Content-Type-Options", "nosniff")
	if name == "mark.svg" {
		w.Header().Set("Content-Type", "image/svg+xml") // also under the name favicon.ico
	}
	http.ServeContent(w, r, name, time.Time{}, bytes.NewReader([]byte(f.body)))
}
