package fmp4_test

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"plimsoll/platform/media/fmp4"
)

// encode has FFmpeg write a fragmented MP4 from its own test sources.
func encode(t testing.TB, args ...string) []byte {
	t.Helper()
	out := filepath.Join(t.TempDir(), "out.mp4")
	cmd := exec.Command("ffmpeg", append(append([]string{"-v", "error", "-nostdin"}, args...), "-f", "mp4", out)...)
	if b, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("ffmpeg (make deps): %v: %s", err, b)
	}
	b, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func video(t testing.TB) []byte {
	return encode(t, "-f", "lavfi", "-i", "testsrc2=size=320x180:rate=25:duration=2.4",
		"-c:v", "libx264", "-preset", "ultrafast", "-g", "25", "-movflags", "+cmaf+frag_keyframe+delay_moov")
}

func audio(t testing.TB) []byte {
	return encode(t, "-f", "lavfi", "-i", "sine=duration=2.5:sample_rate=48000",
		"-c:a", "aac", "-movflags", "+cmaf+delay_moov", "-frag_duration", "1000000")
}

func TestVideo(t *testing.T) {
	t.Parallel()
	b := video(t)
	f, err := fmp4.Read(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	if f.Width != 320 || f.Height != 180 || len(f.Codec) != len("avc1.64000d") || f.Duration() != uint64(f.Timescale)*12/5 {
		t.Errorf("facts: %+v", f)
	}
	type part struct {
		Time, Duration uint64
		Keyframe       bool
	}
	var got []part
	end := f.Init.Size
	for _, fragment := range f.Fragments {
		if fragment.Offset != end {
			t.Errorf("a fragment begins at byte %d, the one before ends at %d", fragment.Offset, end)
		}
		end = fragment.Offset + fragment.Size
		got = append(got, part{fragment.Time, fragment.Duration, fragment.Keyframe})
	}
	second := uint64(f.Timescale)
	want := []part{{0, second, true}, {second, second, true}, {2 * second, second * 2 / 5, true}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("fragments (-want +got):\n%s", diff)
	}
}

func TestAudio(t *testing.T) {
	t.Parallel()
	b := audio(t)
	f, err := fmp4.Read(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	if f.Codec != "mp4a.40.2" || f.Timescale != 48000 || len(f.Fragments) != 3 {
		t.Errorf("facts: %+v", f)
	}
	// Whole AAC frames of 1,024 samples, with one of priming.
	if d := f.Duration(); d < 48000*5/2 || d > 48000*5/2+3*1024 {
		t.Errorf("duration %d", d)
	}
}

func TestNotFragmented(t *testing.T) {
	t.Parallel()
	whole := video(t)
	for name, b := range map[string][]byte{
		"empty":      {},
		"text":       []byte("this is not a video, it is a text"),
		"cut off":    whole[:len(whole)*2/3],
		"only moov":  whole[28:600],
		"plain mp4":  encode(t, "-f", "lavfi", "-i", "testsrc2=size=64x64:duration=0.2", "-c:v", "libx264"),
		"two tracks": encode(t, "-f", "lavfi", "-i", "testsrc2=size=64x64:duration=0.2", "-f", "lavfi", "-i", "sine=duration=0.2", "-movflags", "+frag_keyframe+empty_moov"),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if _, err := fmp4.Read(bytes.NewReader(b), int64(len(b))); !errors.Is(err, fmp4.ErrFormat) {
				t.Errorf("got %v", err)
			}
		})
	}
}

func FuzzRead(f *testing.F) {
	for _, b := range [][]byte{video(f), audio(f)} {
		file, err := fmp4.Read(bytes.NewReader(b), int64(len(b)))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b[:file.Init.Size])
		for _, fragment := range file.Fragments { // without most of the media data
			f.Add(append(bytes.Clone(b[:file.Init.Size]), b[fragment.Offset:min(fragment.Offset+1000, fragment.Offset+fragment.Size)]...))
		}
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		file, err := fmp4.Read(bytes.NewReader(b), int64(len(b)))
		if err != nil {
			return
		}
		if file.Timescale == 0 || file.Codec == "" {
			t.Errorf("accepted without timescale or codec: %+v", file)
		}
		for _, fragment := range file.Fragments {
			if fragment.Offset < file.Init.Size || fragment.Size <= 0 || fragment.Offset+fragment.Size > int64(len(b)) || fragment.Duration == 0 {
				t.Errorf("fragment %+v of %d bytes", fragment, len(b))
			}
		}
	})
}
