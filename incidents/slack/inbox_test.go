package slack

import (
	"context"
	"encoding/json"
	"log/slog"
	"testing"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"
)

// shelf keeps jobs and does none.
type shelf struct{ kept []river.JobArgs }

func (s *shelf) Insert(_ context.Context, args river.JobArgs, _ *river.InsertOpts) (*rivertype.JobInsertResult, error) {
	s.kept = append(s.kept, args)
	return &rivertype.JobInsertResult{}, nil
}

// FuzzInbox: whatever a payload holds, taking it ends, and what is kept of it can be kept.
func FuzzInbox(f *testing.F) {
	for _, seed := range []string{
		`{"type":"block_actions","actions":[{"action_id":"incident:ack","block_id":"verbs","type":"button","value":"INC-1"}],"user":{"id":"U1"},"channel":{"id":"C1"}}`,
		`{"type":"view_submission","user":{"id":"U1"},"view":{"id":"V1","callback_id":"plimsoll_verb","private_metadata":"{\"verb\":\"sev\"}","state":{"values":{"severity":{"severity":{"type":"static_select","selected_option":{"value":"sev1 critical"}}}}}}}`,
		`{"type":"view_submission","view":{"callback_id":"plimsoll_verb","private_metadata":"{\"verb\":\"done\"}"}}`,
		`{"type":"event_callback","event_id":"Ev1","event":{"type":"reaction_added","user":"U1","reaction":"pushpin","item":{"type":"message","channel":"C1","ts":"1.2"}}}`,
		`{"type":"event_callback","event_id":"Ev2","event":{"type":"message","subtype":"message_changed","channel":"C1","message":{"user":"U1","text":"a\u0000b","ts":"1.2"}}}`,
		`{"type":"event_callback","event":{"type":"message","subtype":"message_deleted","deleted_ts":"1.2"}}`,
		`{"actions":[{}]}`, `{"event":[]}`, `[]`, `null`, ``,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, payload []byte) {
		s := &shelf{}
		in, err := New(Config{Jobs: s, Logger: slog.New(slog.DiscardHandler)})
		if err != nil {
			t.Fatal(err)
		}
		_, _ = in.interaction(context.Background(), payload)
		_ = in.event(context.Background(), payload)
		for _, args := range s.kept {
			if _, err := json.Marshal(args); err != nil {
				t.Fatal(err)
			}
		}
	})
}
