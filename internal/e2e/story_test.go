package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// picture is where the overview page is painted for the README (make pictures)
var picture = flag.String("picture", "", "write a picture of the overview page to this `file`")

// place is a running demo.
type place struct {
	*process
	env []string
	at  struct{ Plimsoll, TokenFile, Gateway, Edge, Ops, KeyFile string }
}

func startDemo(t *testing.T, dir string) *place {
	t.Helper()
	file := filepath.Join(dir, "addresses.json")
	os.Remove(file)
	p := &place{process: start(t, "plimsoll", nil, "demo", "--free-ports", "--data-dir", dir, "--rate", "20")}
	eventually(t, "the demo says where it is", 90*time.Second, func() error {
		select {
		case <-p.done:
			t.Fatalf("the demo ended: %v", p.err)
		default:
		}
		b, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		return json.Unmarshal(b, &p.at)
	})
	p.env = []string{
		"PLIMSOLL_URL=" + p.at.Plimsoll, "PLIMSOLL_TOKEN_FILE=" + p.at.TokenFile, "PLATFORM_URL=" + p.at.Gateway,
		"PLATFORM_OPS_URL=" + p.at.Ops, "PLATFORM_API_KEY_FILE=" + p.at.KeyFile, "PLATFORM_DATA=" + dir + "/client",
	}
	return p
}

// says runs a command, requires its exit code and that it says everything that is wanted, and returns what it said.
func (p *place) says(code int, want []string, program string, args ...string) string {
	p.t.Helper()
	got, out, errs := run(p.t, p.env, program, args...)
	if got != code {
		p.t.Fatalf("%s %s: exit code %d, want %d\n%s%s", program, strings.Join(args, " "), got, code, out, errs)
	}
	for _, s := range want {
		if !strings.Contains(out+errs, s) {
			p.t.Errorf("%s %s does not say %q:\n%s%s", program, strings.Join(args, " "), s, out, errs)
		}
	}
	return out
}

func (p *place) check(code int, want []string, extra ...string) {
	p.t.Helper()
	p.says(code, want, "plimsoll", append([]string{"gate", "check", "--service", "video-api", "--env", "production", "--sha", "4f2c1d9"}, extra...)...)
}

// TestStory is the first hour with Plimsoll: a video goes up, its traffic spends a budget, the gate answers.
func TestStory(t *testing.T) {
	t.Parallel()
	dir := dataDir(t)
	p := startDemo(t, dir)
	eventually(t, "budgets of real traffic", 90*time.Second, func() error {
		var o struct{ Events counts }
		if err := getJSON(p.at.Plimsoll+"/v1/objectives/video-api/availability", &o); err != nil || o.Events.Total < 100 {
			return fmt.Errorf("%+v, %v", o.Events, err)
		}
		return nil
	})
	playBack(t, p)
	p.check(0, []string{"ALLOW"})
	p.check(3, []string{"HOLD", "video-api"}, "--service", "vide-api")
	page := openOverview(t, p.at.Plimsoll)
	page.shows("The API answers", "100.0 %")

	p.says(0, nil, "platform", "fault", "--errors", "60%", "--for", "5m")
	eventually(t, "the gate denies", time.Minute, func() error {
		if code, out, _ := run(t, p.env, "plimsoll", "gate", "check", "--service", "video-api", "--env", "production", "--sha", "4f2c1d9"); code != 2 {
			return fmt.Errorf("exit code %d: %s", code, out)
		}
		return nil
	})
	p.says(0, nil, "platform", "fault", "--clear")
	p.check(2, []string{"DENY", "The API answers: budget −", " bad of ", "The budget is back above 0 about"})
	p.check(0, []string{"ALLOW", "rollback"}, "--class", "rollback")
	page.shows("The API answers", "−") // without a reload

	eventually(t, "Code Red opens an incident", 30*time.Second, func() error {
		_, out, errs := run(t, p.env, "plimsoll", "incident", "list")
		if !strings.Contains(out, "Code Red: video-api has spent the error budget of The API answers") {
			return fmt.Errorf("%s%s", out, errs)
		}
		return nil
	})
	page.announces("Code Red, releases frozen")
	page.announces("INC-1")
	p.says(0, []string{"INC-1"}, "plimsoll", "incident", "ack", "INC-1")
	p.says(0, []string{"# Error budgets of week", "INC-1", "Code Red", "denied"}, "plimsoll", "report")
	p.says(0, []string{"hold"}, "plimsoll", "gate", "log", "--verify")
	if *picture != "" {
		page.paint(*picture)
	}

	if err := p.stop(); err != nil {
		t.Errorf("the demo ended with %v", err)
	}
	for _, left := range []string{"platform.pid", "traffic.pid", "postgresql/data/postmaster.pid"} {
		if _, err := os.Stat(filepath.Join(dir, left)); err == nil {
			t.Errorf("%s is left behind", left)
		}
	}
}

// TestDemoAfterACrash kills the demo and starts it again in the same folder: leftovers are ended, events are kept.
func TestDemoAfterACrash(t *testing.T) {
	t.Parallel()
	dir := dataDir(t)
	p := startDemo(t, dir)
	total := func(p *place) (n int64, err error) {
		var o struct{ Events counts }
		err = getJSON(p.at.Plimsoll+"/v1/objectives/video-api/availability", &o)
		return o.Events.Total, err
	}
	var before int64
	eventually(t, "events are counted and saved", time.Minute, func() (err error) {
		if before, err = total(p); err == nil && before < 50 {
			err = fmt.Errorf("%d events", before)
		}
		return err
	})
	child, err := os.ReadFile(filepath.Join(dir, "platform.pid"))
	if err != nil {
		t.Fatal(err)
	}
	p.kill()
	again := startDemo(t, dir)
	if now, err := os.ReadFile(filepath.Join(dir, "platform.pid")); err != nil || bytes.Equal(now, child) {
		t.Errorf("the platform of before is still there: %s, %v", now, err)
	}
	eventually(t, "counting goes on", time.Minute, func() error {
		if n, err := total(again); err != nil || n <= before {
			return fmt.Errorf("%d events, %d before: %v", n, before, err)
		}
		return nil
	})
	if err := again.stop(); err != nil {
		t.Errorf("the demo ended with %v", err)
	}
}

// playBack makes a clip, uploads it, and plays all of its segments through the edge.
func playBack(t *testing.T, p *place) {
	t.Helper()
	dir := t.TempDir()
	clip := filepath.Join(dir, "holiday.mp4")
	ffmpeg(t, "-f", "lavfi", "-i", "testsrc2=size=640x360:rate=25:duration=3", "-f", "lavfi", "-i", "sine=duration=3",
		"-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-c:a", "aac", clip)
	out := p.says(0, []string{"is ready", "master.m3u8", "manifest.mpd"}, "platform", "upload", clip, "--wait")
	var master string
	for _, word := range strings.Fields(out) {
		if strings.HasSuffix(word, "master.m3u8") {
			master = word
			break
		}
	}
	if !strings.HasPrefix(master, p.at.Edge) {
		t.Fatalf("the playlist %q is not at the edge %s", master, p.at.Edge)
	}
	for _, media := range uris(t, master) {
		for _, segment := range uris(t, media) {
			if b, err := get(segment); err != nil || len(b) == 0 {
				t.Errorf("%s: %d bytes, %v", segment, len(b), err)
			}
		}
	}
	probe, err := exec.Command("ffprobe", "-v", "error", "-show_entries", "format=duration", "-of", "csv=p=0", master).Output()
	if err != nil {
		t.Fatalf("ffprobe: %v", err)
	}
	if seconds, err := strconv.ParseFloat(strings.TrimSpace(string(probe)), 64); err != nil || seconds < 2.8 || seconds > 3.3 {
		t.Errorf("it plays for %s s (%v), want 3", probe, err)
	}
	text := filepath.Join(dir, "text.mp4")
	if err := os.WriteFile(text, []byte("this is no video"), 0o644); err != nil {
		t.Fatal(err)
	}
	p.says(1, []string{"not a video"}, "platform", "upload", text, "--wait")
}

// uris returns the absolute addresses that a playlist names.
func uris(t *testing.T, playlist string) []string {
	t.Helper()
	b, err := get(playlist)
	if err != nil {
		t.Fatal(err)
	}
	base, _ := path.Split(playlist)
	var out []string
	for line := range strings.Lines(string(b)) {
		line = strings.TrimSpace(line)
		if _, uri, ok := strings.Cut(line, `URI="`); ok {
			line, _, _ = strings.Cut(uri, `"`)
		}
		if line != "" && !strings.HasPrefix(line, "#") {
			out = append(out, base+line)
		}
	}
	if len(out) == 0 {
		t.Fatalf("%s names nothing:\n%s", playlist, b)
	}
	return out
}

func ffmpeg(t *testing.T, args ...string) {
	t.Helper()
	if out, err := exec.Command("ffmpeg", append([]string{"-v", "error", "-y"}, args...)...).CombinedOutput(); err != nil {
		t.Fatalf("ffmpeg (install it with make deps): %v\n%s", err, out)
	}
}

// overview is the overview page in a real browser.
type overview struct {
	t   *testing.T
	ctx context.Context
}

func openOverview(t *testing.T, url string) *overview {
	t.Helper()
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.Flag("disable-background-networking", true), chromedp.UserDataDir(t.TempDir()), chromedp.WindowSize(1280, 860))
	ctx, cancel := chromedp.NewExecAllocator(context.Background(), options...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	if err := chromedp.Do(ctx, chromedp.Navigate(url), chromedp.WaitVisible(`#pulse[data-state="live"]`)); err != nil {
		t.Fatalf("open the overview in Chromium (install it with make test-deps): %v", err)
	}
	return &overview{t, ctx}
}

// shows waits until the budget of an objective reads so.
func (o *overview) shows(objective, budget string) {
	o.t.Helper()
	condition := fmt.Sprintf(`[...document.querySelectorAll("tr")].some(r => r.textContent.includes(%q) && r.querySelector(".budget b")?.textContent.includes(%q))`, objective, budget)
	if err := chromedp.Do(o.ctx, chromedp.Poll[chromedp.Void](condition, chromedp.WithPollingTimeout(30*time.Second))); err != nil {
		text, _ := chromedp.Run(o.ctx, chromedp.Text("main"))
		o.t.Fatalf("the overview does not show %q at %q: %v\n%s", objective, budget, err, text)
	}
}

// announces waits until a badge of a service says something.
func (o *overview) announces(text string) {
	o.t.Helper()
	condition := fmt.Sprintf(`[...document.querySelectorAll(".badges")].some(b => b.textContent.includes(%q))`, text)
	if err := chromedp.Do(o.ctx, chromedp.Poll[chromedp.Void](condition, chromedp.WithPollingTimeout(30*time.Second))); err != nil {
		o.t.Fatalf("no badge of the overview says %q: %v", text, err)
	}
}

func (o *overview) paint(file string) {
	o.t.Helper()
	b, err := chromedp.Run(o.ctx, chromedp.FullScreenshot(100))
	if err != nil {
		o.t.Fatal(err)
	}
	if err := os.WriteFile(file, b, 0o644); err != nil {
		o.t.Fatal(err)
	}
}
