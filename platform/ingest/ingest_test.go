package ingest_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"

	"plimsoll/internal/httpapi"
	"plimsoll/internal/identity"
	"plimsoll/internal/pg/pgtest"
	"plimsoll/platform/catalog"
	"plimsoll/platform/ingest"
	"plimsoll/platform/objectstore"
	"plimsoll/platform/queue"
)

func TestUploadInParts(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	whole := file(2*partSize + 12345)
	u := f.create(promising(whole))
	if len(u.Parts) != 3 || u.Parts[2].Size != 12345 || u.PartSize != partSize {
		t.Fatalf("parts: %+v", u.Parts)
	}
	for _, p := range u.Parts {
		f.put(p, whole)
	}
	done, status, detail := f.complete(u)
	if status != http.StatusOK || done.Status != catalog.Processing {
		t.Fatalf("complete: %d %s %+v", status, detail, done)
	}
	again, status, _ := f.complete(u)
	if status != http.StatusOK || again != done {
		t.Errorf("complete again: %d %+v, want %+v", status, again, done)
	}
	if s := f.state(u); s.Status != catalog.Uploaded || s.VideoID != done.VideoID {
		t.Errorf("state: %+v", s)
	}
	v, err := catalog.New(f.pool).Video(t.Context(), done.VideoID)
	if err != nil || v.Owner != "ada" || v.Title != "clip.mp4" || v.SourceSize != int64(len(whole)) {
		t.Errorf("video: %+v, %v", v, err)
	}
	o, err := f.objects.Head(t.Context(), v.SourceKey)
	if err != nil || o.Size != int64(len(whole)) {
		t.Errorf("source: %+v, %v", o, err)
	}
	if n := f.counts(); n != [3]int{1, 1, 1} {
		t.Errorf("videos, tasks and messages: %v", n)
	}
}

func TestParallelCompletionsMakeOneVideo(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	whole := file(partSize + 1)
	u := f.create(promising(whole))
	for _, p := range u.Parts {
		f.put(p, whole)
	}
	var mu sync.Mutex
	videos := map[catalog.VideoID]int{}
	var wg sync.WaitGroup
	for range 10 {
		wg.Go(func() {
			v, err := f.service.Complete(t.Context(), string(u.ID), u.Token)
			if err != nil {
				t.Error(err)
			}
			mu.Lock()
			defer mu.Unlock()
			videos[v.ID]++
		})
	}
	wg.Wait()
	if n := f.counts(); len(videos) != 1 || n != [3]int{1, 1, 1} {
		t.Errorf("answers: %v; videos, tasks and messages: %v", videos, n)
	}
}

// An interrupted upload is resumed: the state has the parts that are missing, with URLs that work.
func TestTruncatedUploadIsResumed(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	whole := file(2*partSize + 100)
	u := f.create(promising(whole))
	f.put(u.Parts[0], whole)
	row, err := catalog.New(f.pool).Upload(t.Context(), u.ID)
	if err != nil {
		t.Fatal(err)
	}
	// The URLs of an upload take whole parts only; a store that does not look would hold this.
	short, err := f.objects.PresignPart(t.Context(), row.ObjectKey, row.MultipartID, 3, 99, time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	f.put(ingest.PartURL{Number: 3, Size: 99, URL: short}, whole)
	_, status, detail := f.complete(u)
	if status != http.StatusConflict {
		t.Fatalf("complete a truncated upload: %d %s", status, detail)
	}
	for _, want := range []string{"5242880 of 10485860 bytes", "2 of 3 parts", "part 2 (5242880 bytes) has not arrived", "part 3 has 99 bytes instead of 100"} {
		if !strings.Contains(detail, want) {
			t.Errorf("the message lacks %q: %s", want, detail)
		}
	}
	s := f.state(u)
	if len(s.Received) != 1 || s.Received[0].Number != 1 || s.Received[0].Checksum == nil || len(s.Missing) != 2 {
		t.Fatalf("state: %+v", s)
	}
	for _, p := range s.Missing {
		f.put(p, whole)
	}
	if _, status, detail := f.complete(u); status != http.StatusOK {
		t.Errorf("complete after resuming: %d %s", status, detail)
	}
}

func TestWrongChecksumLeavesTheUploadOpen(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	whole := file(partSize + 100)
	u := f.create(promising(whole))
	bad := bytes.Clone(whole)
	bad[partSize] ^= 1
	f.put(u.Parts[0], whole)
	f.put(u.Parts[1], bad)
	_, status, detail := f.complete(u)
	if status != http.StatusUnprocessableEntity || !strings.Contains(detail, promising(whole).Checksum.Value) || !strings.Contains(detail, promising(bad).Checksum.Value) {
		t.Fatalf("complete with a wrong part: %d %s", status, detail)
	}
	if n := f.counts(); n != [3]int{} {
		t.Errorf("videos, tasks and messages: %v", n)
	}
	s := f.state(u)
	want := promising(bad[partSize:]).Checksum
	if diff := cmp.Diff(&want, s.Received[1].Checksum); diff != "" {
		t.Errorf("checksum of the wrong part (-want +got):\n%s", diff)
	}
	f.put(ingest.PartURL{Number: 2, Size: 100, URL: s.Received[1].URL}, whole)
	if _, status, detail := f.complete(u); status != http.StatusOK {
		t.Errorf("complete after the part was sent again: %d %s", status, detail)
	}
}

// The object was joined, but the process died before the video was made; then something damaged the object.
func TestDamagedObjectBeginsAnew(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	whole := file(1000)
	u := f.create(promising(whole))
	row, err := catalog.New(f.pool).Upload(t.Context(), u.ID)
	if err != nil {
		t.Fatal(err)
	}
	if err := f.objects.Put(t.Context(), row.ObjectKey, strings.NewReader("damaged"), 7, "video/mp4"); err != nil {
		t.Fatal(err)
	}
	if _, status, detail := f.complete(u); status != http.StatusConflict || !strings.Contains(detail, "0 of 1000 bytes") {
		t.Fatalf("complete: %d %s", status, detail)
	}
	f.put(f.state(u).Missing[0], whole)
	if _, status, detail := f.complete(u); status != http.StatusOK {
		t.Errorf("complete after sending again: %d %s", status, detail)
	}
	if _, err := f.objects.Head(t.Context(), row.ObjectKey); !errors.Is(err, objectstore.ErrNoObject) {
		t.Errorf("the damaged object is left: %v", err)
	}
}

// A completion died between joining the parts and making the video; the next one finishes its work.
func TestCompletionAfterACrash(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	whole := file(1000)
	u := f.create(promising(whole))
	f.put(u.Parts[0], whole)
	row, err := catalog.New(f.pool).Upload(t.Context(), u.ID)
	if err != nil {
		t.Fatal(err)
	}
	parts, err := f.objects.Parts(t.Context(), row.ObjectKey, row.MultipartID, objectstore.CRC64NVME)
	if err != nil {
		t.Fatal(err)
	}
	if err := f.objects.CompleteMultipart(t.Context(), row.ObjectKey, row.MultipartID, parts, objectstore.CRC64NVME, ""); err != nil {
		t.Fatal(err)
	}
	if s := f.state(u); len(s.Missing) != 0 || s.Status != catalog.Uploading {
		t.Errorf("state: %+v", s)
	}
	if _, status, detail := f.complete(u); status != http.StatusOK {
		t.Errorf("complete: %d %s", status, detail)
	}
}

// S3 has no SHA-256 of a whole multipart object; the worker compares it.
func TestSHA256IsLeftToTheWorker(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	whole := file(1000)
	p := promising(whole)
	sum := sha256.Sum256(whole)
	p.Checksum = ingest.ChecksumOfFile{Algorithm: catalog.SHA256, Value: base64.StdEncoding.EncodeToString(sum[:])}
	u := f.create(p)
	f.put(u.Parts[0], whole)
	if _, status, detail := f.complete(u); status != http.StatusOK {
		t.Errorf("complete: %d %s", status, detail)
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	good := promising(file(10))
	for name, tc := range map[string]struct {
		edit   func(*promise)
		status int
		says   string
	}{
		"empty file":      {func(p *promise) { p.Size = 0 }, 422, "at least 1 byte"},
		"negative size":   {func(p *promise) { p.Size = -1 }, 422, "at least 1 byte"},
		"too large":       {func(p *promise) { p.Size = 1<<30 + 1 }, 413, "up to 1073741824 bytes"},
		"not a video":     {func(p *promise) { p.ContentType = "text/plain" }, 422, `"text/plain" is not that of a video`},
		"no type at all":  {func(p *promise) { p.ContentType = "video/" }, 422, `"video/" is not that of a video`},
		"not for headers": {func(p *promise) { p.ContentType = "video/mp4; x=\r\ny" }, 422, "is not that of a video"},
		"control in type": {func(p *promise) { p.ContentType = "video/mp4; x=\"\x01\"" }, 422, "is not that of a video"},
		"bad checksum":    {func(p *promise) { p.Checksum.Value = "zzz" }, 422, "8 bytes of a crc64nvme sum"},
		"short checksum":  {func(p *promise) { p.Checksum.Value = "AAAA" }, 422, "8 bytes of a crc64nvme sum"},
		"unknown sum":     {func(p *promise) { p.Checksum.Algorithm = "md5" }, 422, "validation failed"},
		"control in name": {func(p *promise) { p.Name = "a\x00b" }, 422, "control characters"},
		"blank name":      {func(p *promise) { p.Name = " " }, 422, "name is empty"},
		"no name":         {func(p *promise) { p.Name = "" }, 422, "validation failed"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := good
			tc.edit(&p)
			var problem struct{ Code, Detail string }
			if status := f.call("POST", "/v1/uploads", "", p, &problem); status != tc.status || !strings.Contains(problem.Detail, tc.says) {
				t.Errorf("status %d, %+v; want %d and %q", status, problem, tc.status, tc.says)
			}
		})
	}
}

func TestTokens(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	u := f.create(promising(file(10)))
	other := f.create(promising(file(10)))
	for name, tc := range map[string]struct {
		id, token string
		status    int
	}{
		"no token":      {string(u.ID), "", 401},
		"another's":     {string(u.ID), other.Token, 403},
		"unknown":       {"01990d6e-7c3a-7b9e-8f7e-5d9c1a2b3c4d", u.Token, 404},
		"not an id":     {"x", u.Token, 404},
		"made-up token": {string(u.ID), "guess", 403},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, route := range []struct{ method, path string }{{"GET", "/v1/uploads/%s"}, {"POST", "/v1/uploads/%s/complete"}, {"DELETE", "/v1/uploads/%s"}} {
				if status := f.call(route.method, fmt.Sprintf(route.path, tc.id), tc.token, nil, nil); status != tc.status {
					t.Errorf("%s: status %d, want %d", route.method, status, tc.status)
				}
			}
		})
	}
	if _, err := f.service.Create(t.Context(), "", ingest.CreateUploadRequest{}); !errors.Is(err, ingest.ErrAnonymous) {
		t.Errorf("create by nobody: %v", err)
	}
}

func TestAbort(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	whole := file(10)
	u := f.create(promising(whole))
	f.put(u.Parts[0], whole)
	for range 2 {
		if status := f.call("DELETE", "/v1/uploads/"+string(u.ID), u.Token, nil, nil); status != http.StatusNoContent {
			t.Errorf("abort: %d", status)
		}
	}
	if _, status, detail := f.complete(u); status != http.StatusGone || !strings.Contains(detail, "aborted") {
		t.Errorf("complete an aborted upload: %d %s", status, detail)
	}
	done := f.create(promising(whole))
	f.put(done.Parts[0], whole)
	f.complete(done)
	if status := f.call("DELETE", "/v1/uploads/"+string(done.ID), done.Token, nil, nil); status != http.StatusConflict {
		t.Errorf("abort a completed upload: %d", status)
	}
}

func TestAbandonedUploadsExpire(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	whole := file(10)
	kept := f.create(promising(whole))
	f.put(kept.Parts[0], whole)
	f.complete(kept)
	u := f.create(promising(whole))
	f.put(u.Parts[0], whole)
	row, err := catalog.New(f.pool).Upload(t.Context(), u.ID)
	if err != nil {
		t.Fatal(err)
	}
	if err := f.service.Expire(t.Context()); err != nil {
		t.Fatal(err)
	}
	if s := f.state(u); s.Status != catalog.Uploading {
		t.Fatalf("a young upload is %s", s.Status)
	}
	f.now.Store(int64(25 * time.Hour))
	if err := f.service.Expire(t.Context()); err != nil {
		t.Fatal(err)
	}
	if s := f.state(u); s.Status != catalog.Expired {
		t.Errorf("an old upload is %s", s.Status)
	}
	if s := f.state(kept); s.Status != catalog.Uploaded {
		t.Errorf("a completed upload is %s", s.Status)
	}
	if _, err := f.objects.Parts(t.Context(), row.ObjectKey, row.MultipartID, objectstore.CRC64NVME); !errors.Is(err, objectstore.ErrNoMultipart) {
		t.Errorf("the parts of an expired upload are left: %v", err)
	}
	if _, status, detail := f.complete(u); status != http.StatusGone || !strings.Contains(detail, "expired") {
		t.Errorf("complete an expired upload: %d %s", status, detail)
	}
}

func TestStorageOutage(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t, catalog.Migrations)
	client, err := queue.NewClient(pool, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	away, err := objectstore.New(objectstore.Config{Endpoint: "http://127.0.0.1:1", AccessKey: "a", SecretKey: "b"})
	if err != nil {
		t.Fatal(err)
	}
	s, err := ingest.New(ingest.Config{Pool: pool, Objects: away, Queue: client, Metrics: ingest.NewMetrics(prometheus.NewRegistry())})
	if err != nil {
		t.Fatal(err)
	}
	in := ingest.CreateUploadRequest{}
	in.Body.Name, in.Body.Size, in.Body.ContentType = "a.mp4", 10, "video/mp4"
	in.Body.Checksum = promising(file(10)).Checksum
	ctx := identity.With(context.Background(), identity.Principal{Subject: "ada"})
	_, err = (&ingest.Handlers{Service: s}).Create(ctx, &in)
	var problem *httpapi.ProblemError
	if !errors.As(err, &problem) || problem.Status != http.StatusServiceUnavailable || problem.RetryAfter == 0 {
		t.Errorf("got %v, want 503 with Retry-After", err)
	}
}
