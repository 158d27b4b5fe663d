package slack

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"time"

	slackapi "github.com/slack-go/slack"

	"plimsoll/internal/httpapi"
)

const (
	// maxBody is far above what Slack sends: a text of some thousand characters, or a modal with several of them.
	maxBody = 512 << 10
	// readWithin is how long a request may take to come in. Whoever sends it has not proved to be Slack yet.
	readWithin = 3 * time.Second
)

// Paths at which Slack sends requests over HTTP.
const (
	CommandsPath     = "/slack/commands"
	InteractionsPath = "/slack/interactions"
	EventsPath       = "/slack/events"
)

// Handlers returns the handler of each path. A request that is not signed by Slack is answered with 401 before anything of it
// is parsed.
func (in *Inbox) Handlers() (map[string]http.Handler, error) {
	if in.cfg.SigningSecret == "" {
		return nil, errors.New("slash commands over HTTP need the signing secret of the Slack app (PLIMSOLL_SLACK_SIGNING_SECRET)")
	}
	return map[string]http.Handler{
		CommandsPath: in.signed(in.takeCommand), InteractionsPath: in.signed(in.takeInteraction), EventsPath: in.signed(in.takeEvent),
	}, nil
}

// signed lets through what Slack has signed.
func (in *Inbox) signed(take func(w http.ResponseWriter, r *http.Request, body []byte)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost {
			w.Header().Set("Allow", http.MethodPost)
			w.WriteHeader(http.StatusMethodNotAllowed)
			return
		}
		_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(readWithin)) // there is none to set without a connection
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
		if err != nil {
			httpapi.WriteProblem(w, httpapi.Problem(httpapi.TooLarge, "the request is longer than any that Slack sends, or broke off", err))
			return
		}
		if err := in.verify(r.Header, body); err != nil {
			in.logger.WarnContext(r.Context(), "refused a request that is not Slack's", "path", r.URL.Path, "reason", err, "from", r.RemoteAddr)
			httpapi.WriteProblem(w, httpapi.Problem(httpapi.Unauthenticated, "the request is not signed by Slack, or older than five minutes", err))
			return
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		take(w, r, body)
	})
}

// verify checks the signature over the raw body, in constant time.
func (in *Inbox) verify(h http.Header, body []byte) error {
	v, err := slackapi.NewSecretsVerifier(h, in.cfg.SigningSecret)
	if err != nil {
		return err
	}
	if _, err := v.Write(body); err != nil {
		return err
	}
	return v.Ensure()
}

func (in *Inbox) takeCommand(w http.ResponseWriter, r *http.Request, body []byte) {
	s, err := slackapi.SlashCommandParse(r)
	switch {
	case err != nil:
		httpapi.WriteProblem(w, httpapi.Problem(httpapi.Invalid, "the request is not a form", err))
	case r.PostForm.Get("ssl_check") == "1": // Slack looks at our certificate now and then
	default:
		reply(w, in.command(r.Context(), s, body))
	}
}

func (in *Inbox) takeInteraction(w http.ResponseWriter, r *http.Request, _ []byte) {
	if err := r.ParseForm(); err != nil {
		httpapi.WriteProblem(w, httpapi.Problem(httpapi.Invalid, "the request is not a form", err))
		return
	}
	m, err := in.interaction(r.Context(), []byte(r.PostForm.Get("payload")))
	if err != nil {
		httpapi.WriteProblem(w, httpapi.Problem(httpapi.Invalid, "the payload is not an interaction", err))
		return
	}
	reply(w, m)
}

// takeEvent answers the question whether this is the right address, and keeps everything else.
func (in *Inbox) takeEvent(w http.ResponseWriter, r *http.Request, body []byte) {
	var hello struct{ Type, Challenge string }
	switch err := json.Unmarshal(body, &hello); {
	case err != nil:
		httpapi.WriteProblem(w, httpapi.Problem(httpapi.Invalid, "the request is not an event", err))
		return
	case hello.Type == "url_verification":
		reply(w, map[string]string{"challenge": hello.Challenge})
		return
	}
	if n := r.Header.Get("X-Slack-Retry-Num"); n != "" {
		in.logger.InfoContext(r.Context(), "Slack sends an event again", "attempt", n, "reason", r.Header.Get("X-Slack-Retry-Reason"))
	}
	if err := in.event(r.Context(), body); err != nil {
		// Slack sends it again: at once, after a minute and after five.
		httpapi.WriteProblem(w, httpapi.Problem(httpapi.Unavailable, "the event could not be kept", err))
	}
}

// reply writes what an acknowledgement says; nothing for nil.
func reply(w http.ResponseWriter, m any) {
	if m == nil {
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(m) // a broken connection is the caller's to notice
}
