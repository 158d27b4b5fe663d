package client

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/minio/crc64nvme"

	"plimsoll/platform/catalog"
	"plimsoll/platform/ingest"
)

// ErrNotVideo is returned for a file whose name is not that of a video.
var ErrNotVideo = errors.New("this is not a video file")

// contentTypes are the media types of the files that can be uploaded, by the end of their name.
var contentTypes = map[string]string{
	".mp4": "video/mp4", ".m4v": "video/mp4", ".mov": "video/quicktime", ".mkv": "video/x-matroska", ".webm": "video/webm",
	".avi": "video/x-msvideo", ".mpg": "video/mpeg", ".mpeg": "video/mpeg", ".ts": "video/mp2t", ".ogv": "video/ogg",
}

// file is one that can be uploaded.
type file struct {
	*os.File
	path        string // absolute
	size        int64
	contentType string
}

// open opens a file after it has made sure that it is there and worth sending.
func open(path string) (*file, error) {
	contentType, ok := contentTypes[strings.ToLower(filepath.Ext(path))]
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return nil, fmt.Errorf("there is no file %s", path)
	case err != nil:
		return nil, fmt.Errorf("look at file: %w", err)
	case info.IsDir():
		return nil, fmt.Errorf("%s is a folder; name one video file", path)
	case !info.Mode().IsRegular():
		return nil, fmt.Errorf("%s is not a regular file", path)
	case !ok:
		return nil, fmt.Errorf("%w: %s (files that can be uploaded end with %s)", ErrNotVideo, path, strings.Join(endings(), ", "))
	case info.Size() == 0:
		return nil, fmt.Errorf("%s is empty", path)
	}
	absolute, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("find the folder of %s: %w", path, err)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("open file: %w", err)
	}
	return &file{File: f, path: absolute, size: info.Size(), contentType: contentType}, nil
}

func endings() []string {
	var all []string
	for ending := range contentTypes {
		all = append(all, ending)
	}
	slices.Sort(all)
	return all
}

// sum reads the whole file. Progress is told how many bytes have been read.
func (f *file) sum(ctx context.Context, progress func(int64)) (ingest.ChecksumOfFile, error) {
	h := crc64nvme.New()
	buf := make([]byte, 1<<20)
	var done int64
	for {
		if err := ctx.Err(); err != nil {
			return ingest.ChecksumOfFile{}, err
		}
		n, err := f.ReadAt(buf[:min(int64(len(buf)), f.size-done)], done)
		_, _ = h.Write(buf[:n]) // a hash does not fail
		done += int64(n)
		progress(done)
		if done == f.size {
			value := base64.StdEncoding.EncodeToString(h.Sum(nil))
			return ingest.ChecksumOfFile{Algorithm: catalog.CRC64NVME, Value: value}, nil
		}
		if errors.Is(err, io.EOF) {
			return ingest.ChecksumOfFile{}, errChanged
		}
		if err != nil {
			return ingest.ChecksumOfFile{}, fmt.Errorf("read file: %w", err)
		}
	}
}

var errChanged = errors.New("the file became shorter while it was read; upload it when it is complete")
