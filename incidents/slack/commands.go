package slack

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"
	slackapi "github.com/slack-go/slack"

	"plimsoll/internal/httpapi"
)

const (
	// maxBody is far above what Slack sends: the text of a command is at most some thousand characters.
	maxBody = 64 << 10
	// readWithin is how long a request may take to come in. Whoever sends it has not proved to be Slack yet.
	readWithin = 3 * time.Second
	// ackWithin leaves the rest of a second for the way to Slack, which gives up after three.
	ackWithin = 800 * time.Millisecond
)

// jobs takes work to be done later.
type jobs interface {
	Insert(ctx context.Context, args river.JobArgs, opts *river.InsertOpts) (*rivertype.JobInsertResult, error)
}

// Config of [Commands].
type Config struct {
	SigningSecret string           // required; of the Slack app
	Jobs          jobs             // required; a River client that may only insert
	Logger        *slog.Logger     // slog.Default when nil
	Now           func() time.Time // time.Now when nil; when a request came. Signatures are always checked against the machine's clock.
}

// Commands takes slash commands over HTTP, as Slack posts them.
type Commands struct {
	secret string
	jobs   jobs
	logger *slog.Logger
	now    func() time.Time
}

// New returns a handler for POST /slack/commands.
func New(cfg Config) (*Commands, error) {
	if cfg.SigningSecret == "" {
		return nil, errors.New("slash commands need the signing secret of the Slack app (PLIMSOLL_SLACK_SIGNING_SECRET)")
	}
	if cfg.Jobs == nil {
		return nil, errors.New("slash commands need a queue of jobs")
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	return &Commands{cfg.SigningSecret, cfg.Jobs, cmp.Or(cfg.Logger, slog.Default()), cfg.Now}, nil
}

// ServeHTTP acknowledges a command once its work is a durable job. A request that is not signed by Slack is answered
// with 401 before anything of it is parsed.
func (c *Commands) ServeHTTP(w http.ResponseWriter, r *http.Request) {
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
	if err := c.verify(r.Header, body); err != nil {
		c.logger.WarnContext(r.Context(), "refused a slash command", "reason", err, "from", r.RemoteAddr)
		httpapi.WriteProblem(w, httpapi.Problem(httpapi.Unauthenticated, "the request is not signed by Slack, or older than five minutes", err))
		return
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	s, err := slackapi.SlashCommandParse(r)
	switch {
	case err != nil:
		httpapi.WriteProblem(w, httpapi.Problem(httpapi.Invalid, "the request is not a form", err))
		return
	case r.PostForm.Get("ssl_check") == "1": // Slack looks at our certificate now and then
		return
	}
	c.enqueue(w, r, c.job(s, body))
}

// verify checks the signature over the raw body, in constant time.
func (c *Commands) verify(h http.Header, body []byte) error {
	v, err := slackapi.NewSecretsVerifier(h, c.secret)
	if err != nil {
		return err
	}
	if _, err := v.Write(body); err != nil {
		return err
	}
	return v.Ensure()
}

// job describes the work. Its request is named by Slack's trigger; by the body where there is none.
func (c *Commands) job(s slackapi.SlashCommand, body []byte) CommandArgs {
	id := s.TriggerID
	if id == "" {
		sum := sha256.Sum256(body)
		id = hex.EncodeToString(sum[:])
	}
	return CommandArgs{
		RequestID: "slack/" + id, Command: s.Command, Text: storable(s.Text), UserID: s.UserID, TeamID: s.TeamID,
		ResponseURL: s.ResponseURL, ReceivedAt: c.now().UTC(),
	}
}

// storable leaves out what a database cannot keep and nobody can type.
func storable(text string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(text, "\uFFFD"), "\x00", "")
}

func (c *Commands) enqueue(w http.ResponseWriter, r *http.Request, args CommandArgs) {
	ctx, cancel := context.WithTimeout(r.Context(), ackWithin)
	defer cancel()
	result, err := c.jobs.Insert(ctx, args, nil)
	switch {
	case err != nil:
		c.logger.ErrorContext(ctx, "could not keep a slash command", "request", args.RequestID, "err", err)
		// Slack shows a person nothing of an error status but its number, and does not try again.
		writeMessage(w, quiet("Nothing was done: Plimsoll cannot reach its database. Try again, or use `plimsoll incident` on the command line."))
	case result.UniqueSkippedAsDuplicate:
		c.logger.InfoContext(ctx, "a slash command came again", "request", args.RequestID)
	}
}

func writeMessage(w http.ResponseWriter, m message) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(m) // a broken connection is the caller's to notice
}
