package web_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"plimsoll/incidents"
)

// TestBrowser opens the pages in a real browser. With "go test -artifacts" it keeps the screenshots.
func TestBrowser(t *testing.T) {
	t.Parallel()
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.Flag("disable-background-networking", true), chromedp.UserDataDir(t.TempDir()))
	ctx, cancel := chromedp.NewExecAllocator(context.Background(), options...)
	t.Cleanup(cancel)
	browser, cancel := chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	if err := chromedp.Do(browser); err != nil {
		t.Fatalf("start Chromium (install it with \"make test-deps\"): %v", err)
	}
	url := serve(t, fleet(), incidentShelf())
	t.Run("screens", func(t *testing.T) { screens(t, browser, url) })
	t.Run("live update", func(t *testing.T) { liveUpdate(t, browser) })
	t.Run("filter", func(t *testing.T) { filter(t, browser, url) })
	t.Run("work on an incident", func(t *testing.T) { workOnIncident(t, browser) })
}

// tab is a tab of the browser.
type tab struct {
	t   *testing.T
	ctx context.Context
}

// open opens a tab in which every message on the console, such as a violated policy, fails the test.
func open(t *testing.T, browser context.Context) tab {
	t.Helper()
	ctx, cancel := chromedp.NewContext(browser)
	t.Cleanup(cancel)
	if err := chromedp.Do(ctx); err != nil {
		t.Fatal(err)
	}
	ctx, cancel = context.WithTimeout(ctx, time.Minute)
	var said []string
	done := make(chan struct{})
	go func() {
		defer close(done)
		for m, err := range chromedp.Console(ctx) {
			if err != nil {
				return
			}
			said = append(said, m.Text+" "+m.URL)
		}
	}()
	t.Cleanup(func() {
		cancel()
		<-done
		if len(said) > 0 {
			t.Errorf("the console says: %q", said)
		}
	})
	return tab{t, ctx}
}

func (b tab) do(actions ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	if err := chromedp.Do(b.ctx, actions...); err != nil {
		b.t.Fatal(err)
	}
}

// visit opens an address and waits until the page is live.
func (b tab) visit(url string) {
	b.t.Helper()
	b.do(chromedp.Navigate(url), chromedp.WaitVisible(`#pulse[data-state="live"]`))
}

// read runs an action and returns what it finds.
func read[T any](b tab, action chromedp.Action[T]) T {
	b.t.Helper()
	v, err := chromedp.Run(b.ctx, action)
	if err != nil {
		b.t.Fatal(err)
	}
	return v
}

// until waits for a condition of the page.
func (b tab) until(condition string) {
	b.t.Helper()
	b.do(chromedp.Poll[chromedp.Void](condition, chromedp.WithPollingTimeout(20*time.Second)))
}

// screens looks at every page on a desk and on a phone, in the light and in the dark: each says what it is for, and none
// is wider than its window.
func screens(t *testing.T, browser context.Context, url string) {
	pages := []struct{ name, path, says string }{
		{"overview", "/", "1 budget is spent, 2 are burning fast, 1 is low"},
		{"objective", "/objectives/video-api/availability", "The budget is"},
		{"slices", "/objectives/encoder/minutes#f-remaining", "Minutes in which encoding keeps up"},
		{"composite", "/objectives/encoder/journey", "Components"},
		{"incidents", "/incidents", "2 incidents are open"},
		{"alerts", "/alerts", "1 page and 1 ticket fire"},
		{"sources", "/sources", "1 of 3 sources is down"},
		{"incident", "/incidents/INC-7", "Incident commander is ada"},
		{"postmortem", "/incidents/INC-7/postmortem", "waits for bob"},
		{"risks", "/risks", "1 risk to settle"},
		{"login", "/login", "Everybody may read budgets"},
	}
	for _, size := range []struct {
		name  string
		width int64
		opts  []chromedp.EmulateViewportOption
	}{{"desk", 1280, nil}, {"phone", 390, []chromedp.EmulateViewportOption{chromedp.EmulateMobile}}} {
		for _, scheme := range []string{"light", "dark"} {
			b := open(t, browser)
			b.do(chromedp.EmulateViewport(size.width, 900, size.opts...))
			_, err := chromedp.Call(b.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
				Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}})
			if err != nil {
				t.Fatal(err)
			}
			for _, p := range pages {
				b.visit(url + p.path)
				text := read(b, chromedp.Text("main"))
				width := read(b, chromedp.Evaluate[int64]("document.documentElement.scrollWidth"))
				picture := read(b, chromedp.FullScreenshot(100))
				if !strings.Contains(strings.ToLower(text), strings.ToLower(p.says)) {
					t.Errorf("%s does not say %q: %s", p.path, p.says, text)
				}
				if width > size.width {
					t.Errorf("%s is %d wide on a %s of %d", p.path, width, size.name, size.width)
				}
				name := strings.Join([]string{p.name, size.name, scheme}, "-") + ".png"
				if err := os.WriteFile(filepath.Join(t.ArtifactDir(), name), picture, 0o644); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
}

// liveUpdate reads a budget, spends some of it, and sees the new figure without a reload.
func liveUpdate(t *testing.T, browser context.Context) {
	l := fleet()
	url := serve(t, l, incidentShelf())
	b := open(t, browser)
	b.visit(url)
	const budget = `//tr[.//a[text()="Catalogue answers"]]//b`
	before := read(b, chromedp.Text(budget))
	read(b, chromedp.Evaluate[bool](`window.here = true; document.querySelector('a[href="/objectives/catalog/availability"]').focus(); true`))
	l.Add("catalog/availability", now, 0, 20_000)
	b.until(`[...document.querySelectorAll("tr")].some(r => r.textContent.includes("Catalogue answers") && !r.textContent.includes("` + before + `"))`)
	if after := read(b, chromedp.Text(budget)); before != "97.8 %" || after != "51.6 %" {
		t.Errorf("the budget went from %q to %q", before, after)
	}
	if !read(b, chromedp.Evaluate[bool]("window.here === true")) {
		t.Error("the page was loaded again")
	}
	if focus := read(b, chromedp.Evaluate[string](`document.activeElement.getAttribute("href") ?? ""`)); focus != "/objectives/catalog/availability" {
		t.Errorf("the focus went to %q", focus)
	}
}

// filter types into the search field by keyboard alone.
func filter(t *testing.T, browser context.Context, url string) {
	b := open(t, browser)
	b.visit(url)
	b.do(chromedp.KeyEvent("/"))
	if name := read(b, chromedp.Evaluate[string]("document.activeElement.name")); name != "q" {
		t.Errorf("the slash leads to %q", name)
	}
	// The protocol delivers the character although the page has taken the key; a keyboard does not.
	b.do(chromedp.KeyEvent(kb.Backspace), chromedp.KeyEvent("search fresh"))
	// A slow machine shows what was found for a part of the words first.
	b.until(`location.search === "?q=search+fresh" && document.querySelectorAll(".objectives tbody tr").length === 1`)
	if name := read(b, chromedp.Text(".objectives .name a")); name != "New videos are found within 10 minutes" {
		t.Errorf("the filter leaves %q", name)
	}
}

// workOnIncident signs in, declares an incident and works on it. What is being typed stays when the page changes.
func workOnIncident(t *testing.T, browser context.Context) {
	s := incidentShelf()
	url := serve(t, fleet(), s)
	b := open(t, browser)
	b.visit(url + "/login?next=/incidents/new")
	b.do(chromedp.SendKeys(`input[name="token"]`, "token-of-bob"+kb.Enter), chromedp.WaitVisible(`input[name="title"]`))
	b.do(chromedp.SendKeys(`input[name="title"]`, "Thumbnails are missing"), chromedp.Click(`input[name="severity"][value="3"]`), chromedp.Submit(`input[name="title"]`))
	b.do(chromedp.WaitVisible(`//h1[text()="Thumbnails are missing"]`), chromedp.Click(`//button[text()="Take command"]`),
		chromedp.WaitVisible(`//p[text()="incident commander is bob"]`), chromedp.WaitVisible(`#pulse[data-state="live"]`), chromedp.Click(`#f-note > summary`), chromedp.SendKeys(`#f-note textarea`, "The disk of"))
	if _, _, err := s.Do(b.ctx, 93, incidents.Mitigate{How: "another disk"}, incidents.Caller{Subject: "ada"}); err != nil {
		t.Fatal(err)
	}
	b.until(`document.querySelector(".badges").textContent.includes("mitigated")`)
	if typed := read(b, chromedp.Evaluate[string](`document.querySelector("#f-note textarea").value`)); typed != "The disk of" {
		t.Errorf("what was being typed has become %q", typed)
	}
	b.do(chromedp.SendKeys(`#f-note textarea`, " the thumbnailer is full"), chromedp.Submit(`#f-note textarea`),
		chromedp.WaitVisible(`//p[text()="note: The disk of the thumbnailer is full"]`))
	width := read(b, chromedp.Evaluate[int64]("document.documentElement.scrollWidth"))
	if picture := read(b, chromedp.FullScreenshot(100)); width > 1280 {
		t.Errorf("the page is %d wide, %d bytes", width, len(picture))
	} else if err := os.WriteFile(filepath.Join(t.ArtifactDir(), "work.png"), picture, 0o644); err != nil {
		t.Fatal(err)
	}
}
