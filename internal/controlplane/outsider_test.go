package controlplane

import (
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/go-chi/chi/v5"
)

// The private incident says "zanzibar", which outsiders look for, and "quokka" in everything else, which no answer to one may hold.
// Its number is one that appears nowhere else.
const (
	lure    = "zanzibar"
	hidden  = "quokka"
	private = "INC-74101"
	item    = "AI-74301" // of its postmortem
	public  = "INC-1"
)

// privateNumber finds the numbers of the private incident and of its action item.
var privateNumber = regexp.MustCompile(`(^|[^0-9])(74101|74301)([^0-9]|$)`)

// Either is there, or was never given: what stands for the numbers in a question.
var (
	there   = strings.NewReplacer(refHere, private, itemHere, item)
	unheard = strings.NewReplacer(refHere, "INC-74999", itemHere, "AI-74998")
)

// TestOutsider declares a private incident and asks every route of the control plane, as they are in its router, about it: as
// nobody, as somebody who is no member, and as the operator. No answer holds a word of it, nor its number, and where one asks by
// number the answer is that of a number that was never given. Members find it.
func TestOutsider(t *testing.T) {
	h := open(t, nil, "ada", "bob", "eve")
	plot(t, h)
	before := h.give(t, "ada", http.MethodGet, "/v1/incidents/"+private, nil)
	t.Run("counted nowhere", func(t *testing.T) { notCounted(t, h) })
	walk := newWalk(t, h)
	outsiders := []string{"", "eve", operator}
	for _, reads := range []bool{true, false} { // first: what outsiders write may hold the number that they ask about
		for _, who := range outsiders {
			walk.everyRoute(t, who, reads)
		}
	}
	t.Run("members find it", func(t *testing.T) { membersFind(t, h) })
	t.Run("a member's request", func(t *testing.T) { replayed(t, h) })
	after := h.give(t, "ada", http.MethodGet, "/v1/incidents/"+private, nil)
	if b, a := fmt.Sprint(before["timeline"]), fmt.Sprint(after["timeline"]); a != b || b == "" {
		t.Errorf("outsiders changed it from\n%s\nto\n%s", b, a)
	}
	t.Run("pages that change", func(t *testing.T) { streams(t, h, outsiders) })
}

// plot declares a public incident and then the private one, with something of every kind on it.
func plot(t *testing.T, h *house) {
	t.Helper()
	post := func(who, path string, body any) map[string]any { return h.give(t, who, http.MethodPost, path, body) }
	post("ada", "/v1/incidents", map[string]any{"title": "Playback stalls", "severity": 3, "services": []string{"video-api"}})
	if _, err := h.app.pool.Exec(t.Context(), `SELECT setval('incident_numbers', 74100), setval('postmortem_item_numbers', 74300)`); err != nil {
		t.Fatal(err)
	}
	objective := string(h.app.ledger.Objectives()[0].Key)
	got := post("ada", "/v1/incidents", map[string]any{"title": lure + " " + hidden + " title", "severity": 1, "private": true,
		"services": []string{lure + "-svc", hidden + "-svc"}, "objectives": []string{objective}, "started": time.Now().Add(-time.Hour).UTC().Format(time.RFC3339)})
	if got["ref"] != private {
		t.Fatalf("declared as %v", got["ref"])
	}
	at := "/v1/incidents/" + private
	post("ada", at+"/roles", map[string]any{"role": "communications", "to": "bob"})
	note := fmt.Sprintf(`{"text":"%s %s note"}`, lure, hidden)
	if r := h.ask(t, "ada", http.MethodPost, at+"/notes", "application/json", []byte(note), "Idempotency-Key", requestOfAda); r.status != http.StatusOK {
		t.Fatalf("note: %d %s", r.status, r.body)
	}
	post("ada", at+"/updates", map[string]any{"text": lure + " " + hidden + " update"})
	post("ada", at+"/tasks", map[string]any{"text": lure + " " + hidden + " task", "owner": "bob"})
	post("ada", at+"/pins", map[string]any{"text": lure + " " + hidden + " pin", "author": "bob", "link": "https://example.com/" + hidden})
	post("ada", at+"/messages", map[string]any{"audience": "support", "text": lure + " " + hidden + " message"})
	post("bob", at+"/messages/1/approve", nil)
	post("ada", at+"/links", map[string]any{"ref": public})
	h.give(t, "ada", http.MethodPut, at+"/timeline/3", map[string]any{"text": lure + " " + hidden + " amended"})
	begun := post("ada", at+"/postmortem", nil)
	h.give(t, "ada", http.MethodPut, at+"/postmortem", map[string]any{"version": begun["version"], "content": map[string]any{"summary": lure + " " + hidden + " summary", "impact": map[string]any{}, "trigger": map[string]any{}, "links": map[string]any{}}})
	added := post("ada", at+"/postmortem/items", map[string]any{"kind": "prevent", "text": lure + " " + hidden + " item", "owner": "bob", "priority": 1})
	if added["id"] != item {
		t.Fatalf("the action item is %v", added["id"])
	}
}

// membersFind is the other half of the proof: what outsiders do not find is there.
func membersFind(t *testing.T, h *house) {
	for _, tc := range []struct{ who, path, says string }{
		{"ada", "/v1/incidents/" + private, hidden + " amended"},
		{"ada", "/v1/incidents", private},
		{"bob", "/v1/incidents/search?q=" + lure, private},
		{"bob", "/v1/incidents/" + private + "/timeline/3", hidden + " amended"},
		{"bob", "/incidents", hidden + " title"},
		{"ada", "/incidents?q=" + lure, hidden + " title"},
		{"bob", "/incidents/" + private, hidden + " message"},
		{"ada", "/incidents/" + private, hidden + " task"},
		{"ada", "/incidents/" + private + "/entries/3", hidden + " note"},
		{"ada", "/", private},
		{"bob", "/v1/action-items/" + item, hidden + " item"},
		{"bob", "/v1/postmortems/similar?text=" + lure, private},
		{"ada", "/postmortems", hidden + " item"},
		{"bob", "/incidents/" + private + "/postmortem", hidden + " summary"},
	} {
		if r := h.ask(t, tc.who, http.MethodGet, tc.path, "", nil); r.status != http.StatusOK || !strings.Contains(r.body, tc.says) {
			t.Errorf("%s finds no %q at %s: %d\n%.2000s", tc.who, tc.says, tc.path, r.status, r.body)
		}
	}
}

// notCounted looks at the figure of open incidents: the only one of severity 1 is the private one.
func notCounted(t *testing.T, h *house) {
	r := h.ask(t, "", http.MethodGet, "/metrics", "", nil)
	counts := regexp.MustCompile(`(?m)^incident_open\{severity="(\d)"\} (\S+)$`).FindAllStringSubmatch(r.body, -1)
	if len(counts) == 0 {
		t.Fatal("no incidents are counted")
	}
	for _, c := range counts {
		if c[1] == "1" && c[2] != "0" {
			t.Errorf("%s open incidents of severity 1", c[2])
		}
	}
}

// requestOfAda is the key of a request that a member has sent.
const requestOfAda = "note-of-ada"

// replayed sends the request of a member again, as others: what was answered to her is not answered to them.
func replayed(t *testing.T, h *house) {
	for _, who := range []string{"eve", operator} {
		for _, path := range []string{"/v1/incidents/" + private + "/notes", "/v1/incidents/" + public + "/notes", "/v1/incidents"} {
			body := []byte(`{"text":"` + lure + `"}`)
			if path == "/v1/incidents" {
				body = []byte(`{"title":"` + lure + `"}`)
			}
			r := h.ask(t, who, http.MethodPost, path, "application/json", body, "Idempotency-Key", requestOfAda)
			if strings.Contains(r.body, hidden) || path != "/v1/incidents/"+private+"/notes" && privateNumber.MatchString(r.body) {
				t.Errorf("%s at %s is answered what ada was: %d %s", who, path, r.status, r.body)
			}
		}
	}
}

// streams listens as pages do while a member works on the private incident: pages hear that something has changed, and no more.
func streams(t *testing.T, h *house, outsiders []string) {
	heard := make(chan string, len(outsiders))
	ready := make(chan struct{}, len(outsiders))
	for _, who := range outsiders {
		go func() { heard <- h.listen(t.Context(), who, ready) }()
	}
	for range outsiders {
		<-ready
	}
	h.give(t, "ada", http.MethodPost, "/v1/incidents/"+private+"/tasks/1/done", nil)
	for range outsiders {
		select {
		case said := <-heard:
			if strings.Contains(said, hidden) || strings.Contains(said, lure) || privateNumber.MatchString(said) || !strings.Contains(said, "event:") {
				t.Errorf("the stream says %q", said)
			}
		case <-time.After(time.Minute):
			t.Fatal("the stream says nothing")
		}
	}
}

// walk asks routes.
type walk struct {
	h    *house
	api  openAPI
	acts []string // the forms that a member is shown on the page of the incident
	path paths
}

func newWalk(t *testing.T, h *house) *walk {
	t.Helper()
	w := &walk{h: h, api: readOpenAPI(t, h, ""), path: pathsOf(h)}
	page := h.ask(t, "ada", http.MethodGet, "/incidents/"+private, "", nil)
	for _, form := range regexp.MustCompile(`action="/incidents/`+private+`/([a-z]+)"`).FindAllStringSubmatch(page.body, -1) {
		w.acts = append(w.acts, form[1])
	}
	if len(w.acts) < 10 {
		t.Fatalf("the page of the incident has the forms %q", w.acts)
	}
	return w
}

// paths are what stands for a parameter of a path, by pattern and name or by name alone.
type paths map[string]string

func pathsOf(h *house) paths {
	key := h.app.ledger.Objectives()[0].Key
	service, name, _ := strings.Cut(string(key), "/")
	year, week := time.Now().UTC().ISOWeek()
	return paths{
		"/v1/incidents {ref}": refHere, "/incidents {ref}": refHere, "/v1/risks {ref}": "RISK-1",
		"/v1/action-items {id}": itemHere, "{risk}": "RISK-1", "{version}": "1", "{number}": "1", "{id}": "1", "{seq}": "1", "{deploy}": "1", "{act}": "note", "{token}": "x", "{schema}": "Problem.json",
		"{week}": fmt.Sprintf("%d-W%02d", year, week), "{service}": service, "{slo}": name, "{objective}": name,
		"/static *": "style.css", "/objectives *": string(key),
	}
}

// What stands for the number of an incident, or of an action item, until it is known which one is asked for.
const (
	refHere  = "REF-HERE"
	itemHere = "ITEM-HERE"
)

// fill puts values into the pattern of a route; an error names the parameter that has none.
func (p paths) fill(pattern string) (string, error) {
	var missing error
	filled := regexp.MustCompile(`\{[^}]+\}|\*`).ReplaceAllStringFunc(pattern, func(name string) string {
		for prefix, value := range p {
			if under, named, ok := strings.Cut(prefix, " "); ok && named == name && strings.HasPrefix(pattern, under+"/") {
				return value
			}
		}
		value, ok := p[name]
		if !ok {
			missing = fmt.Errorf("%s: nothing is known to put in the place of %s: say in pathsOf what an outsider would", pattern, name)
		}
		return value
	})
	return filled, missing
}

// everyRoute asks every route of the router: those that read, or those that do not.
func (w *walk) everyRoute(t *testing.T, who string, reads bool) {
	asked := 0
	err := chi.Walk(w.h.router, func(method, pattern string, _ http.Handler, _ ...func(http.Handler) http.Handler) error {
		switch method {
		case http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete:
		default:
			return nil // HEAD, OPTIONS and the like have no answer of their own
		}
		asked++
		if (method == http.MethodGet) != reads {
			return nil
		}
		path, err := w.path.fill(pattern)
		if err != nil {
			t.Error(err)
			return nil
		}
		for _, q := range w.questions(method, pattern, path) {
			w.question(t, who, q)
		}
		if strings.HasSuffix(pattern, "/{act}") { // what a form does stands in its address
			for _, act := range w.acts {
				for _, q := range w.questions(method, pattern, strings.TrimSuffix(path, "note")+act) {
					w.question(t, who, q)
				}
			}
		}
		return nil
	})
	if err != nil || asked < 100 {
		t.Errorf("%d routes, %v", asked, err)
	}
}

// question is a request in which refHere and itemHere stand for numbers.
type question struct {
	method, path, contentType, body string
}

// questions are those of a route: as it is, with all that its parameters and body may say about the incident, and where it changes
// something also on the way through a public one.
func (w *walk) questions(method, pattern, path string) []question {
	op := w.api.operation(method, pattern)
	query := op.query()
	list := []question{{method: method, path: path}}
	if query != "" {
		list = append(list, question{method: method, path: path + "?" + query})
	}
	if !strings.HasPrefix(pattern, "/v1/") && method == http.MethodGet {
		list = append(list, question{method: method, path: path + "?" + url.Values{"q": {lure}, "query": {lure}, "next": {path}}.Encode()})
	}
	if method == http.MethodGet {
		return list
	}
	contentType, body := op.body(w.api)
	if contentType == "" {
		contentType, body = "application/x-www-form-urlencoded", formFor(path).Encode()
	}
	list = append(list, question{method, path, contentType, body})
	if strings.Contains(path, refHere) && strings.Contains(body, refHere) {
		list = append(list, question{method, strings.Replace(path, refHere, public, 1), contentType, body})
	}
	return list
}

// formFor is what a form sends, whichever it is. It names the incident only where that is what the form is about.
func formFor(path string) url.Values {
	f := url.Values{"text": {lure}, "title": {"Another one"}, "request": {"1"}, "number": {"1"}, "to": {"eve"}, "token": {lure}, "reason": {lure}, "who": {"eve"},
		"severity": {"2"}, "role": {"scribe"}, "audience": {"support"}, "affected": {"search"}, "event": {"started"}, "at": {"2026-01-01T00:00"}}
	if strings.HasSuffix(path, "/link") || strings.HasSuffix(path, "/merge") {
		f.Set("to", refHere)
		f.Set("into", refHere)
	}
	return f
}

// question asks about the private incident, looks for it in the answer, and asks the same about one that does not exist.
func (w *walk) question(t *testing.T, who string, q question) {
	ask := func(numbers *strings.Replacer) reply {
		return w.h.ask(t, who, q.method, numbers.Replace(q.path), q.contentType, []byte(numbers.Replace(q.body)))
	}
	got := ask(there)
	as := fmt.Sprintf("%q: %s %s %s", who, q.method, q.path, q.body)
	if text := strings.ToLower(got.body + fmt.Sprint(got.header)); strings.Contains(text, hidden) {
		t.Errorf("%s: the answer holds words of the private incident:\n%s", as, around(text, hidden))
	}
	if got.status >= 500 && got.status != http.StatusServiceUnavailable {
		t.Errorf("%s: %d %s", as, got.status, got.body)
	}
	if there.Replace(q.path+q.body) == q.path+q.body {
		if found := privateNumber.FindString(got.body); found != "" {
			t.Errorf("%s: the answer holds its number:\n%s", as, around(got.body, found))
		}
		return
	}
	none := ask(unheard)
	if got.status != none.status {
		t.Errorf("%s: %d about the private incident, %d about one that is not there\n%s\n%s", as, got.status, none.status, got.body, none.body)
	}
	if a, b := anyNumber(got.body), anyNumber(none.body); (got.status >= 400 || q.method == http.MethodGet) && a != b {
		t.Errorf("%s: the private incident is told from one that is not there:\n%s\n%s", as, a, b)
	}
}

// anyNumber writes a text without the figures in it: clocks and references.
func anyNumber(text string) string { return regexp.MustCompile(`[0-9]+`).ReplaceAllString(text, "0") }

// around is where a word stands in a text.
func around(text, word string) string {
	at := strings.Index(text, word)
	return text[max(0, at-300):min(len(text), at+300)]
}
