package stakeholders_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivermigrate"
	"github.com/riverqueue/river/rivertype"

	"plimsoll/incidents"
	"plimsoll/incidents/stakeholders"
	"plimsoll/internal/pg/pgtest"
)

var noon = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

// book keeps one incident in memory.
type book struct {
	mu sync.Mutex
	i  incidents.Incident
	at time.Time
}

func (b *book) Get(context.Context, incidents.Viewer, incidents.Ref) (incidents.Incident, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.i, nil
}

func (b *book) Do(_ context.Context, _ incidents.Ref, cmd incidents.Command, by incidents.Caller) (incidents.Incident, []incidents.TimelineEntry, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	next, made, err := incidents.Apply(b.i, cmd, b.at, by.Subject)
	if err == nil {
		b.i = next
	}
	return next, made, err
}

func (b *book) do(t *testing.T, by string, cmd incidents.Command) {
	t.Helper()
	if _, _, err := b.Do(t.Context(), b.i.Ref, cmd, incidents.Caller{Subject: by}); err != nil {
		t.Fatal(err)
	}
}

// delivered are the recorded deliveries of a message.
func (b *book) delivered(message int) []string {
	i, _ := b.Get(context.Background(), incidents.Viewer{System: true}, 7)
	var out []string
	for _, d := range i.Messages[message-1].Sent {
		out = append(out, d.To+": "+d.Error)
	}
	return out
}

func newBook(t *testing.T, title string) *book {
	b := &book{i: incidents.Incident{Ref: 7}, at: noon}
	b.do(t, "ada", incidents.Declare{Title: title, Severity: 2, Source: incidents.SourceAPI})
	return b
}

var (
	errRefused = errors.New("the channel is unknown")
	errPassing = errors.New("no answer")
)

// place is where an audience reads; it fails with what is left of its failures first.
type place struct {
	mu       sync.Mutex
	failures []error
	got      []stakeholders.Word
}

func (p *place) send(_ context.Context, w stakeholders.Word) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.failures) > 0 {
		err := p.failures[0]
		p.failures = p.failures[1:]
		return err
	}
	p.got = append(p.got, w)
	return nil
}

func (p *place) count() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.got)
}

type atOnce struct{}

func (atOnce) NextRetry(*rivertype.JobRow) time.Time { return time.Now() }

type fixture struct {
	*book
	runner *stakeholders.Runner
	ended  <-chan *river.Event
}

func newFixture(t *testing.T, b *book, recipients stakeholders.Recipients) *fixture {
	t.Helper()
	return newFixtureAt(t, b, recipients, noon)
}

// newFixtureAt does its jobs at an instant.
func newFixtureAt(t *testing.T, b *book, recipients stakeholders.Recipients, at time.Time) *fixture {
	t.Helper()
	pool := pgtest.New(t)
	driver, quiet := riverpgxv5.New(pool), slog.New(slog.DiscardHandler)
	migrator, err := rivermigrate.New(driver, &rivermigrate.Config{Logger: quiet})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := migrator.Migrate(t.Context(), rivermigrate.DirectionUp, nil); err != nil {
		t.Fatal(err)
	}
	workers := river.NewWorkers()
	outcome := func(err error) (time.Duration, bool) { return 0, !errors.Is(err, errRefused) }
	if err := stakeholders.AddWorkers(workers, stakeholders.WorkerConfig{Store: b, Recipients: recipients, Outcome: outcome, Now: func() time.Time { return at }}); err != nil {
		t.Fatal(err)
	}
	var client *river.Client[pgx.Tx]
	client, err = river.NewClient(driver, &river.Config{Logger: quiet, Workers: workers, RetryPolicy: atOnce{},
		FetchPollInterval: 100 * time.Millisecond, Queues: map[string]river.QueueConfig{river.QueueDefault: {MaxWorkers: 4}}})
	if err != nil {
		t.Fatal(err)
	}
	ended, cancel := client.Subscribe(river.EventKindJobCompleted, river.EventKindJobFailed, river.EventKindJobCancelled)
	t.Cleanup(cancel)
	if err := client.Start(context.WithoutCancel(t.Context())); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := client.StopAndCancel(context.Background()); err != nil {
			t.Error(err)
		}
	})
	approved := func(ctx context.Context, _ time.Time) ([]incidents.Incident, error) {
		i, err := b.Get(ctx, incidents.Viewer{System: true}, 7)
		return []incidents.Incident{i}, err
	}
	runner, err := stakeholders.New(stakeholders.Config{Jobs: client, Approved: approved, Recipients: recipients, Now: func() time.Time { return b.at }})
	if err != nil {
		t.Fatal(err)
	}
	return &fixture{book: b, runner: runner, ended: ended}
}

// send looks for approved messages, twice as two replicas would, and lets the jobs run until all deliveries are recorded.
func (f *fixture) send(t *testing.T, message, deliveries int) {
	t.Helper()
	for range 2 {
		if err := f.runner.Look(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	for deadline := time.After(20 * time.Second); len(f.delivered(message)) < deliveries; {
		select {
		case <-f.ended:
		case <-deadline:
			t.Fatalf("recorded are %q", f.delivered(message))
		}
	}
}

// TestSent: an approved message goes to each recipient of its audience once, and what failed is tried again for those only.
func TestSent(t *testing.T) {
	t.Parallel()
	good, shaky, gone, other := &place{}, &place{failures: []error{errPassing, errPassing}}, &place{failures: []error{errRefused}}, &place{}
	f := newFixture(t, newBook(t, "Playback stalls"), stakeholders.Recipients{
		incidents.Support:   {{To: "slack #help", Send: good.send}, {To: "email desk@example.com", Send: shaky.send}, {To: "slack #gone", Send: gone.send}},
		incidents.Customers: {{To: "webhook status.example.com", Send: other.send}},
	})
	f.do(t, "ada", incidents.DraftMessage{Audience: incidents.Support, Text: "Videos stop."})
	if err := f.runner.Look(t.Context()); err != nil {
		t.Fatal(err)
	}
	f.do(t, "bob", incidents.DecideMessage{Number: 1, Approve: true})
	f.send(t, 1, 3)
	want := map[string]bool{"slack #help: ": true, "email desk@example.com: ": true, "slack #gone: the channel is unknown": true}
	got := map[string]bool{}
	for _, d := range f.delivered(1) {
		got[d] = true
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("recorded (-want +got):\n%s", d)
	}
	if err := f.runner.Look(t.Context()); err != nil { // as the next leader would
		t.Fatal(err)
	}
	word := stakeholders.Word{ID: "INC-7-message-1", Incident: 7, Audience: incidents.Support, Subject: "INC-7: Playback stalls", Text: "Videos stop.", At: noon}
	for _, p := range []*place{good, shaky} {
		if d := cmp.Diff([]stakeholders.Word{word}, p.got); d != "" {
			t.Errorf("sent (-want +got):\n%s", d)
		}
	}
	if gone.count()+other.count() != 0 {
		t.Errorf("sent %d to a channel that is gone and %d to another audience", gone.count(), other.count())
	}
}

// TestStale: what could not be sent for a day is not sent any more, and the record says why.
func TestStale(t *testing.T) {
	t.Parallel()
	p := &place{}
	f := newFixtureAt(t, newBook(t, "Playback stalls"), stakeholders.Recipients{incidents.Support: {{To: "slack #help", Send: p.send}}},
		noon.Add(stakeholders.Fresh+time.Second))
	f.do(t, "ada", incidents.DraftMessage{Audience: incidents.Support})
	f.do(t, "bob", incidents.DecideMessage{Number: 1, Approve: true})
	f.send(t, 1, 1)
	if d := cmp.Diff([]string{"slack #help: it was approved more than 24 hours ago, and old news reads as if it were new"}, f.delivered(1)); d != "" || p.count() != 0 {
		t.Errorf("sent %d; recorded (-want +got):\n%s", p.count(), d)
	}
}

func TestWaiting(t *testing.T) {
	t.Parallel()
	recipients := stakeholders.Recipients{incidents.Support: {{To: "a"}, {To: "b"}, {To: "c"}}}
	message := func(state incidents.MessageState, sent ...incidents.Delivery) incidents.Message {
		return incidents.Message{Audience: incidents.Support, State: state, Decided: noon, Sent: sent}
	}
	for _, tc := range []struct {
		name string
		m    incidents.Message
		at   time.Time
		want []string
	}{
		{"a draft waits for nobody", message(incidents.MessageDraft), noon, nil},
		{"nor does a rejected one", message(incidents.MessageRejected), noon, nil},
		{"an approved one for all", message(incidents.MessageApproved), noon, []string{"a", "b", "c"}},
		{"one that was sent for the rest, and not for whom it failed", message(incidents.MessageSent, incidents.Delivery{To: "a"}, incidents.Delivery{To: "c", Error: "x"}), noon, []string{"b"}},
		{"one that is stale for nobody", message(incidents.MessageApproved), noon.Add(stakeholders.Fresh + time.Second), nil},
		{"nobody reads", incidents.Message{Audience: incidents.Customers, State: incidents.MessageApproved, Decided: noon}, noon, nil},
	} {
		if d := cmp.Diff(tc.want, stakeholders.Waiting(tc.m, recipients, tc.at)); d != "" {
			t.Errorf("%s (-want +got):\n%s", tc.name, d)
		}
	}
}

// TestSubject: customers are told what was approved and no number or title of ours, and everybody is told of a drill.
func TestSubject(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		audience incidents.Audience
		drill    bool
		text     string
		want     string
	}{
		{incidents.Customers, false, "", "What is affected: Playback stalls."},
		{incidents.Customers, false, "Videos stop.\r\nWe work on it.", "Videos stop."},
		{incidents.Customers, false, strings.Repeat("ä", 200), strings.Repeat("ä", 119) + "…"},
		{incidents.Executives, false, "", "INC-7: Playback stalls"},
		{incidents.Support, true, "", "Drill: INC-7: Playback stalls"},
	} {
		p := &place{}
		b := &book{i: incidents.Incident{Ref: 7}, at: noon}
		b.do(t, "ada", incidents.Declare{Title: "Playback stalls", Severity: 2, Source: incidents.SourceAPI, Drill: tc.drill})
		f := newFixture(t, b, stakeholders.Recipients{tc.audience: {{To: "here", Send: p.send}}})
		f.do(t, "ada", incidents.DraftMessage{Audience: tc.audience, Text: tc.text})
		f.do(t, "bob", incidents.DecideMessage{Number: 1, Approve: true})
		f.send(t, 1, 1)
		if got := fmt.Sprint(p.got[0].Subject); got != tc.want {
			t.Errorf("to %s: %q, want %q", tc.audience, got, tc.want)
		}
	}
}
