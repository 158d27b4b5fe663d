package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"plimsoll/platform"
	"plimsoll/platform/playback"
	"plimsoll/platform/traffic"
)

// binary is the program under test, built once.
var binary string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "platform")
	if err != nil {
		panic(err)
	}
	binary = filepath.Join(dir, "platform")
	if out, err := exec.Command("go", "build", "-o", binary, ".").CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "build the program: %v\n%s", err, out)
		os.Exit(1)
	}
	code := m.Run()
	_ = os.RemoveAll(dir)
	os.Exit(code)
}

// server is a serving process.
type server struct {
	*exec.Cmd
	platform.Addresses
	data   string
	stderr *bytes.Buffer
}

// dataDir is a folder that the database's own user can enter, which those of t.TempDir are not.
func dataDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "platform-data")
	if err == nil {
		err = os.Chmod(dir, 0o755)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

// serve starts a server and waits until it serves.
func serve(t *testing.T, data string) *server {
	t.Helper()
	file := filepath.Join(t.TempDir(), "addresses.json")
	s := &server{data: data, stderr: &bytes.Buffer{}}
	s.Cmd = exec.Command(binary, "serve", "--dev", "--data", data, "--addresses-file", file, "--final-scrape-timeout", "1s",
		"--listen-gateway", "127.0.0.1:0", "--listen-edge", "127.0.0.1:0", "--listen-ops", "127.0.0.1:0", "--listen-blob", "127.0.0.1:0")
	s.Stderr = s.stderr
	if err := s.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if s.ProcessState == nil {
			s.stop(t)
		}
	})
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(20 * time.Millisecond) {
		if b, err := os.ReadFile(file); err == nil {
			if err := json.Unmarshal(b, &s.Addresses); err != nil {
				t.Fatal(err)
			}
			return s
		}
		if time.Now().After(deadline) || syscall.Kill(s.Process.Pid, 0) != nil {
			t.Fatalf("the platform does not serve: %s", s.stderr)
		}
	}
}

// stop asks the server to end in order.
func (s *server) stop(t *testing.T) {
	t.Helper()
	_ = s.Process.Signal(syscall.SIGTERM)
	if err := s.Wait(); err != nil {
		t.Errorf("the platform ended with %v: %s", err, s.stderr)
	}
	if _, err := http.Get(s.Blob); err == nil {
		t.Error("the object storage outlives the platform")
	}
}

// command runs a client command against the server.
func (s *server) command(t *testing.T, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	var out, errs bytes.Buffer
	cmd := exec.Command(binary, args...)
	cmd.Env = append(os.Environ(), "PLATFORM_DATA="+s.data, "PLATFORM_URL="+s.Gateway, "PLATFORM_OPS_URL="+s.Ops)
	cmd.Stdout, cmd.Stderr = &out, &errs
	err := cmd.Run()
	if _, ok := err.(*exec.ExitError); err != nil && !ok {
		t.Fatal(err)
	}
	return out.String(), errs.String(), cmd.ProcessState.ExitCode()
}

// must runs a command that has to succeed.
func (s *server) must(t *testing.T, args ...string) string {
	t.Helper()
	out, errs, code := s.command(t, args...)
	if code != 0 {
		t.Fatalf("platform %s: exit %d: %s%s", strings.Join(args, " "), code, out, errs)
	}
	return out
}

func clip(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "clip.mp4")
	out, err := exec.Command("ffmpeg", "-nostdin", "-loglevel", "error", "-f", "lavfi", "-i", "testsrc2=size=320x180:rate=24", "-t", "2",
		"-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", path).CombinedOutput()
	if err != nil {
		t.Fatalf("make a clip with ffmpeg (make deps): %v: %s", err, out)
	}
	return path
}

// The platform is killed at once; the next start finds everything and cleans up what was left.
func TestUploadSurvivesAKill(t *testing.T) {
	t.Parallel()
	data := dataDir(t)
	first := serve(t, data)
	var video playback.Video
	if err := json.Unmarshal([]byte(first.must(t, "upload", clip(t), "--title", "A clip", "--wait", "-o", "json")), &video); err != nil {
		t.Fatal(err)
	}
	if err := first.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = first.Wait()
	second := serve(t, data)
	resp, err := http.Get(second.Edge + "/" + strings.SplitN(video.Playback.HLS, "/", 4)[3])
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Errorf("the video after the kill: %v, %v", resp, err)
	}
	if out := second.must(t, "upload", clip(t), "--wait"); !strings.Contains(out, "ffplay "+second.Edge) {
		t.Errorf("%s", out)
	}
	fake := filepath.Join(t.TempDir(), "text.mp4")
	if err := os.WriteFile(fake, []byte("this is no video"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, errs, code := second.command(t, "upload", fake, "--wait"); code != 1 || !strings.Contains(errs, "could not be made") {
		t.Errorf("a text called video: exit %d, %s", code, errs)
	}
	second.stop(t)
}

func TestFaultTrafficAndKeys(t *testing.T) {
	t.Parallel()
	s := serve(t, dataDir(t))
	if _, errs, code := s.command(t, "fault", "--ops-url", s.Gateway); code != 1 || !strings.Contains(errs, "--ops-url is not its operations listener") {
		t.Errorf("fault at the gateway: exit %d, %s", code, errs)
	}
	s.must(t, "fault", "--errors", "100%", "--status", "503", "--for", "1m")
	report := filepath.Join(t.TempDir(), "report.json")
	var seen traffic.Report
	if err := json.Unmarshal([]byte(s.must(t, "traffic", "--for", "500ms", "--rate", "100", "--clips", "0", "--upload-every", "0", "-o", "json",
		"--report-file", report)), &seen); err != nil {
		t.Fatal(err)
	}
	if g := seen.Roles[traffic.Gateway]; g.Requests == 0 || g.Bad != g.Requests || g.Codes["503"] != g.Requests {
		t.Errorf("under a fault: %+v", g)
	}
	if b, err := os.ReadFile(report); err != nil || !json.Valid(b) {
		t.Errorf("report file: %v", err)
	}
	if out := s.must(t, "fault", "show"); !strings.Contains(out, "100% of requests fail with 503") {
		t.Errorf("%s", out)
	}
	s.must(t, "fault", "--clear")
	if out := s.must(t, "fault"); !strings.Contains(out, "nothing") {
		t.Errorf("%s", out)
	}
	key := strings.TrimSpace(s.must(t, "apikey", "create", "bob"))
	id := strings.Split(key, "_")[1]
	s.must(t, "apikey", "revoke", id)
	s.stop(t)
	if out := s.must(t, "apikey", "list"); !strings.Contains(out, "bob") || !strings.Contains(out, "development") {
		t.Errorf("without a running platform: %s", out)
	}
}

func TestPlainWords(t *testing.T) {
	t.Parallel()
	nowhere := &server{data: t.TempDir(), Addresses: platform.Addresses{Gateway: "http://127.0.0.1:1", Ops: "http://127.0.0.1:1"}}
	bad := filepath.Join(t.TempDir(), "bad.yaml")
	if err := os.WriteFile(bad, []byte("rolls: [edge]\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	film := clip(t)
	for _, tc := range []struct {
		name string
		args []string
		code int
		says string
	}{
		{"help", nil, 0, "platform serve"},
		{"version", []string{"version"}, 0, "platform dev"},
		{"no such command", []string{"sreve"}, 1, "sreve"},
		{"no key", []string{"upload", film}, 1, "platform serve --dev"},
		{"no server", []string{"upload", film, "--key", "k"}, 1, "Is the platform running"},
		{"no operations listener", []string{"fault", "--clear"}, 1, "no server answers"},
		{"traffic to nobody", []string{"traffic", "--for", "100ms", "--rate", "100", "--clips", "0", "--upload-every", "0"}, 1, "Is the platform running"},
		{"no traffic", []string{"traffic", "--rate", "0"}, 1, "nothing would be sent"},
		{"fault without an end", []string{"fault", "--errors", "50%"}, 1, "--for 2m"},
		{"more than all", []string{"fault", "--errors", "150%", "--for", "1m"}, 1, "from 0 to 100%"},
		{"configuration", []string{"serve", "--config.check"}, 0, "valid"},
		{"misspelt configuration", []string{"serve", "--config.check", "--config", bad}, 1, `bad.yaml:1: unknown key "rolls" (did you mean "roles"?)`},
		{"misspelt role", []string{"serve", "--config.check", "--roles", "egde"}, 1, `"egde" (did you mean "edge"?)`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			out, errs, code := nowhere.command(t, tc.args...)
			if code != tc.code || !strings.Contains(out+errs, tc.says) {
				t.Errorf("exit %d: %s%s; want %d and %q", code, out, errs, tc.code, tc.says)
			}
		})
	}
}
