package objectstore_test

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/minio/crc64nvme"

	"plimsoll/platform/objectstore"
	"plimsoll/platform/objectstore/blobtest"
)

func TestMain(m *testing.M) { blobtest.Main(m) }

func open(t *testing.T) *objectstore.Store {
	t.Helper()
	s, err := objectstore.New(blobtest.Start(t))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func sum(b []byte) string {
	return base64.StdEncoding.EncodeToString(binary.BigEndian.AppendUint64(nil, crc64nvme.Checksum(b)))
}

func castagnoli(b []byte) string {
	s := crc32.Checksum(b, crc32.MakeTable(crc32.Castagnoli))
	return base64.StdEncoding.EncodeToString(binary.BigEndian.AppendUint32(nil, s))
}

func TestObjects(t *testing.T) {
	t.Parallel()
	s, ctx := open(t), t.Context()
	body := []byte("0123456789")
	for _, key := range []string{"v/1/a", "v/1/b", "v/2/a"} {
		if err := s.Put(ctx, key, bytes.NewReader(body), int64(len(body)), "video/mp4"); err != nil {
			t.Fatal(err)
		}
	}
	o, err := s.Head(ctx, "v/1/a")
	if err != nil {
		t.Fatal(err)
	}
	if o.Size != 10 || o.ContentType != "video/mp4" || o.ETag == "" {
		t.Errorf("head: %+v", o)
	}
	r, part, err := s.Get(ctx, "v/1/a", &objectstore.Range{First: 2, Last: 4})
	if err != nil {
		t.Fatal(err)
	}
	got, err := io.ReadAll(r)
	if err := errors.Join(err, r.Close()); err != nil || string(got) != "234" || part.Size != 3 {
		t.Errorf("range: %q, size %d, %v", got, part.Size, err)
	}
	if _, _, err := s.Get(ctx, "v/1/a", &objectstore.Range{First: 10, Last: 20}); !errors.Is(err, objectstore.ErrRange) {
		t.Errorf("range beyond the end: %v", err)
	}
	for _, key := range []string{"v/1/a", "v/1/b", "v/1/none"} {
		if err := s.Delete(ctx, key); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.Head(ctx, "v/1/a"); !errors.Is(err, objectstore.ErrNoObject) {
		t.Errorf("head of a deleted object: %v", err)
	}
	if _, _, err := s.Get(ctx, "v/1/a", nil); !errors.Is(err, objectstore.ErrNoObject) {
		t.Errorf("get of a deleted object: %v", err)
	}
	left, err := s.List(ctx, "v/")
	if err != nil || len(left) != 1 || left[0].Key != "v/2/a" {
		t.Errorf("left: %v, %v", left, err)
	}
	if err := s.EnsureBucket(ctx); err != nil {
		t.Errorf("ensure a bucket that exists: %v", err)
	}
}

// Parts arrive at presigned URLs with no header of ours, as from curl.
func TestMultipartByPresignedURL(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		algorithm objectstore.Algorithm
		checksum  func([]byte) string
	}{
		{objectstore.CRC64NVME, sum},
		{objectstore.CRC32C, castagnoli},
	} {
		t.Run(string(tc.algorithm), func(t *testing.T) {
			t.Parallel()
			s, ctx := open(t), t.Context()
			whole := bytes.Repeat([]byte("plimsoll"), 700_000) // 5.6 MB: two parts
			const size = 5 << 20
			id, err := s.CreateMultipart(ctx, "uploads/x", "video/mp4", tc.algorithm)
			if err != nil {
				t.Fatal(err)
			}
			put(t, s, "uploads/x", id, 1, whole[:size])
			put(t, s, "uploads/x", id, 2, bytes.ToUpper(whole[size:]))
			parts, err := s.Parts(ctx, "uploads/x", id, tc.algorithm)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff([]string{tc.checksum(whole[:size]), tc.checksum(bytes.ToUpper(whole[size:]))},
				[]string{parts[0].Checksum, parts[1].Checksum}); diff != "" {
				t.Errorf("checksums of parts (-want +got):\n%s", diff)
			}
			err = s.CompleteMultipart(ctx, "uploads/x", id, parts, tc.algorithm, tc.checksum(whole))
			if !errors.Is(err, objectstore.ErrChecksum) {
				t.Fatalf("complete with a wrong part: %v", err)
			}
			put(t, s, "uploads/x", id, 2, whole[size:])
			if parts, err = s.Parts(ctx, "uploads/x", id, tc.algorithm); err != nil {
				t.Fatal(err)
			}
			if err := s.CompleteMultipart(ctx, "uploads/x", id, parts, tc.algorithm, tc.checksum(whole)); err != nil {
				t.Fatalf("complete after the part was sent again: %v", err)
			}
			o, err := s.Head(ctx, "uploads/x")
			if err != nil {
				t.Fatal(err)
			}
			if o.Size != int64(len(whole)) || o.Checksums.CRC64NVME+o.Checksums.CRC32C != tc.checksum(whole) {
				t.Errorf("head: %+v, want size %d and checksum %s", o, len(whole), tc.checksum(whole))
			}
			if _, err := s.Parts(ctx, "uploads/x", id, tc.algorithm); !errors.Is(err, objectstore.ErrNoMultipart) {
				t.Errorf("parts of a completed upload: %v", err)
			}
			if err := s.AbortMultipart(ctx, "uploads/x", id); err != nil {
				t.Errorf("abort of a completed upload: %v", err)
			}
		})
	}
}

// A part's URL takes that part alone, whole and no larger, of that upload.
func TestPresignedURLIsForOnePart(t *testing.T) {
	t.Parallel()
	s := open(t)
	id, err := s.CreateMultipart(t.Context(), "uploads/x", "video/mp4", objectstore.CRC64NVME)
	if err != nil {
		t.Fatal(err)
	}
	good, err := s.PresignPart(t.Context(), "uploads/x", id, 1, 10, time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		name, method, url, body string
		status                  int
	}{
		{"larger", http.MethodPut, good, "0123456789a", http.StatusForbidden},
		{"smaller", http.MethodPut, good, "012345678", http.StatusForbidden},
		{"another part", http.MethodPut, strings.Replace(good, "partNumber=1", "partNumber=2", 1), "0123456789", http.StatusForbidden},
		{"another key", http.MethodPut, strings.Replace(good, "uploads/x", "uploads/y", 1), "0123456789", http.StatusForbidden},
		{"another method", http.MethodGet, good, "", http.StatusForbidden},
		{"the part", http.MethodPut, good, "0123456789", http.StatusOK},
	} {
		req, err := http.NewRequestWithContext(t.Context(), tc.method, tc.url, strings.NewReader(tc.body))
		if err != nil {
			t.Fatal(err)
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		if resp.StatusCode != tc.status {
			t.Errorf("%s: %s, want %d", tc.name, resp.Status, tc.status)
		}
	}
}

func put(t *testing.T, s *objectstore.Store, key, id string, number int, body []byte) {
	t.Helper()
	url, err := s.PresignPart(t.Context(), key, id, number, int64(len(body)), time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPut, url, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	answer, _ := io.ReadAll(resp.Body)
	_ = resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		t.Fatalf("put part %d: %s: %s", number, resp.Status, answer)
	}
}

func TestUnavailable(t *testing.T) {
	t.Parallel()
	s, err := objectstore.New(objectstore.Config{Endpoint: "http://127.0.0.1:1", AccessKey: "a", SecretKey: "secret"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Head(t.Context(), "x"); !errors.Is(err, objectstore.ErrUnavailable) {
		t.Errorf("head: %v", err)
	}
	if err := s.EnsureBucket(t.Context()); !errors.Is(err, objectstore.ErrUnavailable) {
		t.Errorf("ensure bucket: %v", err)
	}
}

func TestConfig(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		config objectstore.Config
		want   string
	}{
		"no scheme": {objectstore.Config{Endpoint: "127.0.0.1:8093", AccessKey: "a", SecretKey: "b"}, `endpoint "127.0.0.1:8093"`},
		"path":      {objectstore.Config{Endpoint: "http://h/x", AccessKey: "a", SecretKey: "b"}, `endpoint "http://h/x"`},
		"no key":    {objectstore.Config{Endpoint: "http://h"}, "access key"},
		"public":    {objectstore.Config{Endpoint: "http://h", PublicEndpoint: "h", AccessKey: "a", SecretKey: "b"}, `public endpoint "h"`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if _, err := objectstore.New(tc.config); err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("got %v, want %q in it", err, tc.want)
			}
		})
	}
}

func BenchmarkPut(b *testing.B) {
	s, err := objectstore.New(blobtest.Start(b))
	if err != nil {
		b.Fatal(err)
	}
	for _, size := range []int{4 << 10, 500 << 10} {
		b.Run(fmt.Sprintf("%dKiB", size>>10), func(b *testing.B) {
			body := make([]byte, size)
			b.SetBytes(int64(size))
			for b.Loop() {
				if err := s.Put(b.Context(), "bench", bytes.NewReader(body), int64(size), "video/mp4"); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
